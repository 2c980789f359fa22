//! What the machine takes to get to another CPU and back, without any runtime.

use super::CALLS_IN_FLIGHT;
use crate::affinity::{self, LOAD_CPU, SERVER_CPU};
use crate::child::print_figure;
use crate::meter;
use io_uring::{IoUring, opcode, types};
use std::os::fd::AsRawFd;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

const TRIPS_POLLING: f64 = 500_000.0;
const TRIPS_SLEEPING: f64 = 10_000.0;

/// Measures a cache line, a futex, io_uring's messages, and rings.
pub fn measure(scale: f64) {
    let (polling, sleeping) = ((TRIPS_POLLING * scale) as u32, (TRIPS_SLEEPING * scale) as u32);
    let line = Line(AtomicU32::new(0));
    round_trips("raw: a cache line there and back", polling, |turn| line.pass(turn), |turn| line.pass(turn));
    let line = Line(AtomicU32::new(0));
    round_trips(
        "raw: a futex there and back",
        sleeping,
        |turn| line.pass_asleep(turn),
        |turn| line.pass_asleep(turn),
    );
    ring_messages(sleeping);
    super::ring::measure((CALLS_IN_FLIGHT * scale) as u64, polling.into());
}

/// Has two threads take turns `trips` times: even turns are those of CPU 0, odd ones those of CPU 1.
fn round_trips(case: &str, trips: u32, here: impl Fn(u32), there: impl Fn(u32) + Send) {
    thread::scope(|scope| {
        scope.spawn(move || {
            affinity::pin(LOAD_CPU).expect("the benchmark checked this CPU at its start");
            (0..trips).for_each(|trip| there(2 * trip + 1));
        });
        affinity::pin(SERVER_CPU).expect("the benchmark checked this CPU at its start");
        measured(case, trips, || (0..trips).for_each(|trip| here(2 * trip)));
    });
}

fn measured(case: &str, trips: u32, body: impl FnOnce()) {
    let (start, cpu) = (Instant::now(), meter::own_cpu());
    body();
    print_figure(case, "wall ns", start.elapsed().as_nanos() as f64 / f64::from(trips));
    print_figure(case, "CPU ns", (meter::own_cpu() - cpu) as f64 / f64::from(trips));
}

/// A number that says whose turn it is, on a cache line of its own.
#[repr(align(128))]
struct Line(AtomicU32);

impl Line {
    fn pass(&self, turn: u32) {
        while self.0.load(Ordering::Acquire) != turn {
            std::hint::spin_loop();
        }
        self.0.store(turn + 1, Ordering::Release);
    }

    fn pass_asleep(&self, turn: u32) {
        loop {
            let current = self.0.load(Ordering::Acquire);
            if current == turn {
                break;
            }
            self.futex(libc::FUTEX_WAIT, current);
        }
        self.0.store(turn + 1, Ordering::Release);
        self.futex(libc::FUTEX_WAKE, 1);
    }

    fn futex(&self, operation: i32, value: u32) {
        let operation = operation | libc::FUTEX_PRIVATE_FLAG;
        // SAFETY: the word outlives the call, and no timeout is passed.
        unsafe {
            libc::syscall(libc::SYS_futex, self.0.as_ptr(), operation, value, ptr::null::<libc::timespec>());
        }
    }
}

/// Two rings that send messages to each other and wait in `io_uring_enter`.
fn ring_messages(trips: u32) {
    let (send, receive) = mpsc::channel();
    let (send_back, receive_back) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            affinity::pin(LOAD_CPU).expect("the benchmark checked this CPU at its start");
            let mut ring = ring();
            send_back.send(ring.as_raw_fd()).expect("the other thread waits");
            let other = receive.recv().expect("the other thread sends");
            for _ in 0..trips {
                await_message(&mut ring);
                send_message(&mut ring, other);
            }
            ring.submit().expect("io_uring submits");
        });
        affinity::pin(SERVER_CPU).expect("the benchmark checked this CPU at its start");
        let mut ring = ring();
        send.send(ring.as_raw_fd()).expect("the other thread waits");
        let other = receive_back.recv().expect("the other thread sends");
        measured("raw: MSG_RING there and back", trips, || {
            for _ in 0..trips {
                send_message(&mut ring, other);
                await_message(&mut ring);
            }
        });
    });
}

fn ring() -> IoUring {
    let mut builder = IoUring::builder();
    builder.setup_single_issuer().setup_coop_taskrun().setup_defer_taskrun();
    builder.build(8).expect("io_uring is allowed here")
}

fn send_message(ring: &mut IoUring, other: i32) {
    let message = opcode::MsgRingData::new(types::Fd(other), 0, 1, None).build();
    // SAFETY: a message names no memory.
    unsafe { ring.submission().push(&message.flags(io_uring::squeue::Flags::SKIP_SUCCESS)) }
        .expect("one at a time fits");
}

fn await_message(ring: &mut IoUring) {
    while ring.completion().next().is_none() {
        ring.submit_and_wait(1).expect("io_uring waits");
    }
}
