//! Which shard a key belongs to.
//!
//! A fold of products (as in wyhash): a few instructions for short keys, and the same for every shard, program and run. It
//! resists no one who chooses keys so that they meet on a shard; what lies there then is for a real hash to spread.

use std::hash::{Hash, Hasher};

const FIRST: u64 = 0x9e37_79b9_7f4a_7c15;
const SECOND: u64 = 0xd1b5_4a32_d192_ed03;

/// The shard of a key, of so many.
#[inline]
pub(super) fn shard_of<K: Hash + ?Sized>(key: &K, shards: usize) -> usize {
    let mut fold = Fold(FIRST);
    key.hash(&mut fold);
    // The part of the range that the hash falls into, without a division.
    ((u128::from(fold.finish()) * shards as u128) >> 64) as usize
}

struct Fold(u64);

impl Fold {
    #[inline]
    fn add(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * u128::from(SECOND);
        self.0 = (product as u64 ^ (product >> 64) as u64).wrapping_add(FIRST);
    }
}

impl Hasher for Fold {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.add(u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.add(u64::from_le_bytes(last) ^ (bytes.len() as u64).rotate_right(8));
    }

    #[inline]
    fn write_u8(&mut self, n: u8) {
        self.add(n.into());
    }

    #[inline]
    fn write_u16(&mut self, n: u16) {
        self.add(n.into());
    }

    #[inline]
    fn write_u32(&mut self, n: u32) {
        self.add(n.into());
    }

    #[inline]
    fn write_u64(&mut self, n: u64) {
        self.add(n);
    }

    #[inline]
    fn write_usize(&mut self, n: usize) {
        self.add(n as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        let product = u128::from(self.0) * u128::from(FIRST);
        product as u64 ^ (product >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many keys fall on the shard that has most and on the one that has fewest, of 10,000 for each of 7.
    fn spread<K: Hash>(key: impl Fn(u64) -> K) -> (usize, usize) {
        let mut counts = [0; 7];
        (0..70_000).for_each(|n| counts[shard_of(&key(n), 7)] += 1);
        (*counts.iter().max().unwrap(), *counts.iter().min().unwrap())
    }

    #[test]
    fn keys_spread_evenly() {
        let even = |(most, fewest): (usize, usize)| most < 10_500 && fewest > 9_500;
        assert!(even(spread(|n| n)));
        assert!(even(spread(|n| n as u32)));
        assert!(even(spread(|n| n << 32)));
        assert!(even(spread(|n| n * 4096)));
        assert!(even(spread(|n| (n as u8, n >> 8))));
        assert!(even(spread(|n| format!("key:{n}"))));
        assert!(even(spread(|n| format!("{n:020}"))));
    }

    #[test]
    fn what_a_key_is_borrowed_as_is_on_the_same_shard() {
        for n in 0..100 {
            let key = format!("key:{n}");
            assert_eq!(shard_of(&key, 5), shard_of(key.as_str(), 5));
            assert_eq!(shard_of(&key.clone().into_bytes(), 5), shard_of(key.as_bytes(), 5));
        }
    }

    #[test]
    fn every_build_routes_alike() {
        let shards: Vec<_> = (0..8_u64).map(|n| shard_of(&n, 4)).collect();
        assert_eq!(shards, [3, 3, 2, 1, 1, 1, 0, 2]);
    }
}
