//! Programs about fibers: continuations, loops, limits, and waiting for each other.

use std::time::Duration;

use crate::expected::assert_output;
use crate::program::{Program, run, two_shards};

/// Runs an example, compares its output, and returns how long it took.
#[track_caller]
fn assert_prints(name: &str) -> Duration {
    let finished = run(name, &["-c1"]);
    assert_output(name, &finished.stdout);
    assert_eq!((finished.code, &*finished.stderr), (Some(0), ""));
    finished.elapsed
}

#[test]
fn ownership_moves_and_ends_once() {
    assert_prints("ownership");
}

#[test]
fn a_failure_skips_what_follows() {
    assert_prints("chain");
}

#[test]
fn failures_are_handled_and_cleaned_up_after() {
    assert_prints("exceptions");
}

#[test]
fn the_shard_goes_on_while_a_helper_blocks() {
    let finished = run("unblock", &[]);
    assert_output("unblock", &finished.stdout);
    assert_eq!(finished.code, Some(0));
    assert!(finished.stderr.contains("panicked at examples/unblock.rs"), "{}", finished.stderr);
}

#[test]
fn loops_do_what_they_are_called() {
    assert_prints("loops");
}

#[test]
fn bytes_are_units_and_too_many_are_refused() {
    assert_prints("memory_limit");
}

#[test]
fn every_shard_has_its_own_limit() {
    let finished = run("per_shard_limit", two_shards());
    assert_output("per_shard_limit", &finished.stdout);
    assert_eq!((finished.code, &*finished.stderr), (Some(0), ""));
}

#[test]
fn several_are_awaited_at_once() {
    assert_prints("when_all");
}

#[test]
fn a_pipe_makes_the_faster_side_wait() {
    assert_prints("pipe");
}

#[test]
fn a_limit_ends_what_takes_too_long() {
    assert_prints("timeout");
}

#[test]
fn an_abort_reaches_all_who_listen() {
    assert_prints("abort");
}

#[test]
fn a_pipe_is_a_stream() {
    assert_prints("stream");
}

#[test]
fn a_service_stops_when_its_work_is_over() {
    assert_prints("shutdown");
}

#[test]
fn locks_keep_what_they_protect_while_fibers_wait() {
    assert_prints("locks");
}

#[test]
fn waits_end_without_units() {
    assert_prints("giving_up");
}

#[test]
fn a_queue_has_many_on_either_side() {
    assert_prints("queue");
}

#[test]
fn a_shared_future_runs_once() {
    assert_prints("shared");
}

#[test]
fn a_body_gives_its_place_to_the_next() {
    assert_prints("do_with");
}

#[test]
fn who_computes_gives_way_when_asked() {
    assert_prints("preempt");
}

#[test]
fn views_are_cut_and_shared() {
    assert_prints("buffers");
}

#[test]
fn what_blocks_may_be_meant() {
    assert_prints("blocking");
}

#[test]
fn a_promise_is_kept_after_ten_seconds() {
    assert!(assert_prints("promise") >= Duration::from_secs(10));
}

/// 456 seconds of waiting, a hundred at a time.
#[test]
fn a_drained_limit_has_done_all() {
    assert!(assert_prints("drain") >= Duration::from_secs(5));
}

#[test]
fn a_dot_comes_each_second_until_the_end() {
    let program = Program::start("repeat", &["-c1", "--grace-period-ms=0"]);
    program.stderr.wait_for(|text| (text.len() == 3).then_some(()));
    program.signal("INT");
    let finished = program.finish();
    assert!(finished.elapsed >= Duration::from_secs(3), "{:?}", finished.elapsed);
    assert_eq!(finished.code, Some(0));
    assert!(finished.stderr.starts_with("..."), "{}", finished.stderr);
}

#[test]
fn a_limit_lets_a_hundred_pass_each_second() {
    let program = Program::start("limit", &["-c1", "--grace-period-ms=0"]);
    let dots = |text: &str| text.bytes().take_while(|byte| *byte == b'.').count();
    program.stderr.wait_for(|text| (dots(text) >= 200).then_some(()));
    program.signal("INT");
    let finished = program.finish();
    assert!(finished.elapsed >= Duration::from_secs(2), "{:?}", finished.elapsed);
    assert_eq!(dots(&finished.stderr) % 100, 0, "a hundred or none: {}", finished.stderr);
}

/// How many are started is a matter of time; that all end before the gate does is not.
#[test]
fn a_gate_closes_behind_the_last_one() {
    for arguments in [&["-c1"][..], two_shards()] {
        let finished = run("gate", arguments);
        let lines: Vec<_> = finished.stdout.lines().collect();
        let place = |wanted: &str| lines.iter().position(|line| *line == wanted);
        let closing = place("closing").expect("the gate is closed");
        let closed = place("closed, and all work is done").expect("it ends");
        let started: Vec<_> = lines.iter().filter_map(|line| line.strip_prefix("starting ")).collect();
        assert!(!started.is_empty());
        for number in &started {
            assert!(place(&format!("starting {number}")) < Some(closing), "{lines:?}");
            let done = place(&format!("done {number}")).expect("what was started is done");
            assert!(done < closed, "{lines:?}");
        }
        let late = format!("gate closed, {} does not start", started.len() + 1);
        assert!(place(&late) > Some(closing), "{lines:?}");
        assert_eq!((lines.last(), finished.code), (Some(&"gate closed"), Some(0)));
    }
}
