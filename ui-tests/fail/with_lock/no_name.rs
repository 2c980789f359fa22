// The lock protects something, and the body needs a name for it.
use seastar::{sync::Mutex, with_lock};

async fn f(names: &Mutex<Vec<String>>) {
    with_lock!(names => ());
}

fn main() {}
