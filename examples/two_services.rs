//! Two services, one of which uses the other: it gets its handle when it starts, and stops before it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use seastar::NotRunning;

// ANCHOR: store
/// Names by number.
struct Store {
    names: RefCell<HashMap<u32, String>>,
}

#[seastar::sharded]
impl Store {
    async fn start() -> Self {
        Store { names: RefCell::default() }
    }

    #[route(id)]
    async fn name(&self, id: u32) -> Option<String> {
        self.names.borrow().get(&id).cloned()
    }

    #[route(id)]
    async fn set_name(&self, id: u32, name: String) {
        self.names.borrow_mut().insert(id, name);
    }
}
// ANCHOR_END: store

// ANCHOR: front
/// Greets people, wherever their names are.
struct Front {
    store: StoreHandle,
    greeted: Cell<u32>,
}

#[seastar::sharded]
impl Front {
    async fn start(store: StoreHandle) -> Self {
        Front { store, greeted: Cell::new(0) }
    }

    /// On whatever shard it is called.
    async fn greet(&self, id: u32) -> Result<String, NotRunning> {
        self.greeted.set(self.greeted.get() + 1);
        let name = self.store.name(id).await?;
        Ok(format!("Hello, {}!", name.as_deref().unwrap_or("whoever you are")))
    }

    #[broadcast(reduce = |sum, next| sum + next)]
    fn greeted(&self) -> u32 {
        self.greeted.get()
    }
}
// ANCHOR_END: front

// ANCHOR: main
#[seastar::main]
async fn main() -> Result<(), NotRunning> {
    let store = Store::start_sharded().await;
    let front = Front::start_sharded(store).await;
    store.set_name(1, "Ada".into()).await?;
    store.set_name(2, "Grace".into()).await?;

    seastar::invoke_on_all(async move || {
        let front = front.local()?;
        assert_eq!(front.greet(1).await?, "Hello, Ada!");
        assert_eq!(front.greet(2).await?, "Hello, Grace!");
        Ok(())
    })
    .await?;
    println!("{} greetings for each shard", front.greeted().await? / seastar::shard_count() as u32);
    println!("{}", front.local()?.greet(3).await?);

    front.stop().await;
    store.stop().await;
    Ok(())
}
// ANCHOR_END: main
