//! Two threads that poll, with a bare ring in each direction: what any runtime's calls stand on.

use super::IN_FLIGHT;
use crate::affinity::{self, LOAD_CPU, SERVER_CPU};
use crate::child::print_figure;
use crate::meter;
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

const SLOTS: usize = 1024;
/// What tells the other thread to end.
const END: u64 = u64::MAX;

/// A queue from one thread to one other, whose slots say whether they are full; zero is an empty one.
struct Ring {
    slots: [AtomicU64; SLOTS],
}

/// One thread's place in a ring.
struct End<'a> {
    ring: &'a Ring,
    next: Cell<usize>,
}

impl Ring {
    fn new() -> Ring {
        Ring { slots: [const { AtomicU64::new(0) }; SLOTS] }
    }

    fn end(&self) -> End<'_> {
        End { ring: self, next: Cell::new(0) }
    }
}

impl End<'_> {
    fn slot(&self) -> &AtomicU64 {
        &self.ring.slots[self.next.get() % SLOTS]
    }

    fn push(&self, value: u64) {
        while self.slot().load(Ordering::Acquire) != 0 {
            std::hint::spin_loop();
        }
        self.slot().store(value, Ordering::Release);
        self.next.set(self.next.get() + 1);
    }

    fn pop(&self) -> u64 {
        loop {
            let value = self.slot().load(Ordering::Acquire);
            if value != 0 {
                self.slot().store(0, Ordering::Release);
                self.next.set(self.next.get() + 1);
                return value;
            }
            std::hint::spin_loop();
        }
    }
}

/// Sends numbers there and gets them back, plus one: all that may be in flight before the first answer is read, as a runtime
/// does in a turn of its loop.
pub fn measure(in_flight: u64, one_by_one: u64) {
    let (there, back) = (Ring::new(), Ring::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            affinity::pin(LOAD_CPU).expect("the benchmark checked this CPU at its start");
            let (calls, answers) = (there.end(), back.end());
            loop {
                let value = calls.pop();
                if value == END {
                    return;
                }
                answers.push(value + 1);
            }
        });
        affinity::pin(SERVER_CPU).expect("the benchmark checked this CPU at its start");
        let (calls, answers) = (there.end(), back.end());
        for (case, window, count) in
            [("1,000 calls in flight", IN_FLIGHT, in_flight), ("one by one, both polling", 1, one_by_one)]
        {
            let (start, cpu) = (Instant::now(), meter::own_cpu());
            for _ in 0..count / window {
                (1..=window).for_each(|value| calls.push(value));
                (1..=window).for_each(|value| assert_eq!(answers.pop(), value + 1));
            }
            let per_call = |nanoseconds: f64| nanoseconds / count as f64;
            print_figure(case, "wall ns", per_call(start.elapsed().as_nanos() as f64));
            print_figure(case, "CPU ns", per_call((meter::own_cpu() - cpu) as f64));
        }
        calls.push(END);
    });
}
