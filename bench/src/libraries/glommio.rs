//! glommio, which has no mutex.

use super::{Channel, Gate, RwLock, Semaphore};
use glommio::channels::local_channel::{self, LocalReceiver, LocalSender};
use glommio::sync;

pub struct Units(sync::Semaphore);

impl Semaphore for Units {
    fn with_units(units: usize) -> Self {
        Self(sync::Semaphore::new(units as u64))
    }

    async fn pass(&self) {
        let _permit = self.0.acquire_permit(1).await.expect("nobody closes the semaphore");
    }

    async fn take(&self) {
        self.0.acquire(1).await.expect("nobody closes the semaphore");
    }

    fn add(&self) {
        self.0.signal(1);
    }
}

pub struct ReadWrite(sync::RwLock<u64>);

impl RwLock for ReadWrite {
    fn new(value: u64) -> Self {
        Self(sync::RwLock::new(value))
    }

    async fn read(&self) -> u64 {
        *self.0.read().await.expect("nobody closes the lock")
    }

    async fn increment(&self) {
        *self.0.write().await.expect("nobody closes the lock") += 1;
    }
}

pub struct Door(sync::Gate);

impl Gate for Door {
    fn new() -> Self {
        Self(sync::Gate::new())
    }

    fn pass(&self) {
        let _pass = self.0.enter().expect("nobody closes the gate");
    }
}

pub struct Bounded;

impl Channel for Bounded {
    type Sender = LocalSender<u64>;
    type Receiver = LocalReceiver<u64>;

    fn new(capacity: usize) -> (Self::Sender, Self::Receiver) {
        local_channel::new_bounded(capacity)
    }

    async fn send(sender: &mut Self::Sender, item: u64) {
        sender.send(item).await.expect("the receiver is there");
    }

    async fn receive(receiver: &mut Self::Receiver) -> u64 {
        receiver.recv().await.expect("the sender is there")
    }
}
