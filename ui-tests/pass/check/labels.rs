// `?`, `break`, `continue` and `return` mean what they always do.
#![deny(warnings)]

use std::sync::mpsc::{self, TryRecvError};

#[seastar::main(shards = 1)]
async fn main() -> Result<(), TryRecvError> {
    let (sender, receiver) = mpsc::channel();
    sender.send(3).unwrap();
    let number = receiver.try_recv()?;
    let mut seen = 0;
    let left = 'all: loop {
        for round in 0..number {
            let doubled = round * 2;
            seastar::yield_now().await;
            if doubled == 2 {
                continue;
            }
            seen += 1;
            if doubled == 4 {
                break 'all seen;
            }
        }
    };
    assert_eq!(left, 2);
    let early = async {
        let value = receiver.try_recv()?;
        Ok::<u8, TryRecvError>(value)
    };
    assert_eq!(early.await, Err(TryRecvError::Empty));
    let block = 'block: {
        let size = seen;
        if size == 2 {
            break 'block "two";
        }
        "other"
    };
    assert_eq!(block, "two");
    let Ok(_) = receiver.try_recv() else {
        return Ok(());
    };
    unreachable!()
}
