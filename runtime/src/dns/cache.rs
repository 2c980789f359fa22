//! What a shard remembers of names.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use hickory_proto::rr::{Name, RecordType};

use super::answer::Found;

/// Names that are remembered, each in both families.
const ENTRIES_MAX: usize = 2 * 1024;
/// How long an answer is believed at most, whatever it says itself.
const BELIEVED_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// And that there is none.
const NOTHING_MAX: Duration = Duration::from_secs(5 * 60);

#[derive(Default)]
pub(super) struct Cache {
    entries: HashMap<(Name, RecordType), Entry>,
}

struct Entry {
    found: Found,
    until: Instant,
}

impl Cache {
    pub(super) fn find(&self, name: &Name, kind: RecordType, now: Instant) -> Option<&Found> {
        let entry = self.entries.get(&(name.clone(), kind))?;
        (now < entry.until).then_some(&entry.found)
    }

    /// Keeps what was found for as long as it says. What must not be kept is not.
    pub(super) fn keep(&mut self, name: Name, kind: RecordType, found: &Found, now: Instant) {
        let longest = if found.ips().is_empty() { NOTHING_MAX } else { BELIEVED_MAX };
        let lifetime = found.lifetime().min(longest);
        if lifetime.is_zero() {
            return;
        }
        if self.entries.len() >= ENTRIES_MAX {
            self.make_room(now);
        }
        self.entries.insert((name, kind), Entry { found: found.clone(), until: now + lifetime });
    }

    /// Forgets what is not believed any more, and one that would not be for long if all are.
    fn make_room(&mut self, now: Instant) {
        self.entries.retain(|_, entry| now < entry.until);
        if self.entries.len() >= ENTRIES_MAX
            && let Some(key) =
                self.entries.iter().min_by_key(|(_, entry)| entry.until).map(|(key, _)| key.clone())
        {
            self.entries.remove(&key);
        }
    }
}

impl Found {
    fn ips(&self) -> &[IpAddr] {
        match self {
            Found::Addresses { ips, .. } => ips,
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: usize) -> Name {
        Name::from_ascii(format!("host{number}.example.")).unwrap()
    }

    fn found(seconds: u64) -> Found {
        let ips = vec!["192.0.2.1".parse().unwrap()];
        Found::Addresses { ips, lifetime: Duration::from_secs(seconds) }
    }

    #[test]
    fn answers_are_believed_as_long_as_they_say() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        cache.keep(name(1), RecordType::A, &found(10), now);
        cache.keep(name(2), RecordType::A, &found(0), now);
        cache.keep(name(3), RecordType::A, &Found::NoName { lifetime: Duration::MAX }, now);
        let at = |number, seconds| {
            cache.find(&name(number), RecordType::A, now + Duration::from_secs(seconds)).is_some()
        };
        assert!(at(1, 9) && !at(1, 10));
        assert!(!at(2, 0), "this one must not be kept");
        assert!(at(3, 299) && !at(3, 300), "that there is none is not believed for long");
        assert!(cache.find(&name(1), RecordType::AAAA, now).is_none());
    }

    #[test]
    fn a_full_cache_forgets_what_it_would_forget_first() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        for number in 0..ENTRIES_MAX + 10 {
            cache.keep(name(number), RecordType::A, &found(1_000 + number as u64), now);
        }
        assert_eq!(cache.entries.len(), ENTRIES_MAX);
        assert!(cache.find(&name(9), RecordType::A, now).is_none());
        assert!(cache.find(&name(10), RecordType::A, now).is_some());
    }
}
