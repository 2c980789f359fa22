//! The two phases of stopping, and those who meet them.

use std::cell::Cell;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use seastar::{
    JoinHandle, NotRunning, Options, Service, Sharded, shard_count, sleep, spawn, submit_to, this_shard,
    timeout, try_spawn, yield_now,
};

use crate::{Life, Living, Story, poll_once};

struct Pair {
    peers: Sharded<Pair>,
    story: Story,
    failing: bool,
    calls: Cell<u32>,
    _life: Life,
}

impl Service for Pair {
    type Stopped = Result<(), String>;

    async fn stop(&self) -> Result<(), String> {
        for _ in 0..20 {
            let next = (this_shard() + 1) % shard_count();
            self.peers
                .invoke_on(next, async |pair: &Pair| pair.calls.set(pair.calls.get() + 1))
                .await
                .unwrap();
            yield_now().await;
        }
        self.story.tell(format!("stop {}", this_shard()));
        if self.failing { Err(format!("no stop on {}", this_shard())) } else { Ok(()) }
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.story.tell(format!("drop {}", this_shard()));
    }
}

async fn pairs(
    story: &Story,
    living: &Living,
    failing: impl Fn(usize) -> bool + Clone + Send + 'static,
) -> Sharded<Pair> {
    let (story, living) = (story.clone(), living.clone());
    Sharded::start(async move |peers| {
        let failing = failing(this_shard());
        Pair { peers, story, failing, calls: Cell::new(0), _life: living.one() }
    })
    .await
}

#[seastar::test(shards = 2)]
async fn while_they_stop_peers_can_be_called_and_all_stop_before_any_is_dropped() {
    let (story, living) = (Story::default(), Living::default());
    let pairs = pairs(&story, &living, |_| false).await;
    assert_eq!(pairs.stop().await, Ok(()));
    let told = story.told();
    assert!(told[..2].iter().all(|told| told.starts_with("stop")), "{told:?}");
    assert_eq!((story.told().len(), living.count()), (4, 0));
    assert!(pairs.invoke_on(1, async |_: &Pair| ()).await.is_err());
    assert!(pairs.invoke_on_all(async |_: &Pair| ()).await.is_err(), "not a success, as in C++ Seastar");
}

#[seastar::test(shards = 3)]
async fn where_stopping_fails_all_are_dropped_and_the_lowest_failure_is_returned() {
    let (story, living) = (Story::default(), Living::default());
    let pairs = pairs(&story, &living, |shard| shard > 0).await;
    assert_eq!(pairs.stop().await, Err(String::from("no stop on 1")));
    assert_eq!((living.count(), story.told().len()), (0, 6));
    assert_eq!(pairs.stop().await, Ok(()), "it has stopped");
}

#[seastar::test(shards = 2)]
async fn several_who_stop_wait_for_the_same_end_and_one_gets_the_failure() {
    let (story, living) = (Story::default(), Living::default());
    let pairs = pairs(&story, &living, |_| true).await;
    let lives = living.clone();
    let there = spawn(submit_to(1, async move || {
        let result = pairs.stop().await;
        assert_eq!(lives.count(), 0);
        result
    }));
    let lives = living.clone();
    let here = spawn(async move {
        let result = pairs.stop().await;
        assert_eq!(lives.count(), 0);
        result
    });
    let results = [there.await.unwrap(), here.await.unwrap(), pairs.stop().await];
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1, "{results:?}");
    assert_eq!(story.tells("stop 0"), 1);
}

#[seastar::test(shards = 2)]
async fn calls_in_flight_end_before_the_instance_is_dropped() -> Result<(), NotRunning> {
    let (story, living) = (Story::default(), Living::default());
    let pairs = pairs(&story, &living, |_| false).await;
    let mut calls = Vec::new();
    for shard in 0..2 {
        let story = story.clone();
        calls.push(spawn(pairs.invoke_on(shard, async move |pair: &Pair| {
            sleep(Duration::from_millis(5)).await;
            pair.calls.set(pair.calls.get() + 1);
            story.tell(format!("answered on {shard}"));
        })));
    }
    // Both have begun.
    pairs.invoke_on_all(async |_: &Pair| ()).await?;
    pairs.stop().await.unwrap();
    let told = story.told();
    for shard in 0..2 {
        let place = |what: &str| told.iter().position(|told| *told == format!("{what} {shard}")).unwrap();
        assert!(place("answered on") < place("drop"), "{told:?}");
    }
    for call in calls {
        call.await.unwrap()?;
    }
    Ok(())
}

#[seastar::test(shards = 2)]
async fn a_stop_that_is_dropped_goes_on() {
    let (story, living) = (Story::default(), Living::default());
    for shard in 0..2 {
        let pairs = pairs(&story, &living, |_| false).await;
        submit_to(shard, async move || {
            assert!(poll_once(&mut Box::pin(pairs.stop())).is_none());
        })
        .await;
        while living.count() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
        assert!(!pairs.is_running());
    }
}

#[seastar::test(shards = 2)]
async fn a_panic_in_stop_or_in_a_drop_is_passed_on_when_all_is_over() {
    struct Angry {
        in_drop: bool,
        _life: Life,
    }

    impl Service for Angry {
        type Stopped = ();

        async fn stop(&self) {
            assert!(self.in_drop || this_shard() == 0, "in stop");
        }
    }

    impl Drop for Angry {
        fn drop(&mut self) {
            assert!(!self.in_drop || this_shard() == 0, "in drop");
        }
    }

    for (in_drop, text) in [(false, "in stop"), (true, "in drop")] {
        let living = Living::default();
        let lives = living.clone();
        let angry = Sharded::start(async move |_| Angry { in_drop, _life: lives.one() }).await;
        let panic = spawn(angry.stop()).await.unwrap_err().try_into_panic().unwrap();
        assert_eq!(*panic.downcast_ref::<&str>().unwrap(), text);
        assert_eq!(living.count(), 0);
        angry.stop().await;
    }
}

#[seastar::test(shards = 2)]
async fn a_held_instance_is_waited_for() -> Result<(), NotRunning> {
    let (story, living) = (Story::default(), Living::default());
    let pairs = pairs(&story, &living, |_| false).await;
    let held = pairs.local()?;
    let again = held.clone();
    let stop = spawn(pairs.stop());
    while pairs.is_running() {
        sleep(Duration::from_millis(1)).await;
    }
    drop(held);
    sleep(Duration::from_millis(2)).await;
    assert!(!stop.is_finished() && again.calls.get() > 0);
    assert_eq!(living.count(), 1, "the others are gone");
    drop(again);
    stop.await.unwrap().unwrap();
    assert_eq!(living.count(), 0);
    Ok(())
}

#[seastar::test(shards = 2)]
async fn a_service_starts_again_after_its_stop() -> Result<(), NotRunning> {
    let (story, living) = (Story::default(), Living::default());
    let first = pairs(&story, &living, |_| false).await;
    first.stop().await.unwrap();
    let second = pairs(&story, &living, |_| false).await;
    assert!(first != second && !first.is_running() && second.is_running());
    assert!(first.invoke_on(1, async |_: &Pair| ()).await.is_err());
    second.invoke_on(1, async |_: &Pair| ()).await?;
    Ok(())
}

/// Who takes the memory of a shard, and when.
struct Taking {
    taken: AtomicBool,
    give_back: AtomicBool,
}

impl Taking {
    const fn new() -> Taking {
        Taking { taken: AtomicBool::new(false), give_back: AtomicBool::new(false) }
    }

    async fn taken(&self) {
        while !self.taken.load(Ordering::Acquire) {
            sleep(Duration::from_millis(1)).await;
        }
    }

    fn give_back(&self) {
        self.give_back.store(true, Ordering::Release);
    }
}

/// Takes all memory of this shard, once the call that asks for it has gone, and until the word comes.
async fn take_all_memory(taking: &Taking) {
    sleep(Duration::from_millis(1)).await;
    let mut fibers = Vec::new();
    fill_all(&mut fibers);
    taking.taken.store(true, Ordering::Release);
    while !taking.give_back.load(Ordering::Acquire) {
        sleep(Duration::from_millis(1)).await;
    }
    fibers.iter().for_each(JoinHandle::cancel);
}

fn fill_all(fibers: &mut Vec<JoinHandle<()>>) {
    // Of every size, the large ones first.
    fill::<8000>(fibers);
    fill::<4000>(fibers);
    fill::<3000>(fibers);
    fill::<2000>(fibers);
    fill::<1500>(fibers);
    fill::<1000>(fibers);
    fill::<700>(fibers);
    fill::<500>(fibers);
    fill::<350>(fibers);
    fill::<200>(fibers);
    fill::<100>(fibers);
    fill::<1>(fibers);
    while let Ok(fiber) = try_spawn(pending()) {
        fibers.push(fiber);
    }
}

fn fill<const SIZE: usize>(fibers: &mut Vec<JoinHandle<()>>) {
    while let Ok(fiber) = try_spawn(async {
        let bytes = [1_u8; SIZE];
        pending::<()>().await;
        assert_eq!(bytes[0], 1);
    }) {
        fibers.push(fiber);
    }
}

struct Plain {
    story: Story,
    _life: Life,
}

impl Service for Plain {
    type Stopped = ();

    async fn stop(&self) {
        self.story.tell("stop");
    }
}

async fn plain(story: &Story, living: &Living) -> Sharded<Plain> {
    let (story, living) = (story.clone(), living.clone());
    Sharded::start(async move |_| Plain { story, _life: living.one() }).await
}

/// Stops a service once, because memory that was used for one size stays with it.
async fn warm_up() {
    plain(&Story::default(), &Living::default()).await.stop().await;
    submit_to(1, async || plain(&Story::default(), &Living::default()).await.stop().await).await;
}

fn small() -> Options {
    Options::new().shards(2).overprovisioned(true).memory(32 << 20)
}

#[test]
fn a_stop_that_finds_no_memory_waits_for_it_and_leaves_nothing() {
    static TAKING: [Taking; 2] = [const { Taking::new() }; 2];
    let ran = seastar::run(small(), async || {
        let (story, living) = (Story::default(), Living::default());
        warm_up().await;
        for (shard, taking) in TAKING.iter().enumerate() {
            let service = plain(&story, &living).await;
            submit_to(shard, async move || spawn(take_all_memory(taking)).detach()).await;
            taking.taken().await;
            let mut stop = Box::pin(service.stop());
            assert!(timeout(Duration::from_millis(50), &mut stop).await.is_err());
            taking.give_back();
            stop.await;
            assert_eq!(living.count(), 0);
        }
        // In the same place.
        let last = plain(&story, &living).await;
        assert_eq!(last.map(async |_: &Plain| this_shard()).await, Ok(vec![0, 1]));
        last.stop().await;
        assert_eq!((living.count(), story.tells("stop")), (0, 6));
    });
    ran.unwrap();
}

#[test]
fn a_stop_waits_for_the_memory_of_the_shard_that_leads() {
    static TAKING: Taking = Taking::new();
    let ran = seastar::run(small(), async || {
        let (story, living) = (Story::default(), Living::default());
        warm_up().await;
        let service = plain(&story, &living).await;
        let there = spawn(submit_to(1, async move || {
            TAKING.taken().await;
            let mut stop = Box::pin(service.stop());
            assert!(timeout(Duration::from_millis(50), &mut stop).await.is_err());
            TAKING.give_back();
            stop.await;
        }));
        spawn(take_all_memory(&TAKING)).detach();
        there.await.unwrap();
        assert_eq!((living.count(), story.tells("stop")), (0, 2));
    });
    ran.unwrap();
}

#[test]
fn the_end_of_a_program_waits_for_memory_to_stop_its_services() {
    static TAKING: Taking = Taking::new();
    let story = Story::default();
    let told = story.clone();
    let ran = seastar::run(small(), async move || {
        warm_up().await;
        plain(&story, &Living::default()).await;
        spawn(take_all_memory(&TAKING)).detach();
        TAKING.taken().await;
        std::thread::spawn(|| {
            std::thread::sleep(Duration::from_millis(50));
            TAKING.give_back();
        });
    });
    ran.unwrap();
    assert_eq!(told.tells("stop"), 2);
}
