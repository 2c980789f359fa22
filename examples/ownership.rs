//! Values move into asynchronous functions and blocks, and are freed once, when those are done with them.

use std::time::Duration;

use seastar::sleep;

/// A value that says when it is freed.
struct Treasure(i32);

impl Drop for Treasure {
    fn drop(&mut self) {
        println!("The treasure is freed");
    }
}

// ANCHOR: by_value
/// Takes the treasure for itself: nobody else has it any more.
async fn do_something(treasure: Treasure) -> i32 {
    treasure.0
}
// ANCHOR_END: by_value

#[seastar::main]
async fn main() {
    // ANCHOR: main
    println!("Got {}", do_something(Treasure(17)).await);

    let treasure = Treasure(17);
    let later = async move {
        sleep(Duration::from_millis(10)).await;
        treasure.0
    };
    println!("Got {}", later.await);
    // ANCHOR_END: main
}
