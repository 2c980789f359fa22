//! Scripts over all primitives, of which one fiber is dropped at each of its suspension points.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use proptest::collection::vec;
use proptest::prelude::*;
use seastar::sync::{AbortSource, Condvar, Gate, Mutex, Queue, RwLock, Semaphore, pipe};

use super::check;

/// What a fiber does, suspended in the middle of it.
#[derive(Clone, Copy, Debug)]
enum Step {
    Units(usize),
    UnitsUnlessAborted(usize),
    Lock,
    Read,
    Write,
    Push,
    Pop,
    Wait,
    Hold,
    Pipe,
}

fn script() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (1..=UNITS).prop_map(Step::Units),
        2 => (1..=UNITS).prop_map(Step::UnitsUnlessAborted),
        2 => Just(Step::Lock),
        2 => Just(Step::Read),
        2 => Just(Step::Write),
        2 => Just(Step::Push),
        2 => Just(Step::Pop),
        1 => Just(Step::Wait),
        1 => Just(Step::Hold),
        1 => Just(Step::Pipe),
    ];
    vec(step, 1..6)
}

const UNITS: usize = 3;

struct World {
    semaphore: Semaphore<UNITS>,
    mutex: Mutex<()>,
    lock: RwLock<()>,
    queue: Queue<u32>,
    condvar: Condvar,
    gate: Gate,
    abort: AbortSource,
    /// Who holds what now, as the fibers see it.
    units: Cell<usize>,
    locked: Cell<usize>,
    readers: Cell<usize>,
    writers: Cell<usize>,
}

/// Adds to a counter while it lives.
struct Counted<'a>(&'a Cell<usize>, usize);

impl<'a> Counted<'a> {
    fn new(counter: &'a Cell<usize>, by: usize) -> Counted<'a> {
        counter.set(counter.get() + by);
        Counted(counter, by)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - self.1);
    }
}

/// Lets others run.
async fn suspend() {
    let mut suspended = false;
    poll_fn(|context| {
        if std::mem::replace(&mut suspended, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

async fn run(world: &World, script: &[Step]) {
    for step in script {
        match *step {
            Step::Units(units) => {
                let _held = world.semaphore.acquire(units).await.unwrap();
                let _counted = Counted::new(&world.units, units);
                suspend().await;
            }
            Step::UnitsUnlessAborted(units) => {
                if let Ok(_held) = world.semaphore.acquire_abortable(units, &world.abort).await {
                    let _counted = Counted::new(&world.units, units);
                    suspend().await;
                }
            }
            Step::Lock => {
                let _guard = world.mutex.lock().await;
                let _counted = Counted::new(&world.locked, 1);
                suspend().await;
            }
            Step::Read => {
                let _guard = world.lock.read().await;
                let _counted = Counted::new(&world.readers, 1);
                suspend().await;
            }
            Step::Write => {
                let _guard = world.lock.write().await;
                let _counted = Counted::new(&world.writers, 1);
                suspend().await;
            }
            Step::Push => world.queue.push(1).await.unwrap(),
            Step::Pop => drop(world.queue.pop().await.unwrap()),
            Step::Wait => world.condvar.wait().await.unwrap(),
            Step::Hold => {
                let _holder = world.gate.hold().unwrap();
                suspend().await;
            }
            Step::Pipe => {
                let (mut reader, mut writer) = pipe(1);
                writer.write(1).await.unwrap();
                assert_eq!(reader.read().await, Some(1));
                suspend().await;
            }
        }
    }
}

impl World {
    fn new() -> World {
        World {
            semaphore: Semaphore::new(),
            mutex: Mutex::new(()),
            lock: RwLock::new(()),
            queue: Queue::new(2),
            condvar: Condvar::new(),
            gate: Gate::new(),
            abort: AbortSource::new(),
            units: Cell::new(0),
            locked: Cell::new(0),
            readers: Cell::new(0),
            writers: Cell::new(0),
        }
    }

    /// What has to hold between any two polls.
    fn check(&self) {
        assert!(self.units.get() <= UNITS && self.locked.get() <= 1 && self.writers.get() <= 1);
        assert!(self.writers.get() == 0 || self.readers.get() == 0);
        // What is neither free nor held was granted to those who have not run since, of whom there are some.
        assert!(self.units.get() + self.semaphore.current() <= UNITS);
    }

    /// What has to hold when nobody is left.
    fn check_end(&self) {
        assert_eq!((self.semaphore.available_units(), self.semaphore.waiters()), (UNITS as isize, 0));
        assert!(self.mutex.try_lock().is_some(), "locked for ever");
        assert!(self.lock.try_write().is_some(), "locked for ever");
        assert_eq!((self.gate.count(), self.condvar.waiters()), (0, 0));
    }

    /// Gives those who wait for others what nobody is left to give.
    fn help(&self) {
        self.condvar.broadcast();
        if self.queue.try_pop().is_err() {
            _ = self.queue.try_push(2);
        }
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A fiber and whether it was woken.
struct Fiber<'a> {
    future: Option<Pin<Box<dyn Future<Output = ()> + 'a>>>,
    woken: Arc<Flag>,
    polls: usize,
}

/// Which fiber is dropped, and when.
#[derive(Clone, Copy)]
struct Fate {
    victim: usize,
    /// After so many polls.
    polls: usize,
    /// Only when it has been woken again, so that it may have been given something.
    woken: bool,
}

/// One run: who goes when is chosen by `schedule`. Returns how often the victim was polled.
fn play(scripts: &[Vec<Step>], schedule: &[usize], fate: Fate) -> usize {
    let world = World::new();
    let mut fibers: Vec<_> = scripts
        .iter()
        .map(|script| Fiber {
            future: Some(Box::pin(run(&world, script))),
            woken: Arc::new(Flag(AtomicBool::new(true))),
            polls: 0,
        })
        .collect();
    let (mut step, mut helped) = (0, 0);
    loop {
        let ready: Vec<_> = (0..fibers.len())
            .filter(|n| fibers[*n].future.is_some() && fibers[*n].woken.0.load(Ordering::Relaxed))
            .collect();
        if ready.is_empty() {
            let left = fibers.iter().filter(|fiber| fiber.future.is_some()).count();
            if left == 0 {
                break;
            }
            // Each round of help lets at least one fiber go on.
            helped += 1;
            assert!(helped < 200, "{left} fibers wait for ever: {:?}, {:?}", world.semaphore, world.queue);
            world.help();
            continue;
        }
        let chosen = ready[schedule[step % schedule.len()] % ready.len()];
        step += 1;
        if step == schedule.len() / 2 {
            world.abort.abort();
        }
        let fiber = &mut fibers[chosen];
        let doomed = chosen == fate.victim && fiber.polls == fate.polls;
        if doomed {
            fiber.future = None;
            world.check();
            continue;
        }
        fiber.woken.0.store(false, Ordering::Relaxed);
        fiber.polls += 1;
        let waker = Waker::from(fiber.woken.clone());
        let future = fiber.future.as_mut().expect("ready fibers live");
        let done = future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
        if done {
            fiber.future = None;
        }
        world.check();
        if !fate.woken && chosen == fate.victim && fiber.polls == fate.polls {
            fiber.future = None;
            world.check();
        }
    }
    world.check_end();
    fibers[fate.victim].polls
}

#[test]
fn a_fiber_may_be_dropped_at_each_of_its_suspension_points() {
    let inputs = (vec(script(), 2..6), vec(0..100usize, 1..60));
    check(200, inputs, |(scripts, schedule)| {
        for victim in 0..scripts.len() {
            let spared = Fate { victim, polls: usize::MAX, woken: false };
            for polls in 0..=play(&scripts, &schedule, spared) {
                for woken in [false, true] {
                    play(&scripts, &schedule, Fate { polls, woken, ..spared });
                }
            }
        }
    });
}
