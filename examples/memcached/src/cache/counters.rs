//! What was asked of a shard, counted under memcached's names.

use std::ops::AddAssign;

/// Makes the structure, its sum, and the list of its names.
macro_rules! counters {
    ($(#[$about:meta])* $type:ident { $($name:ident),* $(,)? }) => {
        $(#[$about])*
        #[allow(missing_docs)] // Their names are those of memcached's protocol.txt.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $type { $(pub $name: u64),* }

        impl $type {
            /// The names of all counters and what they are at.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name)),*].into_iter()
            }
        }

        impl AddAssign for $type {
            fn add_assign(&mut self, other: $type) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

counters! {
    /// How often each thing has happened.
    Counters {
        cmd_get, cmd_set, cmd_flush, cmd_touch, cmd_meta,
        get_hits, get_misses, get_expired, get_flushed,
        delete_misses, delete_hits,
        incr_misses, incr_hits, decr_misses, decr_hits,
        cas_misses, cas_hits, cas_badval,
        touch_hits, touch_misses,
        store_too_large, store_no_memory,
    }
}

impl Counters {
    /// There was no number to be changed.
    pub(super) fn missed(&mut self, decrement: bool) {
        *if decrement { &mut self.decr_misses } else { &mut self.incr_misses } += 1;
    }
}

/// What has happened to the items of one class.
#[allow(missing_docs)] // Their names are those of memcached's protocol.txt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OfClass {
    /// Items that were found, by the segment of their list: hot, warm, cold, and one that is none.
    pub hits: [u64; 4],
    pub cmd_set: u64,
    pub delete_hits: u64,
    pub incr_hits: u64,
    pub decr_hits: u64,
    pub cas_hits: u64,
    pub cas_badval: u64,
    pub touch_hits: u64,
}

impl OfClass {
    /// Items that were found, wherever they were.
    pub fn get_hits(&self) -> u64 {
        self.hits.iter().sum()
    }

    /// An item was found in that segment of its list.
    #[inline]
    pub(super) fn hit(&mut self, segment: usize) {
        self.hits[segment % 4] += 1;
    }
}

impl AddAssign for OfClass {
    fn add_assign(&mut self, other: OfClass) {
        for (sum, hits) in self.hits.iter_mut().zip(other.hits) {
            *sum += hits;
        }
        self.cmd_set += other.cmd_set;
        self.delete_hits += other.delete_hits;
        self.incr_hits += other.incr_hits;
        self.decr_hits += other.decr_hits;
        self.cas_hits += other.cas_hits;
        self.cas_badval += other.cas_badval;
        self.touch_hits += other.touch_hits;
    }
}

/// Numbers of classes are below.
const CLASSES: usize = 128;

/// The counters of all classes.
pub struct Classes(Box<[OfClass; CLASSES]>);

impl Classes {
    pub(super) fn new() -> Classes {
        Classes(Box::new([OfClass::default(); CLASSES]))
    }

    /// The counters of one class.
    #[inline]
    pub fn of(&mut self, class_id: u8) -> &mut OfClass {
        &mut self.0[usize::from(class_id) % CLASSES]
    }

    /// The same, to be read.
    pub fn get(&self, class_id: u8) -> OfClass {
        self.0[usize::from(class_id) % CLASSES]
    }

    /// Adds what all classes have counted to `counters`.
    pub(super) fn add_to(&self, counters: &mut Counters) {
        for class in self.0.iter() {
            counters.get_hits += class.get_hits();
            counters.cmd_set += class.cmd_set;
            counters.delete_hits += class.delete_hits;
            counters.incr_hits += class.incr_hits;
            counters.decr_hits += class.decr_hits;
            counters.cas_hits += class.cas_hits;
            counters.cas_badval += class.cas_badval;
            counters.touch_hits += class.touch_hits;
        }
        // Each has found something or not.
        counters.cmd_get = counters.get_hits + counters.get_misses;
    }
}
