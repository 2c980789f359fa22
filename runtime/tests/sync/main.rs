//! Synchronisation on one shard. Ids are those of the project's semantics: SEM, GATE, LOCK, PIPE and Q.

#[path = "../support/poll.rs"]
mod poll;

mod abort;
mod foreign;
mod gate;
mod locks;
mod queue;
mod semaphore;
