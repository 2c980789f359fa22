// What is bound to `_` is dropped at once, so nothing is held.
use seastar::sync::{Gate, Mutex, RwLock, Semaphore, SemaphoreError};

#[seastar::task]
async fn work(gate: &Gate, mutex: &Mutex<u8>, semaphore: &Semaphore<2>) -> Result<(), SemaphoreError> {
    let _ = gate.hold();
    let _ = gate.hold().unwrap();
    let _ = gate.try_hold();
    let _ = mutex.lock().await;
    let _ = mutex.try_lock();
    let _ = semaphore.acquire(1).await;
    let _ = semaphore.acquire(2).await?;
    let lock = RwLock::new(0);
    let _ = lock.read().await;
    let _ = lock.write().await;
    Ok(())
}

fn main() {}
