//! Q-1 and PIPE-1: items on their way from one fiber to another.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_core::Stream;
use seastar::sync::{AbortSource, Limit, Queue, QueueError, pipe};
use seastar::{spawn, yield_now};

use crate::poll::{now, poll};

const MS: Duration = Duration::from_millis(1);

#[test]
fn q_1_what_does_not_fit_waits_in_order() {
    let queue = Queue::new(2);
    now(queue.push(0)).unwrap();
    queue.try_push(1).unwrap();
    let mut pushes: Vec<_> = (2..5).map(|n| Box::pin(queue.push(n))).collect();
    assert!(pushes.iter_mut().all(|push| poll(push.as_mut()).is_pending()));
    let rejected = queue.try_push(9).unwrap_err();
    assert_eq!(
        (rejected.item, rejected.why, rejected.to_string().as_str()),
        (9, QueueError::Full, "queue is full")
    );
    assert_eq!(queue.try_pop(), Ok(0));
    assert!(queue.is_full(), "the next is in at once");
    drop(pushes.remove(1));
    assert_eq!([now(queue.pop()), now(queue.pop()), now(queue.pop())], [Ok(1), Ok(2), Ok(4)]);
    assert!(pushes.iter_mut().all(|push| poll(push.as_mut()) == Poll::Ready(Ok(()))));
    assert_eq!(queue.try_pop(), Err(QueueError::Empty));
}

#[test]
fn q_1_items_go_to_those_who_wait() {
    let queue = Queue::new(4);
    let mut pops = [0; 3].map(|_| Box::pin(queue.pop()));
    assert!(pops.iter_mut().all(|pop| poll(pop.as_mut()).is_pending()));
    queue.try_push('a').unwrap();
    queue.try_push('b').unwrap();
    assert_eq!(queue.try_pop(), Err(QueueError::Empty), "both are promised");
    let [first, second, third] = &mut pops;
    first.set(queue.pop());
    assert_eq!(poll(second.as_mut()), Poll::Ready(Ok('a')), "the first did not take it");
    assert_eq!(poll(third.as_mut()), Poll::Ready(Ok('b')));
    assert!(queue.is_empty());
}

#[test]
fn q_1_abort_drops_and_refuses() {
    let (item, queue) = (Rc::new(()), Queue::new(1));
    let mut pop = pin!(queue.pop());
    assert!(poll(pop.as_mut()).is_pending());
    queue.try_push(item.clone()).unwrap();
    let mut push = pin!(queue.push(item.clone()));
    assert!(poll(push.as_mut()).is_pending());
    queue.abort();
    assert_eq!(Rc::strong_count(&item), 2, "the one inside is gone");
    assert_eq!(poll(pop.as_mut()), Poll::Ready(Err(QueueError::Closed)));
    let Poll::Ready(Err(rejected)) = poll(push.as_mut()) else { panic!("aborted") };
    assert_eq!(rejected.why, QueueError::Closed);
    assert_eq!(now(queue.push(item)).unwrap_err().why, QueueError::Closed);
    assert_eq!(now(queue.pop()), Err(QueueError::Closed));
    assert_eq!(now(queue.not_empty()), Err(QueueError::Closed));
    assert_eq!(now(queue.not_full()), Err(QueueError::Closed));
}

/// What an item does when it is dropped finds the queue ended.
#[test]
fn q_1_nothing_comes_out_of_a_queue_that_is_aborted() {
    struct Looks(Rc<Queue<Looks>>, Rc<Cell<u32>>);
    impl Drop for Looks {
        fn drop(&mut self) {
            assert_eq!(self.0.try_pop().err(), Some(QueueError::Closed));
            assert_eq!(self.0.len(), 0);
            self.1.set(self.1.get() + 1);
        }
    }
    let (queue, dropped) = (Rc::new(Queue::new(3)), Rc::new(Cell::new(0)));
    for _ in 0..3 {
        queue.try_push(Looks(queue.clone(), dropped.clone())).unwrap();
    }
    queue.abort();
    assert_eq!(dropped.get(), 3);
}

#[test]
fn q_1_an_item_that_panics_when_it_is_dropped_keeps_none_back() {
    struct Panics(Rc<Cell<u32>>, bool);
    impl Drop for Panics {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
            assert!(!self.1, "expected");
        }
    }
    for in_place in [false, true] {
        let (queue, dropped) = (Queue::new(5), Rc::new(Cell::new(0)));
        // So that what is in there goes round the end.
        for n in 0..6 {
            queue.try_push(Panics(dropped.clone(), false)).unwrap();
            if n < 3 {
                drop(queue.try_pop());
            }
        }
        for panics in [true, false] {
            queue.try_push(Panics(dropped.clone(), panics)).unwrap();
        }
        dropped.set(0);
        let ended = catch_unwind(AssertUnwindSafe(|| if in_place { queue.abort() } else { drop(queue) }));
        assert!(ended.is_err());
        assert_eq!(dropped.get(), 5);
    }
}

#[test]
fn q_1_waiting_for_news_takes_nothing() {
    let queue = Queue::new(1);
    now(queue.not_full()).unwrap();
    let mut filled = pin!(queue.not_empty());
    let mut pop = pin!(queue.pop());
    assert!(poll(filled.as_mut()).is_pending() && poll(pop.as_mut()).is_pending());
    queue.try_push(1).unwrap();
    assert_eq!(poll(filled.as_mut()), Poll::Ready(Ok(())));
    assert_eq!(poll(pop.as_mut()), Poll::Ready(Ok(1)));
    queue.try_push(2).unwrap();
    let mut roomy = pin!(queue.not_full());
    let mut push = pin!(queue.push(3));
    assert!(poll(roomy.as_mut()).is_pending() && poll(push.as_mut()).is_pending());
    assert_eq!(queue.try_pop(), Ok(2));
    assert_eq!(poll(roomy.as_mut()), Poll::Ready(Ok(())));
    assert_eq!(poll(push.as_mut()), Poll::Ready(Ok(())));
    assert_eq!(queue.try_pop(), Ok(3));
}

#[seastar::test]
async fn q_1_waits_can_be_given_up() {
    let (queue, source) = (Queue::new(1), AbortSource::new());
    assert_eq!(queue.pop().within(MS).await, Err(QueueError::TimedOut));
    assert_eq!(queue.push(1).within(MS).await, Ok(()));
    let late = queue.push(2).within(MS).await.unwrap_err();
    assert_eq!((late.item, late.why), (2, QueueError::TimedOut), "the item comes back");
    source.abort();
    assert_eq!(queue.push(3).unless(&source).await.unwrap_err().why, QueueError::Aborted);
    assert_eq!(queue.pop().unless(&source).await, Ok(1));
    assert_eq!(queue.pop().unless(&source).await, Err(QueueError::Aborted));
}

#[seastar::test]
async fn q_1_many_fibers_lose_and_double_nothing() {
    let queue = Rc::new(Queue::new(3));
    let (sum, got) = <(Rc<Cell<u64>>, Rc<Cell<u64>>)>::default();
    let pops: Vec<_> = (0..4)
        .map(|_| {
            let (queue, sum, got) = (queue.clone(), sum.clone(), got.clone());
            spawn(async move {
                while let Ok(n) = queue.pop().await {
                    sum.set(sum.get() + n);
                    got.set(got.get() + 1);
                }
            })
        })
        .collect();
    let pushes: Vec<_> = (0..5u64)
        .map(|from| {
            let queue = queue.clone();
            spawn(async move {
                for n in 0..100 {
                    queue.push(from * 100 + n).await.unwrap();
                }
            })
        })
        .collect();
    for push in pushes {
        push.await.unwrap();
    }
    while !queue.is_empty() {
        yield_now().await;
    }
    yield_now().await;
    queue.abort();
    for pop in pops {
        pop.await.unwrap();
    }
    assert_eq!((got.get(), sum.get()), (500, (0..500).sum()));
}

#[test]
fn pipe_1_the_reader_gets_what_is_left() {
    let (mut reader, mut writer) = pipe(2);
    writer.try_write(1).unwrap();
    assert_eq!(writer.try_write(2), Ok(()));
    assert_eq!(writer.try_write(3), Err(3));
    drop(writer);
    assert_eq!([now(reader.read()), now(reader.read()), now(reader.read())], [Some(1), Some(2), None]);
    assert_eq!(now(reader.read()), None);
}

#[seastar::test]
async fn pipe_1_a_reader_that_goes_breaks_the_pipe() {
    let (reader, mut writer) = pipe(1);
    let dropped = Rc::new(());
    writer.write(dropped.clone()).await.unwrap();
    let copy = dropped.clone();
    let waits = spawn(async move { writer.write(copy).await });
    yield_now().await;
    assert!(!waits.is_finished());
    drop(reader);
    let error = waits.await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "Broken pipe");
    assert_eq!(Rc::strong_count(&dropped), 2, "the one inside is gone, the other came back");
}

#[seastar::test]
async fn pipe_1_a_writer_that_goes_wakes_the_reader() {
    let (mut reader, writer) = pipe::<u8>(1);
    let waits = spawn(async move { reader.read().await });
    yield_now().await;
    drop(writer);
    assert_eq!(waits.await.unwrap(), None);
    let (reader, writer) = pipe::<u8>(1);
    let waits = spawn(async move { writer.closed().await });
    yield_now().await;
    drop(reader);
    waits.await.unwrap();
}

#[test]
fn a_pipe_ends_when_the_last_writer_goes() {
    let (mut reader, mut one) = pipe(1);
    let mut two = one.clone();
    let mut three = two.clone();
    now(one.write(1)).unwrap();
    let (mut second, mut third) = (Box::pin(two.write(2)), Box::pin(three.write(3)));
    assert!(poll(second.as_mut()).is_pending() && poll(third.as_mut()).is_pending());
    drop(one);
    assert_eq!(reader.size_hint(), (1, None));
    assert_eq!(now(reader.read()), Some(1));
    // Nobody overtakes those who wait, and what was taken in stays.
    drop(second);
    assert_eq!(two.try_write(4), Err(4));
    drop(two);
    assert_eq!(now(reader.read()), Some(2));
    now(third).unwrap();
    drop(three);
    assert_eq!([now(reader.read()), now(reader.read())], [Some(3), None]);
}

#[seastar::test]
async fn a_reader_that_goes_tells_all_writers() {
    let (reader, mut one) = pipe(1);
    one.write(0).await.unwrap();
    let waits = [1, 2].map(|item| {
        let mut writer = one.clone();
        spawn(async move { writer.write(item).await })
    });
    let closed = [(); 2].map(|()| {
        let writer = one.clone();
        spawn(async move { writer.closed().await })
    });
    yield_now().await;
    drop(reader);
    for (item, write) in (1..).zip(waits) {
        assert_eq!(write.await.unwrap().unwrap_err().0, item);
    }
    for closed in closed {
        closed.await.unwrap();
    }
    one.closed().await;
}

#[test]
fn pipe_1_one_item_can_be_put_back() {
    let (mut reader, mut writer) = pipe(1);
    writer.try_write(1).unwrap();
    let one = now(reader.read()).unwrap();
    writer.try_write(2).unwrap();
    drop(writer);
    reader.unread(one).unwrap();
    assert_eq!(reader.unread(0), Err(0));
    assert_eq!([now(reader.read()), now(reader.read()), now(reader.read())], [Some(1), Some(2), None]);
}

#[seastar::test]
async fn a_read_that_is_given_up_loses_nothing() {
    let (mut reader, mut writer) = pipe(1);
    seastar::timeout(MS, reader.read()).await.unwrap_err();
    writer.write(1).await.unwrap();
    seastar::timeout(MS, writer.write(2)).await.unwrap_err();
    assert_eq!(reader.read().await, Some(1));
    assert_eq!(reader.try_read(), None);
}

#[test]
fn a_reader_is_a_stream() {
    let (mut reader, mut writer) = pipe(3);
    let mut next = || Pin::new(&mut reader).poll_next(&mut Context::from_waker(Waker::noop()));
    assert_eq!(next(), Poll::Pending);
    writer.try_write('a').unwrap();
    assert_eq!(next(), Poll::Ready(Some('a')));
    drop(writer);
    assert_eq!(next(), Poll::Ready(None));
    assert_eq!(reader.size_hint(), (0, Some(0)));
}

#[seastar::test]
async fn a_pipe_carries_everything_in_order() {
    for capacity in [1, 2, 7] {
        let (mut reader, mut writer) = pipe(capacity);
        let writes = spawn(async move {
            for n in 0..100 {
                writer.write(n).await.unwrap();
                if n % 3 == 0 {
                    yield_now().await;
                }
            }
        });
        for n in 0..100 {
            assert_eq!(reader.read().await, Some(n));
        }
        assert_eq!(reader.read().await, None);
        writes.await.unwrap();
    }
}
