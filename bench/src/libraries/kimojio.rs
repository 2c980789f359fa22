//! kimojio. Its channels have no bound, or hold one item.

use super::{Channel, Mutex, RwLock, Semaphore};
use kimojio::{AsyncLock, AsyncReaderWriterLock, AsyncSemaphore};
use kimojio::{Receiver, ReceiverUnbounded, Sender, SenderUnbounded};

pub struct Units(AsyncSemaphore);

impl Semaphore for Units {
    fn with_units(units: usize) -> Self {
        Self(AsyncSemaphore::new(units))
    }

    async fn pass(&self) {
        self.take().await;
        self.add();
    }

    async fn take(&self) {
        self.0.acquire().await.expect("nobody cancels");
    }

    fn add(&self) {
        self.0.release();
    }
}

pub struct Lock(AsyncLock<u64>);

impl Mutex for Lock {
    fn new(value: u64) -> Self {
        Self(AsyncLock::new(value))
    }

    async fn increment(&self) {
        *self.0.lock().await.expect("nobody cancels") += 1;
    }
}

pub struct ReadWrite(AsyncReaderWriterLock<u64>);

impl RwLock for ReadWrite {
    fn new(value: u64) -> Self {
        Self(AsyncReaderWriterLock::new(value))
    }

    async fn read(&self) -> u64 {
        *self.0.lock_read().await.expect("nobody cancels")
    }

    async fn increment(&self) {
        *self.0.lock_write().await.expect("nobody cancels") += 1;
    }
}

pub struct Unbounded;

impl Channel for Unbounded {
    type Sender = SenderUnbounded<u64>;
    type Receiver = ReceiverUnbounded<u64>;

    fn new(_: usize) -> (Self::Sender, Self::Receiver) {
        kimojio::async_channel_unbounded()
    }

    async fn send(sender: &mut Self::Sender, item: u64) {
        sender.send(item).expect("the receiver is there");
    }

    async fn receive(receiver: &mut Self::Receiver) -> u64 {
        receiver.recv().await.expect("the sender is there")
    }
}

pub struct OneByOne;

impl Channel for OneByOne {
    type Sender = Sender<u64>;
    type Receiver = Receiver<u64>;

    fn new(_: usize) -> (Self::Sender, Self::Receiver) {
        kimojio::async_channel()
    }

    async fn send(sender: &mut Self::Sender, item: u64) {
        sender.send(item).await.expect("the receiver is there");
    }

    async fn receive(receiver: &mut Self::Receiver) -> u64 {
        receiver.recv().await.expect("the sender is there")
    }
}
