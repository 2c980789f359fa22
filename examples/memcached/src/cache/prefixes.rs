//! What happens to keys by what they begin with, for `stats detail`. Counted only while somebody wants it.

use std::collections::BTreeMap;
use std::io::Write;

use crate::protocol::Op;

/// Beginnings that a shard counts; it forgets no old ones for new ones.
const PREFIXES_MAX: usize = 1 << 14;

/// Counters by beginning.
#[derive(Clone, Debug)]
pub struct Prefixes {
    /// The byte that ends a beginning. Keys without it are not counted.
    end: u8,
    counted: BTreeMap<Box<[u8]>, Counted>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    gets: u64,
    hits: u64,
    sets: u64,
    deletes: u64,
}

impl Prefixes {
    pub(super) fn new(end: u8) -> Prefixes {
        Prefixes { end, counted: BTreeMap::new() }
    }

    pub(super) fn clear(&mut self) {
        self.counted.clear();
    }

    /// Counts a request; `missed` says whether it found no item.
    pub(super) fn count(&mut self, key: &[u8], op: &Op, missed: bool) {
        let Some(length) = key.iter().position(|byte| *byte == self.end) else { return };
        let prefix = &key[..length];
        if !self.counted.contains_key(prefix) {
            if self.counted.len() >= PREFIXES_MAX {
                return;
            }
            self.counted.insert(prefix.into(), Counted::default());
        }
        let Some(counted) = self.counted.get_mut(prefix) else { return };
        match op {
            Op::Get { .. } | Op::GetAndTouch { .. } | Op::MetaGet(_) => {
                counted.gets += 1;
                counted.hits += u64::from(!missed);
            }
            Op::Store { .. } | Op::MetaSet(..) | Op::TooLarge { .. } => counted.sets += 1,
            Op::Delete { .. } | Op::MetaDelete(_) => counted.deletes += 1,
            Op::Arithmetic { .. } | Op::MetaArithmetic(..) | Op::Touch { .. } | Op::MetaDebug { .. } => {}
        }
    }

    /// With those of another shard.
    pub fn and(mut self, other: Prefixes) -> Prefixes {
        for (prefix, counted) in other.counted {
            let sum = self.counted.entry(prefix).or_default();
            sum.gets += counted.gets;
            sum.hits += counted.hits;
            sum.sets += counted.sets;
            sum.deletes += counted.deletes;
        }
        self
    }

    /// Appends a line for each.
    pub fn push(&self, text: &mut Vec<u8>) {
        for (prefix, Counted { gets, hits, sets, deletes }) in &self.counted {
            text.extend_from_slice(b"PREFIX ");
            text.extend_from_slice(prefix);
            write!(text, " get {gets} hit {hits} set {sets} del {deletes}\r\n").expect("a vector takes all");
        }
    }
}
