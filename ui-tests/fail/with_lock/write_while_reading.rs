// A lock for reading gives what cannot be changed.
use seastar::{sync::RwLock, with_lock};

async fn f(names: &RwLock<Vec<u8>>) {
    with_lock!(names = names.read() => names.push(1));
}

fn main() {}
