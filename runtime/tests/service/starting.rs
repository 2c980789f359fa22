//! How services start, and how that is undone.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use seastar::{Local, NotRunning, Service, Sharded, shard_count, sleep, spawn, this_shard, yield_now};

use crate::{Life, Living, Story, poll_once};

/// Not `Send`, and neither are its results.
struct Part {
    name: Rc<str>,
    story: Story,
    _life: Life,
}

impl Service for Part {
    type Stopped = ();

    async fn stop(&self) {
        yield_now().await;
        self.story.tell(format!("stop {}", self.name));
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.story.tell(format!("drop {}", self.name));
    }
}

fn part(name: String, story: Story, life: Life) -> Part {
    Part { name: name.into(), story, _life: life }
}

#[seastar::test(shards = 3)]
async fn each_shard_has_a_clone_of_the_configuration_and_its_own_number() -> Result<(), NotRunning> {
    let (story, living, name) = (Story::default(), Living::default(), String::from("part"));
    let parts = Sharded::start(async move |_| {
        part(format!("{name} {} of {}", this_shard(), shard_count()), story, living.one())
    })
    .await;
    let names = parts.map(async |part: &Part| part.name.to_string()).await?;
    assert_eq!(names, ["part 0 of 3", "part 1 of 3", "part 2 of 3"]);
    Ok(())
}

#[seastar::test(shards = 3)]
async fn all_shards_start_at_the_same_time() -> Result<(), NotRunning> {
    // Each waits until all are there.
    let there = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let parts: Result<_, Infallible> = Sharded::start(async move |_| {
        there.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        while there.load(std::sync::atomic::Ordering::Relaxed) < shard_count() {
            sleep(Duration::from_millis(1)).await;
        }
        Ok(part(String::new(), Story::default(), Living::default().one()))
    })
    .await;
    let Ok(parts) = parts;
    assert!(parts.is_running());
    Ok(())
}

#[seastar::test(shards = 3)]
async fn a_start_that_fails_is_undone() {
    let (story, living) = (Story::default(), Living::default());
    for failing in 0..3 {
        let (story, living) = (Story::default(), living.clone());
        let (theirs, handle) = (story.clone(), story.clone());
        let failed = Sharded::start(async move |parts: Sharded<Part>| {
            if this_shard() == failing {
                sleep(Duration::from_millis(1)).await;
                return Err(format!("{failing} failed"));
            }
            let _ = parts;
            Ok(part(this_shard().to_string(), theirs, living.one()))
        })
        .await;
        assert_eq!(failed.unwrap_err(), format!("{failing} failed"));
        for shard in (0..3).filter(|shard| *shard != failing) {
            assert_eq!(handle.tells(&format!("stop {shard}")), 1);
            assert_eq!(handle.tells(&format!("drop {shard}")), 1);
        }
        assert_eq!(story.told().len(), 4);
        // All stop before any is dropped.
        assert!(story.told()[..2].iter().all(|told| told.starts_with("stop")));
    }
    assert_eq!((living.count(), story.told().len()), (0, 0));
}

#[seastar::test(shards = 3)]
async fn of_several_failures_to_start_that_of_the_lowest_shard_is_returned() {
    let failed: Result<Sharded<Part>, _> = Sharded::start(async |_| {
        sleep(Duration::from_millis(3 - this_shard() as u64)).await;
        Err(this_shard())
    })
    .await;
    assert_eq!(failed.unwrap_err(), 0);
}

#[seastar::test(shards = 2)]
async fn a_start_that_panics_is_undone_and_panics() {
    for panicking in 0..2 {
        let (story, living) = (Story::default(), Living::default());
        let (theirs, lives) = (story.clone(), living.clone());
        let start = spawn(async move {
            let started = Sharded::start(async move |_| {
                assert!(this_shard() != panicking, "no");
                part(String::from("part"), theirs, lives.one())
            });
            started.await;
        });
        let panic = start.await.unwrap_err().try_into_panic().unwrap();
        assert_eq!(*panic.downcast_ref::<&str>().unwrap(), "no");
        assert_eq!((story.told(), living.count()), (vec!["stop part".into(), "drop part".into()], 0));
    }
}

#[seastar::test(shards = 2)]
async fn a_start_that_is_dropped_is_undone_wherever_it_was_asked_for() {
    for shard in 0..2 {
        let (story, living) = (Story::default(), Living::default());
        let (theirs, lives) = (story.clone(), living.clone());
        seastar::submit_to(shard, async move || {
            let start = Sharded::start(async move |_| {
                sleep(Duration::from_millis(2)).await;
                part(String::from("part"), theirs, lives.one())
            });
            assert!(poll_once(&mut Box::pin(start)).is_none());
        })
        .await;
        while story.tells("drop part") < 2 {
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!((story.tells("stop part"), living.count()), (2, 0));
    }
}

#[seastar::test(shards = 3)]
async fn a_service_can_start_on_one_shard_and_from_another() -> Result<(), NotRunning> {
    let living = Living::default();
    let lives = living.clone();
    let parts = seastar::submit_to(1, async || {
        Sharded::start_on(2, async move |_| part(this_shard().to_string(), Story::default(), lives.one()))
            .await
    })
    .await;
    assert_eq!((living.count(), parts.shards(), parts.shard_of("any")), (1, 2..3, 2));
    assert!(!parts.is_running());
    assert_eq!(parts.map(async |part: &Part| part.name.to_string()).await?, ["2"]);
    parts.invoke_on_all(async |_: &Part| assert_eq!(this_shard(), 2)).await?;
    let error = parts.invoke_on(1, async |_: &Part| ()).await.unwrap_err();
    assert!(error.to_string().ends_with("Part (on shard 1)"), "{error}");
    parts.stop().await;
    assert_eq!(living.count(), 0);
    assert!(parts.map(async |_: &Part| ()).await.is_err());
    Ok(())
}

/// Calls its peers, and another service.
struct Ring {
    peers: Sharded<Ring>,
    parts: Sharded<Part>,
    part: RefCell<Option<Local<Part>>>,
}

impl Service for Ring {
    type Stopped = ();

    async fn stop(&self) {
        // Peers and what was started before are still there.
        let next = (this_shard() + 1) % shard_count();
        self.peers.invoke_on(next, async |ring: &Ring| ring.name()).await.unwrap();
        self.part.take();
    }
}

impl Ring {
    fn name(&self) -> String {
        self.part.borrow().as_ref().map_or(String::from("gone"), |part| part.name.to_string())
    }
}

#[seastar::test(shards = 2)]
async fn services_find_their_peers_and_other_services() -> Result<(), NotRunning> {
    let living = Living::default();
    let lives = living.clone();
    let parts =
        Sharded::start(async move |_| part(this_shard().to_string(), Story::default(), lives.one())).await;
    let rings = Sharded::start(async move |peers| {
        Ok::<_, NotRunning>(Ring { peers, parts, part: RefCell::new(Some(parts.local()?)) })
    })
    .await?;
    let name = rings.invoke_on(1, async |ring: &Ring| {
        let peer = ring.peers.invoke_on(0, async |ring: &Ring| ring.name()).await.unwrap();
        let part = ring.parts.invoke_on(0, async |part: &Part| part.name.to_string()).await.unwrap();
        peer + &part + &ring.name()
    });
    assert_eq!(name.await?, "001");
    // Holding the local instance of another service, it keeps that until it stops itself.
    rings.stop().await;
    parts.stop().await;
    assert_eq!(living.count(), 0);
    Ok(())
}

#[seastar::test(shards = 2)]
async fn a_peer_that_is_not_there_yet_is_not_running() -> Result<(), NotRunning> {
    struct Late(Option<NotRunning>);

    impl Service for Late {
        type Stopped = ();
    }

    let late = Sharded::start(async |peers: Sharded<Late>| {
        assert!(peers.local().is_err());
        if this_shard() == 1 {
            return Late(None);
        }
        // It may be there meanwhile or not; this shard's own is not.
        Late(peers.invoke_on(0, async |_: &Late| ()).await.err())
    })
    .await;
    let error = late.local()?.0.unwrap();
    assert_eq!(error.shard(), 0);
    Ok(())
}

#[seastar::test(shards = 1)]
async fn many_services_run_and_places_are_used_again() {
    for _ in 0..3 {
        let living = Living::default();
        let mut parts = Vec::new();
        for n in 0..200 {
            let lives = living.clone();
            let start = Sharded::start(async move |_| part(n.to_string(), Story::default(), lives.one()));
            parts.push(start.await);
        }
        for (n, part) in parts.iter().enumerate() {
            assert_eq!(&*part.local().unwrap().name, n.to_string());
        }
        assert_eq!(living.count(), 200);
        for part in &parts {
            part.stop().await;
        }
        assert_eq!(living.count(), 0);
        assert!(parts.iter().all(|part| !part.is_running()));
    }
}
