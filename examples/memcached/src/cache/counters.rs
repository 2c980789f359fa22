//! What was asked of a shard, counted under memcached's names.

/// Makes the structure, its sum, and the list of its names.
macro_rules! counters {
    ($($name:ident),* $(,)?) => {
        /// How often each thing has happened.
        #[allow(missing_docs)] // Their names are those of memcached's protocol.txt.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counters { $(pub $name: u64),* }

        impl Counters {
            /// The names of all counters and what they are at.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name)),*].into_iter()
            }
        }

        impl std::ops::AddAssign for Counters {
            fn add_assign(&mut self, other: Counters) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

counters! {
    cmd_get, cmd_set, cmd_flush, cmd_touch, cmd_meta,
    get_hits, get_misses,
    delete_misses, delete_hits,
    incr_misses, incr_hits, decr_misses, decr_hits,
    cas_misses, cas_hits, cas_badval,
    touch_hits, touch_misses,
    store_too_large, store_no_memory,
}

impl Counters {
    /// A number was, or was not, there to be changed.
    pub(super) fn counted(&mut self, decrement: bool, hit: bool) {
        let counter = match (decrement, hit) {
            (false, true) => &mut self.incr_hits,
            (false, false) => &mut self.incr_misses,
            (true, true) => &mut self.decr_hits,
            (true, false) => &mut self.decr_misses,
        };
        *counter += 1;
    }
}
