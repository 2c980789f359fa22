// Only a semaphore has units.
async fn f(reads: &usize) {
    let _ = seastar::with_semaphore!(reads, 1 => ());
}

fn main() {}
