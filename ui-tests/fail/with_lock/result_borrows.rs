// What was locked cannot be seen when it is not locked any more.
use seastar::{sync::Mutex, with_lock};

async fn f(names: &Mutex<Vec<String>>) -> Option<&String> {
    with_lock!(names = names => names.first())
}

fn main() {}
