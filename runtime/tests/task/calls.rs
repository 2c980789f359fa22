//! Everything that an `async fn` may be, a task may be too.

use std::fmt::{Debug, Display};
use std::future::Future;
use std::num::ParseIntError;
use std::pin::Pin;

use seastar::{task, yield_now};

#[task]
async fn sum(text: &str, mut start: i32) -> Result<i32, ParseIntError> {
    for number in text.split(' ') {
        yield_now().await;
        start += number.parse::<i32>()?;
        if start > 100 {
            return Ok(100);
        }
    }
    Ok(start)
}

#[seastar::test]
async fn question_marks_and_returns_mean_the_function() {
    assert_eq!(sum("1 2 3", 4).await, Ok(10));
    assert_eq!(sum("1000 x", 0).await, Ok(100));
    assert!(sum("x", 0).await.is_err());
}

/// Longer of the two.
#[task]
async fn longer<'a>(left: &'a str, right: &'a str) -> &'a str {
    yield_now().await;
    if left.len() > right.len() { left } else { right }
}

#[task]
async fn first_word(text: &str) -> &str {
    yield_now().await;
    text.split(' ').next().unwrap_or_default()
}

#[seastar::test]
async fn lifetimes_are_those_of_the_arguments() {
    let text = String::from("one three");
    let longest = {
        let future = longer(first_word(&text).await, &text[4..]);
        future.await
    };
    assert_eq!(longest, "three");
}

#[task]
async fn largest<T, const N: usize>(values: [T; N]) -> Option<T>
where
    T: Ord,
{
    yield_now().await;
    values.into_iter().max()
}

#[task]
async fn shown(value: impl Display, times: usize) -> String {
    yield_now().await;
    value.to_string().repeat(times)
}

#[task]
async fn unnamed(value: u8) -> impl Debug + PartialEq<u8> {
    yield_now().await;
    value
}

#[task]
async fn boxed(value: u8) -> Box<dyn Display> {
    yield_now().await;
    if value == 0 {
        return Box::new("none");
    }
    Box::new(value)
}

#[seastar::test]
async fn types_may_be_parameters_or_have_no_name() {
    assert_eq!(largest([3, 5, 4]).await, Some(5));
    assert_eq!(largest::<u8, 0>([]).await, None);
    assert_eq!(shown(7, 2).await, "77");
    assert!(unnamed(7).await == 7);
    assert_eq!(boxed(0).await.to_string() + &boxed(1).await.to_string(), "none1");
}

struct Point {
    x: i32,
    y: i32,
}

#[task]
async fn patterns(
    (a, _): (i32, i32),
    Point { x, y: mut z }: Point,
    [first, .., last]: [i32; 4],
    _: i32,
) -> i32 {
    yield_now().await;
    z += a;
    x + z + first + last
}

#[seastar::test]
async fn arguments_may_be_patterns() {
    assert_eq!(patterns((1, 0), Point { x: 10, y: 100 }, [1000, 0, 0, 10_000], 5).await, 11_111);
}

#[derive(Default)]
struct Counter {
    count: u32,
}

impl Counter {
    #[task]
    async fn add(&mut self, more: u32) -> &mut Self {
        yield_now().await;
        self.count += more;
        self
    }

    #[task(max_size = 64)]
    async fn get(&self) -> u32 {
        yield_now().await;
        self.count
    }

    #[task]
    async fn pinned(self: Pin<&mut Self>, by: u32) -> u32 {
        yield_now().await;
        self.get_mut().count * by
    }

    #[task(max_size = 64)]
    async fn into_inner(self) -> u32 {
        self.count
    }

    #[task]
    async fn grown(mut self) -> Self {
        self.count *= 2;
        yield_now().await;
        self
    }

    #[task(max_size = 16)]
    async fn constant() -> u32 {
        3
    }
}

trait Named {
    async fn name(&self) -> &'static str;
}

impl Named for Counter {
    #[task]
    async fn name(&self) -> &'static str {
        yield_now().await;
        "counter"
    }
}

#[seastar::test]
async fn methods_have_their_self() {
    let mut counter = Counter::default();
    counter.add(2).await.add(3).await;
    assert_eq!((counter.get().await, counter.name().await), (5, "counter"));
    assert_eq!(Pin::new(&mut counter).pinned(2).await, 10);
    assert_eq!(counter.grown().await.into_inner().await + Counter::constant().await, 13);
}

#[task(max_size = 256)]
async fn factorial(n: u64) -> u64 {
    if n == 0 {
        return 1;
    }
    let rest: Pin<Box<dyn Future<Output = u64>>> = Box::pin(factorial(n - 1));
    n * rest.await
}

#[task]
async fn fails() -> ! {
    yield_now().await;
    panic!("as it should")
}

#[task]
async unsafe fn reads(from: *const u8) -> u8 {
    yield_now().await;
    // SAFETY: promised by the caller.
    unsafe { *from }
}

#[seastar::test]
async fn what_is_rare_works_too() {
    assert_eq!(factorial(5).await, 120);
    assert!(seastar::spawn(async { fails().await }).await.unwrap_err().is_panic());
    let value = 7;
    // SAFETY: the value lives longer than the future.
    assert_eq!(unsafe { reads(&raw const value) }.await, 7);
}

#[task]
#[expect(unused_variables, reason = "attributes mean what they say")]
#[must_use]
pub(crate) async fn attributes(
    #[allow(dead_code)] unused: u8,
    /* a keyword as a name */ r#type: u8,
) -> u8 {
    r#type
}

#[seastar::test]
async fn attributes_and_raw_names_pass_through() {
    assert_eq!(attributes(1, 2).await, 2);
}

fn send<F: Send>(future: F) -> F {
    future
}

#[task]
async fn moves(text: String) -> usize {
    text.len()
}

#[test]
fn a_task_that_holds_nothing_of_a_shard_may_be_sent() {
    drop(send(moves(String::new())));
}
