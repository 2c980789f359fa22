//! Each step of a pipe with many writers beside a model of it.

use std::collections::VecDeque;
use std::task::Poll;

use proptest::prelude::*;
use seastar::sync::{BrokenPipe, pipe};

use super::check;
use super::models::{Step, poll, steps};

#[test]
fn a_pipe_loses_nothing_and_keeps_the_order_of_all_writers() {
    check(500, (1..4usize, any::<bool>(), steps()), |(capacity, reader_goes_first, steps)| {
        let (mut reader, writer) = pipe(capacity);
        // Items in the order in which their writes began, without those that were taken back: the first ones are inside.
        let mut order = VecDeque::new();
        let is_in = |order: &VecDeque<u32>, item| {
            order.iter().position(|other| *other == item).is_none_or(|place| place < capacity)
        };
        let mut writes = Vec::new();
        let mut next = 0;
        for step in steps {
            match step {
                Step::Begin(_) => {
                    let (item, mut writer) = (next, writer.clone());
                    let mut write = Box::pin(async move { writer.write(item).await });
                    order.push_back(item);
                    let ready = poll(write.as_mut()).is_ready();
                    assert_eq!(ready, is_in(&order, item));
                    if !ready {
                        writes.push((item, write));
                    }
                    next += 1;
                }
                Step::Release(_) => {
                    let expected = order.pop_front().map_or(Poll::Pending, |item| Poll::Ready(Some(item)));
                    assert_eq!(poll(Box::pin(reader.read()).as_mut()), expected);
                }
                Step::Poll(n) if !writes.is_empty() => {
                    let n = n % writes.len();
                    let ready = poll(writes[n].1.as_mut()).is_ready();
                    assert_eq!(ready, is_in(&order, writes[n].0));
                    if ready {
                        drop(writes.remove(n));
                    }
                }
                Step::Drop(n) if !writes.is_empty() => {
                    let (item, write) = writes.remove(n % writes.len());
                    drop(write);
                    if !is_in(&order, item) {
                        order.retain(|other| *other != item);
                    }
                }
                Step::Poll(_) | Step::Drop(_) => {}
            }
        }
        drop(writer);
        if reader_goes_first {
            drop(reader);
            for (item, mut write) in writes {
                let expected = if is_in(&order, item) { Ok(()) } else { Err(BrokenPipe(item)) };
                assert_eq!(poll(write.as_mut()), Poll::Ready(expected));
            }
            return;
        }
        for item in order.drain(..) {
            assert_eq!(poll(Box::pin(reader.read()).as_mut()), Poll::Ready(Some(item)));
        }
        for (_, mut write) in writes {
            assert_eq!(poll(Box::pin(reader.read()).as_mut()), Poll::Pending, "a writer is there");
            assert_eq!(poll(write.as_mut()), Poll::Ready(Ok(())));
        }
        assert_eq!(poll(Box::pin(reader.read()).as_mut()), Poll::Ready(None));
    });
}
