//! A pool allocates nothing, from the very first fiber on: it has its memory when the shard starts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use seastar::{task, yield_now};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: passes everything on to the system's allocator; the counter itself does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: promised by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: promised by the caller.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: promised by the caller.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` allocates on this thread.
async fn allocated(work: impl AsyncFnOnce()) -> usize {
    let before = COUNT.get();
    work().await;
    COUNT.get() - before
}

#[task]
async fn double(block: [u64; 128]) -> u64 {
    yield_now().await;
    block[0] * 2
}

#[task(pool = 1500)]
async fn doubled(block: [u64; 128]) -> u64 {
    double(block).await
}

#[seastar::test]
async fn the_counter_counts() {
    assert_eq!(allocated(async || drop(std::hint::black_box(Box::new(7)))).await, 1);
}

#[seastar::test]
async fn not_for_the_first_fiber_and_not_for_the_last() {
    let mut handles = Vec::with_capacity(1500);
    let work = async || {
        for round in 0..3 {
            for n in 0..1500 {
                handles.push(doubled([n; 128]).unwrap());
            }
            assert!(doubled([0; 128]).is_err());
            for (n, handle) in (0..).zip(handles.drain(..)) {
                assert_eq!(handle.await.unwrap(), n * 2, "in round {round}");
            }
        }
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn not_for_a_fiber_that_is_cancelled_or_left_alone() {
    let work = async || {
        for n in 0..100 {
            drop(doubled([n; 128]).unwrap());
            let handle = doubled([n; 128]).unwrap();
            yield_now().await;
            handle.cancel();
            assert!(handle.await.unwrap_err().is_cancelled());
        }
    };
    assert_eq!(allocated(work).await, 0);
}
