// Values that may be thrown away.
#![deny(warnings)]

use std::fmt::Write;

async fn work() -> u8 {
    1
}

fn fails() -> Result<u8, String> {
    Err("no".to_owned())
}

struct Kept<F> {
    future: F,
}

#[seastar::main(shards = 1)]
async fn main() {
    let _ = fails();
    let _ = seastar::spawn(work());
    let _ = seastar::try_spawn(work()).map(drop);
    let _ = work().await;
    let mut text = String::new();
    let _ = write!(text, "{}", 1);
    let _ = text.len();
    drop(work());
    let _unused = work();
    // A place is not dropped by this.
    let future = work();
    let _ = future;
    let kept = Kept { future: work() };
    let _ = kept.future;
    let _ = "1".parse::<u8>();
    let _: Result<u8, _> = "1".parse();
    let _ = Vec::<u8>::new().pop();
    let _ = (work(), 1).1;
    let _ = Some(1).map(|n| n + 1);
    let _fiber = seastar::spawn(work());
}
