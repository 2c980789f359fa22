//! Services with fibers of their own, in a program that is told to stop.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use libc::SIGINT;
use seastar::sync::Gate;
use seastar::{JoinHandle, Service, Sharded, background, sleep, spawn, stopping, this_shard};

use super::program::{TWO_SHARDS, program};

/// The longest that there is: who waited for half of it would not end.
const DAY: &str = "--grace-period-ms=86400000";

/// Works in the background, behind a gate on shard 0, and by a handle on the others.
struct Busy {
    work: Rc<Gate>,
    handle: Cell<Option<JoinHandle<()>>>,
}

async fn work(gate: Rc<Gate>) {
    while gate.check().is_ok() {
        sleep(Duration::from_millis(1)).await;
    }
    println!("worked on {}", this_shard());
}

impl Busy {
    fn start() -> Busy {
        let gate = Rc::new(Gate::new().daemon());
        let work = work(gate.clone());
        let handle = match this_shard() {
            0 => background!(gate = gate, on_error = log => work).map(|()| None).unwrap(),
            _ => Some(spawn(work).daemon()),
        };
        Busy { work: gate, handle: Cell::new(handle) }
    }
}

impl Service for Busy {
    type Stopped = ();

    async fn stop(&self) {
        self.work.close().await;
        if let Some(handle) = self.handle.take() {
            handle.await.unwrap();
        }
        println!("stopped on {}", this_shard());
    }
}

#[test]
fn a_service_is_told_when_only_daemons_are_left() {
    let program = program(async || {
        Sharded::start(async |_| Busy::start()).await;
        println!("ready");
        stopping().await;
    });
    let mut running = program.start(&[&TWO_SHARDS[..], &[DAY]].concat());
    running.prints("ready");
    running.signal(SIGINT);
    let ended = running.finish();
    ended.assert_code(0);
    for line in ["worked on 0", "worked on 1", "stopped on 0", "stopped on 1"] {
        assert!(ended.stdout.contains(line), "{}", ended.stdout);
    }
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
}

#[test]
fn others_are_waited_for_while_daemons_run() {
    let program = program(async || {
        let busy = Sharded::start(async |_| Busy::start()).await;
        // Whoever answers the last requests may need the service.
        spawn(async move {
            stopping().await;
            sleep(Duration::from_millis(20)).await;
            busy.invoke_on(1, async |_: &Busy| println!("called")).await.unwrap();
        })
        .detach();
        println!("ready");
        stopping().await;
    });
    let mut running = program.start(&[&TWO_SHARDS[..], &[DAY]].concat());
    running.prints("ready");
    running.signal(SIGINT);
    let ended = running.finish();
    ended.assert_code(0);
    let at = |line| ended.stdout.find(line).unwrap_or_else(|| panic!("no {line}: {}", ended.stdout));
    assert!(at("called") < at("stopped on 0") && at("called") < at("stopped on 1"));
}
