//! Services with an instance on every shard.

use std::io::Write;
use std::net::Shutdown;

use crate::expected::assert_output;
use crate::program::{Finished, run, run_with_input, two_shards};
use crate::server::{Server, read_all};

/// Compares with `expected/FILE.txt`, but the lines of several shards may come in any order.
#[track_caller]
fn assert_lines(file: &str, finished: &Finished) {
    let mut lines: Vec<&str> = finished.stdout.lines().collect();
    lines.sort_unstable();
    assert_output(file, &(lines.join("\n") + "\n"));
    assert_eq!((finished.code, &*finished.stderr), (Some(0), ""));
}

#[track_caller]
fn assert_ends_well(file: &str, finished: &Finished) {
    assert_output(file, &finished.stdout);
    assert_eq!((finished.code, &*finished.stderr), (Some(0), ""));
}

#[test]
fn a_service_runs_on_every_shard() {
    let finished = run("sharded_service", two_shards());
    assert_lines("sharded_service", &finished);
    let at = |text| finished.stdout.find(text).expect("it is printed");
    assert!(at("running on 1") < at("on 0: hello") && at("on 0: hello") < at("stopped on 1"));
    assert_eq!(run("sharded_service", &["-c1"]).stdout.lines().count(), 3);
}

#[test]
fn parts_of_a_counter_make_a_sum() {
    assert_ends_well("sharded_counter", &run("sharded_counter", two_shards()));
    assert!(run("sharded_counter", &["-c1"]).stdout.contains("\n1000 in all\n"));
}

#[test]
fn keys_are_found_where_they_were_put() {
    let finished = run("key_value", two_shards());
    assert_ends_well("key_value", &finished);
    // All but the last line, which names the shard that was asked.
    let all_but_last = |text: &str| text.rsplit_once("sharded instance").map(|(text, _)| text.to_owned());
    assert_eq!(all_but_last(&run("key_value", &["-c1"]).stdout), all_but_last(&finished.stdout));
}

#[test]
fn one_answer_is_made_of_all() {
    assert_ends_well("map_reduce", &run("map_reduce", two_shards()));
}

#[test]
fn a_list_stays_at_home() {
    assert_ends_well("foreign", &run("foreign", two_shards()));
    assert!(run("foreign", &["-c1"]).stdout.ends_with("for shard 0\n"));
}

#[test]
fn calls_keep_within_their_limits() {
    assert_ends_well("call_limits", &run("call_limits", two_shards()));
}

#[test]
fn a_thread_that_is_no_shard_asks_the_shards() {
    for shards in [&["-c1"][..], two_shards()] {
        assert_ends_well("outside", &run_with_input("outside", shards, "one two three\nfour\n"));
    }
}

#[test]
fn one_service_uses_another() {
    for shards in [&["-c1"][..], two_shards()] {
        assert_ends_well("two_services", &run("two_services", shards));
    }
}

#[test]
fn a_service_that_does_not_start_is_undone() {
    let finished = run("failed_start", two_shards());
    assert_lines("failed_start", &finished);
    let (undone, after) = finished.stdout.split_once("not started").expect("it is printed");
    assert_eq!(undone, "opened the disk of shard 0\nclosed the disk of shard 0\n");
    assert_eq!(after.matches("opened").count(), 2);
}

#[test]
fn calls_in_flight_come_to_their_end() {
    for shards in [&["-c1"][..], two_shards()] {
        let finished = run("in_flight", shards);
        assert!(finished.stdout.starts_with("10 pages were printed\n"), "{}", finished.stdout);
        assert_eq!((finished.code, &*finished.stderr), (Some(0), ""));
    }
    assert_output("in_flight", &run("in_flight", two_shards()).stdout);
}

#[test]
fn shards_serve_side_by_side_and_count_together() {
    for shards in [&["-c1"][..], two_shards()] {
        let server = Server::start("sharded_server", shards);
        for text in ["one\n", "three\n"] {
            let client = server.connect();
            (&client).write_all(text.as_bytes()).expect("the server reads");
            client.shutdown(Shutdown::Write).expect("the connection is open");
            let answer = String::from_utf8(read_all(&client)).expect("the answer is text");
            assert_eq!(answer, format!("Seastar is the future!\n{text}"));
        }
        let finished = server.stop();
        assert!(finished.stdout.ends_with("\n2 connections, 10 bytes\n"), "{}", finished.stdout);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    }
}
