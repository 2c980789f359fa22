// Whatever arguments and methods are called, and however a block is written.
mod renamed {
    pub use seastar as star;
}

struct Odd {
    peers: OddHandle,
}

#[seastar::sharded(crate = renamed::star)]
impl Odd {
    async fn start(service: u8, peers: OddHandle, sharded: String, (left, _): (u8, u8)) -> Odd {
        assert_eq!((service, &*sharded, left), (1, "two", 3));
        Odd { peers }
    }

    #[route(shard)]
    async fn route(&self, shard: u8, key: u8) -> u8 {
        shard + key
    }

    #[on(shard)]
    fn on(&self, mut shard: usize, call: u8) -> usize {
        shard += call as usize;
        shard
    }

    #[route(by = Self::place(&r#type))]
    async fn r#match(&self, r#type: String) -> usize {
        renamed::star::this_shard()
    }

    #[route(left, both.1)]
    async fn tuple(&self, left: u8, both: (u8, String), [a, b]: [u8; 2]) -> u8 {
        left + both.0 + a + b
    }

    /// Shadows a method of every handle, which stays where it was.
    #[broadcast(reduce = |a, b| a || b)]
    async fn is_running(&self) -> bool {
        false
    }

    #[on(Self::HOME)]
    async fn own(&self, other: Option<Box<Self>>) -> Result<Option<Box<Self>>, Odd> {
        Ok(other)
    }

    /// Calls the instance of another shard.
    #[on(0)]
    async fn forward(&self) -> usize {
        self.peers.r#match("one".into()).await.expect("it runs")
    }

    const HOME: usize = 1;

    fn place(text: &str) -> usize {
        text.len()
    }
}

macro_rules! service {
    ($name:ident, $handle:ident, $($key:ident: $ty:ty),*) => {
        struct $name;

        #[seastar::sharded(handle = $handle)]
        impl $name {
            async fn start() -> Self {
                $name
            }

            #[route($($key),*)]
            async fn get(&self, $($key: $ty),*) -> u64 {
                0 $(+ u64::from($key))*
            }
        }
    };
}

service!(Made, MadeByMacro, one: u8, two: u16);

#[seastar::main(shards = 2, overprovisioned = true)]
async fn main() -> Result<(), seastar::NotRunning> {
    let odd = Odd::start_sharded(1, "two".into(), (3, 4)).await;
    assert_eq!(odd.route(1, 2).await?, 3);
    assert_eq!(odd.on(1, 1).await?, 2);
    assert_eq!(odd.r#match("one".into()).await?, 1);
    assert_eq!(odd.tuple(1, (2, "three".into()), [4, 5]).await?, 12);
    assert!(!odd.is_running().await? && (*odd).is_running());
    assert!(matches!(odd.own(None).await?, Ok(None)));
    assert_eq!(odd.forward().await?, 1);
    let made = Made::start_sharded().await;
    assert_eq!(made.get(1, 2).await?, 3);
    within_a_function().await
}

async fn within_a_function() -> Result<(), seastar::NotRunning> {
    struct Inner;

    #[seastar::sharded]
    impl Inner {
        async fn start() -> Self {
            Inner
        }

        #[broadcast(reduce = u8::max)]
        async fn call(&self) -> u8 {
            1
        }
    }

    let inner: InnerHandle = Inner::start_sharded().await;
    assert_eq!(inner.call().await?, 1);
    Ok(())
}
