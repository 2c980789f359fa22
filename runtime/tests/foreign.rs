//! Values that stay on their shard.
#![allow(missing_docs)]

#[path = "support/run.rs"]
mod run;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use seastar::{ForeignPtr, invoke_on_all, memory_statistics, sleep, spawn, submit_to, this_shard, yield_now};

use run::run;

/// Counts its drops, which have to be at home.
struct Homely {
    home: usize,
    drops: Arc<AtomicUsize>,
    /// Not `Send`.
    count: Rc<Cell<u32>>,
}

impl Homely {
    fn new(drops: &Arc<AtomicUsize>) -> Homely {
        Homely { home: this_shard(), drops: drops.clone(), count: Rc::new(Cell::new(0)) }
    }
}

impl Drop for Homely {
    fn drop(&mut self) {
        assert_eq!(this_shard(), self.home);
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}

fn dropped(drops: &Arc<AtomicUsize>) -> usize {
    drops.load(Ordering::Relaxed)
}

async fn made_on(shard: usize, drops: &Arc<AtomicUsize>) -> ForeignPtr<Homely> {
    let drops = drops.clone();
    submit_to(shard, async move || ForeignPtr::new(Homely::new(&drops))).await
}

#[seastar::test(shards = 3)]
async fn a_value_is_dropped_at_home_wherever_its_pointer_is() {
    let drops = Arc::new(AtomicUsize::new(0));
    for home in 0..3 {
        for end in 0..3 {
            let pointer = made_on(home, &drops).await;
            assert_eq!((pointer.shard(), pointer.get().is_some()), (home, home == 0));
            let before = dropped(&drops);
            submit_to(end, async move || drop(pointer)).await;
            while dropped(&drops) == before {
                yield_now().await;
            }
        }
    }
    assert_eq!(dropped(&drops), 9);
}

#[seastar::test(shards = 2)]
async fn the_memory_comes_back() {
    let drops = Arc::new(AtomicUsize::new(0));
    let used = async || submit_to(1, async || memory_statistics().live_blocks).await;
    let before = used().await;
    let mut pointers = Vec::new();
    for _ in 0..5000 {
        pointers.push(made_on(1, &drops).await);
    }
    assert_eq!(used().await, before + 5000);
    drop(pointers);
    while dropped(&drops) < 5000 {
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(used().await, before);
}

#[seastar::test(shards = 2)]
async fn a_value_is_used_at_home() {
    let drops = Arc::new(AtomicUsize::new(0));
    let mut pointer = made_on(1, &drops).await;
    for n in 0..10 {
        let before = pointer.invoke(async move |value: &Homely| {
            yield_now().await;
            value.count.replace(n + 1)
        });
        assert_eq!(before.await, n);
    }
    assert!(pointer.get_mut().is_none());
    let pointer = pointer.into_inner().err().unwrap();
    let pointer = submit_to(1, async move || {
        let mut pointer = pointer;
        pointer.get_mut().unwrap().count.set(20);
        pointer
    })
    .await;
    let count = submit_to(1, async move || pointer.into_inner().ok().unwrap().count.get());
    assert_eq!(count.await, 20);
    assert_eq!(dropped(&drops), 1);
}

#[seastar::test(shards = 2)]
async fn a_value_stays_while_a_call_is_using_it() {
    let drops = Arc::new(AtomicUsize::new(0));
    for home in 0..2 {
        let mut pointer = made_on(home, &drops).await;
        let seen = drops.clone();
        let call = spawn(pointer.invoke(async move |value: &Homely| {
            let before = dropped(&seen);
            for _ in 0..3 {
                sleep(Duration::from_millis(1)).await;
            }
            assert_eq!((dropped(&seen), value.home), (before, this_shard()));
        }));
        yield_now().await;
        assert!(pointer.get_mut().is_none(), "a call has it");
        drop(pointer);
        call.await.unwrap();
        while dropped(&drops) == home {
            yield_now().await;
        }
    }
}

#[seastar::test(shards = 2)]
async fn a_call_that_is_dropped_lets_go_of_the_value() {
    let drops = Arc::new(AtomicUsize::new(0));
    let pointer = made_on(1, &drops).await;
    drop(pointer.invoke(async |_: &Homely| ()));
    let mut begun = Box::pin(pointer.invoke(async |_: &Homely| sleep(Duration::from_millis(2)).await));
    assert!(begun.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(begun);
    drop(pointer);
    while dropped(&drops) == 0 {
        yield_now().await;
    }
}

#[seastar::test(shards = 2)]
async fn a_copy_is_made_where_the_value_is() {
    let counts = submit_to(1, async || ForeignPtr::new(Rc::new(Cell::new(1)))).await;
    let copy = counts.copy().await;
    assert_eq!(copy.shard(), 1);
    copy.invoke(async |count: &Rc<Cell<i32>>| count.set(7)).await;
    let seen = counts.invoke(async |count: &Rc<Cell<i32>>| (count.get(), Rc::strong_count(count))).await;
    assert_eq!(seen, (7, 2));
}

#[seastar::test(shards = 2)]
async fn what_is_sync_can_be_read_everywhere() {
    let text = submit_to(1, async || ForeignPtr::new(String::from("over there"))).await;
    assert_eq!((text.get(), &**text), (None, "over there"));
}

#[seastar::test(shards = 2)]
async fn a_panic_in_the_drop_of_a_value_is_logged_and_the_shard_goes_on() {
    struct Angry;

    impl Drop for Angry {
        fn drop(&mut self) {
            panic!("not without a word");
        }
    }

    let angry = submit_to(1, async || ForeignPtr::new(Angry)).await;
    drop(angry);
    for _ in 0..10 {
        assert_eq!(submit_to(1, async || this_shard()).await, 1);
    }
}

#[test]
fn values_come_home_while_the_shards_stop() {
    let drops = Arc::new(AtomicUsize::new(0));
    let counted = drops.clone();
    run(3, async move || {
        // Each shard has fibers that hold values of all of them until they are dropped.
        invoke_on_all(async move || {
            for home in 0..3 {
                for _ in 0..10 {
                    let pointer = made_on(home, &counted).await;
                    drop(spawn(async move {
                        let _pointer = pointer;
                        std::future::pending::<()>().await;
                    }));
                }
            }
        })
        .await;
    });
    assert_eq!(dropped(&drops), 90);
}

#[test]
fn a_thread_that_is_no_shard_may_drop_a_pointer() {
    struct Left;

    impl Drop for Left {
        fn drop(&mut self) {
            panic!("its shard has ended");
        }
    }

    let drops = Arc::new(AtomicUsize::new(0));
    let counted = drops.clone();
    let left = run(2, async move || {
        let pointer = made_on(1, &counted).await;
        std::thread::spawn(move || {
            assert!(pointer.get().is_none());
            drop(pointer);
        });
        while dropped(&counted) == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        submit_to(1, async || ForeignPtr::new(Left)).await
    });
    assert_eq!((dropped(&drops), left.shard()), (1, 1));
    // The value stays where it is. Another program's shards are not its home.
    let left = run(2, async move || submit_to(1, async move || left.into_inner().err().unwrap()).await);
    drop(left);
}
