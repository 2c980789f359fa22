// As one writes it who comes from `with_semaphore(semaphore, 1, function)`.
use seastar::sync::Semaphore;

async fn f(semaphore: &Semaphore) -> u32 {
    seastar::with_semaphore!(semaphore, 1, { 3 }).unwrap()
}

fn main() {}
