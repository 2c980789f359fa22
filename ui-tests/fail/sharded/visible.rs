// A handle that is more visible than its service would show what is hidden.
mod cache {
    struct Cache;

    #[seastar::sharded]
    impl Cache {
        pub async fn start() -> Self {
            Cache
        }
    }
}

fn main() {}
