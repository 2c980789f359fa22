//! Many fibers, large fibers, and none left.

use std::cell::Cell;
use std::rc::Rc;

use seastar::{JoinHandle, memory_statistics, spawn, try_spawn, yield_now};

use super::Dropped;
use super::run::run;

#[seastar::test(memory = "512M")]
async fn a_hundred_thousand_fibers_live_at_once() {
    const FIBERS: usize = 100_000;
    let started = Rc::new(Cell::new(0));
    let go = Rc::new(Cell::new(false));
    let fiber = |n: usize| {
        let (started, go) = (started.clone(), go.clone());
        spawn(async move {
            started.set(started.get() + 1);
            let data = [n; 8];
            while !go.get() {
                yield_now().await;
            }
            data[n % 8]
        })
    };
    let fibers: Vec<_> = (0..FIBERS).map(fiber).collect();
    while started.get() < FIBERS {
        yield_now().await;
    }
    go.set(true);
    for (n, fiber) in fibers.into_iter().enumerate() {
        assert_eq!(fiber.await.unwrap(), n);
    }
}

/// As many fibers of `SIZE` bytes as there is memory for.
fn fill<const SIZE: usize>(dropped: &Dropped) -> (Vec<JoinHandle<u8>>, String) {
    let mut fibers = Vec::new();
    loop {
        let (data, token) = ([1u8; SIZE], dropped.token());
        let fiber = try_spawn(async move {
            let _token = token;
            std::future::pending::<()>().await;
            data[SIZE - 1]
        });
        match fiber {
            Ok(fiber) => fibers.push(fiber),
            Err(busy) => return (fibers, busy.to_string()),
        }
    }
}

#[seastar::test(memory = "32M")]
async fn a_shard_without_memory_says_so_and_recovers() {
    let dropped = Dropped::default();
    let (fibers, busy) = fill::<100_000>(&dropped);
    let budget = memory_statistics().budget;
    assert_eq!(busy, format!("the memory budget of this shard, {budget} bytes, is used up (see --memory)"));
    assert!(memory_statistics().used <= budget);
    assert!(fibers.len() > 100, "{} fibers fit", fibers.len());
    assert_eq!(dropped.count(), 1, "the future that found no room is dropped");
    // Small ones go on as long as their chunks have room, and then end in the same way.
    let (small, _) = fill::<8>(&dropped);
    yield_now().await;
    for fiber in fibers.iter().chain(&small) {
        fiber.cancel();
    }
    assert_eq!(dropped.count(), 2 + fibers.len() + small.len());
    let count = fibers.len();
    drop((fibers, small));
    yield_now().await;
    let (again, _) = fill::<100_000>(&dropped);
    assert_eq!(again.len(), count, "what was given back is used again");
}

#[test]
fn spawning_without_memory_panics_in_words() {
    run(1, async || {
        let dropped = Dropped::default();
        // Blocks stay with the size that they were first used for.
        spawn(async { 7 }).await.unwrap();
        let fiber = spawn(async move {
            let _fibers = fill::<10_000>(&dropped);
            let _hoard: Vec<_> = (0..1_000_000).map(|_| spawn(async { [0u8; 10_000] })).collect();
        });
        let error = fiber.await.unwrap_err().to_string();
        assert!(error.starts_with("the fiber panicked: cannot spawn: the memory budget"), "{error}");
        assert_eq!(spawn(async { 7 }).await.unwrap(), 7);
    });
}

#[test]
fn there_are_no_fibers_off_a_shard() {
    let busy = try_spawn(async {}).unwrap_err().to_string();
    assert_eq!(busy, "this thread is no shard; call it from within `#[seastar::main]`");
    let panic = std::panic::catch_unwind(|| drop(spawn(async {}))).unwrap_err();
    assert!(panic.downcast::<String>().unwrap().starts_with("cannot spawn: this thread is no shard"));
}

#[seastar::test]
async fn fibers_of_all_sizes_keep_their_data() {
    async fn fiber<const SIZE: usize>(seed: u8) -> bool {
        let data: [u8; SIZE] = std::array::from_fn(|n| seed.wrapping_add(n as u8));
        yield_now().await;
        let same = data.iter().enumerate().all(|(n, byte)| *byte == seed.wrapping_add(n as u8));
        yield_now().await;
        same
    }
    let mut fibers = Vec::new();
    for seed in 0..50 {
        fibers.extend([spawn(fiber::<1>(seed)), spawn(fiber::<33>(seed)), spawn(fiber::<64>(seed))]);
        fibers.extend([spawn(fiber::<500>(seed)), spawn(fiber::<5_000>(seed)), spawn(fiber::<70_000>(seed))]);
    }
    for fiber in fibers {
        assert!(fiber.await.unwrap());
    }
}

#[repr(align(32))]
#[derive(Clone, Copy, Debug, PartialEq)]
struct Aligned(u8);

#[seastar::test]
async fn aligned_data_is_aligned() {
    for n in 0..100 {
        let fiber = spawn(async move {
            let aligned = Aligned(n);
            yield_now().await;
            assert_eq!(std::ptr::from_ref(&aligned).addr() % 32, 0);
            aligned
        });
        assert_eq!(fiber.await.unwrap(), Aligned(n));
    }
}
