//! The store beside a map of values: what it says has to be what the map says, and what it forgets is only what it may.

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::verify::verify;
use super::{MIB, bytes, key};
use crate::store::*;

#[derive(Clone, Debug)]
enum Step {
    Get(u8),
    Store { key: u8, mode: Mode, length: usize, exptime: u32, compare: u8, stale_ok: bool, in_bits: bool },
    Delete(u8),
    Add { key: u8, delta: u64, decrement: bool },
    Number { key: u8, digits: u64 },
    Touch { key: u8, exptime: u32 },
    Pin(u8),
    Unpin,
    Abandon { key: u8, length: usize },
    Flush(u32),
    Tick(u32),
    Crawl,
}

const ITEM_BYTES_MAX: usize = 60_000;

fn length(large: u32) -> impl Strategy<Value = usize> {
    prop_oneof![6 => 0usize..200, 2 => 200usize..9_000, large => 9_000usize..ITEM_BYTES_MAX, 1 => Just(2 * ITEM_BYTES_MAX)]
}

fn mode() -> impl Strategy<Value = Mode> {
    use Mode::*;
    prop_oneof![
        6 => Just(Set), 1 => Just(Add), 1 => Just(Replace), 2 => Just(Cas),
        1 => Just(Append), 1 => Just(Prepend), 1 => Just(AppendOrSet), 1 => Just(PrependOrSet)
    ]
}

fn exptime() -> impl Strategy<Value = u32> {
    prop_oneof![4 => Just(0u32), 1 => 1u32..60]
}

fn step(keys: u8, large: u32) -> impl Strategy<Value = Step> {
    let any_key = 0..keys;
    let stored = (any_key.clone(), mode(), length(large), exptime(), 0..4u8, any::<bool>(), any::<bool>());
    prop_oneof![
        8 => any_key.clone().prop_map(Step::Get),
        8 => stored.prop_map(|(key, mode, length, exptime, compare, stale_ok, in_bits)| {
            Step::Store { key, mode, length, exptime, compare, stale_ok, in_bits }
        }),
        2 => any_key.clone().prop_map(Step::Delete),
        1 => (any_key.clone(), any::<u64>(), any::<bool>())
            .prop_map(|(key, delta, decrement)| Step::Add { key, delta, decrement }),
        1 => (any_key.clone(), any::<u64>()).prop_map(|(key, digits)| Step::Number { key, digits }),
        1 => (any_key.clone(), exptime()).prop_map(|(key, exptime)| Step::Touch { key, exptime }),
        1 => any_key.clone().prop_map(Step::Pin),
        1 => Just(Step::Unpin),
        1 => (any_key, length(large)).prop_map(|(key, length)| Step::Abandon { key, length }),
        1 => (0u32..40).prop_map(Step::Flush),
        1 => (0u32..20).prop_map(Step::Tick),
        1 => Just(Step::Crawl),
    ]
}

#[derive(Clone, Debug, PartialEq)]
struct Known {
    value: Vec<u8>,
    client_flags: u32,
    exptime: u32,
    cas: u64,
    stale: bool,
}

struct Model {
    items: HashMap<u8, Known>,
    now: u32,
    flush_at: Option<u32>,
    last_cas: u64,
    /// Whether the store may have forgotten what is here.
    forgets: bool,
}

/// A store and its model, and values that are held.
struct Pair {
    store: Store,
    model: Model,
    pinned: Vec<(Value, Vec<u8>)>,
    written: u64,
}

fn name(key: u8) -> String {
    // Of different lengths, one of them the longest.
    format!("key-{key}-{}", "x".repeat([0, 3, 20, 238][usize::from(key % 4)]))
        .chars()
        .take(KEY_BYTES_MAX)
        .collect()
}

impl Model {
    fn expire(&mut self) {
        let now = self.now;
        if self.flush_at.is_some_and(|at| at <= now) {
            self.flush_at = None;
            self.items.clear();
        }
        self.items.retain(|_, known| known.exptime == 0 || known.exptime > now);
    }

    fn cas(&mut self) -> u64 {
        self.last_cas += 1;
        self.last_cas
    }

    fn store(&mut self, key: u8, mode: Mode, new: &New, value: &[u8]) -> Stored {
        use Mode::*;
        if name(key).len() + value.len() > ITEM_BYTES_MAX {
            self.items.remove(&key);
            return Stored::TooLarge;
        }
        let known = self.items.get(&key).cloned();
        let fresh = Known {
            value: value.to_vec(),
            client_flags: new.client_flags,
            exptime: new.exptime,
            cas: 0,
            stale: false,
        };
        let mut stored = match (known, mode) {
            (None, Set | Add | AppendOrSet | PrependOrSet) => fresh,
            (None, Cas) => return Stored::NotFound,
            (None, _) | (Some(_), Add) => return Stored::NotStored,
            (Some(_), Set | Replace) => fresh,
            (Some(known), Cas) if new.compare == Some(known.cas) => fresh,
            (Some(known), Cas) if new.stale_ok && new.compare.is_some_and(|compare| compare < known.cas) => {
                Known { exptime: known.exptime, stale: true, ..fresh }
            }
            (Some(_), Cas) => return Stored::Exists,
            (Some(known), _) if new.compare.is_some_and(|compare| compare != known.cas) => {
                return Stored::Exists;
            }
            (Some(known), mode) => {
                let value = match mode {
                    Append | AppendOrSet => [&known.value, value].concat(),
                    _ => [value, &known.value].concat(),
                };
                if name(key).len() + value.len() > ITEM_BYTES_MAX {
                    return Stored::NotStored;
                }
                Known { value, stale: false, ..known }
            }
        };
        stored.cas = self.cas();
        let (cas, value_bytes) = (stored.cas, stored.value.len());
        let class_id = Store::class_of(name(key).len(), value_bytes);
        let outcome = Stored::Stored { cas, value_bytes, class_id };
        self.items.insert(key, stored);
        self.expire();
        outcome
    }

    fn add(&mut self, key: u8, delta: u64, decrement: bool) -> Option<u64> {
        let cas = self.last_cas + 1;
        let known = self.items.get_mut(&key)?;
        let is_space = |byte: &u8| b" \t\n\x0b\x0c\r".contains(byte);
        let word = known.value.split(is_space).find(|word| !word.is_empty())?;
        let number: u64 = std::str::from_utf8(word).ok()?.parse().ok()?;
        let number = if decrement { number.saturating_sub(delta) } else { number.wrapping_add(delta) };
        known.value = format!("{number:<width$}", width = known.value.len()).into_bytes();
        known.cas = cas;
        self.last_cas = cas;
        Some(number)
    }
}

impl Pair {
    fn new(memory_bytes: usize, forgets: bool) -> Pair {
        let model = Model { items: HashMap::new(), now: Clock::START, flush_at: None, last_cas: 0, forgets };
        let settings = Settings { memory_bytes, item_bytes_max: ITEM_BYTES_MAX, evict: true };
        let store = Store::new(settings, KeyHasher::fixed(1)).unwrap();
        Pair { store, model, pinned: Vec::new(), written: 0 }
    }

    /// Brings the model to what the store still has of `number`.
    fn sync(&mut self, number: u8) -> bool {
        self.model.expire();
        let name = name(number);
        let found = self.store.find(key(&name));
        if found.is_none() && self.model.forgets {
            self.model.items.remove(&number);
        }
        found.is_some()
    }

    fn check(&mut self, number: u8) {
        let found = self.sync(number);
        let name = name(number);
        let known = self.model.items.get(&number);
        assert_eq!(found, known.is_some(), "{name}");
        let Some(known) = known else { return };
        let item = self.store.get(key(&name)).unwrap();
        assert_eq!(item.key(), name.as_bytes());
        assert_eq!(item.parts().collect::<Vec<_>>().concat(), known.value);
        assert_eq!(item.value_bytes(), known.value.len());
        assert_eq!((item.client_flags(), item.exptime()), (known.client_flags, known.exptime));
        assert_eq!((item.cas(), item.is_stale()), (known.cas, known.stale));
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Get(number) => self.check(number),
            Step::Store { key: number, mode, length, exptime, compare, stale_ok, in_bits } => {
                self.sync(number);
                self.written += 1;
                let value = bytes(self.written, length);
                let exptime = if exptime == 0 { 0 } else { self.model.now + exptime };
                let cas = self.model.items.get(&number).map(|known| known.cas);
                let compare = [None, cas, cas.map(|cas| cas.saturating_sub(1)), cas.map(|cas| cas + 1)]
                    [usize::from(compare)];
                let client_flags = self.written as u32;
                let new = New { client_flags, exptime, compare, stale_ok, ..New::default() };
                self.store_both(number, mode, new, &value, in_bits);
            }
            Step::Number { key: number, digits } => {
                self.sync(number);
                self.store_both(number, Mode::Set, New::default(), digits.to_string().as_bytes(), false);
            }
            Step::Delete(number) => {
                self.sync(number);
                let deleted = self.store.delete(key(&name(number)));
                assert_eq!(deleted, self.model.items.remove(&number).is_some());
            }
            Step::Add { key: number, delta, decrement } => {
                self.sync(number);
                let how = Arithmetic { delta, decrement, compare: None, cas: None };
                let name = name(number);
                let value = match self.store.arithmetic(key(&name), how) {
                    Arithmetical::Done { value, .. } => Some(value),
                    _ => None,
                };
                assert_eq!(value, self.model.add(number, delta, decrement));
                self.check(number);
            }
            Step::Touch { key: number, exptime } => {
                if self.sync(number) {
                    let exptime = if exptime == 0 { 0 } else { self.model.now + exptime };
                    self.store.find(key(&name(number))).unwrap().set_exptime(exptime);
                    self.model.items.get_mut(&number).unwrap().exptime = exptime;
                }
            }
            Step::Pin(number) => {
                if self.sync(number) {
                    let value = self.store.get(key(&name(number))).unwrap().pin().unwrap();
                    self.pinned.push((value, self.model.items[&number].value.clone()));
                }
            }
            Step::Unpin => self.unpin(),
            Step::Abandon { key: number, length } => {
                self.sync(number);
                if let Ok(mut reservation) = self.store.reserve(key(&name(number)), length, &New::default()) {
                    reservation.fill(&bytes(1, length / 2));
                } else {
                    self.model.items.remove(&number);
                }
            }
            Step::Flush(after) => {
                self.model.flush_at = Some(self.model.now + after);
                self.store.flush_all(self.model.now + after);
                self.model.expire();
            }
            Step::Tick(seconds) => {
                self.model.now += seconds;
                self.store.tick(self.model.now);
                self.model.expire();
            }
            Step::Crawl => {
                self.store.crawl();
            }
        }
    }

    fn unpin(&mut self) {
        let Some((value, wanted)) = self.pinned.pop() else { return };
        assert_eq!(value.parts().collect::<Vec<_>>().concat(), wanted, "a value changed while it was held");
    }

    fn store_both(&mut self, number: u8, mode: Mode, new: New, value: &[u8], in_bits: bool) {
        let name = name(number);
        let outcome = if in_bits {
            match self.store.reserve(key(&name), value.len(), &new) {
                Ok(mut reservation) => {
                    let mut rest = value;
                    while !rest.is_empty() {
                        let space = reservation.space();
                        let bytes = space.len().min(rest.len()).min(1 + rest.len() / 2);
                        space[..bytes].copy_from_slice(&rest[..bytes]);
                        reservation.advance(bytes);
                        rest = &rest[bytes..];
                    }
                    // Making room may have cost the item that is there.
                    self.sync(number);
                    self.store.commit(reservation, mode)
                }
                Err(outcome) => outcome,
            }
        } else {
            self.store.set(key(&name), mode, &new, value)
        };
        let wanted = self.model.store(number, mode, &new, value);
        if self.model.forgets && matches!(outcome, Stored::OutOfMemory | Stored::NotStored) {
            self.model.last_cas = self.store.last_cas;
            self.model.items.remove(&number);
            if let Some(item) = self.store.find(key(&name)) {
                let known = Known {
                    value: item.parts().collect::<Vec<_>>().concat(),
                    client_flags: item.client_flags(),
                    exptime: item.exptime(),
                    cas: item.cas(),
                    stale: item.is_stale(),
                };
                self.model.items.insert(number, known);
            }
            return;
        }
        assert_eq!(outcome, wanted, "{mode:?} of {} bytes", value.len());
    }
}

fn run(steps: Vec<Step>, memory_bytes: usize, forgets: bool, keys: u8) {
    let mut pair = Pair::new(memory_bytes, forgets);
    for step in steps {
        pair.take(step);
    }
    while !pair.pinned.is_empty() {
        pair.unpin();
    }
    (0..keys).for_each(|key| pair.check(key));
    verify(&pair.store);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn with_memory_enough_the_store_is_a_map(steps in vec(step(12, 1), 1..200)) {
        run(steps, 16 * MIB, false, 12);
    }

    #[test]
    fn with_little_memory_it_forgets_but_never_errs(steps in vec(step(100, 6), 1..400)) {
        run(steps, MIB, true, 100);
    }
}
