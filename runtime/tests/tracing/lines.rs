//! What our subscriber writes.

use std::fmt;
use std::time::Duration;

use seastar::{Options, sleep, spawn, submit_to, yield_now};
use tracing::{Instrument, debug, error, info, info_span, warn};

use crate::counting::allocations;
use crate::guard::guard;
use crate::{child, run};

/// What `main` logs on so many shards, without the times; nothing in the process that runs it.
fn logged(test: &'static str, options: Options, main: impl AsyncFnOnce() + 'static) -> Option<Vec<String>> {
    if child::is_child(test) {
        let _guard = guard(test);
        seastar::run(options.logger_log_level("seastar=warn"), main).unwrap();
        return None;
    }
    let output = child::pass_in_child(test);
    let stderr = String::from_utf8(output.stderr).unwrap();
    Some(stderr.lines().map(without_time).collect())
}

/// `WARN  2026-11-23 08:05:18,123 [shard 0] ..` as `WARN [shard 0] ..`.
fn without_time(line: &str) -> String {
    let (level, rest) = line.split_at_checked(6).unwrap_or((line, ""));
    let (time, rest) = rest.split_at_checked("2026-11-23 08:05:18,123".len()).unwrap_or((rest, ""));
    let shape: String = time.chars().map(|char| if char.is_ascii_digit() { '0' } else { char }).collect();
    assert_eq!(shape, "0000-00-00 00:00:00,000", "{line}");
    format!("{}{rest}", level.trim_end())
}

#[test]
fn an_event_is_a_line_of_the_log() {
    struct Broken;

    impl fmt::Display for Broken {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("so far")?;
            Err(fmt::Error)
        }
    }

    let lines = logged("lines::an_event_is_a_line_of_the_log", run::options(2), async || {
        info!(target: "shop", "{} orders", 2);
        info!(target: "shop", order = 7, customer = "Ann", rebate = ?Some(0.5), "accepted");
        warn!(target: "shop", shard = "of a customer", "a field of that name");
        error!(target: "shop", order = 8);
        error!(target: "shop", broken = %Broken, late = 1, "failed");
        log::info!(target: "shop", "by the other crate");
        submit_to(1, async || info!(target: "shop", "from there")).await;
        std::thread::spawn(|| info!(target: "shop", "off shards")).join().unwrap();
    });
    let Some(lines) = lines else { return };
    let expected = [
        "INFO [shard 0] shop - 2 orders",
        "INFO [shard 0] shop - accepted order=7 customer=\"Ann\" rebate=Some(0.5)",
        "WARN [shard 0] shop - a field of that name shard=\"of a customer\"",
        "ERROR [shard 0] shop - order=8",
        "ERROR [shard 0] shop - failed broken=so far",
        "INFO [shard 0] shop - by the other crate",
        "INFO [shard 1] shop - from there",
        "INFO [no shard] shop - off shards",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn fibers_that_take_turns_keep_their_spans_apart() {
    let main = async || {
        let order = async || {
            info!(target: "shop", "before");
            yield_now().await;
            let item = async {
                info!(target: "shop", "within");
                sleep(Duration::from_millis(1)).await;
                log::info!(target: "shop", "after a sleep");
            };
            item.instrument(info_span!("item", kind = "book")).await;
            tracing::Span::current().record("paid", true);
            info!(target: "shop", "after");
        };
        let fibers = [1, 2].map(|number| {
            let span = info_span!("order", number, paid = tracing::field::Empty);
            spawn(async move { order().await }.instrument(span))
        });
        info!(target: "shop", "outside");
        for fiber in fibers {
            fiber.await.unwrap();
        }
        // A child gets turns within its parent's.
        let branch = |name| {
            async move {
                yield_now().await;
                info!(target: "shop", "branch");
            }
            .instrument(info_span!("branch", name))
        };
        seastar::when_all!(branch("left"), branch("right"));
        let cancelled = spawn(std::future::pending::<()>().instrument(info_span!("never")));
        yield_now().await;
        cancelled.cancel();
        info!(target: "shop", "outside again");
    };
    let Some(lines) = logged("lines::fibers_that_take_turns_keep_their_spans_apart", run::options(1), main)
    else {
        return;
    };
    let of = |order: u32| {
        let start = format!("INFO [shard 0] shop - order{{number={order}");
        lines.iter().filter_map(|line| line.strip_prefix(&start)).collect::<Vec<_>>()
    };
    let expected = [
        "}: before",
        "}:item{kind=\"book\"}: within",
        "}:item{kind=\"book\"}: after a sleep",
        " paid=true}: after",
    ];
    assert_eq!(of(1), expected);
    assert_eq!(of(2), expected);
    let others: Vec<_> = lines.iter().filter(|line| !line.contains("order{")).collect();
    let expected = [
        "INFO [shard 0] shop - outside",
        "INFO [shard 0] shop - branch{name=\"left\"}: branch",
        "INFO [shard 0] shop - branch{name=\"right\"}: branch",
        "INFO [shard 0] shop - outside again",
    ];
    assert_eq!(others, expected);
    // Both were under way at the same time.
    assert!(lines[1].contains("number=1") && lines[2].contains("number=2"), "{lines:?}");
}

#[test]
fn levels_are_those_of_the_log() {
    let say = async || {
        // Each is one place, whose level is kept there.
        let say = || {
            warn!(target: "shop", "warning");
            info!(target: "shop", "information");
            debug!(target: "shop::till", "detail");
            debug!(target: "shop::tills", "detail");
            info_span!(target: "shop", "hidden").in_scope(|| warn!(target: "shop", "in a span"));
        };
        say();
        say();
    };
    const TEST: &str = "lines::levels_are_those_of_the_log";
    let options = || run::options(1).default_log_level("warn");
    if child::is_child(TEST) {
        seastar::run(options().logger_log_level("shop::till=trace"), say).unwrap();
    }
    // The next runtime of the same process changes them.
    let Some(lines) = logged(TEST, options().logger_log_level("shop=info"), say) else { return };
    let first = [
        "WARN [shard 0] shop - warning",
        "DEBUG [shard 0] shop::till - detail",
        "WARN [shard 0] shop - in a span",
    ];
    let second = [
        "WARN [shard 0] shop - warning",
        "INFO [shard 0] shop - information",
        "WARN [shard 0] shop - hidden: in a span",
    ];
    assert_eq!(lines, [first, first, second, second].concat());
}

#[test]
fn what_is_not_recorded_does_not_allocate() {
    let main = async || {
        let counted = |work: &dyn Fn()| {
            work();
            let before = allocations();
            (0..100).for_each(|_| work());
            allocations() - before
        };
        let hidden = || {
            let _entered = info_span!(target: "quiet", "span", number = 1).entered();
            info!(target: "quiet", number = 1, "not seen");
        };
        assert_eq!(counted(&hidden), 0);
        let _within = info_span!(target: "shop", "order", number = 7).entered();
        assert_eq!(counted(&|| info!(target: "shop", number = 1, "seen")), 0);
        assert_eq!(counted(&|| log::info!(target: "shop", "seen")), 0);
    };
    let options = run::options(1).logger_log_level("quiet=warn");
    let Some(lines) = logged("lines::what_is_not_recorded_does_not_allocate", options, main) else { return };
    assert_eq!(lines.len(), 202);
    assert!(lines.iter().all(|line| line.starts_with("INFO [shard 0] shop - order{number=7}: seen")));
}
