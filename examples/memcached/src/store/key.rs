//! Keys and their hashes.

use std::hash::{BuildHasher, RandomState};

/// The longest key.
pub const KEY_BYTES_MAX: usize = 250;

/// A key and its hash.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    bytes: &'a [u8],
    hash: u64,
}

impl<'a> Key<'a> {
    /// A key whose hash is known.
    #[inline]
    pub fn with_hash(bytes: &'a [u8], hash: u64) -> Key<'a> {
        Key { bytes, hash }
    }

    /// The bytes of the key.
    #[inline]
    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// The upper half chooses the shard, the lower half the place in its index.
    #[inline]
    pub fn hash(self) -> u64 {
        self.hash
    }
}

/// Hashes keys in a way that clients cannot foresee. All shards have to use clones of one.
#[derive(Clone, Debug)]
pub struct KeyHasher(ahash::RandomState);

impl KeyHasher {
    /// Different in each process, so that nobody can prepare keys that collide.
    pub fn random() -> KeyHasher {
        let system = RandomState::new();
        let [a, b, c, d] = [1u64, 2, 3, 4].map(|word| system.hash_one(word));
        KeyHasher(ahash::RandomState::with_seeds(a, b, c, d))
    }

    /// The same in each process, for tests.
    pub fn fixed(seed: u64) -> KeyHasher {
        KeyHasher(ahash::RandomState::with_seeds(seed, 2, 3, 4))
    }

    /// A key of 1 to [`KEY_BYTES_MAX`] bytes.
    #[inline]
    pub fn key<'a>(&self, bytes: &'a [u8]) -> Key<'a> {
        debug_assert!((1..=KEY_BYTES_MAX).contains(&bytes.len()));
        Key { bytes, hash: self.hash(bytes) }
    }

    /// The hash alone.
    #[inline]
    pub fn hash(&self, bytes: &[u8]) -> u64 {
        self.0.hash_one(bytes)
    }
}
