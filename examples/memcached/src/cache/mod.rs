//! What one shard holds, and what each request does to it.
//!
//! Requests come as plain data and are answered into a buffer, at once: nothing here waits.

mod answer;
mod counters;
mod meta;
mod prefixes;

pub use counters::{Classes, Counters, OfClass};
pub use prefixes::Prefixes;

use std::io;

use crate::protocol::{Op, Request, StoreMode};
use crate::store::{Arithmetic, Arithmetical, Clock, Key, KeyHasher, Mode, New, Settings, Store, Stored};
use answer::{push_line, push_value};

/// The part of all items that one shard owns.
pub struct Cache {
    pub(crate) store: Store,
    /// Except for those that `classes` has.
    pub(crate) counters: Counters,
    pub(crate) classes: Classes,
    prefixes: Prefixes,
    counts_prefixes: bool,
    clock: Clock,
    now: u32,
}

impl Cache {
    /// An empty one. All shards have the same hasher and the same clock.
    ///
    /// # Errors
    ///
    /// When the memory for it cannot be had.
    pub fn new(settings: Settings, hasher: KeyHasher, clock: Clock, unix_now: u64) -> io::Result<Cache> {
        let store = Store::new(settings, hasher)?;
        let (counters, classes) = (Counters::default(), Classes::new());
        let (prefixes, counts_prefixes) = (Prefixes::new(b':'), false);
        let now = Clock::START;
        let mut cache = Cache { store, counters, classes, prefixes, counts_prefixes, clock, now };
        cache.tick(unix_now);
        Ok(cache)
    }

    /// Tells what time it is, at least once a second. Items expire by this.
    pub fn tick(&mut self, unix_now: u64) {
        self.now = self.clock.now(unix_now).max(self.now);
        self.store.tick(self.now);
    }

    /// The second of the server's life.
    pub fn now(&self) -> u32 {
        self.now
    }

    /// What has happened so far, in all.
    pub fn counters(&self) -> Counters {
        let mut counters = self.counters;
        self.classes.add_to(&mut counters);
        let store = self.store.statistics();
        (counters.get_expired, counters.get_flushed) = (store.get_expired, store.get_flushed);
        counters
    }

    /// Begins to count again.
    pub fn reset_counters(&mut self) {
        (self.counters, self.classes) = (Counters::default(), Classes::new());
        self.store.reset_counters();
        self.prefixes.clear();
    }

    fn expiry(&self, exptime: i64) -> u32 {
        self.clock.expiry(exptime, self.now)
    }

    /// Forgets all items, now or when so many seconds have passed (or at a Unix time).
    pub fn flush_all(&mut self, delay: i32) {
        let at = if delay > 0 { self.expiry(delay.into()) } else { self.now };
        self.store.flush_all(at);
    }

    /// When all items were forgotten last, or 0.
    pub fn flushed_at(&self) -> u32 {
        self.store.flushed_at()
    }

    /// Counts by the beginnings of keys from now on, or no more.
    pub fn count_prefixes(&mut self, on: bool) {
        self.counts_prefixes = on;
    }

    /// The same from the start, where beginnings end with this byte.
    pub fn set_prefix_end(&mut self, end: u8, on: bool) {
        (self.prefixes, self.counts_prefixes) = (Prefixes::new(end), on);
    }

    /// Whether it counts by the beginnings of keys.
    pub fn counts_prefixes(&self) -> bool {
        self.counts_prefixes
    }

    /// What was counted by the beginnings of keys.
    pub fn prefixes(&self) -> Prefixes {
        self.prefixes.clone()
    }

    /// Does what is asked, and appends the answer, if there is one.
    #[inline]
    pub fn execute(&mut self, key: Key<'_>, request: &Request<'_>, answer: &mut Vec<u8>) {
        if self.counts_prefixes {
            return self.execute_and_count(key, request, answer);
        }
        self.execute_only(key, request, answer);
    }

    #[cold]
    fn execute_and_count(&mut self, key: Key<'_>, request: &Request<'_>, answer: &mut Vec<u8>) {
        let misses = |counters: &Counters| counters.get_misses + counters.touch_misses;
        let before = misses(&self.counters);
        self.execute_only(key, request, answer);
        self.prefixes.count(key.bytes(), &request.op, misses(&self.counters) > before);
    }

    #[inline]
    fn execute_only(&mut self, key: Key<'_>, request: &Request<'_>, answer: &mut Vec<u8>) {
        match request.op {
            Op::Get { with_cas } => self.get(key, with_cas, answer),
            Op::Store { mode, client_flags, exptime, compare, quiet } => {
                let exptime = self.expiry(exptime);
                let compare = compare.filter(|_| mode == StoreMode::Cas);
                let new = New { client_flags, exptime, compare, ..New::default() };
                match self.store_value(key, mode, &new, request.value) {
                    (_, Stored::Stored { .. }) if !quiet => answer.extend_from_slice(b"STORED\r\n"),
                    (text, _) => push_line(answer, quiet, text),
                }
            }
            Op::MetaGet(ref options) => self.meta_get(key, options, request.flags, answer),
            Op::MetaSet(ref options, mode) => self.meta_set(key, options, mode, request, answer),
            Op::MetaDelete(ref options) => self.meta_delete(key, options, request.flags, answer),
            Op::MetaArithmetic(ref options, decrement) => {
                self.meta_arithmetic(key, options, decrement, request.flags, answer);
            }
            Op::MetaDebug { binary_key } => self.meta_debug(key, binary_key, answer),
            Op::GetAndTouch { with_cas, exptime } => self.get_and_touch(key, with_cas, exptime, answer),
            Op::Touch { exptime, quiet } => {
                let text = if self.touch(key, exptime) { "TOUCHED" } else { "NOT_FOUND" };
                push_line(answer, quiet, text);
            }
            Op::Delete { quiet } => {
                let text = if self.delete(key) { "DELETED" } else { "NOT_FOUND" };
                push_line(answer, quiet, text);
            }
            Op::Arithmetic { delta, decrement, quiet } => {
                self.arithmetic(key, delta, decrement, quiet, answer);
            }
            Op::TooLarge { quiet, is_set } => {
                self.counters.store_too_large += 1;
                if is_set {
                    self.store.delete(key);
                }
                push_line(answer, quiet, TOO_LARGE);
            }
        }
    }

    #[inline]
    fn get(&mut self, key: Key<'_>, with_cas: bool, answer: &mut Vec<u8>) {
        match self.store.get(key) {
            Some(item) => {
                self.classes.of(item.class_id()).hit(item.segment());
                push_value(answer, key.bytes(), &item, with_cas);
            }
            None => self.counters.get_misses += 1,
        }
    }

    fn get_and_touch(&mut self, key: Key<'_>, with_cas: bool, exptime: i64, answer: &mut Vec<u8>) {
        self.counters.cmd_touch += 1;
        let exptime = self.expiry(exptime);
        match self.store.get(key) {
            Some(item) => {
                self.classes.of(item.class_id()).touch_hits += 1;
                item.set_exptime(exptime);
                push_value(answer, key.bytes(), &item, with_cas);
            }
            None => self.counters.touch_misses += 1,
        }
    }

    fn touch(&mut self, key: Key<'_>, exptime: i64) -> bool {
        self.counters.cmd_touch += 1;
        let exptime = self.expiry(exptime);
        match self.store.get(key) {
            Some(item) => {
                self.classes.of(item.class_id()).touch_hits += 1;
                item.set_exptime(exptime);
                true
            }
            None => {
                self.counters.touch_misses += 1;
                false
            }
        }
    }

    fn delete(&mut self, key: Key<'_>) -> bool {
        match self.store.remove(key) {
            Some(class_id) => {
                self.classes.of(class_id).delete_hits += 1;
                true
            }
            None => {
                self.counters.delete_misses += 1;
                false
            }
        }
    }

    /// Stores a value, counts that, and says what came of it: in words, and as the store does.
    fn store_value(
        &mut self,
        key: Key<'_>,
        mode: StoreMode,
        new: &New,
        value: &[u8],
    ) -> (&'static str, Stored) {
        let stored = self.store.set(key, store_mode(mode), new, value);
        let class_id = match stored {
            Stored::Stored { class_id, .. } => class_id,
            _ => Store::class_of(key.bytes().len(), value.len()),
        };
        let (counters, class) = (&mut self.counters, self.classes.of(class_id));
        class.cmd_set += 1;
        let text = match (&stored, mode) {
            (Stored::TooLarge, _) => {
                class.cmd_set -= 1;
                counters.store_too_large += 1;
                TOO_LARGE
            }
            (Stored::OutOfMemory, _) => {
                class.cmd_set -= 1;
                counters.store_no_memory += 1;
                "SERVER_ERROR out of memory storing object"
            }
            (Stored::Stored { .. }, StoreMode::Cas) => {
                class.cas_hits += 1;
                "STORED"
            }
            (Stored::Stored { .. }, _) => "STORED",
            (Stored::Exists, _) => {
                class.cas_badval += u64::from(mode == StoreMode::Cas);
                "EXISTS"
            }
            (Stored::NotFound, _) => {
                counters.cas_misses += 1;
                "NOT_FOUND"
            }
            (Stored::NotStored, _) => "NOT_STORED",
        };
        (text, stored)
    }

    fn arithmetic(&mut self, key: Key<'_>, delta: u64, decrement: bool, quiet: bool, answer: &mut Vec<u8>) {
        let result = self.store.arithmetic(key, Arithmetic { delta, decrement, compare: None, cas: None });
        match result {
            Arithmetical::Done { value, item } => {
                let class = self.classes.of(item.class_id());
                *if decrement { &mut class.decr_hits } else { &mut class.incr_hits } += 1;
                push_line(answer, quiet, itoa::Buffer::new().format(value));
            }
            Arithmetical::NotFound => {
                self.counters.missed(decrement);
                push_line(answer, quiet, "NOT_FOUND");
            }
            Arithmetical::NotNumeric => push_line(answer, quiet, NOT_NUMERIC),
            Arithmetical::OutOfMemory | Arithmetical::Exists => push_line(answer, quiet, NO_MEMORY),
        }
    }
}

const TOO_LARGE: &str = "SERVER_ERROR object too large for cache";
const NO_MEMORY: &str = "SERVER_ERROR out of memory";
const NOT_NUMERIC: &str = "CLIENT_ERROR cannot increment or decrement non-numeric value";

fn store_mode(mode: StoreMode) -> Mode {
    match mode {
        StoreMode::Set => Mode::Set,
        StoreMode::Add => Mode::Add,
        StoreMode::Replace => Mode::Replace,
        StoreMode::Append => Mode::Append,
        StoreMode::Prepend => Mode::Prepend,
        StoreMode::AppendOrSet => Mode::AppendOrSet,
        StoreMode::PrependOrSet => Mode::PrependOrSet,
        StoreMode::Cas => Mode::Cas,
    }
}
