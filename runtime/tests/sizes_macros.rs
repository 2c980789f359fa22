//! What the statement macros add to the future around them, beside the same thing written by hand.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use seastar::sync::{Gate, Mutex, Semaphore, SemaphoreError, SemaphoreUnits};
use seastar::time::timeout;
use seastar::{
    YieldNow, do_with, when_all, when_all_succeed, when_any, with_gate, with_lock, with_semaphore,
    with_timeout, yield_now,
};

type Buffer = [u8; 1024];

const LONG: Duration = Duration::from_secs(600);

/// A future of about a KiB.
#[allow(clippy::manual_async_fn, reason = "an `async fn` would hold the buffer twice")]
fn leaf(buffer: Buffer) -> impl Future<Output = u8> {
    async move {
        yield_now().await;
        buffer[0]
    }
}

// ANCHOR: scope
#[test]
fn a_scope_is_a_block() {
    async fn by_macro() -> u8 {
        let first =
            do_with!(mut buffer: Buffer = [1; 1024] => { yield_now().await; buffer[1] += 1; buffer[1] });
        do_with!(buffer: Buffer = [2; 1024], n = 3 => { yield_now().await; buffer[n] + first })
    }
    async fn by_hand() -> u8 {
        let first = {
            let mut buffer: Buffer = [1; 1024];
            yield_now().await;
            buffer[1] += 1;
            buffer[1]
        };
        let buffer: Buffer = [2; 1024];
        let n = 3;
        yield_now().await;
        buffer[n] + first
    }
    assert_eq!(size_of_val(&by_macro()), size_of_val(&by_hand()));
    assert!(size_of_val(&by_macro()) < 1024 + 64, "the second buffer takes the place of the first");
}
// ANCHOR_END: scope

// ANCHOR: all
#[test]
fn all_are_their_futures_and_a_tag_each() {
    let by_macro = async { when_all!(leaf([1; 1024]), leaf([2; 1024]), leaf([3; 1024])) };
    let by_hand = async {
        let (mut a, mut b, mut c) = (pin!(leaf([1; 1024])), pin!(leaf([2; 1024])), pin!(leaf([3; 1024])));
        let mut outputs = (None, None, None);
        poll_fn(move |context| {
            let mut ready = true;
            for (future, output) in [
                (a.as_mut() as Pin<&mut dyn Future<Output = u8>>, &mut outputs.0),
                (b.as_mut(), &mut outputs.1),
                (c.as_mut(), &mut outputs.2),
            ] {
                if output.is_none() {
                    match future.poll(context) {
                        Poll::Ready(value) => *output = Some(value),
                        Poll::Pending => ready = false,
                    }
                }
            }
            if ready { Poll::Ready((outputs.0, outputs.1, outputs.2)) } else { Poll::Pending }
        })
        .await
    };
    let futures = 3 * size_of_val(&leaf([1; 1024]));
    assert_eq!(size_of_val(&by_macro), futures + 4, "a tag each, and where the body is");
    assert!(size_of_val(&by_macro) < size_of_val(&by_hand));

    let succeed = async {
        when_all_succeed!(async { Ok::<_, ()>(leaf([1; 1024]).await) }, async { Ok(leaf([1; 1024]).await) })
    };
    let inner = async { Ok::<_, ()>(leaf([1; 1024]).await) };
    assert_eq!(size_of_val(&succeed), 2 * size_of_val(&inner) + 3);
}
// ANCHOR_END: all

// ANCHOR: race
#[test]
fn a_race_is_its_futures() {
    /// What one would write: two futures, polled in turn.
    struct ByHand<A, B>(A, B);
    impl<A: Future<Output = u8> + Unpin, B: Future<Output = u8> + Unpin> Future for ByHand<A, B> {
        type Output = u8;
        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u8> {
            match Pin::new(&mut self.0).poll(context) {
                Poll::Ready(value) => Poll::Ready(value),
                Poll::Pending => Pin::new(&mut self.1).poll(context),
            }
        }
    }
    let by_macro = async {
        when_any! { a = leaf([1; 1024]) => a, b = leaf([2; 1024]) => b + 1 }
    };
    let by_hand = ByHand(Box::pin(leaf([1; 1024])), Box::pin(leaf([2; 1024])));
    assert_eq!(size_of_val(&by_macro), size_of_val(&*by_hand.0) + size_of_val(&*by_hand.1) + 1);
}
// ANCHOR_END: race

// ANCHOR: timeout
#[test]
fn a_time_limit_is_a_timer() {
    let by_macro = async { with_timeout!(LONG => leaf([1; 1024]).await) };
    let by_hand = async { timeout(LONG, leaf([1; 1024])).await };
    assert_eq!(size_of_val(&by_macro), size_of_val(&by_hand));

    // A body of its own borrows: here the buffer and what it returns, a pointer each.
    let with_body = async {
        let (mut buffer, mut n) = ([1u8; 1024], 0);
        for _ in 0..3 {
            let limited = with_timeout!(LONG => {
                yield_now().await;
                buffer[0] += 1;
                n += 1;
                if buffer[0] == 4 { break }
                if n == 9 { return 9 }
            });
            if limited.is_err() {
                return 0;
            }
        }
        buffer[0] + n
    };
    let timer = size_of_val(&timeout(LONG, yield_now())) - size_of::<YieldNow>();
    let buffer = size_of::<Buffer>();
    let size = size_of_val(&with_body);
    assert!(size <= buffer + timer + 64, "{size} bytes with a buffer of {buffer} and a timer of {timer}");
}
// ANCHOR_END: timeout

// ANCHOR: held
#[test]
fn what_is_held_is_all_that_is_added() {
    async fn semaphore_by_macro(semaphore: &Semaphore<2>) -> Result<u8, SemaphoreError> {
        with_semaphore!(semaphore, 2 => leaf([1; 1024]).await)
    }
    async fn semaphore_by_hand(semaphore: &Semaphore<2>) -> Result<u8, SemaphoreError> {
        let _units = semaphore.acquire(2).await?;
        Ok(leaf([1; 1024]).await)
    }
    let semaphore = Semaphore::new();
    assert!(size_of_val(&semaphore_by_macro(&semaphore)) <= size_of_val(&semaphore_by_hand(&semaphore)));

    async fn gate_by_macro(gate: &Gate) -> Option<u8> {
        with_gate!(gate => leaf([1; 1024]).await).ok()
    }
    async fn gate_by_hand(gate: &Gate) -> Option<u8> {
        let _holder = gate.hold().ok()?;
        Some(leaf([1; 1024]).await)
    }
    let gate = Gate::new();
    assert!(size_of_val(&gate_by_macro(&gate)) <= size_of_val(&gate_by_hand(&gate)));
}
// ANCHOR_END: held

// ANCHOR: lock
#[test]
fn a_lock_is_its_guard_and_a_reference() {
    async fn by_macro(lock: &Mutex<Buffer>) -> u8 {
        with_lock!(buffer = lock => { yield_now().await; buffer[0] += 1; buffer[0] })
    }
    async fn by_hand(lock: &Mutex<Buffer>) -> u8 {
        let mut buffer = lock.lock().await;
        yield_now().await;
        buffer[0] += 1;
        buffer[0]
    }
    let lock = Mutex::new([0; 1024]);
    let (by_macro, by_hand) = (size_of_val(&by_macro(&lock)), size_of_val(&by_hand(&lock)));
    assert!(by_macro <= by_hand + size_of::<&mut Buffer>(), "{by_macro} bytes, and {by_hand} by hand");
}
// ANCHOR_END: lock

// ANCHOR: nest
/// A buffer, units of a semaphore and a loop: by the macros, and as the machine that one would write.
#[test]
fn a_nest_is_as_large_as_a_machine() {
    async fn by_macro(semaphore: &Semaphore<1>) -> Result<u8, SemaphoreError> {
        do_with!(mut buffer: Buffer = [0; 1024] => {
            with_semaphore!(semaphore, 1 => loop {
                buffer[0] += 1;
                yield_now().await;
                if buffer[0] == 3 {
                    break;
                }
            })?;
            Ok(buffer[0])
        })
    }
    #[allow(dead_code, clippy::large_enum_variant)]
    enum State<'a, A> {
        Start,
        Acquiring(A),
        Looping(SemaphoreUnits<'a>, YieldNow),
        Done,
    }
    #[allow(dead_code)]
    struct Machine<'a, A> {
        buffer: Buffer,
        semaphore: &'a Semaphore<1>,
        state: State<'a, A>,
    }
    fn machine<A>(_: A) -> usize {
        size_of::<Machine<A>>()
    }
    let semaphore = Semaphore::new();
    let (nest, machine) = (size_of_val(&by_macro(&semaphore)), machine(semaphore.acquire(1)));
    assert!(nest <= machine + 32, "{nest} bytes, and a machine has {machine}");
}
// ANCHOR_END: nest
