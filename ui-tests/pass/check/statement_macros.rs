// Bodies of our macros with guards, early ends and questions in them.
#![deny(warnings)]

use std::cell::RefCell;
use std::time::Duration;

use seastar::sync::{Gate, Semaphore};
use seastar::{do_with, when_all, with_gate, with_semaphore, with_timeout};

static HOUR: Duration = Duration::from_secs(3600);

async fn work() -> u8 {
    seastar::yield_now().await;
    1
}

#[seastar::main(shards = 1)]
async fn main() {
    let cell = RefCell::new(vec![5]);
    let inner = async {
        let limit = Semaphore::<2>::new();
        let text = with_semaphore!(limit => {
            let guard = cell.borrow();
            let shown = guard.len().to_string();
            drop(guard);
            work().await;
            shown
        });
        text.unwrap_or_default()
    };
    assert_eq!(inner.await, "1");
    loop {
        let Ok(ended) = with_timeout!(HOUR => {
            let count = cell.borrow().len();
            work().await;
            if count == 1 {
                break;
            }
            count
        }) else {
            continue;
        };
        assert_eq!(ended, 2);
    }
    let all = async {
        let limit = Semaphore::<2>::new();
        let gate = Gate::new();
        let sum = do_with!(mut list = vec![1u8] => {
            let extra = cell.borrow().len() as u8;
            let more = work().await;
            let last = list.last().copied();
            list.push(more + extra);
            last.unwrap_or(0) + list[1]
        });
        let read = with_semaphore!(limit, 2 => {
            let guard = cell.borrow();
            let first = guard[0];
            drop(guard);
            let more = work().await;
            first + more
        })?;
        let timed = with_timeout!(HOUR => {
            let before = cell.borrow().len();
            let more = work().await;
            if before > 100 {
                return Err("many".into());
            }
            let parsed = "3".parse::<u8>()?;
            more + parsed
        })?;
        let (one, two) = when_all!(work(), work());
        with_gate!(gate => {
            let held = cell.borrow().len();
            let _ = work().await;
            assert_eq!(held, 1);
        })?;
        Ok(sum + read + timed + one + two)
    };
    let all: Result<u8, Box<dyn std::error::Error>> = all.await;
    assert_eq!(all.unwrap(), 15);
}
