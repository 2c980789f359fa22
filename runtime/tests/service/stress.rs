//! Services that start, are called, cut off and stopped in random order, from a seed.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use seastar::{
    CallError, CallOptions, Service, ServiceGroup, Sharded, sleep, spawn, submit_to, this_shard, yield_now,
};

use crate::random::Random;
use crate::{Life, Living, poll_once, run};

static GROUP: ServiceGroup = ServiceGroup::new("stress", 3);

const SHARDS: usize = 3;
const CALLS: usize = 150;

/// What becomes of a method on one shard.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Fate {
    Ends,
    Fails,
    Panics,
}

impl Fate {
    fn choose(random: &mut Random, of: usize) -> Fate {
        match random.below(of) {
            0 => Fate::Fails,
            1 => Fate::Panics,
            _ => Fate::Ends,
        }
    }

    fn meet<T>(self, value: T) -> Result<T, String> {
        match self {
            Fate::Ends => Ok(value),
            Fate::Fails => Err(String::from("fate")),
            // Without a message for each.
            Fate::Panics => resume_unwind(Box::new("fate")),
        }
    }
}

struct Target {
    peers: Sharded<Target>,
    stop: Fate,
    running: Cell<usize>,
    _life: Life,
}

impl Service for Target {
    type Stopped = Result<(), String>;

    async fn stop(&self) -> Result<(), String> {
        yield_now().await;
        self.stop.meet(())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        assert_eq!(self.running.get(), 0, "dropped with calls in flight");
    }
}

/// One call: what it is, and how often it began.
#[derive(Clone)]
struct Call {
    id: usize,
    fate: Fate,
    pause: usize,
    next: Option<usize>,
    begun: Arc<Vec<AtomicU8>>,
}

/// Counts a call off when it ends, however it does.
struct Running<'a>(&'a Cell<usize>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Target {
    async fn work(&self, call: Call) -> Result<usize, String> {
        call.begun[call.id].fetch_add(1, Ordering::Relaxed);
        self.running.set(self.running.get() + 1);
        let _running = Running(&self.running);
        for _ in 0..call.pause {
            yield_now().await;
        }
        if call.pause == 7 {
            sleep(Duration::from_micros(300)).await;
        }
        if let Some(next) = call.next {
            // Whoever is stopped meanwhile is not running; nothing else may happen.
            let _ = self.peers.invoke_on(next, async |target: &Target| target.running.get()).await;
        }
        call.fate.meet(call.id)
    }
}

/// How calls ended, by name.
type Ends = BTreeMap<&'static str, usize>;

async fn make(service: Sharded<Target>, call: Call, shard: usize, how: usize, cut: usize) -> &'static str {
    let (id, fate, begun) = (call.id, call.fate, call.begun.clone());
    let options = match how {
        0 => CallOptions::new().group(&GROUP),
        1 => CallOptions::new().timeout(Duration::from_micros(200)),
        2 => CallOptions::new().group(&GROUP).timeout(Duration::from_micros(300)),
        _ => CallOptions::new(),
    };
    let work = async move |target: &Target| target.work(call).await;
    let mut made = Box::pin(service.invoke_on_with(options, shard, work));
    if how == 5 {
        for _ in 0..cut {
            match catch_unwind(AssertUnwindSafe(|| poll_once(&mut made))) {
                Ok(None) => {}
                Ok(Some(_)) => return "in time",
                Err(_) => return "panicked",
            }
            yield_now().await;
        }
        return "cut off";
    }
    let began = move || begun[id].load(Ordering::Relaxed);
    match spawn(made).await {
        Ok(Ok(Ok(answer))) => {
            assert_eq!((answer, fate, began()), (id, Fate::Ends, 1));
            "answered"
        }
        Ok(Ok(Err(error))) => {
            assert_eq!((&*error, fate, began()), ("fate", Fate::Fails, 1));
            "failed"
        }
        Ok(Err(CallError::NotRunning(error))) => {
            assert_eq!((error.shard(), began()), (shard, 0));
            "not running"
        }
        Ok(Err(CallError::TimedOut)) => {
            assert!(matches!(how, 1 | 2) && began() <= 1);
            "timed out"
        }
        Ok(Err(CallError::Group(error))) => {
            assert_eq!((how, began()), (2, 0), "{error}");
            "group"
        }
        Ok(Err(other)) => panic!("{other}"),
        Err(error) => {
            let panic = error.try_into_panic().unwrap();
            assert_eq!((*panic.downcast_ref::<&str>().unwrap(), fate, began()), ("fate", Fate::Panics, 1));
            "panicked"
        }
    }
}

/// One life of a service.
async fn live(seed: u64, living: Living) -> Ends {
    let mut random = Random::new(seed);
    let mut ends = Ends::new();
    let starts: Vec<_> = (0..SHARDS).map(|_| (Fate::choose(&mut random, 12), random.below(5))).collect();
    let stops: Vec<_> = (0..SHARDS).map(|_| Fate::choose(&mut random, 8)).collect();
    let (begins, lives) = (starts.clone(), living.clone());
    let (from, only) = (random.below(3), (random.below(6) == 0).then(|| random.below(3)));
    let start = spawn(submit_to(from, async move || {
        let make = async move |peers| {
            let (fate, pause) = begins[this_shard()];
            for _ in 0..pause {
                yield_now().await;
            }
            let stop = stops[this_shard()];
            fate.meet(Target { peers, stop, running: Cell::new(0), _life: lives.one() })
        };
        match only {
            Some(shard) => Sharded::start_on(shard, make).await,
            None => Sharded::start(make).await,
        }
    }));
    let fates: Vec<_> =
        only.map_or(0..SHARDS, |shard| shard..shard + 1).map(|shard| starts[shard].0).collect();
    let service = match start.await {
        Ok(Ok(service)) => service,
        Ok(Err(error)) => {
            assert!(error == "fate" && fates.contains(&Fate::Fails));
            assert_eq!(living.count(), 0, "a failed start leaves nothing behind");
            return ends;
        }
        Err(error) => {
            assert!(error.is_panic() && fates.contains(&Fate::Panics));
            assert_eq!(living.count(), 0);
            return ends;
        }
    };
    assert!(fates.iter().all(|fate| *fate == Fate::Ends));
    let begun: Arc<Vec<_>> = Arc::new((0..CALLS).map(|_| AtomicU8::new(0)).collect());
    let stopped = Arc::new(AtomicBool::new(false));
    let mut calls = Vec::new();
    let stop_at = random.below(CALLS);
    for id in 0..CALLS {
        let call = Call {
            id,
            fate: Fate::choose(&mut random, 10),
            pause: random.below(8),
            next: (random.below(3) == 0).then(|| random.below(3)),
            begun: begun.clone(),
        };
        let (from, to) = (random.below(3), random.below(3));
        let (how, cut) = (random.below(8), random.below(6));
        calls.push(spawn(submit_to(from, async move || make(service, call, to, how, cut).await)));
        if id == stop_at {
            let (by, again, lives, stopped) =
                (random.below(3), random.below(2) == 0, living.clone(), stopped.clone());
            for _ in 0..1 + usize::from(again) {
                let (lives, stopped) = (lives.clone(), stopped.clone());
                spawn(submit_to(by, async move || {
                    // A method that panics makes this panic, when all is over.
                    let stop = spawn(service.stop());
                    let _ = stop.await;
                    assert_eq!(lives.count(), 0);
                    stopped.store(true, Ordering::Relaxed);
                }))
                .detach();
            }
        }
        if random.below(4) == 0 {
            yield_now().await;
        }
    }
    for call in calls {
        *ends.entry(call.await.unwrap()).or_default() += 1;
    }
    while !stopped.load(Ordering::Relaxed) || living.count() > 0 {
        sleep(Duration::from_micros(100)).await;
    }
    assert!(begun.iter().all(|count| count.load(Ordering::Relaxed) <= 1), "nothing runs twice");
    assert_eq!(ends.values().sum::<usize>(), CALLS);
    ends
}

#[test]
fn whatever_happens_every_call_has_one_end_and_no_instance_is_left() {
    let seeds = std::env::var("SEASTAR_STRESS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let mut total = Ends::new();
    for seed in 1..=seeds {
        let ends = catch_unwind(|| {
            // What is expected here would fill the log.
            let options = run::options(SHARDS as u32).default_log_level("off");
            seastar::run(options, async move || live(seed, Living::default()).await).unwrap()
        });
        let ends = ends.unwrap_or_else(|panic| {
            eprintln!("seed {seed}");
            resume_unwind(panic)
        });
        ends.into_iter().for_each(|(end, count)| *total.entry(end).or_default() += count);
    }
    let ends = ["answered", "failed", "not running", "panicked", "cut off"];
    assert!(ends.iter().all(|end| total.contains_key(end)), "{total:?}");
}
