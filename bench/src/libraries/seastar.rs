//! Seastar for Rust.

use super::{Channel, Gate, Mutex, RwLock, Semaphore};
use seastar::sync;
use std::rc::Rc;

pub struct Units(sync::Semaphore);

impl Semaphore for Units {
    fn with_units(units: usize) -> Self {
        // The capacity must let units come that are not there yet.
        let semaphore = sync::Semaphore::with_units(units.max(1));
        semaphore.consume(units.max(1) - units);
        Self(semaphore)
    }

    async fn pass(&self) {
        let _units = self.0.acquire(1).await.expect("nobody breaks the semaphore");
    }

    async fn take(&self) {
        self.0.acquire(1).await.expect("nobody breaks the semaphore").release();
    }

    fn add(&self) {
        self.0.signal(1);
    }
}

pub struct Lock(sync::Mutex<u64>);

impl Mutex for Lock {
    fn new(value: u64) -> Self {
        Self(sync::Mutex::new(value))
    }

    async fn increment(&self) {
        *self.0.lock().await += 1;
    }
}

pub struct ReadWrite(sync::RwLock<u64>);

impl RwLock for ReadWrite {
    fn new(value: u64) -> Self {
        Self(sync::RwLock::new(value))
    }

    async fn read(&self) -> u64 {
        *self.0.read().await
    }

    async fn increment(&self) {
        *self.0.write().await += 1;
    }
}

pub struct Door(sync::Gate);

impl Gate for Door {
    fn new() -> Self {
        Self(sync::Gate::new())
    }

    fn pass(&self) {
        let _holder = self.0.hold().expect("nobody closes the gate");
    }
}

pub struct Bounded;

impl Channel for Bounded {
    type Sender = Rc<sync::Queue<u64>>;
    type Receiver = Rc<sync::Queue<u64>>;

    fn new(capacity: usize) -> (Self::Sender, Self::Receiver) {
        let queue = Rc::new(sync::Queue::new(capacity));
        (queue.clone(), queue)
    }

    async fn send(queue: &mut Self::Sender, item: u64) {
        queue.push(item).await.expect("nobody aborts the queue");
    }

    async fn receive(queue: &mut Self::Receiver) -> u64 {
        queue.pop().await.expect("nobody aborts the queue")
    }
}

pub struct Piped;

impl Channel for Piped {
    type Sender = sync::PipeWriter<u64>;
    type Receiver = sync::PipeReader<u64>;

    fn new(capacity: usize) -> (Self::Sender, Self::Receiver) {
        let (reader, writer) = sync::pipe(capacity);
        (writer, reader)
    }

    async fn send(writer: &mut Self::Sender, item: u64) {
        writer.write(item).await.expect("the reader is there");
    }

    async fn receive(reader: &mut Self::Receiver) -> u64 {
        reader.read().await.expect("the writer is there")
    }
}
