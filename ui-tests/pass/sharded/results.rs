// What may fail, and how that is told.
use std::cell::Cell;
use std::io;

struct Store {
    open: Cell<bool>,
}

#[seastar::sharded]
impl Store {
    async fn start(fail: bool) -> io::Result<Self> {
        match fail {
            true => Err(io::Error::other("no disk")),
            false => Ok(Store { open: Cell::new(true) }),
        }
    }

    #[route(key)]
    async fn get(&self, key: u64) -> io::Result<u64> {
        if key == 0 { Err(io::Error::other("no zero")) } else { Ok(key) }
    }

    #[broadcast]
    async fn sync(&self) -> Result<(), String> {
        if seastar::this_shard() == 1 { Err("disk 1".into()) } else { Ok(()) }
    }

    async fn stop(&self) -> Result<(), &'static str> {
        self.open.set(false);
        Err("still dirty")
    }
}

#[seastar::main(shards = 2, overprovisioned = true)]
async fn main() -> io::Result<()> {
    let failed = Store::start_sharded(true).await;
    assert_eq!(failed.unwrap_err().to_string(), "no disk");
    let store = Store::start_sharded(false).await?;
    assert_eq!(store.get(1).await??, 1);
    assert!(store.get(0).await?.is_err());
    assert_eq!(store.sync().await?, Err("disk 1".into()));
    assert_eq!(store.stop().await, Err("still dirty"));
    let error = store.get(1).await.unwrap_err();
    assert!(error.to_string().starts_with("sharded instance does not exist"));
    Ok(())
}
