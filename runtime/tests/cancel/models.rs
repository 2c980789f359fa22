//! Each step of one primitive beside a model of it.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use proptest::collection::vec;
use proptest::prelude::*;
use seastar::sync::{Barrier, Condvar, Mutex, Queue, QueueError, RwLock, Semaphore};

use super::check;

pub fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// What happens next. Numbers choose among what is there.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Ask, and poll once.
    Begin(usize),
    Poll(usize),
    /// Drop a future that has not come to its end.
    Drop(usize),
    /// Give back what is held.
    Release(usize),
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..1000usize).prop_map(Step::Begin),
        3 => (0..1000usize).prop_map(Step::Poll),
        2 => (0..1000usize).prop_map(Step::Drop),
        3 => (0..1000usize).prop_map(Step::Release),
    ];
    vec(step, 0..80)
}

/// Units, who waits for them in which order, and who was given some.
struct Units {
    free: usize,
    line: VecDeque<(u32, usize)>,
    granted: Vec<u32>,
}

impl Units {
    fn ask(&mut self, id: u32, units: usize) {
        self.line.push_back((id, units));
        self.serve();
    }

    fn give(&mut self, units: usize) {
        self.free += units;
        self.serve();
    }

    fn serve(&mut self) {
        while let Some((id, units)) = self.line.front().copied().filter(|(_, units)| *units <= self.free) {
            self.line.pop_front();
            self.free -= units;
            self.granted.push(id);
        }
    }

    fn leave(&mut self, id: u32, units: usize) {
        if self.granted.contains(&id) {
            self.free += units;
        }
        self.granted.retain(|granted| *granted != id);
        self.line.retain(|(waiting, _)| *waiting != id);
        self.serve();
    }

    fn take(&mut self, id: u32) -> bool {
        let granted = self.granted.contains(&id);
        self.granted.retain(|granted| *granted != id);
        granted
    }
}

/// Runs `steps` with what `ask` returns for so many units, of `capacity`, beside the model; `sizes` are the units to ask for.
fn like_units<'a, G: 'a>(
    steps: &[Step],
    capacity: usize,
    sizes: &[usize],
    ask: impl Fn(usize) -> Pin<Box<dyn Future<Output = G> + 'a>>,
) {
    let mut model = Units { free: capacity, line: VecDeque::new(), granted: Vec::new() };
    let (mut waiting, mut held) = (Vec::new(), Vec::new());
    for (id, step) in (0..).zip(steps) {
        match *step {
            Step::Begin(n) => {
                let units = sizes[n % sizes.len()];
                model.ask(id, units);
                waiting.push((id, units, ask(units)));
                try_take(&mut model, &mut waiting, &mut held, id as usize, true);
            }
            Step::Poll(n) => try_take(&mut model, &mut waiting, &mut held, n, false),
            Step::Drop(n) if !waiting.is_empty() => {
                let (id, units, future) = waiting.remove(n % waiting.len());
                drop(future);
                model.leave(id, units);
            }
            Step::Release(n) if !held.is_empty() => {
                let (units, guard) = held.remove(n % held.len());
                drop::<G>(guard);
                model.give(units);
            }
            Step::Drop(_) | Step::Release(_) => {}
        }
    }
    // Whoever still waits gets its turn when all others are done.
    loop {
        held.clear();
        model.free =
            capacity - waiting.iter().filter(|w| model.granted.contains(&w.0)).map(|w| w.1).sum::<usize>();
        model.serve();
        if waiting.is_empty() {
            break;
        }
        let before = waiting.len();
        for n in (0..waiting.len()).rev() {
            try_take(&mut model, &mut waiting, &mut held, n, false);
        }
        assert!(waiting.len() < before, "{before} wait for ever");
    }
}

type Waiting<'a, G> = Vec<(u32, usize, Pin<Box<dyn Future<Output = G> + 'a>>)>;

/// Polls one of those who wait, the last one if it is `new`, and compares what comes of it.
fn try_take<G>(
    model: &mut Units,
    waiting: &mut Waiting<'_, G>,
    held: &mut Vec<(usize, G)>,
    n: usize,
    new: bool,
) {
    if waiting.is_empty() {
        return;
    }
    let n = if new { waiting.len() - 1 } else { n % waiting.len() };
    let id = waiting[n].0;
    match poll(waiting[n].2.as_mut()) {
        Poll::Ready(guard) => {
            assert!(model.take(id), "{id} went out of turn");
            held.push((waiting.remove(n).1, guard));
        }
        Poll::Pending => assert!(!model.take(id), "{id} was forgotten"),
    }
}

#[test]
fn a_semaphore_is_like_its_model() {
    check(500, steps(), |steps| {
        let semaphore = Semaphore::<5>::new();
        like_units(&steps, 5, &[1, 2, 1, 5, 0, 3], |units| {
            let asked = semaphore.acquire(units);
            Box::pin(async { asked.await.unwrap() })
        });
        assert_eq!((semaphore.available_units(), semaphore.waiters()), (5, 0));
    });
}

#[test]
fn a_mutex_is_like_a_semaphore_of_one() {
    check(500, steps(), |steps| {
        let mutex = Mutex::new(());
        like_units(&steps, 1, &[1], |_| Box::pin(mutex.lock()));
        assert!(mutex.try_lock().is_some());
    });
}

#[test]
fn a_lock_for_readers_and_writers_is_like_a_semaphore_whose_writers_take_all() {
    enum Guard<R, W> {
        Read { _guard: R },
        Write { _guard: W },
    }
    check(500, steps(), |steps| {
        let lock = RwLock::new(());
        like_units(&steps, 1_000, &[1, 1, 1_000, 1], |units| {
            if units == 1 {
                Box::pin(async { Guard::Read { _guard: lock.read().await } })
            } else {
                Box::pin(async { Guard::Write { _guard: lock.write().await } })
            }
        });
        assert!(lock.try_write().is_some());
    });
}

#[test]
fn a_queue_loses_nothing_and_keeps_the_order() {
    check(500, (1..4usize, steps()), |(capacity, steps)| {
        let queue = Queue::new(capacity);
        // Items in the order in which their pushes began, without those that were taken back.
        let mut order = VecDeque::new();
        let (mut pushes, mut pops) = (Vec::new(), Vec::new());
        let mut next = 0;
        let got = |item: Result<u32, QueueError>, order: &mut VecDeque<u32>| {
            assert_eq!(item.ok(), order.pop_front(), "out of order");
        };
        for step in steps {
            match step {
                Step::Begin(_) => {
                    let mut push = Box::pin(queue.push(next));
                    order.push_back(next);
                    if poll(push.as_mut()).is_pending() {
                        pushes.push((next, push));
                    }
                    next += 1;
                }
                Step::Release(_) => {
                    let mut pop = Box::pin(queue.pop());
                    match poll(pop.as_mut()) {
                        Poll::Ready(item) => got(item, &mut order),
                        Poll::Pending => pops.push(pop),
                    }
                }
                Step::Poll(n) if n % 2 == 0 && !pops.is_empty() => {
                    let n = n / 2 % pops.len();
                    if let Poll::Ready(item) = poll(pops[n].as_mut()) {
                        got(item, &mut order);
                        drop(pops.remove(n));
                    }
                }
                Step::Poll(n) if !pushes.is_empty() => {
                    let n = n / 2 % pushes.len();
                    if let Poll::Ready(done) = poll(pushes[n].1.as_mut()) {
                        done.unwrap();
                        drop(pushes.remove(n));
                    }
                }
                Step::Drop(n) if n % 2 == 0 && !pops.is_empty() => drop(pops.remove(n / 2 % pops.len())),
                Step::Drop(n) if !pushes.is_empty() => {
                    let (item, push) = pushes.remove(n / 2 % pushes.len());
                    let inside = queue.len();
                    drop(push);
                    assert_eq!(queue.len(), inside);
                    // It may have been taken in, or even out, before.
                    let taken_in = order.iter().position(|other| *other == item).is_none_or(|n| n < inside);
                    if !taken_in {
                        order.retain(|other| *other != item);
                    }
                }
                Step::Poll(_) | Step::Drop(_) => {}
            }
        }
        // Those who wait for items get theirs, and the rest is there for others.
        for mut pop in pops {
            match poll(pop.as_mut()) {
                Poll::Ready(item) => got(item, &mut order),
                Poll::Pending => assert!(queue.is_empty(), "an item is there"),
            }
        }
        while let Ok(item) = queue.try_pop() {
            got(Ok(item), &mut order);
        }
        assert!(order.is_empty(), "lost: {order:?}");
        for (_, mut push) in pushes {
            assert!(poll(push.as_mut()).is_ready(), "there was a place");
        }
    });
}

#[test]
fn a_signal_is_used_once() {
    check(500, steps(), |steps| {
        let condvar = Condvar::new();
        let mut waiting: Vec<(Pin<Box<_>>, bool)> = Vec::new();
        let mut latched = false;
        for step in steps {
            match step {
                Step::Begin(_) => {
                    let mut wait = Box::pin(condvar.wait());
                    let ready = poll(wait.as_mut()).is_ready();
                    assert_eq!(ready, std::mem::take(&mut latched));
                    if !ready {
                        waiting.push((wait, false));
                    }
                }
                Step::Release(_) => signal(&mut waiting, &mut latched, &condvar),
                Step::Poll(n) if !waiting.is_empty() => {
                    let n = n % waiting.len();
                    assert_eq!(poll(waiting[n].0.as_mut()).is_ready(), waiting[n].1);
                    if waiting[n].1 {
                        drop(waiting.remove(n));
                    }
                }
                Step::Drop(n) if !waiting.is_empty() => {
                    let (wait, signalled) = waiting.remove(n % waiting.len());
                    drop(wait);
                    if signalled {
                        pass_on(&mut waiting, &mut latched);
                    }
                }
                Step::Poll(_) | Step::Drop(_) => {}
            }
        }
    });

    fn signal<F>(waiting: &mut [(F, bool)], latched: &mut bool, condvar: &Condvar) {
        condvar.signal();
        pass_on(waiting, latched);
    }

    fn pass_on<F>(waiting: &mut [(F, bool)], latched: &mut bool) {
        match waiting.iter_mut().find(|(_, signalled)| !signalled) {
            Some((_, signalled)) => *signalled = true,
            None => *latched = true,
        }
    }
}

#[test]
fn a_barrier_counts_only_those_who_stay() {
    check(500, (1..5usize, steps()), |(fibers, steps)| {
        let barrier = Barrier::new(fibers);
        let mut waiting: Vec<(Pin<Box<_>>, bool)> = Vec::new();
        for step in steps {
            match step {
                Step::Begin(_) | Step::Release(_) => {
                    let arrived = waiting.iter().filter(|(_, open)| !open).count() + 1;
                    let mut wait = Box::pin(barrier.wait());
                    match poll(wait.as_mut()) {
                        Poll::Ready(last) => {
                            assert!(last && arrived == fibers);
                            waiting.iter_mut().for_each(|(_, open)| *open = true);
                        }
                        Poll::Pending => {
                            assert!(arrived < fibers);
                            waiting.push((wait, false));
                        }
                    }
                }
                Step::Poll(n) if !waiting.is_empty() => {
                    let n = n % waiting.len();
                    let open = waiting[n].1;
                    assert_eq!(
                        poll(waiting[n].0.as_mut()),
                        if open { Poll::Ready(false) } else { Poll::Pending }
                    );
                    if open {
                        drop(waiting.remove(n));
                    }
                }
                Step::Drop(n) if !waiting.is_empty() => drop(waiting.remove(n % waiting.len())),
                Step::Poll(_) | Step::Drop(_) => {}
            }
        }
    });
}
