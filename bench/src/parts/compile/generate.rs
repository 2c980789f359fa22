//! The programs that are compiled.

use std::fmt::Write;

/// How the functions are written.
#[derive(Clone, Copy, PartialEq)]
pub enum Style {
    Macros,
    ByHand,
    /// No functions at all.
    Nothing,
}

impl Style {
    pub const ALL: [Self; 3] = [Self::Macros, Self::ByHand, Self::Nothing];

    pub fn package(self) -> &'static str {
        match self {
            Self::Macros => "macros",
            Self::ByHand => "by-hand",
            Self::Nothing => "nothing",
        }
    }

    pub fn row(self) -> &'static str {
        match self {
            Self::Macros => "with macros",
            Self::ByHand => "by hand",
            Self::Nothing => "(no functions)",
        }
    }
}

/// What both styles use, and a program that polls each function once.
const HEAD: &str = "
#![allow(dead_code, unused_imports)]

use seastar::sync::{Gate, Mutex, Semaphore};
use seastar::{Busy, JoinHandle, do_with, try_spawn, when_all, with_gate, with_lock, with_semaphore, yield_now};
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};

struct World {
    semaphore: Semaphore<8>,
    gate: Gate,
    lock: Mutex<u64>,
}

async fn later(number: u64) -> u64 {
    yield_now().await;
    number
}

async fn fill(buffer: &mut [u8]) {
    yield_now().await;
    buffer.fill(7);
}

#[seastar::main]
async fn main() {
    let world = World { semaphore: Semaphore::new(), gate: Gate::new(), lock: Mutex::new(0) };
    poll_fn(|context| {
        let ended = ALL.iter().filter(|poll| poll(&world, context).is_ready());
        println!(\"{}\", ended.count());
        Poll::Ready(())
    })
    .await;
}
";

/// The same function in both styles, with `#` for its number: what stands before it, and its body.
struct Kind {
    macros: (&'static str, &'static str),
    by_hand: (&'static str, &'static str),
}

const KINDS: [Kind; 6] = [
    Kind {
        macros: ("", "with_semaphore!(world.semaphore, 2 => later(number + #).await).unwrap_or(0)"),
        by_hand: (
            "",
            "match world.semaphore.acquire(2).await { Ok(_units) => later(number + #).await, Err(_) => 0 }",
        ),
    },
    Kind {
        macros: ("", "with_gate!(world.gate => later(number + #).await).unwrap_or(0)"),
        by_hand: ("", "match world.gate.hold() { Ok(_holder) => later(number + #).await, Err(_) => 0 }"),
    },
    Kind {
        macros: ("", "with_lock!(value = world.lock => { *value += later(number + #).await; *value })"),
        by_hand: ("", "let mut value = world.lock.lock().await; *value += later(number + #).await; *value"),
    },
    Kind {
        macros: (
            "",
            "do_with!(mut buffer = [0; 64] => { fill(&mut buffer).await; number + # + buffer.len() as u64 })",
        ),
        by_hand: ("", "let mut buffer = [0; 64]; fill(&mut buffer).await; number + # + buffer.len() as u64"),
    },
    Kind {
        macros: ("", "let (one, two) = when_all!(later(number), later(#)); one + two"),
        by_hand: (
            "",
            "let (mut one, mut two) = (pin!(later(number)), pin!(later(#)));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none() && let Poll::Ready(number) = one.as_mut().poll(context) {
            first = Some(number);
        }
        if second.is_none() && let Poll::Ready(number) = two.as_mut().poll(context) {
            second = Some(number);
        }
        match (first, second) {
            (Some(first), Some(second)) => Poll::Ready(first + second),
            _ => Poll::Pending,
        }
    })
    .await",
        ),
    },
    Kind {
        macros: (
            "#[seastar::task(pool = 2)]
async fn task#(number: u64) -> u64 {
    later(number + #).await
}
",
            "match task#(number) { Ok(fiber) => fiber.await.unwrap_or(0), Err(_) => 0 }",
        ),
        by_hand: (
            "fn task#(number: u64) -> Result<JoinHandle<u64>, Busy> {
    try_spawn(async move { later(number + #).await })
}
",
            "match task#(number) { Ok(fiber) => fiber.await.unwrap_or(0), Err(_) => 0 }",
        ),
    },
];

/// A whole program with so many functions.
pub fn program(style: Style, functions: usize) -> String {
    let functions = if style == Style::Nothing { 0 } else { functions };
    let mut text = HEAD.trim_start().to_owned();
    for number in 0..functions {
        let kind = &KINDS[number % KINDS.len()];
        let (before, body) = if style == Style::Macros { kind.macros } else { kind.by_hand };
        let template = format!(
            "
{before}async fn work#(world: &World, number: u64) -> u64 {{
    {body}
}}

fn poll#(world: &World, context: &mut Context<'_>) -> Poll<u64> {{
    pin!(work#(world, 1)).poll(context)
}}
"
        );
        text.push_str(&replace_number(&template, number));
    }
    let names: Vec<String> = (0..functions).map(|number| format!("poll{number}")).collect();
    let _ = write!(
        text,
        "\ntype Work = fn(&World, &mut Context<'_>) -> Poll<u64>;\nstatic ALL: [Work; {functions}] = [{}];\n",
        names.join(", ")
    );
    text
}

/// Puts the number in place of each `#` that does not begin an attribute.
fn replace_number(template: &str, number: usize) -> String {
    template.replace("#[", "\0").replace('#', &number.to_string()).replace('\0', "#[")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_numbered_and_listed() {
        let macros = program(Style::Macros, 12);
        assert!(macros.contains("#[seastar::task(pool = 2)]\nasync fn task11(number: u64)"));
        assert!(macros.contains("with_semaphore!(world.semaphore, 2 => later(number + 6).await)"));
        assert!(macros.contains("[Work; 12] = [poll0, poll1,"));
        let by_hand = program(Style::ByHand, 12);
        assert!(!by_hand.contains("!(world") && by_hand.contains("world.gate.hold()"));
        assert!(!program(Style::Nothing, 12).contains("fn work"));
    }
}
