// Services and their methods may have type parameters.
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;

use seastar::{Message, NotRunning};

struct Map<K, V, const N: usize>
where
    K: Eq,
{
    items: RefCell<HashMap<K, V>>,
}

#[seastar::sharded]
impl<K: Hash + Message, V: Message + Clone, const N: usize> Map<K, V, N>
where
    K: Eq,
{
    async fn start<T: Into<usize> + Message + Clone>(capacity: T) -> Self {
        Map { items: RefCell::new(HashMap::with_capacity(capacity.into())) }
    }

    #[route(key)]
    fn get(&self, key: K) -> Option<V> {
        self.items.borrow().get(&key).cloned()
    }

    #[route(key)]
    async fn set<T: Into<V> + Message>(&self, key: K, value: T) -> [bool; N] {
        [self.items.borrow_mut().insert(key, value.into()).is_some(); N]
    }

    #[on(0)]
    async fn nothing<T: Default + Message>(&self) -> T {
        T::default()
    }

    #[broadcast(reduce = usize::max)]
    async fn largest(&self) -> usize {
        self.items.borrow().len()
    }
}

#[seastar::main(shards = 2, overprovisioned = true)]
async fn main() -> Result<(), NotRunning> {
    let map: MapHandle<String, u64, 2> = Map::start_sharded(8_u8).await;
    let copy = map;
    assert_eq!(copy.set("one".into(), 1_u8).await?, [false; 2]);
    assert_eq!(map.set("one".into(), 2_u32).await?, [true; 2]);
    assert_eq!(map.get("one".into()).await?, Some(2));
    assert_eq!(map.nothing::<u16>().await?, 0);
    assert_eq!(map.largest().await?, 1);
    // Neither key nor value has to be anything for that.
    assert!(!format!("{map:?}").is_empty());
    Ok(())
}
