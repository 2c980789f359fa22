//! The meta commands.
//!
//! Flags are worked through in the order in which the client gave them, because answers repeat them in that
//! order, and because what one flag changes, a later one reports.

use super::answer::{push_bytes, push_line};
use super::{Cache, NO_MEMORY, NOT_NUMERIC};
use crate::protocol::key::push_encoded;
use crate::protocol::meta::MetaOptions;
use crate::protocol::number::push;
use crate::protocol::tokens::Tokens;
use crate::protocol::{Request, StoreMode};
use crate::store::{Arithmetic, Arithmetical, Item, Key, Mode, New, Stored};

impl Cache {
    pub(super) fn meta_get(
        &mut self,
        key: Key<'_>,
        options: &MetaOptions,
        flags: &[u8],
        answer: &mut Vec<u8>,
    ) {
        let (now, clock) = (self.now, self.clock);
        let mut created = false;
        let found = match (self.store.find(key), options.vivify) {
            (Some(item), _) => Some(item),
            (None, Some(_)) => {
                created = true;
                self.store.vivify(key, 0, options.new_cas, options.binary_key)
            }
            (None, None) => None,
        };
        let Some(item) = found else {
            self.counters.get_misses += 1;
            if !options.quiet {
                answer.extend_from_slice(b"EN");
                push_repeated(answer, key.bytes(), options.binary_key, flags);
                answer.extend_from_slice(b"\r\n");
            }
            return;
        };
        let value = options.value && options.compare != Some(item.cas());
        let mut won = false;
        if value {
            answer.extend_from_slice(b"VA ");
            push(answer, item.value_bytes() as u64);
        } else {
            answer.extend_from_slice(b"HD");
        }
        let expiry = |exptime: Option<i32>| clock.expiry(exptime.unwrap_or(0).into(), now);
        for flag in Tokens::new(flags) {
            match flag[0] {
                b'T' => item.set_exptime(expiry(options.exptime)),
                b'N' if created => {
                    item.set_exptime(expiry(options.vivify));
                    won = true;
                }
                b'R' => {
                    let (ends, recache) = (item.exptime(), expiry(options.recache));
                    won |= !item.token_sent() && !created && ends != 0 && ends < recache;
                }
                b's' => push_flag(answer, b's', item.value_bytes() as u64),
                b't' => push_time_left(answer, item.exptime(), now),
                b'c' => push_flag(answer, b'c', item.cas()),
                b'f' => push_flag(answer, b'f', item.client_flags().into()),
                b'l' => push_flag(answer, b'l', now.saturating_sub(item.last_access()).into()),
                b'h' => push_flag(answer, b'h', item.is_fetched().into()),
                b'O' => push_opaque(answer, flag),
                b'k' => push_key(answer, key.bytes(), item.is_binary_key()),
                _ => {}
            }
        }
        let sent = item.token_sent();
        if sent {
            answer.extend_from_slice(b" Z");
        }
        if item.is_stale() {
            answer.extend_from_slice(b" X");
            won |= !sent;
        }
        if won {
            answer.extend_from_slice(b" W");
            item.send_token();
        }
        answer.extend_from_slice(b"\r\n");
        if value {
            push_bytes(answer, &item);
            answer.extend_from_slice(b"\r\n");
        }
        if !options.no_update {
            item.mark_used();
        }
        if options.exptime.is_some() {
            self.counters.cmd_touch += 1;
            self.classes.of(item.class_id()).touch_hits += 1;
        } else {
            self.classes.of(item.class_id()).hit(item.segment());
        }
    }

    pub(super) fn meta_set(
        &mut self,
        key: Key<'_>,
        options: &MetaOptions,
        mode: StoreMode,
        request: &Request<'_>,
        answer: &mut Vec<u8>,
    ) {
        let (exptime, compare) = match mode {
            StoreMode::AppendOrSet | StoreMode::PrependOrSet => (options.vivify, nonzero(options.compare)),
            StoreMode::Append | StoreMode::Prepend => (options.exptime, nonzero(options.compare)),
            StoreMode::Cas => (options.exptime, options.compare),
            _ => (options.exptime, None),
        };
        let new = New {
            client_flags: options.client_flags,
            exptime: self.expiry(exptime.unwrap_or(0).into()),
            binary_key: options.binary_key,
            compare,
            stale_ok: options.invalidate && mode == StoreMode::Cas,
            cas: options.new_cas,
        };
        let (text, stored) = self.store_value(key, mode, &new, request.value);
        let code = match stored {
            Stored::Stored { .. } if options.quiet => return,
            Stored::Stored { .. } => b"HD",
            Stored::Exists => b"EX",
            Stored::NotFound => b"NF",
            Stored::NotStored => b"NS",
            Stored::TooLarge | Stored::OutOfMemory => return push_line(answer, false, text),
        };
        let (cas, value_bytes) = match stored {
            Stored::Stored { cas, value_bytes, .. } => (cas, value_bytes),
            _ => (0, request.value.len()),
        };
        answer.extend_from_slice(code);
        for flag in Tokens::new(request.flags) {
            match flag[0] {
                b'O' => push_opaque(answer, flag),
                b'k' => push_key(answer, key.bytes(), options.binary_key),
                b'c' => push_flag(answer, b'c', cas),
                b's' => push_flag(answer, b's', value_bytes as u64),
                _ => {}
            }
        }
        answer.extend_from_slice(b"\r\n");
    }

    pub(super) fn meta_delete(
        &mut self,
        key: Key<'_>,
        options: &MetaOptions,
        flags: &[u8],
        answer: &mut Vec<u8>,
    ) {
        let code = match self.delete_or_mark(key, options) {
            Ok(b"HD") if options.quiet => return,
            Ok(code) => code,
            Err(text) => return push_line(answer, false, text),
        };
        answer.extend_from_slice(code);
        push_repeated(answer, key.bytes(), options.binary_key, flags);
        answer.extend_from_slice(b"\r\n");
    }

    fn delete_or_mark(
        &mut self,
        key: Key<'_>,
        options: &MetaOptions,
    ) -> Result<&'static [u8; 2], &'static str> {
        let exptime = options.exptime.map(|exptime| self.expiry(exptime.into()));
        let Some(item) = self.store.find(key) else {
            self.counters.delete_misses += 1;
            return Ok(b"NF");
        };
        let (cas, class_id) = (item.cas(), item.class_id());
        if options.compare.is_some_and(|compare| compare != cas) {
            self.counters.delete_misses += 1;
            return Ok(b"EX");
        }
        if options.remove_value {
            let new = New {
                client_flags: options.client_flags,
                exptime: exptime.unwrap_or(0),
                binary_key: options.binary_key,
                cas: Some(options.new_cas.unwrap_or(cas)),
                ..New::default()
            };
            self.store.clear_value(key, &new).ok_or(NO_MEMORY)?;
        }
        if options.invalidate {
            let cas = options.new_cas.unwrap_or_else(|| self.store.next_cas());
            if let Some(item) = self.store.find(key) {
                if let Some(exptime) = exptime {
                    item.set_exptime(exptime);
                }
                item.mark_stale();
                item.set_cas(cas);
            }
            return Ok(b"HD");
        }
        self.classes.of(class_id).delete_hits += 1;
        if !options.remove_value {
            self.store.delete(key);
        }
        Ok(b"HD")
    }

    pub(super) fn meta_arithmetic(
        &mut self,
        key: Key<'_>,
        options: &MetaOptions,
        decrement: bool,
        flags: &[u8],
        answer: &mut Vec<u8>,
    ) {
        let (now, clock) = (self.now, self.clock);
        let compare = nonzero(options.compare);
        let change = Arithmetic { delta: options.delta, decrement, compare, cas: options.new_cas };
        let mut created = false;
        let (number, item) = match self.store.arithmetic(key, change) {
            Arithmetical::Done { value, item } => {
                let class = self.classes.of(item.class_id());
                *if decrement { &mut class.decr_hits } else { &mut class.incr_hits } += 1;
                (value, item)
            }
            Arithmetical::NotNumeric => return push_line(answer, false, NOT_NUMERIC),
            Arithmetical::OutOfMemory => return push_line(answer, false, NO_MEMORY),
            Arithmetical::Exists => {
                return push_answer(answer, b"EX", key.bytes(), options.binary_key, flags);
            }
            Arithmetical::NotFound if options.vivify.is_none() => {
                self.counters.missed(decrement);
                return push_answer(answer, b"NF", key.bytes(), options.binary_key, flags);
            }
            Arithmetical::NotFound => {
                created = true;
                let new = New { binary_key: options.binary_key, cas: options.new_cas, ..New::default() };
                let mut text = itoa::Buffer::new();
                self.store.set(key, Mode::Add, &new, text.format(options.initial).as_bytes());
                match self.store.find(key) {
                    Some(item) => (options.initial, item),
                    None => {
                        let text = "SERVER_ERROR Out of memory allocating new item";
                        return push_line(answer, false, text);
                    }
                }
            }
        };
        let mut text = itoa::Buffer::new();
        let text = text.format(number).as_bytes();
        let start = answer.len();
        if options.value {
            answer.extend_from_slice(b"VA ");
            push(answer, text.len() as u64);
        } else {
            answer.extend_from_slice(b"HD");
        }
        let expiry = |exptime: Option<i32>| clock.expiry(exptime.unwrap_or(0).into(), now);
        for flag in Tokens::new(flags) {
            match flag[0] {
                b'c' => push_flag(answer, b'c', item.cas()),
                b't' => push_time_left(answer, item.exptime(), now),
                b'T' => item.set_exptime(expiry(options.exptime)),
                b'N' if created => item.set_exptime(expiry(options.vivify)),
                b'O' => push_opaque(answer, flag),
                b'k' => push_key(answer, key.bytes(), options.binary_key),
                _ => {}
            }
        }
        answer.extend_from_slice(b"\r\n");
        if options.value {
            answer.extend_from_slice(text);
            answer.extend_from_slice(b"\r\n");
        }
        if options.quiet {
            answer.truncate(start);
        }
    }

    pub(super) fn meta_debug(&mut self, key: Key<'_>, binary_key: bool, answer: &mut Vec<u8>) {
        self.counters.cmd_meta += 1;
        let now = self.now;
        let Some(item) = self.store.find(key) else { return push_line(answer, false, "EN") };
        answer.extend_from_slice(b"ME ");
        push_bare_key(answer, key.bytes(), item.is_binary_key() || binary_key);
        push_named(answer, b" exp=", &item, now);
    }
}

/// What `me` tells of an item.
fn push_named(answer: &mut Vec<u8>, exp: &[u8], item: &Item<'_>, now: u32) {
    answer.extend_from_slice(exp);
    match item.exptime() {
        0 => answer.extend_from_slice(b"-1"),
        exptime => push(answer, exptime.saturating_sub(now).into()),
    }
    for (name, number) in [(" la=", u64::from(now.saturating_sub(item.last_access()))), (" cas=", item.cas())]
    {
        answer.extend_from_slice(name.as_bytes());
        push(answer, number);
    }
    answer.extend_from_slice(if item.is_fetched() { b" fetch=yes" } else { b" fetch=no" });
    for (name, number) in [(" cls=", u64::from(item.class_id())), (" size=", item.total_bytes() as u64)] {
        answer.extend_from_slice(name.as_bytes());
        push(answer, number);
    }
    answer.extend_from_slice(b"\r\n");
}

/// A compare with zero is none, other than for `cas`.
fn nonzero(compare: Option<u64>) -> Option<u64> {
    compare.filter(|&compare| compare != 0)
}

/// A code and the flags that answers without an item repeat.
fn push_answer(answer: &mut Vec<u8>, code: &[u8; 2], key: &[u8], binary_key: bool, flags: &[u8]) {
    answer.extend_from_slice(code);
    push_repeated(answer, key, binary_key, flags);
    answer.extend_from_slice(b"\r\n");
}

fn push_repeated(answer: &mut Vec<u8>, key: &[u8], binary_key: bool, flags: &[u8]) {
    for flag in Tokens::new(flags) {
        match flag[0] {
            b'O' => push_opaque(answer, flag),
            b'k' => push_key(answer, key, binary_key),
            _ => {}
        }
    }
}

fn push_flag(answer: &mut Vec<u8>, letter: u8, number: u64) {
    answer.extend_from_slice(&[b' ', letter]);
    push(answer, number);
}

fn push_time_left(answer: &mut Vec<u8>, exptime: u32, now: u32) {
    match exptime {
        0 => answer.extend_from_slice(b" t-1"),
        exptime => push_flag(answer, b't', exptime.saturating_sub(now).into()),
    }
}

fn push_opaque(answer: &mut Vec<u8>, flag: &[u8]) {
    answer.push(b' ');
    answer.extend_from_slice(flag);
}

fn push_key(answer: &mut Vec<u8>, key: &[u8], binary_key: bool) {
    answer.extend_from_slice(b" k");
    push_bare_key(answer, key, binary_key);
    if binary_key {
        answer.extend_from_slice(b" b");
    }
}

fn push_bare_key(answer: &mut Vec<u8>, key: &[u8], binary_key: bool) {
    match binary_key {
        true => push_encoded(answer, key),
        false => answer.extend_from_slice(key),
    }
}
