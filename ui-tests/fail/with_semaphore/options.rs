// All mistakes in the options are reported at once.
use seastar::{sync::Semaphore, with_semaphore};

async fn f(reads: &Semaphore<8>) {
    let _ = with_semaphore!(reads, 1, timout = Duration::ZERO, units = 2 => ());
    let _ = with_semaphore!(reads, 1, std::time::Duration::ZERO => ());
    let _ = with_semaphore!(=> ());
}

fn main() {}
