// Nobody would ever get more units than there are.
use seastar::{sync::Semaphore, with_semaphore};

const READS: Semaphore<8> = Semaphore::new();

async fn f() {
    let _ = with_semaphore!(READS, 9 => ());
    let _ = with_semaphore!(READS, 8 => ());
}

fn main() {}
