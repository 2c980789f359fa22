//! `?`, `break`, `continue`, `return` and labels in bodies are about the surrounding function.

use std::cell::Cell;
use std::num::ParseIntError;
use std::ops::ControlFlow;
use std::time::Duration;

use seastar::time::Elapsed;
use seastar::{do_with, sleep, when_any, with_timeout, yield_now};

const LONG: Duration = Duration::from_secs(600);

/// Counts how often it was dropped.
struct Dropped<'a>(&'a Cell<u32>);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[seastar::test(shards = 1)]
async fn a_scope_is_left_by_all_ways() {
    async fn sum(texts: &[&str], dropped: &Cell<u32>) -> Result<u32, ParseIntError> {
        let mut sum = 0;
        for text in texts {
            do_with!(_kept = Dropped(dropped) => {
                yield_now().await;
                match *text {
                    "skip" => continue,
                    "end" => break,
                    "last" => return Ok(100),
                    text => sum += text.parse::<u32>()?,
                }
            });
        }
        Ok(sum)
    }
    let dropped = Cell::new(0);
    assert_eq!(sum(&["1", "skip", "2", "end", "3"], &dropped).await, Ok(3));
    assert_eq!(dropped.take(), 4);
    assert_eq!(sum(&["1", "last", "2"], &dropped).await, Ok(100));
    assert_eq!(dropped.take(), 2);
    assert!(sum(&["1", "x", "2"], &dropped).await.is_err());
    assert_eq!(dropped.take(), 2);
}

#[seastar::test(shards = 1)]
#[allow(clippy::never_loop, reason = "it loops by a label or not at all")]
async fn a_time_limit_is_left_by_all_ways() {
    /// What stands behind the number is what was left.
    async fn walk(texts: &[&str], dropped: &Cell<u32>) -> Result<u32, ParseIntError> {
        let mut sum = 0;
        'outer: for round in 0..2 {
            let value = loop {
                for text in texts {
                    let done = with_timeout!(LONG => {
                        let _kept = Dropped(dropped);
                        yield_now().await;
                        for _ in 0..3 {
                            if *text == "inner" {
                                break;
                            }
                            continue;
                        }
                        match *text {
                            "continue" => continue,
                            "break" => break,
                            "outer" => continue 'outer,
                            "end" => break 'outer,
                            "return" => return Ok(1_000),
                            text => sum += text.parse::<u32>()?,
                        }
                        text.len()
                    });
                    assert_eq!(done, Ok(text.len()));
                }
                break with_timeout!(LONG => {
                    yield_now().await;
                    if round == 0 { break 7 }
                    8
                })
                .unwrap();
            };
            sum += 10 * value;
        }
        Ok(sum)
    }
    let dropped = Cell::new(0);
    assert_eq!(walk(&["1", "continue", "2"], &dropped).await, Ok(70 + 80 + 6));
    assert_eq!(dropped.take(), 6);
    assert_eq!(walk(&["1", "break", "2"], &dropped).await, Ok(70 + 80 + 2));
    assert_eq!(dropped.take(), 4);
    assert_eq!(walk(&["1", "outer", "2"], &dropped).await, Ok(2));
    assert_eq!(dropped.take(), 4);
    assert_eq!(walk(&["1", "end", "2"], &dropped).await, Ok(1));
    assert_eq!(walk(&["1", "return", "2"], &dropped).await, Ok(1_000));
    assert_eq!(
        walk(&["1", "2", "x"], &dropped).await.unwrap_err().to_string(),
        "invalid digit found in string"
    );
    assert_eq!(dropped.take(), 2 + 2 + 3);
}

#[seastar::test(shards = 1)]
async fn a_time_limit_ends_only_the_body() {
    async fn never(dropped: &Cell<u32>) -> Result<u32, ParseIntError> {
        let late: Result<u32, Elapsed> = with_timeout!(Duration::from_millis(1) => {
            let _kept = Dropped(dropped);
            sleep(LONG).await;
            "1".parse::<u32>()?
        });
        assert_eq!(late, Err(Elapsed));
        Ok(dropped.get())
    }
    assert_eq!(never(&Cell::new(0)).await, Ok(1));
}

#[seastar::test(shards = 1)]
async fn questions_of_all_kinds_leave_the_function() {
    async fn option(value: Option<u8>) -> Option<u8> {
        let value = with_timeout!(LONG => { yield_now().await; value? + 1 }).ok()?;
        Some(value)
    }
    assert_eq!((option(Some(1)).await, option(None).await), (Some(2), None));

    async fn flow(value: ControlFlow<u8>) -> ControlFlow<u8, &'static str> {
        with_timeout!(LONG => { yield_now().await; value? }).unwrap();
        ControlFlow::Continue("went on")
    }
    assert_eq!(flow(ControlFlow::Break(1)).await, ControlFlow::Break(1));
    assert_eq!(flow(ControlFlow::Continue(())).await, ControlFlow::Continue("went on"));

    async fn converted(text: &str) -> Result<u8, Box<dyn std::error::Error>> {
        let number = with_timeout!(LONG => {
            yield_now().await;
            if text.is_empty() {
                return Err("empty".into());
            }
            text.parse::<u8>()?
        })?;
        Ok(number)
    }
    assert_eq!(converted("1").await.unwrap(), 1);
    assert_eq!(converted("").await.unwrap_err().to_string(), "empty");
    assert!(converted("x").await.unwrap_err().is::<ParseIntError>());
}

/// As in any `return`, by what the function is known to return.
#[seastar::test(shards = 1)]
async fn what_is_returned_may_become_what_the_function_returns() {
    async fn boxed(what: u8) -> Result<u8, Box<dyn std::error::Error>> {
        let went_on = with_timeout!(LONG => {
            yield_now().await;
            if what == 1 {
                return Err(Box::new(Elapsed));
            }
            if what == 2 {
                return Err("text".into());
            }
            with_timeout!(LONG => if what == 3 { return Err(Box::new(std::fmt::Error)) })?;
            what
        })?;
        Ok(went_on)
    }
    assert!(boxed(1).await.unwrap_err().is::<Elapsed>());
    assert_eq!(boxed(2).await.unwrap_err().to_string(), "text");
    assert!(boxed(3).await.unwrap_err().is::<std::fmt::Error>());
    assert_eq!(boxed(4).await.unwrap(), 4);

    async fn bytes(what: u8) -> &'static [u8] {
        let unit: Result<(), Elapsed> = with_timeout!(LONG => {
            yield_now().await;
            match what {
                1 => return b"a",
                2 => return b"ab",
                _ => {}
            }
        });
        assert_eq!(unit, Ok(()));
        &[]
    }
    assert_eq!((bytes(1).await, bytes(2).await, bytes(3).await), (&b"a"[..], &b"ab"[..], &b""[..]));
}

#[seastar::test(shards = 1)]
async fn ways_out_are_seen_in_the_arguments_of_macros() {
    async fn nested(text: &str) -> Result<Vec<u32>, ParseIntError> {
        let numbers = with_timeout!(LONG => {
            assert!(text.len() < 10 || text.parse::<u32>()? > 0, "{}", text.parse::<u32>()?);
            do_with!(mut numbers = vec![text.parse()?; 2], _other: Vec<u8> = vec![] => {
                yield_now().await;
                numbers.push(with_timeout!(LONG => {
                    yield_now().await;
                    if numbers[0] == 1 { return Ok(vec![]) }
                    text.parse::<u32>()? + 1
                }).unwrap());
                numbers
            })
        });
        Ok(numbers.unwrap())
    }
    assert_eq!(nested("5").await, Ok(vec![5, 5, 6]));
    assert_eq!(nested("1").await, Ok(vec![]));
    assert!(nested("x").await.is_err());
}

#[seastar::test(shards = 1)]
async fn functions_within_the_body_have_their_own_ways_out() {
    let output = with_timeout!(LONG => {
        fn parse(text: &str) -> Option<u8> {
            let number = text.parse().ok()?;
            if number == 1 {
                return Some(number);
            }
            Some(number + 1)
        }
        let closure = |text| Some(parse(text)? + 1);
        let future = async { Some(closure("2")? + parse("x")?) };
        yield_now().await;
        (closure("1"), future.await)
    });
    assert_eq!(output, Ok((Some(2), None)));
}

#[seastar::test(shards = 1)]
async fn a_body_changes_what_is_around_it() {
    let (mut counter, moved) = (0, String::from("moved"));
    let taken = with_timeout!(LONG => {
        counter += 1;
        yield_now().await;
        counter += 1;
        moved
    });
    assert_eq!((counter, taken.unwrap().as_str()), (2, "moved"));
}

#[seastar::test(shards = 1)]
#[allow(clippy::never_loop, reason = "only to be left")]
async fn bodies_of_a_race_are_left_by_all_ways() {
    async fn race(what: u8) -> Result<&'static str, ParseIntError> {
        'outer: loop {
            for round in 0.. {
                when_any! {
                    _ = std::future::pending::<()>() => unreachable!(),
                    round = async { yield_now().await; round } => match what {
                        _ if round < 2 => continue,
                        0 => return Ok("returned"),
                        1 => break,
                        2 => break 'outer,
                        _ => { "x".parse::<u8>()?; }
                    }
                }
            }
            return Ok("broke");
        }
        Ok("broke out")
    }
    let ends = [race(0).await, race(1).await, race(2).await];
    assert_eq!(ends, [Ok("returned"), Ok("broke"), Ok("broke out")]);
    assert!(race(3).await.is_err());
}
