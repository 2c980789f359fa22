//! `repeat_until_value` has to be told whether there is a value.

use seastar::future::repeat_until_value;

#[seastar::main]
async fn main() {
    let mut n = 0;
    let found = repeat_until_value(async || {
        n += 1;
        n == 3
    });
    found.await;
}
