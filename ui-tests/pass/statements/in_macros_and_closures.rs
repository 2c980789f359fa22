// Calls in all places where a user may put them, without a warning.
#![deny(warnings)]

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use seastar::sync::{Gate, Mutex, RwLock, Semaphore};
use seastar::{
    background, do_with, sleep, when_all, when_all_succeed, when_any, with_gate, with_lock, with_semaphore,
    with_timeout, yield_now,
};

const LONG: Duration = Duration::from_secs(600);
const UNITS: usize = 2;

struct Service<const N: usize> {
    gate: Rc<Gate>,
    units: Semaphore<N>,
    names: RwLock<Vec<String>>,
    count: Mutex<u32>,
}

impl<const N: usize> Service<N> {
    async fn add(&self, name: &str) -> Result<usize, Box<dyn std::error::Error>> {
        let added = with_gate!(self.gate => with_semaphore!(self.units, N, timeout = LONG => {
            with_lock!(names = self.names.write() => {
                if names.iter().any(|known| known == name) {
                    return Err(format!("{name} is there").into());
                }
                yield_now().await;
                names.push(name.to_owned());
                names.len()
            })
        })?)?;
        with_lock!(count = self.count => *count += 1);
        Ok(added)
    }
}

macro_rules! within {
    ($duration:expr, $($body:tt)*) => { with_timeout!($duration => $($body)*) };
}

async fn diverging(gate: &Gate, n: u8) -> u8 {
    for round in 0..3 {
        let _ = match n {
            0 => with_gate!(gate => return 1).is_ok(),
            1 => with_timeout!(LONG => { yield_now().await; break }).is_ok(),
            2 if round < 2 => with_gate!(gate => { continue }).is_ok(),
            3 => do_with!(_kept = 1 => return 2),
            4 => when_any! { _ = yield_now() => return 3 },
            _ => panic!("not reached"),
        };
    }
    9
}

#[seastar::main(shards = 1)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let service = Service::<2> {
        gate: Rc::default(),
        units: Semaphore::new(),
        names: RwLock::new(Vec::new()),
        count: Mutex::new(0),
    };
    let (a, b) = when_all!(service.add("a"), service.add("b"));
    assert_eq!((a?, b?), (1, 2));
    assert!(service.add("a").await.is_err());
    let (c,) = when_all_succeed!(service.add("c"))?;
    assert_eq!(c, 3);
    let async_closure = async |n: usize| with_semaphore!(service.units, n => n);
    assert_eq!(async_closure(UNITS).await?, 2);
    assert_eq!(within!(LONG, { sleep(Duration::ZERO).await; 1 })?, 1);
    let done = Rc::new(Cell::new(false));
    let sets = done.clone();
    background!(gate = service.gate, on_error = log => async move { sets.set(true) })?;
    service.gate.close().await;
    assert!(done.get());
    let gate = Gate::new();
    assert_eq!([diverging(&gate, 0).await, diverging(&gate, 1).await], [1, 9]);
    assert_eq!([diverging(&gate, 3).await, diverging(&gate, 4).await], [2, 3]);
    Ok(())
}
