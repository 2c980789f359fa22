// ANCHOR: written
#[seastar::sharded]
impl Cache {
    async fn start(config: Config) -> io::Result<Self> {
        Cache::open(config).await
    }

    /// The item of a key.
    #[route(key)]
    async fn get(&self, key: Key) -> Option<Item> {
        self.items.borrow().get(&key).cloned()
    }

    /// Gives a key an item, and returns whether it had one.
    #[route(key)]
    fn set(&self, key: Key, item: Item) -> bool {
        self.items.borrow_mut().insert(key, item).is_some()
    }

    /// Forgets everything.
    #[broadcast]
    async fn flush(&self) {
        self.items.borrow_mut().clear();
    }

    /// What happened on all shards.
    #[broadcast(reduce = Stats::add)]
    fn stats(&self) -> Stats {
        self.stats.get()
    }

    /// The keys of one shard.
    #[on(shard)]
    async fn keys(&self, shard: usize) -> Vec<Key> {
        self.items.borrow().keys().cloned().collect()
    }

    async fn stop(&self) {
        self.log.flush().await;
    }
}
// ANCHOR_END: written

// ANCHOR: becomes
// The block, as it was written.
impl Cache {
    async fn start(config: Config) -> io::Result<Self> {
        Cache::open(config).await
    }

    /// The item of a key.
    async fn get(&self, key: Key) -> Option<Item> {
        self.items.borrow().get(&key).cloned()
    }

    /// Gives a key an item, and returns whether it had one.
    fn set(&self, key: Key, item: Item) -> bool {
        self.items.borrow_mut().insert(key, item).is_some()
    }

    /// Forgets everything.
    async fn flush(&self) {
        self.items.borrow_mut().clear();
    }

    /// What happened on all shards.
    fn stats(&self) -> Stats {
        self.stats.get()
    }

    /// The keys of one shard.
    async fn keys(&self, shard: usize) -> Vec<Key> {
        self.items.borrow().keys().cloned().collect()
    }

    async fn stop(&self) {
        self.log.flush().await;
    }
}

// How it stops.
impl ::seastar::Service for Cache {
    type Stopped = ();
    fn stop(&self) -> impl ::core::future::Future<Output = ()> {
        Cache::stop(self)
    }
}

// How it starts.
impl Cache {
    /// Starts an instance on every shard, each with its copy of the arguments.
    async fn start_sharded(config: Config) -> io::Result<CacheHandle> {
        start_service(|_, (config,)| Cache::start(config), (copied(config),)).await.map(CacheHandle)
    }
}

/// A handle of the service [`Cache`], which any shard may have a copy of.
#[derive(Clone, Copy, Debug)]
struct CacheHandle(::seastar::Sharded<Cache>);

// What all handles have: `local`, `stop`, `map_reduce`, ..
impl ::core::ops::Deref for CacheHandle {
    type Target = ::seastar::Sharded<Cache>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

// A call is the method and its arguments, each of which `sent` asks whether it may leave its shard.
impl CacheHandle {
    /// The item of a key.
    #[track_caller]
    fn get(self, key: Key) -> impl ::seastar::Call<Option<Item>> {
        let shard = self.0.shard_of(&key);
        call_on(self.0, shard, method(Cache::get, (sent(key),)))
    }

    /// Gives a key an item, and returns whether it had one.
    #[track_caller]
    fn set(self, key: Key, item: Item) -> impl ::seastar::Call<bool> {
        let shard = self.0.shard_of(&key);
        call_on(self.0, shard, sync_method(Cache::set, (sent(key), sent(item))))
    }

    /// Forgets everything.
    async fn flush(self) -> ::core::result::Result<(), ::seastar::NotRunning> {
        call_all(self.0, method(Cache::flush, ())).await
    }

    /// What happened on all shards.
    async fn stats(self) -> ::core::result::Result<Stats, ::seastar::NotRunning> {
        call_reduce(self.0, sync_method(Cache::stats, ()), Stats::add).await
    }

    /// The keys of one shard.
    #[track_caller]
    fn keys(self, shard: usize) -> impl ::seastar::Call<Vec<Key>> {
        call_on(self.0, shard, method(Cache::keys, (sent(shard),)))
    }
}

// `max_message`, checked while compiling.
const _: () = check_message::<(Key,)>("key", "get", 4096);
const _: () = check_answer::<Option<Item>>("get", 4096);
const _: () = check_message::<(Key,)>("key", "set", 4096);
const _: () = check_message::<(Key, Item)>("item", "set", 4096);
const _: () = check_answer::<Stats>("stats", 4096);
// ANCHOR_END: becomes
