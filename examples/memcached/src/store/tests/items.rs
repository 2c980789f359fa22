//! Single operations, and what they leave behind.

use super::verify::verify;
use super::{MIB, bytes, get, key, set, store};
use crate::store::*;

#[test]
fn a_value_is_found_until_it_is_deleted() {
    let mut store = store(4 * MIB);
    assert_eq!(get(&mut store, "a"), None);
    assert_eq!(set(&mut store, "a", b"1"), Stored::Stored { cas: 1, value_bytes: 1, class_id: 1 });
    assert_eq!(get(&mut store, "a").as_deref(), Some(&b"1"[..]));
    assert!(store.delete(key(&"a")) && !store.delete(key(&"a")));
    assert_eq!(get(&mut store, "a"), None);
    verify(&store);
    assert_eq!(store.heap.page_counts().0, 0, "an empty page is free");
}

#[test]
fn an_item_tells_what_the_meta_commands_ask_for() {
    let mut store = store(4 * MIB);
    let new = New { client_flags: 7, exptime: 102, binary_key: true, ..New::default() };
    store.set(key(&"a"), Mode::Set, &new, b"value");
    store.tick(10);
    let item = store.find(key(&"a")).unwrap();
    assert_eq!((item.is_fetched(), item.last_access(), item.seconds_left()), (false, 2, Some(92)));
    assert!(item.is_binary_key() && !item.is_stale() && !item.token_sent());
    item.mark_used();
    assert_eq!((item.is_fetched(), item.last_access()), (true, 10));
    item.send_token();
    assert!(item.token_sent());
    item.mark_stale();
    assert!(item.is_stale() && !item.token_sent());
    item.set_exptime(0);
    assert_eq!((item.exptime(), item.seconds_left()), (0, None));
    // A new value is not stale, and was not read.
    store.set(key(&"a"), Mode::Set, &New::default(), b"other");
    let item = store.find(key(&"a")).unwrap();
    assert!(!item.is_stale() && !item.is_fetched() && !item.is_binary_key());
}

#[test]
fn items_end_at_their_second() {
    let mut store = store(4 * MIB);
    for (name, exptime) in [("never", 0), ("past", 1), ("soon", 5), ("later", 50)] {
        store.set(key(&name), Mode::Set, &New { exptime, ..New::default() }, b"v");
    }
    let mut there = |now| {
        store.tick(now);
        ["never", "past", "soon", "later"].map(|name| get(&mut store, name).is_some())
    };
    assert_eq!(there(4), [true, false, true, true]);
    assert_eq!(there(5), [true, false, false, true]);
    assert_eq!(there(50), [true, false, false, false]);
    let statistics = store.statistics();
    assert_eq!((statistics.reclaimed, statistics.expired_unfetched, statistics.curr_items), (3, 1, 1));
}

#[test]
fn the_crawler_takes_back_what_nobody_asks_for() {
    let mut store = store(16 * MIB);
    for number in 0..20_000 {
        let exptime = if number % 10 == 0 { 0 } else { 100 };
        let name = format!("key-{number}");
        store.set(key(&name), Mode::Set, &New { exptime, ..New::default() }, &bytes(number, 50));
    }
    let used = store.statistics().memory_used;
    store.tick(99);
    while store.crawl() {}
    assert_eq!(store.statistics().curr_items, 20_000);
    store.tick(100);
    while store.crawl() {}
    verify(&store);
    let statistics = store.statistics();
    assert_eq!((statistics.curr_items, statistics.crawler_reclaimed), (2_000, 18_000));
    assert!(!store.crawl(), "nothing is left to look at");
    assert!(used > 2 * MIB as u64);
}

#[test]
fn a_flush_takes_what_is_there_when_it_comes() {
    let mut store = store(4 * MIB);
    set(&mut store, "a", b"1");
    store.flush_all(0);
    assert_eq!(get(&mut store, "a"), None);
    set(&mut store, "a", b"2");
    store.flush_all(10);
    store.tick(9);
    set(&mut store, "b", b"3");
    assert!(get(&mut store, "a").is_some());
    store.tick(10);
    assert_eq!((get(&mut store, "a"), get(&mut store, "b")), (None, None));
    set(&mut store, "a", b"4");
    store.tick(1_000);
    assert!(get(&mut store, "a").is_some(), "it happens once");
    verify(&store);
}

#[test]
fn what_was_flushed_very_often_stays_gone() {
    let mut store = store(4 * MIB);
    set(&mut store, "a", b"1");
    (0..=u16::MAX).for_each(|_| store.flush_all(0));
    assert_eq!(get(&mut store, "a"), None);
    verify(&store);
}

#[test]
fn numbers_that_get_shorter_are_padded() {
    let mut store = store(4 * MIB);
    let add = |store: &mut Store, delta, decrement| {
        let how = Arithmetic { delta, decrement, compare: None, cas: None };
        match store.arithmetic(key(&"n"), how) {
            Arithmetical::Done { value, .. } => Some(value),
            _ => None,
        }
    };
    assert_eq!(add(&mut store, 1, false), None);
    set(&mut store, "n", b"10");
    assert_eq!(add(&mut store, 1, true), Some(9));
    assert_eq!(get(&mut store, "n").as_deref(), Some(&b"9 "[..]));
    assert_eq!(add(&mut store, 991, false), Some(1000));
    assert_eq!(get(&mut store, "n").as_deref(), Some(&b"1000"[..]));
    assert_eq!(add(&mut store, 2000, true), Some(0));
    set(&mut store, "n", b"18446744073709551615");
    assert_eq!(add(&mut store, 2, false), Some(1));
    set(&mut store, "n", b"one");
    assert_eq!(add(&mut store, 1, false), None);
    verify(&store);
}

#[test]
fn a_number_that_somebody_reads_becomes_the_same_as_one_that_nobody_does() {
    let mut store = store(4 * MIB);
    for (text, wanted) in [("10", "9 "), ("1", "0"), ("7 and so on, far beyond twenty digits", "6")] {
        set(&mut store, "n", text.as_bytes());
        let held = store.get(key(&"n")).unwrap().pin().unwrap();
        let how = Arithmetic { delta: 1, decrement: true, compare: None, cas: None };
        assert!(matches!(store.arithmetic(key(&"n"), how), Arithmetical::Done { .. }));
        assert_eq!(held.parts().collect::<Vec<_>>().concat(), text.as_bytes());
        let padded = format!("{wanted:<width$}", width = text.len());
        assert_eq!(get(&mut store, "n").as_deref(), Some(padded.as_bytes()));
    }
    verify(&store);
}

#[test]
fn what_is_held_does_not_change() {
    let mut store = store(4 * MIB);
    for length in [10, 100_000] {
        let first = bytes(1, length);
        set(&mut store, "a", &first);
        let held = store.get(key(&"a")).unwrap().pin().unwrap();
        set(&mut store, "a", &bytes(2, length));
        store.delete(key(&"a"));
        // Enough to overwrite everything that is not held.
        (0..10_000).for_each(|number| {
            set(&mut store, &format!("x{number}"), &bytes(number, 1_000));
        });
        assert_eq!(held.parts().collect::<Vec<_>>().concat(), first);
        assert_eq!(held.bytes(), length);
        drop(held);
        verify(&store);
    }
}

#[test]
fn a_value_that_never_arrives_leaves_nothing() {
    let mut store = store(4 * MIB);
    set(&mut store, "a", b"old");
    for length in [10, 500_000] {
        let mut reservation = store.reserve(key(&"a"), length, &New::default()).ok().unwrap();
        assert_eq!(reservation.fill(&bytes(1, length / 2)), length / 2);
        drop(reservation);
        assert_eq!(get(&mut store, "a").as_deref(), Some(&b"old"[..]));
        verify(&store);
    }
    assert_eq!(store.statistics().curr_items, 1);
}

#[test]
fn a_value_that_cannot_be_stored_takes_the_old_one_with_it() {
    let mut store = store(4 * MIB);
    set(&mut store, "a", b"old");
    assert_eq!(set(&mut store, "a", &bytes(1, MIB)), Stored::TooLarge);
    assert_eq!(get(&mut store, "a"), None);
    set(&mut store, "a", b"old");
    assert_eq!(store.reserve(key(&"a"), MIB, &New::default()).err(), Some(Stored::TooLarge));
    assert_eq!(get(&mut store, "a"), None);
    assert!(matches!(set(&mut store, "a", &bytes(1, MIB - 1)), Stored::Stored { .. }));
}

#[test]
fn without_eviction_what_does_not_fit_is_refused() {
    let settings = Settings { memory_bytes: 2 * MIB, item_bytes_max: MIB, evict: false };
    let mut store = Store::new(settings, KeyHasher::fixed(1)).unwrap();
    let new = New { exptime: 10, ..New::default() };
    let stored = (0..10_000).take_while(|number| {
        let name = format!("key-{number}");
        store.set(key(&name), Mode::Set, &new, &[7; 1000]) != Stored::OutOfMemory
    });
    let stored = stored.count();
    assert!((1_500..2_000).contains(&stored), "{stored}");
    assert_eq!(store.statistics().evictions, 0);
    assert!(get(&mut store, "key-0").is_some());
    store.tick(10);
    assert!(matches!(set(&mut store, "other", &[7; 1000]), Stored::Stored { .. }), "what has expired goes");
    verify(&store);
}

#[test]
fn a_scan_shows_each_item_once() {
    let mut store = store(8 * MIB);
    for number in 0..5_000u64 {
        set(&mut store, &format!("key-{number}"), &bytes(number, (number % 300) as usize * 40));
    }
    let there = store.statistics().curr_items;
    let (mut cursor, mut names) = (Cursor::default(), std::collections::HashSet::new());
    while store.scan(&mut cursor, 100, |item| assert!(names.insert(item.key().to_vec()))) {}
    assert_eq!(names.len() as u64, there);
}
