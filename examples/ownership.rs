//! Values move into asynchronous functions and blocks, and are freed once, when those are done with them.

use std::time::Duration;

use seastar::sleep;

/// A value that says when it is freed.
struct Treasure(i32);

impl Treasure {
    fn worth(&self) -> i32 {
        self.0
    }
}

impl Drop for Treasure {
    fn drop(&mut self) {
        println!("The treasure is freed");
    }
}

// ANCHOR: by_value
/// Takes the treasure for itself: nobody else has it any more.
async fn do_something(treasure: Treasure) -> i32 {
    treasure.worth()
}
// ANCHOR_END: by_value

// ANCHOR: borrowed
/// Looks at a treasure that somebody else keeps.
async fn look(treasure: &Treasure) -> i32 {
    sleep(Duration::from_millis(10)).await;
    treasure.worth()
}
// ANCHOR_END: borrowed

#[seastar::main]
async fn main() {
    // ANCHOR: call
    println!("Got {}", do_something(Treasure(17)).await);
    // ANCHOR_END: call

    // ANCHOR: block
    let treasure = Treasure(17);
    let later = async move {
        sleep(Duration::from_millis(10)).await;
        treasure.worth()
    };
    println!("Got {}", later.await);
    // ANCHOR_END: block

    // ANCHOR: lend
    let kept = Treasure(18);
    println!("Saw {}", look(&kept).await);
    println!("It is still {}", kept.worth());
    // ANCHOR_END: lend
}
