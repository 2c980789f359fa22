//! tokio's `sync`, on tokio.

use super::{Channel, Mutex, RwLock, Semaphore};
use tokio::sync::{self, mpsc};

pub struct Units(sync::Semaphore);

impl Semaphore for Units {
    fn with_units(units: usize) -> Self {
        Self(sync::Semaphore::new(units))
    }

    async fn pass(&self) {
        let _permit = self.0.acquire().await.expect("nobody closes the semaphore");
    }

    async fn take(&self) {
        self.0.acquire().await.expect("nobody closes the semaphore").forget();
    }

    fn add(&self) {
        self.0.add_permits(1);
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

pub struct Bounded;

impl Channel for Bounded {
    type Sender = mpsc::Sender<u64>;
    type Receiver = mpsc::Receiver<u64>;

    fn new(capacity: usize) -> (Self::Sender, Self::Receiver) {
        mpsc::channel(capacity)
    }

    async fn send(sender: &mut Self::Sender, item: u64) {
        sender.send(item).await.expect("the receiver is there");
    }

    async fn receive(receiver: &mut Self::Receiver) -> u64 {
        receiver.recv().await.expect("the sender is there")
    }
}
