// Work is begun without end, none of it ever runs, and memory is used up.
use seastar::{sleep, spawn};
use std::time::Duration;

#[seastar::main]
async fn main() {
    loop {
        spawn(sleep(Duration::from_secs(10))).detach();
    }
}
