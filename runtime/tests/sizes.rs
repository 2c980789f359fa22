//! Futures are no larger than what a careful person would write by hand.

use std::future::{Future, pending};
use std::mem::size_of_val;
use std::ops::ControlFlow;

use seastar::future::{
    FutureExt, do_for_each, do_until, keep_doing, max_concurrent_for_each, repeat, when_all, when_all_succeed,
};
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

/// Bytes that a loop may add to its body: which state it is in, and the yield.
const LOOP: usize = 24;

#[test]
fn a_loop_holds_its_body_once() {
    let body = || {
        let bytes = [1u8; BIG];
        async move || {
            yield_now().await;
            std::hint::black_box(&bytes);
        }
    };
    let again = || {
        let bytes = [1u8; BIG];
        async move || {
            yield_now().await;
            ControlFlow::<u8>::Break(bytes[0])
        }
    };
    for size in [
        size_of_val(&keep_doing(body())),
        size_of_val(&do_until(|| true, body())),
        size_of_val(&repeat(again())),
    ] {
        assert!(size <= BIG + LOOP, "{size} bytes");
    }
}

#[test]
fn a_loop_holds_its_items_once() {
    let items = || [1u8; BIG].into_iter();
    let own = size_of_val(&items());
    let size = size_of_val(&do_for_each(items(), async |_| yield_now().await));
    assert!(size <= own + LOOP, "{size} bytes beside {own}");
}

/// The futures lie in blocks, so only what says where stays: the list, the woken, who waits.
#[test]
fn many_futures_leave_a_constant_in_the_one_that_runs_them() {
    const MANY: usize = 192;
    let items = || [1u8; BIG].into_iter();
    let own = size_of_val(&items());
    let futures = || items().map(|_| large());
    for size in [
        size_of_val(&max_concurrent_for_each(items(), 3, async |_| large().await.map(|_| ()))),
        size_of_val(&when_all(futures())),
        size_of_val(&when_all_succeed(futures())),
    ] {
        assert!(size <= own + MANY, "{size} bytes beside {own}");
    }
}
