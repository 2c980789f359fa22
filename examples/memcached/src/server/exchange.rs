//! The requests of one read: those for this shard are answered at once, those for others travel in batches, and
//! the answers are put into the order of the requests.

use std::io;

use seastar::JoinHandle;

use super::batch::{Batch, trim_buffer};
use super::shard::Shard;
use crate::protocol::Request;

/// Bytes of answers, or of requests for others, at which they are dealt with before more is read.
const WEIGHT_MAX: usize = 64 << 10;

/// Requests and answers of one connection. Kept and used again by the shard.
pub(super) struct Exchange {
    /// What is to be sent.
    answers: Vec<u8>,
    /// Memory for the beginning of a command, which the connection takes while it has one.
    pub(super) spare: Vec<u8>,
    /// Once something has gone into a batch: where each answer comes from.
    pieces: Vec<Piece>,
    /// What this shard has answered since.
    local: Vec<u8>,
    /// One for each shard.
    batches: Vec<Option<Box<Batch>>>,
    /// Batches on their way, when there are several.
    pub(super) calls: Vec<(usize, JoinHandle<io::Result<Box<Batch>>>)>,
}

#[derive(Clone, Copy)]
enum Piece {
    /// So many bytes of `local`.
    Here(u32),
    /// The next answer of that shard.
    There(u32),
}

impl Exchange {
    pub(super) fn new(shards: usize) -> Exchange {
        Exchange {
            answers: Vec::new(),
            spare: Vec::new(),
            pieces: Vec::new(),
            local: Vec::new(),
            batches: (0..shards).map(|_| None).collect(),
            calls: Vec::new(),
        }
    }

    // ANCHOR: ask
    /// Answers a request or puts it into a batch.
    #[inline]
    pub(super) fn ask(&mut self, shard: &Shard, request: &Request<'_>) {
        let key = shard.hasher.key(request.key);
        let owner = shard.owner(key.hash());
        if owner == shard.index {
            let mut cache = shard.cache.borrow_mut();
            self.answer_here(|answers| cache.execute(key, request, answers));
        } else {
            self.batches[owner].get_or_insert_default().push(request);
            self.pieces.push(Piece::There(owner as u32));
        }
    }
    // ANCHOR_END: ask

    /// Answers without asking anybody.
    #[inline]
    pub(super) fn say(&mut self, text: &[u8]) {
        self.answer_here(|answers| answers.extend_from_slice(text));
    }

    /// Lets `answer` append an answer where it belongs.
    #[inline]
    pub(super) fn answer_here(&mut self, answer: impl FnOnce(&mut Vec<u8>)) {
        if self.pieces.is_empty() {
            return answer(&mut self.answers);
        }
        let before = self.local.len();
        answer(&mut self.local);
        let added = (self.local.len() - before) as u32;
        match self.pieces.last_mut() {
            Some(Piece::Here(len)) => *len += added,
            _ => self.pieces.push(Piece::Here(added)),
        }
    }

    /// Whether it is time to deal with what has gathered.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.answers.len() >= WEIGHT_MAX || (!self.pieces.is_empty() && self.is_heavy())
    }

    #[cold]
    fn is_heavy(&self) -> bool {
        let batches = self.batches.iter().flatten().map(|batch| batch.weight()).sum::<usize>();
        self.local.len() + batches >= WEIGHT_MAX
    }

    /// Whether some of the answers have to come from other shards.
    #[inline]
    pub(super) fn waits_for_others(&self) -> bool {
        !self.pieces.is_empty()
    }

    /// The next batch, from the shard `from` on, that has something to be answered, and its owner.
    pub(super) fn take_batch(&mut self, from: usize) -> Option<(usize, Box<Batch>)> {
        let mut owners = from..self.batches.len();
        let owner =
            owners.find(|&owner| self.batches[owner].as_ref().is_some_and(|batch| !batch.is_answered()))?;
        Some((owner, self.batches[owner].take()?))
    }

    pub(super) fn put_batch(&mut self, owner: usize, batch: Box<Batch>) {
        self.batches[owner] = Some(batch);
    }

    /// Puts the answers that have come into their order.
    pub(super) fn weave(&mut self) {
        let mut local = &self.local[..];
        let mut woven = 0;
        for piece in &mut self.pieces {
            match *piece {
                Piece::Here(len) => {
                    let (text, rest) = local.split_at(len as usize);
                    self.answers.extend_from_slice(text);
                    local = rest;
                }
                Piece::There(owner) => {
                    match self.batches[owner as usize].as_mut().and_then(|batch| batch.next_answer()) {
                        Some(text) => self.answers.extend_from_slice(text),
                        None => break,
                    }
                }
            }
            woven += 1;
        }
        let left = local.len();
        self.local.drain(..self.local.len() - left);
        self.pieces.drain(..woven);
        if self.pieces.is_empty() {
            self.batches.iter_mut().flatten().for_each(|batch| batch.clear());
        }
    }

    /// What is to be sent now.
    #[inline]
    pub(super) fn answers(&self) -> &[u8] {
        &self.answers
    }

    /// What was to be sent was sent.
    pub(super) fn sent(&mut self) {
        self.answers.clear();
    }

    /// Bytes of its buffers.
    pub(super) fn bytes(&self) -> usize {
        let batches = self.batches.iter().flatten().map(|batch| batch.buffer_bytes()).sum::<usize>();
        self.answers.capacity() + self.spare.capacity() + self.local.capacity() + batches
    }

    /// Forgets everything but the memory, of which buffers keep so much at most.
    pub(super) fn clear(&mut self, kept_bytes_max: usize) {
        for buffer in [&mut self.answers, &mut self.spare, &mut self.local] {
            buffer.clear();
            trim_buffer(buffer, kept_bytes_max);
        }
        let waits = !self.pieces.is_empty();
        self.pieces.clear();
        for batch in self.batches.iter_mut().flatten() {
            if waits {
                batch.clear();
            }
            batch.trim(kept_bytes_max);
        }
    }
}
