// A pool of fibers that share a queue, as one writes them.
#![deny(warnings)]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

struct Queue {
    jobs: RefCell<VecDeque<u32>>,
    done: Cell<u32>,
}

impl Queue {
    fn next(&self) -> Option<u32> {
        self.jobs.borrow_mut().pop_front()
    }
}

#[seastar::main(shards = 2, overprovisioned)]
async fn main() {
    let queue = Rc::new(Queue { jobs: RefCell::new((0..20).collect()), done: Cell::new(0) });
    let fibers: Vec<_> = (0..4)
        .map(|worker| {
            let queue = queue.clone();
            seastar::spawn(async move {
                while let Some(job) = queue.next() {
                    let shard = (job as usize + worker) % seastar::shard_count();
                    let result = seastar::submit_to(shard, async move || job * 2).await;
                    if result % 8 == 0 {
                        seastar::sleep(Duration::from_micros(10)).await;
                    }
                    queue.done.set(queue.done.get() + result);
                }
            })
        })
        .collect();
    for fiber in fibers {
        fiber.await.unwrap();
    }
    assert_eq!(queue.done.get(), 380);
}
