//! Futures are no larger than what a careful person would write by hand.

use std::future::{Future, pending};
use std::mem::size_of_val;

use seastar::future::FutureExt;
use seastar::yield_now;

const BIG: usize = 1024;

/// What a continuation has to hold: one half or the other, and which.
#[allow(dead_code)]
enum ByHand<F, K, G> {
    First(F, K),
    Second(G),
    Nothing,
}

/// The size of a state written by hand, of these types.
fn by_hand<F: Future, K: FnOnce(F::Output) -> G, G>(_: F, _: K) -> usize {
    size_of::<ByHand<F, K, G>>()
}

/// A future that holds a kilobyte over an await.
fn large() -> impl Future<Output = Result<[u8; BIG], ()>> {
    let bytes = [1; BIG];
    async move {
        yield_now().await;
        Ok(bytes)
    }
}

#[test]
fn a_continuation_is_as_large_as_its_larger_half() {
    async fn small() -> Result<u8, ()> {
        Ok(1)
    }
    let next = |_: u8| large();
    let after = |_: [u8; BIG]| small();
    assert_eq!(size_of_val(&small().then(next)), by_hand(small(), |_| large()));
    assert_eq!(size_of_val(&small().then(next)), size_of_val(&large()) + 1);
    assert_eq!(size_of_val(&large().then(after)), by_hand(large(), |_| small()));
    assert_eq!(size_of_val(&large().then_wrapped(|_| small())), size_of_val(&large()) + 1);
    assert_eq!(size_of_val(&large().handle_error(|()| large())), by_hand(large(), |_| large()));
    assert_eq!(size_of_val(&large().discard_result()), size_of_val(&large()));
}

#[test]
fn a_kilobyte_through_five_continuations_is_there_once() {
    let step = |bytes: [u8; BIG]| async move {
        yield_now().await;
        Ok::<_, ()>(bytes)
    };
    let chain = large().then(step).then(step).then(step).then(step).then(step);
    let size = size_of_val(&chain);
    assert!(size <= BIG + 16, "{size} bytes");
}

#[test]
fn a_clean_up_costs_the_output_that_it_keeps() {
    let held = || async { pending::<u32>().await };
    let plain = size_of_val(&held());
    let size = size_of_val(&held().finally(async || ()));
    assert!(size <= plain.max(12) + 8, "{size} bytes beside {plain}");
}
