// Values that may be thrown away.
#![deny(warnings)]

use std::fmt::Write as _;
use std::io::{Cursor, Read, Write};

use seastar::sync::{Gate, Mutex};

async fn work() -> u8 {
    1
}

fn fails() -> Result<u8, String> {
    Err("no".to_owned())
}

/// Its methods are called like others.
struct Own;

impl Own {
    fn hold(&self) -> Result<Own, ()> {
        Ok(Own)
    }

    fn join(&self) -> Result<(), Own> {
        Ok(())
    }
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
    let gate = Gate::new();
    drop(gate.hold());
    let _ = gate.hold().is_ok();
    let _ = gate.hold().map(drop);
    let _held = gate.hold();
    let _ = gate.check();
    let mutex = Mutex::new(1);
    let _ = *mutex.lock().await;
    let _ = mutex.try_lock().is_some();
    let (_reader, _) = (Cursor::new("x").read(&mut [0]), 1);
    let _ = Cursor::new("x").read(&mut [0]);
    let _ = Cursor::new([0]).write(&[0]);
    let _ = Own.hold();
    let _ = Own.join();
    let _ = Own.join().map(|_| ());
}
