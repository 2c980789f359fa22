// Five of what?
use seastar::sync::Semaphore;

async fn f(semaphore: &Semaphore) -> u32 {
    seastar::with_semaphore!(semaphore, 1, timeout = 5 => 3).unwrap()
}

fn main() {}
