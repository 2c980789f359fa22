//! The store allocates when it is made, and never again.

#[path = "../../../runtime/tests/support/counting.rs"]
mod counting;

use counting::allocations;
use memcached::store::{Arithmetic, Arithmetical, Key, KeyHasher, Mode, New, Settings, Store, Stored};

fn key<'a>(hasher: &KeyHasher, buffer: &'a mut [u8; 16], number: u64) -> Key<'a> {
    *buffer = digits(number);
    hasher.key(&buffer[..])
}

/// Sixteen digits, without allocating.
fn digits(mut number: u64) -> [u8; 16] {
    let mut digits = [b'0'; 16];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    digits
}

#[test]
fn no_operation_allocates() {
    let settings = Settings { memory_bytes: 4 << 20, item_bytes_max: 1 << 20, evict: true };
    let hasher = KeyHasher::random();
    let mut store = Store::new(settings, hasher.clone()).unwrap();
    let value = vec![7; 300_000];
    let before = allocations();
    let mut buffer = [0; 16];
    // All sizes, far more than what fits: chunks and pieces, eviction, pages that change classes, a growing index.
    for number in 0..60_000u64 {
        let length =
            [10, 100, 1_000, 10_000, 300_000][(number % 97 % 5) as usize] / (number as usize % 13 + 1);
        let name = key(&hasher, &mut buffer, number % 20_000);
        match number % 10 {
            0 => {
                store.delete(name);
            }
            1 => {
                if let Ok(mut reservation) = store.reserve(name, length, &New::default()) {
                    reservation.fill(&value[..length]);
                    store.commit(reservation, Mode::Set);
                }
            }
            2 => {
                store.set(name, Mode::Append, &New::default(), &value[..100]);
            }
            3 => {
                store.set(name, Mode::Set, &New::default(), b"9");
                let how = Arithmetic { delta: 1, decrement: false, compare: None, cas: None };
                assert!(matches!(store.arithmetic(name, how), Arithmetical::Done { value: 10, .. }));
            }
            4 => {
                let new = New { exptime: number as u32 / 100, ..New::default() };
                let stored = store.set(name, Mode::Set, &new, &value[..length]);
                assert!(matches!(stored, Stored::Stored { .. }));
                drop(store.get(name).and_then(|item| item.pin()));
            }
            5 => {
                store.tick(number as u32 / 200);
                store.crawl();
            }
            _ => {
                store.set(name, Mode::Set, &New::default(), &value[..length]);
                assert_eq!(store.get(name).unwrap().parts().map(<[u8]>::len).sum::<usize>(), length);
            }
        }
    }
    assert_eq!(allocations() - before, 0);
    let statistics = store.statistics();
    assert!(statistics.evictions > 1_000 && statistics.slabs_moved > 10 && statistics.reclaimed > 0);
}
