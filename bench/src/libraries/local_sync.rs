//! local-sync, which has no mutex.

use super::{Channel, Semaphore};
use local_sync::mpsc::bounded;

pub struct Units(local_sync::semaphore::Semaphore);

impl Semaphore for Units {
    fn with_units(units: usize) -> Self {
        Self(local_sync::semaphore::Semaphore::new(units))
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

pub struct Bounded;

impl Channel for Bounded {
    type Sender = bounded::Tx<u64>;
    type Receiver = bounded::Rx<u64>;

    fn new(capacity: usize) -> (Self::Sender, Self::Receiver) {
        bounded::channel(capacity)
    }

    async fn send(sender: &mut Self::Sender, item: u64) {
        assert!(sender.send(item).await.is_ok(), "the receiver is there");
    }

    async fn receive(receiver: &mut Self::Receiver) -> u64 {
        receiver.recv().await.expect("the sender is there")
    }
}
