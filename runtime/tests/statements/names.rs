//! The expansions see none of the user's names, and the user none of theirs.

use std::time::Duration;

use seastar::{do_with, when_all, when_all_succeed, when_any, with_timeout, yield_now};

/// Modules and types of the user, called like those that expansions use.
#[allow(dead_code)]
mod core {}
#[allow(dead_code)]
mod std_ {}
#[allow(dead_code)]
struct Result;
#[allow(dead_code)]
struct Ok;
#[allow(dead_code)]
struct Err;

const LONG: Duration = Duration::from_secs(600);

#[seastar::test(shards = 1)]
async fn names_of_the_user_stay_the_users() {
    let (output, output0, winner, value, residual, guard) = (1, 2, 3, 4, 5, 6);
    let sum = do_with!(output1 = 10 => output + output0 + output1);
    assert_eq!(sum, 13);
    let all = when_all!(async { output }, async { output0 + winner });
    assert_eq!(all, (1, 5));
    let all = when_all_succeed!(async { Some(output0).ok_or(0) }, async { Some(output).ok_or(0) });
    assert_eq!(all.unwrap_or_default(), (2, 1));
    let any = when_any! { sum = async { output + winner } => sum + output + winner };
    assert_eq!(any, 8);
    async fn question(value: i32, residual: i32, output: i32) -> Option<i32> {
        with_timeout!(LONG => {
            yield_now().await;
            Some(value)? + residual + output
        })
        .ok()
    }
    assert_eq!(question(value, residual, guard).await, Some(15));
}

/// A call within a macro of the user, with names that the macro was given.
macro_rules! twice {
    ($name:ident, $value:expr, $body:expr) => {
        do_with!($name = $value => with_timeout!(LONG => { yield_now().await; 0 + $body + $body }))
    };
}

#[seastar::test(shards = 1)]
async fn calls_come_out_of_macros() {
    assert_eq!(twice!(output, 4, output * 2).ok(), Some(16));
    let label = 'label: {
        twice!(_unused, 4, if LONG.is_zero() { 1 } else { break 'label 5 }).ok();
        6
    };
    assert_eq!(label, 5);
}
