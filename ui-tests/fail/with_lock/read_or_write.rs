// A `RwLock` is locked in one of two ways.
use seastar::{sync::RwLock, with_lock};

async fn f(names: &RwLock<Vec<String>>) -> usize {
    with_lock!(names = names => names.len())
}

fn main() {}
