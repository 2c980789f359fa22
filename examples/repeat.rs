//! A loop that prints a dot each second, for ever: stop it with Ctrl-C.

use std::time::Duration;

use seastar::future::keep_doing;
use seastar::sleep;

// ANCHOR: main
#[seastar::main]
async fn main() {
    let never = keep_doing(async || {
        sleep(Duration::from_secs(1)).await;
        eprint!(".");
    });
    match never.await {}
}
// ANCHOR_END: main
