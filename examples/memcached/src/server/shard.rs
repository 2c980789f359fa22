//! One shard of the server: its part of the items, its connections, and how it asks the others.

use std::cell::{Cell, RefCell};
use std::io;
use std::sync::Arc;

use seastar::NotRunning;

use super::batch::Batch;
use super::connections::{Connections, Described};
use super::dump::{self, Listed};
use super::exchange::Exchange;
use super::settings::Settings;
use super::stats::{OfShard, Snapshot};
use crate::cache::{Cache, Prefixes};
use crate::protocol::Dump;
use crate::store::{self, Cursor, KeyHasher};

/// Exchanges that are kept to be used again.
const EXCHANGES_MAX: usize = 32;
/// Buffers of exchanges that have grown beyond this are not kept. Those that are used first may be larger, so that large
/// values cost no allocations either.
const KEPT_BYTES_MAX: usize = 64 << 10;
const LARGE_EXCHANGES_MAX: usize = 2;
const LARGE_KEPT_BYTES_MAX: usize = 512 << 10;

/// One shard of the server.
pub(super) struct Shard {
    pub(super) index: usize,
    shards: usize,
    /// All of them.
    pub(super) peers: ShardHandle,
    pub(super) hasher: KeyHasher,
    pub(super) settings: Arc<Settings>,
    pub(super) cache: RefCell<Cache>,
    pub(super) traffic: Traffic,
    pub(super) connections: Connections,
    exchanges: RefCell<Vec<Exchange>>,
    /// Bytes of commands that have not come to their end.
    gathered: Cell<usize>,
}

/// What has gone over the sockets of a shard.
#[derive(Default)]
pub(super) struct Traffic {
    pub(super) bytes_read: Cell<u64>,
    pub(super) bytes_written: Cell<u64>,
    pub(super) curr_connections: Cell<u64>,
    pub(super) total_connections: Cell<u64>,
    pub(super) rejected_connections: Cell<u64>,
    pub(super) idle_kicks: Cell<u64>,
    /// How often a connection sent answers before it had gone through what it had read.
    pub(super) conn_yields: Cell<u64>,
    /// Connections that were closed because too much of commands had come in part.
    pub(super) gather_refusals: Cell<u64>,
}

impl Traffic {
    pub(super) fn add(counter: &Cell<u64>, count: u64) {
        counter.set(counter.get() + count);
    }

    fn reset(&self) {
        let Traffic { bytes_read, bytes_written, total_connections, .. } = self;
        let Traffic { rejected_connections, idle_kicks, conn_yields, gather_refusals, .. } = self;
        let traffic = [bytes_read, bytes_written, total_connections, conn_yields];
        for counter in traffic.into_iter().chain([rejected_connections, idle_kicks, gather_refusals]) {
            counter.set(0);
        }
    }
}

#[seastar::sharded]
impl Shard {
    /// This shard's part.
    pub(super) async fn start(peers: ShardHandle, settings: Arc<Settings>) -> io::Result<Self> {
        let memory_bytes = settings.store_bytes(seastar::memory_statistics().budget);
        if !seastar::charge_memory(memory_bytes) {
            let text = format!("a shard has no {memory_bytes} bytes left for its items; give it more by -m");
            return Err(io::Error::new(io::ErrorKind::OutOfMemory, text));
        }
        let store =
            store::Settings { memory_bytes, item_bytes_max: settings.item_bytes_max, evict: settings.evicts };
        let mut cache = Cache::new(store, settings.hasher.clone(), settings.clock, settings.time.unix())?;
        cache.set_prefix_end(settings.prefix_end, settings.counts_prefixes);
        Ok(Shard {
            index: seastar::this_shard(),
            shards: seastar::shard_count(),
            peers,
            hasher: settings.hasher.clone(),
            settings,
            cache: RefCell::new(cache),
            traffic: Traffic::default(),
            connections: Connections::default(),
            exchanges: RefCell::new(Vec::with_capacity(EXCHANGES_MAX)),
            gathered: Cell::new(0),
        })
    }

    // ANCHOR: calls
    /// Answers requests for keys of the shard `owner`.
    #[on(owner)]
    pub(super) fn answer(&self, owner: usize, mut batch: Box<Batch>) -> Box<Batch> {
        batch.answer(&mut self.cache.borrow_mut(), &self.hasher);
        batch
    }

    /// Forgets all items, now or later.
    #[broadcast]
    pub(super) fn flush_all(&self, delay: i32) {
        self.cache.borrow_mut().flush_all(delay);
    }
    // ANCHOR_END: calls

    /// Tells the time to this shard from now on.
    #[broadcast]
    pub(super) fn keep_time(&self) {
        drop(seastar::spawn(keep_time(self.peers)));
    }

    /// The counters of all shards together.
    #[broadcast(reduce = Snapshot::and)]
    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot::of(self)
    }

    /// The counters of one shard.
    #[on(shard)]
    pub(super) fn snapshot_of(&self, shard: usize) -> Snapshot {
        Snapshot::of(self)
    }

    /// The classes of the items of one shard.
    #[on(shard)]
    pub(super) fn classes_of(&self, shard: usize) -> Vec<OfShard> {
        OfShard::all(self)
    }

    /// Counts by the beginnings of keys, or no more.
    #[broadcast]
    pub(super) fn count_prefixes(&self, on: bool) {
        self.cache.borrow_mut().count_prefixes(on);
    }

    /// What was counted by the beginnings of keys.
    #[broadcast(reduce = Prefixes::and)]
    pub(super) fn prefixes(&self) -> Prefixes {
        self.cache.borrow().prefixes()
    }

    /// The connections of one shard.
    #[on(shard)]
    pub(super) fn connections_of(&self, shard: usize) -> Vec<Described> {
        let path = self.settings.unix.as_ref().map_or(String::new(), |path| path.display().to_string());
        self.connections.described(self.cache.borrow().now(), &path)
    }

    /// Lists some of the items of one shard.
    #[on(shard)]
    pub(super) fn list(&self, shard: usize, from: Cursor, dump: Dump, left: usize) -> Listed {
        dump::list(self, from, dump, left)
    }

    /// Begins to count again.
    #[broadcast]
    pub(super) fn reset_counters(&self) {
        self.cache.borrow_mut().reset_counters();
        self.traffic.reset();
    }
}

impl Shard {
    /// The shard that owns keys with this hash.
    #[inline]
    pub(super) fn owner(&self, hash: u64) -> usize {
        (((hash >> 32) * self.shards as u64) >> 32) as usize
    }

    /// Memory for the requests of a connection.
    pub(super) fn exchange(&self) -> Exchange {
        self.exchanges.borrow_mut().pop().unwrap_or_else(|| Exchange::new(self.shards))
    }

    pub(super) fn give_back(&self, mut exchange: Exchange) {
        let mut kept = self.exchanges.borrow_mut();
        let is_first = kept.len() < LARGE_EXCHANGES_MAX;
        exchange.clear(if is_first { LARGE_KEPT_BYTES_MAX } else { KEPT_BYTES_MAX });
        if kept.len() < EXCHANGES_MAX {
            kept.push(exchange);
        }
    }

    /// Exchanges that wait to be used again, and their memory.
    pub(super) fn kept_exchanges(&self) -> (u64, u64) {
        let kept = self.exchanges.borrow();
        (kept.len() as u64, kept.iter().map(|exchange| exchange.bytes() as u64).sum())
    }

    /// Bytes of commands that have come in part.
    pub(super) fn gathered_bytes(&self) -> usize {
        self.gathered.get()
    }

    /// Notes that a connection keeps `after` bytes in place of `before`; false if all together keep too much.
    pub(super) fn may_gather(&self, before: usize, after: usize) -> bool {
        let gathered = self.gathered.get() - before + after;
        self.gathered.set(gathered);
        after <= before || gathered <= self.settings.gathered_bytes_max
    }

    // ANCHOR: ask
    /// Lets the owners answer what is for them.
    pub(super) async fn ask_owners(&self, exchange: &mut Exchange) -> io::Result<()> {
        let Some((owner, batch)) = exchange.take_batch(0) else { return Ok(()) };
        // One call is made in place, further ones in fibers, so that all run at the same time.
        while let Some((other, batch)) = exchange.take_batch(owner + 1) {
            exchange.calls.push((other, seastar::spawn(ask(self.peers, other, batch))));
        }
        let asked = ask(self.peers, owner, batch).await?;
        exchange.put_batch(owner, asked);
        while let Some((owner, call)) = exchange.calls.pop() {
            let asked = call.await.map_err(|error| io::Error::other(error.to_string()))??;
            exchange.put_batch(owner, asked);
        }
        Ok(())
    }
    // ANCHOR_END: ask
}

async fn ask(peers: ShardHandle, owner: usize, batch: Box<Batch>) -> io::Result<Box<Batch>> {
    Ok(peers.answer(owner, batch).await?)
}

/// Tells a shard each second what time it is, and takes back what has expired.
async fn keep_time(shards: ShardHandle) -> Result<(), NotRunning> {
    let shard = shards.local()?;
    let time = shard.settings.time;
    while seastar::timeout(time.to_next_second(), seastar::stopping()).await.is_err() {
        shard.cache.borrow_mut().tick(time.unix());
        while shard.cache.borrow_mut().store.crawl() {
            seastar::yield_now().await;
        }
    }
    Ok(())
}
