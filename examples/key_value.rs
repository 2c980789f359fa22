//! A key-value service: every shard has a part of the keys, and a call goes to the shard that owns its key.

use std::cell::RefCell;
use std::collections::HashMap;

use seastar::NotRunning;

// ANCHOR: service
struct Cache {
    items: RefCell<HashMap<String, String>>,
}

#[seastar::sharded]
impl Cache {
    async fn start(capacity: usize) -> Self {
        Cache { items: RefCell::new(HashMap::with_capacity(capacity)) }
    }

    /// The value of a key.
    #[route(key)]
    async fn get(&self, key: String) -> Option<String> {
        self.items.borrow().get(&key).cloned()
    }

    /// Gives a key a value, and returns the one that it had.
    #[route(key)]
    async fn set(&self, key: String, value: String) -> Option<String> {
        self.items.borrow_mut().insert(key, value)
    }

    /// Forgets everything.
    #[broadcast]
    async fn flush(&self) {
        self.items.borrow_mut().clear();
    }

    /// How many keys have a value.
    #[broadcast(reduce = |sum, next| sum + next)]
    fn len(&self) -> usize {
        self.items.borrow().len()
    }

    /// The keys of one shard.
    #[on(shard)]
    async fn keys(&self, shard: usize) -> Vec<String> {
        self.items.borrow().keys().cloned().collect()
    }
}
// ANCHOR_END: service

// ANCHOR: main
#[seastar::main]
async fn main() -> Result<(), NotRunning> {
    let cache = Cache::start_sharded(1024).await;
    for (key, value) in [("one", "eins"), ("two", "zwei"), ("three", "drei"), ("four", "vier")] {
        cache.set(key.into(), value.into()).await?;
    }
    println!("one is {:?}", cache.get("one".into()).await?);
    println!("five is {:?}", cache.get("five".into()).await?);
    println!("two was {:?}", cache.set("two".into(), "deux".into()).await?);
    println!("{} keys", cache.len().await?);
    let owner = cache.shard_of("three");
    println!("three is where it belongs: {}", cache.keys(owner).await?.contains(&"three".into()));
    cache.flush().await?;
    println!("{} keys", cache.len().await?);
    cache.stop().await;
    println!("{}", cache.get("one".into()).await.unwrap_err());
    Ok(())
}
// ANCHOR_END: main
