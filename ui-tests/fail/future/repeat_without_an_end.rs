//! `repeat` has to be told whether to go on.

use seastar::future::repeat;

#[seastar::main]
async fn main() {
    let mut left = 3;
    repeat(async || left -= 1).await;
}
