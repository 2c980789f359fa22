//! Behaviour of the whole store.

mod budget;
mod items;
mod model;
mod verify;

use super::*;

const MIB: usize = 1 << 20;

fn store(memory_bytes: usize) -> Store {
    let settings = Settings { memory_bytes, item_bytes_max: MIB, evict: true };
    Store::new(settings, KeyHasher::fixed(1)).unwrap()
}

fn key<'a>(bytes: &'a impl AsRef<[u8]>) -> Key<'a> {
    KeyHasher::fixed(1).key(bytes.as_ref())
}

fn set(store: &mut Store, name: &str, value: &[u8]) -> Stored {
    store.set(key(&name), Mode::Set, &New::default(), value)
}

fn get(store: &mut Store, name: &str) -> Option<Vec<u8>> {
    store.get(key(&name)).map(|item| item.parts().collect::<Vec<_>>().concat())
}

/// Bytes that differ with `seed` and from place to place.
fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(next).collect()
}
