//! Requests on their way to the shard that owns their keys, and its answers on their way back.
//!
//! All requests that a connection has for one shard travel together. The memory of a batch is used again.

use std::ops::Range;

use crate::cache::Cache;
use crate::protocol::{Op, Request};
use crate::store::KeyHasher;

/// Bytes of answers at which the owner stops, so that nobody has to hold more; what is left is asked again.
const ANSWER_BYTES_MAX: usize = 256 << 10;

/// Requests for one owner.
#[derive(Debug, Default)]
pub(super) struct Batch {
    entries: Vec<Entry>,
    /// Keys, values and flags.
    bytes: Vec<u8>,
    /// Requests that were answered.
    answered: usize,
    answers: Vec<u8>,
    /// Where the answer to each request ends that was answered last.
    ends: Vec<u32>,
    /// Answers that were taken, and where the next one begins.
    taken: usize,
    next_answer: usize,
}

#[derive(Debug)]
struct Entry {
    op: Op,
    key_bytes: u8,
    flags_bytes: u16,
    value_bytes: u32,
}

impl Batch {
    pub(super) fn push(&mut self, request: &Request<'_>) {
        self.entries.push(Entry {
            op: request.op,
            key_bytes: request.key.len() as u8,
            flags_bytes: request.flags.len() as u16,
            value_bytes: request.value.len() as u32,
        });
        for part in [request.key, request.flags, request.value] {
            self.bytes.extend_from_slice(part);
        }
    }

    /// How much it carries, requests counted as bytes too.
    pub(super) fn weight(&self) -> usize {
        self.bytes.len() + self.entries.len() * size_of::<Entry>()
    }

    pub(super) fn is_answered(&self) -> bool {
        self.answered == self.entries.len()
    }

    /// Answers the requests that were not, on the shard that owns their keys, as many as there is room for.
    pub(super) fn answer(&mut self, cache: &mut Cache, hasher: &KeyHasher) {
        self.answers.clear();
        self.ends.clear();
        (self.taken, self.next_answer) = (0, 0);
        let mut rest = &self.bytes[..];
        for entry in &self.entries[self.answered..] {
            let mut part = |len: usize| {
                let (part, behind) = rest.split_at(len);
                rest = behind;
                part
            };
            let key = part(entry.key_bytes.into());
            let flags = part(entry.flags_bytes.into());
            let value = part(entry.value_bytes as usize);
            let request = Request { op: entry.op, key, value, flags };
            cache.execute(hasher.key(key), &request, &mut self.answers);
            self.ends.push(self.answers.len() as u32);
            if self.answers.len() >= ANSWER_BYTES_MAX {
                break;
            }
        }
        self.answered += self.ends.len();
        if !self.is_answered() {
            let left = rest.len();
            self.bytes.drain(..self.bytes.len() - left);
        }
    }

    /// The next answer, in the order of the requests; `None` if that one has to be asked for again.
    pub(super) fn next_answer(&mut self) -> Option<&[u8]> {
        let end = *self.ends.get(self.taken)? as usize;
        let range: Range<usize> = self.next_answer..end;
        self.taken += 1;
        self.next_answer = end;
        Some(&self.answers[range])
    }

    /// Empties it for the next requests.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.answered = 0;
        self.ends.clear();
        (self.taken, self.next_answer) = (0, 0);
        self.bytes.clear();
        self.answers.clear();
    }

    /// Bytes of its buffers.
    pub(super) fn buffer_bytes(&self) -> usize {
        self.bytes.capacity() + self.answers.capacity() + self.entries.capacity() * size_of::<Entry>()
    }

    /// Gives the memory of large buffers back.
    pub(super) fn trim(&mut self, kept_bytes_max: usize) {
        for buffer in [&mut self.bytes, &mut self.answers] {
            trim_buffer(buffer, kept_bytes_max);
        }
    }
}

/// Gives the memory of an empty buffer back if that is much.
pub(super) fn trim_buffer(buffer: &mut Vec<u8>, kept_bytes_max: usize) {
    if buffer.capacity() > kept_bytes_max {
        *buffer = Vec::new();
    }
}
