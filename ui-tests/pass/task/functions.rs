//! What a task may be, in a crate that forbids what the expansion does.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, clippy::all, unreachable_pub, elided_lifetimes_in_paths)]

use std::fmt::Debug;

use seastar::{task, yield_now};

/// Documented.
#[task]
pub async fn documented(text: &str) -> &str {
    yield_now().await;
    text
}

/// A pool.
#[task(pool = 4, max_size = 1024)]
pub async fn pooled(mut numbers: Vec<u8>, (left, _): (u8, u8), text: &'static str) -> Result<usize, String> {
    numbers.push(left);
    if text.is_empty() {
        return Err("no text".into());
    }
    Ok(numbers.len() + text.len())
}

#[task(max_size = 64)]
async fn generic<T: Debug, const N: usize>(values: [T; N]) -> String
where
    T: Clone,
{
    format!("{values:?}")
}

struct Server {
    guests: u32,
}

impl Server {
    #[task]
    async fn enter(&mut self, more: u32) -> u32 {
        self.guests += more;
        yield_now().await;
        self.guests
    }
}

#[seastar::main(shards = 1)]
async fn main() {
    assert_eq!(documented("text").await, "text");
    assert_eq!(pooled(vec![1], (2, 3), "four").unwrap().await.unwrap(), Ok(6));
    assert_eq!(generic([1, 2]).await, "[1, 2]");
    let mut server = Server { guests: 1 };
    assert_eq!(server.enter(2).await, 3);
}
