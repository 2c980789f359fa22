//! Programs that bring their own.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use log::{LevelFilter, Log, Metadata, Record};
use seastar::compat::tracing::{fiber, shard};
use seastar::{Options, spawn, submit_to, yield_now};
use tracing::info;

use crate::guard::guard;
use crate::recorder::Recorder;
use crate::{child, run};

/// Runs `test` where nothing is installed, and expects that it writes nothing.
fn alone(test: &'static str, body: impl FnOnce()) {
    if child::is_child(test) {
        let _guard = guard(test);
        return body();
    }
    let output = child::pass_in_child(test);
    assert_eq!(String::from_utf8_lossy(&output.stderr).trim(), "");
}

/// Fibers that fail, on both shards; returns the lines in which the first and the second were spawned.
async fn fail() -> [u32; 2] {
    let work = async || {
        let line = line!() + 1;
        spawn(async { Err::<(), _>("no milk") }).detach();
        yield_now().await;
        yield_now().await;
        line
    };
    [work().await, submit_to(1, work).await]
}

fn assert_told(lines: [u32; 2]) {
    let file = file!();
    let mut told = Recorder::told("no milk");
    told.sort();
    let expected = [0, 1].map(|shard| {
        let place = format!("{file}:{}:9", lines[shard]);
        format!("WARN seastar: Failed fiber ignored: the one spawned at {place} returned Err(\"no milk\") shard={shard} fiber={place}")
    });
    assert_eq!(told, expected);
}

#[test]
fn a_subscriber_of_the_program_hears_all() {
    alone("own::a_subscriber_of_the_program_hears_all", || {
        Recorder::install();
        // Rust's own message about the panic is not what is looked at.
        std::panic::set_hook(Box::new(|_| ()));
        let lines = seastar::run(run::options(2).default_log_level("error"), async || {
            info!(target: "shop", number = 7, "an event");
            log::debug!(target: "shop", "a line");
            assert!(log::log_enabled!(target: "shop", log::Level::Trace));
            let panics = spawn(async { panic!("meant") });
            assert!(panics.await.is_err());
            fail().await
        });
        assert_told(lines.unwrap());
        assert_eq!(Recorder::told("an event"), ["INFO shop: an event number=7"]);
        let line = Recorder::told("a line");
        assert!(line[0].contains("DEBUG log: a line log.target=\"shop\""), "{line:?}");
        let panic = Recorder::told("A fiber panicked");
        assert!(panic[0].contains(": meant shard=0 fiber=") && panic[0].contains(file!()), "{panic:?}");
    });
}

#[test]
fn what_is_said_off_fibers_has_no_fiber() {
    alone("own::what_is_said_off_fibers_has_no_fiber", || {
        Recorder::install();
        seastar::run(run::options(1), async || ()).unwrap();
        let started = Recorder::told("Started ");
        assert!(started[0].ends_with(" shard=0") && !started[0].contains("fiber="), "{started:?}");
        let backend = Recorder::told("Reactor backend");
        assert!(backend.iter().all(|line| !line.contains("shard=")), "{backend:?}");
    });
}

#[test]
fn a_program_may_install_its_own_in_main() {
    alone("own::a_program_may_install_its_own_in_main", || {
        let lines = seastar::run(run::options(2).own_log(true), async || {
            Recorder::install();
            fail().await
        });
        assert_told(lines.unwrap());
    });
}

#[test]
fn a_logger_of_the_program_is_left_alone() {
    static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

    struct Own;

    impl Log for Own {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn log(&self, record: &Record<'_>) {
            LINES.lock().unwrap().push(record.args().to_string());
        }

        fn flush(&self) {}
    }

    alone("own::a_logger_of_the_program_is_left_alone", || {
        log::set_logger(&Own).unwrap();
        log::set_max_level(LevelFilter::Warn);
        seastar::run(run::options(2), async || {
            fail().await;
            info!("nobody listens");
            assert!(!tracing::dispatcher::has_been_set());
        })
        .unwrap();
        assert_eq!(LINES.lock().unwrap().iter().filter(|line| line.contains("no milk")).count(), 2);
    });
}

#[test]
fn a_subscriber_of_one_thread_is_heard_there() {
    alone("own::a_subscriber_of_one_thread_is_heard_there", || {
        let options = run::options(2).logger_log_level("seastar=off");
        seastar::run(options, async || {
            let own = tracing::subscriber::set_default(Recorder);
            fail().await;
            drop(own);
            fail().await;
        })
        .unwrap();
        let told = Recorder::told("no milk");
        assert!(told.len() == 1 && told[0].contains("shard=0"), "{told:?}");
    });
}

#[test]
fn a_subscriber_can_ask_who_speaks() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    assert_eq!((shard(), fiber()), (None, None));
    let ask = async || {
        CALLS.fetch_add(1, Ordering::Relaxed);
        (shard(), fiber().map(|place| place.line()))
    };
    let options: Options = run::options(2).default_log_level("off");
    seastar::run(options, async move || {
        let (on, line) = spawn(ask()).await.unwrap();
        assert_eq!((on, line), (Some(0), Some(line!() - 1)));
        let (on, line) = submit_to(1, ask).await;
        assert_eq!((on, line), (Some(1), Some(line!() - 1)));
        let nobody = std::thread::spawn(|| (shard(), fiber())).join().unwrap();
        assert_eq!(nobody, (None, None));
    })
    .unwrap();
    assert_eq!(CALLS.load(Ordering::Relaxed), 2);
}
