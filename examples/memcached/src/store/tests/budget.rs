//! What is kept when memory is short.

use super::verify::verify;
use super::{MIB, bytes, get, key, set, store};
use crate::store::*;

fn fill(store: &mut Store, prefix: &str, count: u64, length: usize) {
    let value = bytes(1, length);
    (0..count).for_each(|number| {
        set(store, &format!("{prefix}{number}"), &value);
    });
}

/// The share of the last `count` of `total` that is there.
fn hits(store: &mut Store, prefix: &str, total: u64, count: u64) -> f64 {
    let found = (total - count..total).filter(|number| {
        let name = format!("{prefix}{number}");
        store.find(key(&name)).is_some()
    });
    found.count() as f64 / count as f64
}

#[test]
fn memory_follows_the_sizes_of_values() {
    let mut store = store(8 * MIB);
    let memory = 8.0 * MIB as f64;
    // For each size, several times what fits; time passes, or does not.
    for (round, seconds) in [0, 1].into_iter().enumerate() {
        for length in [100usize, 1 << 10, 100 << 10, 1 << 10, 100] {
            let prefix = format!("{round}-{length}-");
            let total = 2 * (8 * MIB / (length + 60)) as u64;
            for part in 0..10 {
                let value = bytes(part, length);
                let numbers = part * total / 10..(part + 1) * total / 10;
                numbers.for_each(|number| {
                    set(&mut store, &format!("{prefix}{number}"), &value);
                });
                let now = store.now();
                store.tick(now + seconds);
            }
            verify(&store);
            let statistics = store.statistics();
            assert!(statistics.memory_used <= statistics.limit_maxbytes);
            let payload = statistics.bytes as f64 / memory;
            assert!(payload > 0.8, "{payload:.2} of the memory holds items of {length} bytes");
            let expected = (memory * 0.75 / (length + 60) as f64) as u64;
            let hits = hits(&mut store, &prefix, total, expected);
            assert!(hits > 0.97, "of the latest items of {length} bytes, {hits:.2} are there");
        }
    }
}

#[test]
fn items_that_are_used_stay() {
    let mut store = store(4 * MIB);
    fill(&mut store, "used", 2_000, 100);
    let value = bytes(1, 100);
    for number in 0..150_000u64 {
        set(&mut store, &format!("passing{number}"), &value);
        get(&mut store, &format!("used{}", number % 2_000));
        if number % 1_000 == 0 {
            let now = store.now();
            store.tick(now + 1);
        }
    }
    let hits = hits(&mut store, "used", 2_000, 2_000);
    assert!(hits > 0.98, "{hits}");
    assert!(store.statistics().evictions > 100_000);
    verify(&store);
}

#[test]
fn items_of_all_sizes_are_given_up_by_age() {
    let mut store = store(16 * MIB);
    let lengths = [40usize, 300, 2_000, 20_000];
    let total = 40_000u64;
    let length =
        |number: u64| lengths[(number % 101 % 4) as usize] / if number.is_multiple_of(7) { 2 } else { 1 };
    let value = bytes(1, 20_000);
    let mut written = 0;
    for number in 0..total {
        set(&mut store, &format!("k{number}"), &value[..length(number)]);
        written += length(number) as u64;
        if number % 200 == 0 {
            store.tick(Clock::START + (number / 200) as u32);
        }
    }
    let mean = written / total;
    let fitting = 16 * MIB as u64 * 3 / 4 / mean;
    for (index, wanted) in lengths.iter().enumerate() {
        let of_length = |number: &u64| number % 101 % 4 == index as u64;
        let latest: Vec<u64> = (total - fitting..total).filter(of_length).collect();
        let found = latest.iter().filter(|number| store.find(key(&format!("k{number}"))).is_some()).count();
        let share = found as f64 / latest.len() as f64;
        assert!(share > 0.85, "{share:.2} of the latest with {wanted} bytes are there");
    }
    verify(&store);
}

#[test]
fn the_index_grows_at_the_expense_of_items() {
    let mut store = store(8 * MIB);
    fill(&mut store, "large", 10_000, 1_000);
    let before = store.statistics();
    fill(&mut store, "small", 150_000, 1);
    verify(&store);
    let after = store.statistics();
    assert!(after.hash_bytes > before.hash_bytes && after.memory_used <= after.limit_maxbytes);
    assert!(after.hash_buckets as f64 > 0.95 * after.curr_items as f64);
    assert!(after.curr_items > 90_000, "{}", after.curr_items);
}

#[test]
fn a_small_item_takes_less_than_with_memcached() {
    let mut store = store(16 * MIB);
    let count = 100_000;
    fill(&mut store, "key-0000", count, 32);
    let bytes = store.statistics().memory_used as f64 / count as f64;
    // There: 56 bytes of header, 11 to 15 of key, 2 of line end, in chunks of 96 or 120, and 5 to 10 of index.
    assert!(bytes < 105.0, "{bytes:.1} bytes for each item");
}

#[test]
fn a_store_too_small_or_too_large_says_so() {
    for memory_bytes in [0, 1000, 1 << 40] {
        let settings = Settings { memory_bytes, item_bytes_max: MIB, evict: true };
        let error = Store::new(settings, KeyHasher::fixed(1)).err().unwrap();
        assert!(error.to_string().contains("-m divided by the shards"), "{error}");
    }
}
