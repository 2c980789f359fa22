//! Programs that print something and end.

use std::thread;
use std::time::Duration;

use crate::expected::{assert_output, assert_shape};
use crate::program::{Finished, Program, run, two_shards};

/// More than a program may have, whatever the machine.
const TOO_MANY_SHARDS: &str = "-c1025";

#[track_caller]
fn assert_ends_well(file: &str, finished: &Finished) {
    assert_output(file, &finished.stdout);
    assert_eq!((finished.code, &*finished.stderr), (Some(0), ""));
}

#[track_caller]
fn assert_does_not_start(file: &str, words: &str, finished: &Finished) {
    assert!(finished.stderr.starts_with(words), "{}", finished.stderr);
    assert_shape(file, &finished.stderr);
    assert_eq!((finished.code, &*finished.stdout), (Some(1), ""));
}

#[test]
fn hello_is_said_once() {
    for arguments in [&[][..], &["-c1"], &["-c1", "-m1G"], two_shards()] {
        assert_ends_well("hello", &run("hello", arguments));
    }
}

#[test]
fn shard_count_is_as_asked() {
    assert_ends_well("shard_count", &run("shard_count", two_shards()));
    assert_eq!(run("shard_count", &["-c1"]).stdout, "1\n");
}

#[test]
fn shard_count_is_one_for_each_core_by_default() {
    let cpus = thread::available_parallelism().expect("the number of CPUs is known");
    assert_eq!(run("shard_count", &[]).stdout, format!("{cpus}\n"));
}

#[test]
fn every_shard_answers() {
    assert_ends_well("every_shard", &run("every_shard", two_shards()));
    assert_eq!(run("every_shard", &["-c1"]).stdout, "Shard 0 answers 0\n");
}

#[test]
fn more_shards_than_cores_do_not_start() {
    let (words, file) =
        ("Could not initialize seastar: insufficient processing units", "shard_count.too_many");
    assert_does_not_start(file, words, &run("shard_count", &[TOO_MANY_SHARDS]));
}

#[test]
fn start_errors_are_told_in_the_programs_words() {
    assert_eq!(run("start_errors", &["-c1"]).stdout, "1\n");
    let words = "Couldn't start application: insufficient processing units";
    assert_does_not_start("start_errors.shards", words, &run("start_errors", &[TOO_MANY_SHARDS]));
    let words = "Couldn't start application: insufficient physical memory";
    assert_does_not_start("start_errors.memory", words, &run("start_errors", &["-m10T"]));
}

#[test]
fn who_runs_the_shards_has_the_command_line_too() {
    let help = run("start_errors", &["--help"]);
    assert!(help.stdout.starts_with("Prints the number of shards\n\nUsage: start_errors [OPTIONS]\n"));
    assert!(help.stdout.contains("--grace-period-ms") && help.stdout.contains("[default: 500]"));
    assert_eq!((help.code, &*help.stderr), (Some(0), ""));
    let mistake = run("start_errors", &["--smp", "two"]);
    assert!(mistake.stderr.starts_with("error: invalid value 'two' for '--smp <N>'"), "{}", mistake.stderr);
    assert_eq!((mistake.code, &*mistake.stdout), (Some(2), ""));
}

#[test]
fn sleep_prints_before_and_after() {
    let program = Program::start("sleep", &["-c1"]);
    let first = program.stdout.wait_for(|text| (!text.is_empty()).then(|| text.to_owned()));
    let finished = program.finish();
    assert_eq!(first, "Sleeping... ", "the first half is there before the second");
    assert_ends_well("sleep", &finished);
    assert!(finished.elapsed >= Duration::from_secs(1), "{:?}", finished.elapsed);
}

#[test]
fn parallel_sleeps_overlap() {
    for arguments in [&["-c1"][..], two_shards()] {
        let finished = run("parallel_sleeps", arguments);
        assert_ends_well("parallel_sleeps", &finished);
        assert!(finished.elapsed >= Duration::from_secs(1), "{:?}", finished.elapsed);
    }
}

#[test]
fn slow_takes_its_time() {
    let finished = run("slow", &["-c1"]);
    assert_ends_well("slow", &finished);
    assert!(finished.elapsed >= Duration::from_millis(100), "{:?}", finished.elapsed);
}

#[test]
fn fast_is_ready_at_once() {
    assert_ends_well("fast", &run("fast", &["-c1"]));
}

#[test]
fn incr_keeps_its_argument() {
    let finished = run("incr", &["-c1"]);
    assert_ends_well("incr", &finished);
    assert!(finished.elapsed >= Duration::from_millis(10), "{:?}", finished.elapsed);
}

#[test]
fn dropped_futures_do_no_more_and_fibers_run_on() {
    assert_ends_well("lazy", &run("lazy", &["-c1"]));
}

#[test]
fn failures_are_read_or_reported() {
    let finished = run("failures", &["-c1"]);
    assert_output("failures", &finished.stdout);
    // Without what Rust itself says of a panic.
    let is_logged = |line: &&str| line.starts_with("ERROR ") || line.starts_with("WARN ");
    let log: Vec<_> = finished.stderr.lines().filter(is_logged).collect();
    assert_shape("failures.log", &(log.join("\n") + "\n"));
    assert_eq!(finished.code, Some(0));
}

#[test]
fn help_shows_the_programs_options_and_the_frameworks() {
    assert_ends_well("echo.help", &run("echo", &["--help"]));
}

#[test]
fn wrong_options_are_refused() {
    for arguments in [&["--prot", "80"][..], &["--port", "http"], &["-c", "two"], &["-m", "1X"], &["extra"]] {
        let finished = run("echo", arguments);
        assert_eq!((finished.code, &*finished.stdout), (Some(2), ""));
        assert!(finished.stderr.starts_with("error: "), "{}", finished.stderr);
    }
}

#[test]
fn pools_send_away_whom_they_have_no_room_for() {
    assert_ends_well("pools", &run("pools", &["-c1"]));
}

#[test]
fn the_memory_map_is_known_before_anything_starts() {
    let finished = run("pools", &["--memory-map", TOO_MANY_SHARDS]);
    assert_shape("pools.memory_map", &finished.stdout);
    assert_eq!((finished.code, &*finished.stderr), (Some(0), ""));
    let finished = run("hello", &["--memory-map"]);
    assert!(finished.stdout.starts_with("No function of this program has a pool"), "{}", finished.stdout);
}

#[test]
fn every_shard_counts_for_itself() {
    assert_ends_well("counters", &run("counters", two_shards()));
    assert_eq!(run("counters", &["-c1"]).stdout, "Guests of shard 0: 1\n");
}

#[test]
fn a_program_has_options_of_its_own() {
    assert_ends_well("own_options", &run("own_options", &[]));
    assert_ends_well("own_options.flag", &run("own_options", &["--flag", "-s", "3"]));
    assert_ends_well("own_options.files", &run("own_options", &["--size=3", "hello", "hi", "-c1"]));
    assert_ends_well("own_options.help", &run("own_options", &["--help"]));
    let mistake = run("own_options", &["--size", "many"]);
    assert_output("own_options.mistake", &mistake.stderr);
    assert_eq!((mistake.code, &*mistake.stdout), (Some(2), ""));
}

#[test]
fn the_frameworks_options_are_explained() {
    let mut help = run("hello", &["--help-seastar"]);
    // What follows depends on where this runs.
    let (options, machine) =
        help.stdout.split_once("\nThis machine:\n").expect("there is a part about the machine");
    assert!(machine.contains("reactor backend"), "{machine}");
    help.stdout = options.to_owned();
    assert_ends_well("hello.help-seastar", &help);
}

#[test]
fn other_programs_are_started_and_talked_to() {
    assert_ends_well("child_process", &run("child_process", &[]));
}

#[test]
fn a_program_reads_its_configuration_anew() {
    let file = std::env::temp_dir().join(format!("seastar-greeting-{}", std::process::id()));
    let write = |text: &str| std::fs::write(&file, text).expect("there is a folder for temporary files");
    write("hello\n");
    let path = file.to_string_lossy().into_owned();
    let program = Program::start("reload", &[two_shards(), &[&*path]].concat());
    let prints = |line: &str| program.stdout.wait_for(|text| text.contains(line).then_some(()));
    prints("hello\n");
    write("");
    program.signal("HUP");
    prints("no greeting in the file\n");
    write("good evening\n");
    program.signal("HUP");
    prints("good evening\n");
    program.signal("TERM");
    let finished = program.finish();
    let _ = std::fs::remove_file(&file);
    assert_output("reload", &finished.stdout);
    assert_eq!(finished.code, Some(0));
}
