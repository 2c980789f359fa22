use super::*;

#[derive(Args, Debug, PartialEq)]
struct Echo {
    /// Port to listen on
    ///
    /// More about ports.
    #[arg(long, default_value_t = 7)]
    port: u16,
    /// Bytes of a message
    #[arg(long, required = true)]
    size: u64,
    // Fields with the names of ours are no clash as long as the options differ.
    #[arg(long = "echo-memory")]
    memory: Option<String>,
}

fn argv(line: &str) -> impl Iterator<Item = OsString> {
    let words: Vec<OsString> = format!("/bin/echo {line}").split_whitespace().map(Into::into).collect();
    words.into_iter()
}

fn options(line: &str) -> Options {
    over(Options::new(), line)
}

fn over(code: Options, line: &str) -> Options {
    parse::<()>(code, argv(line)).unwrap().0
}

fn exit(line: &str) -> Exit {
    parse::<()>(Options::new(), argv(line)).unwrap_err()
}

#[test]
fn every_option_is_read() {
    let line = "-c2 -m1G --reserve-memory=512M --cpuset 0-3 --thread-affinity 0 --overprovisioned \
                --poll-mode --idle-poll-time-us 50 --task-quota-ms 0.25 --reactor-backend epoll --blocking-threads 3 --default-log-level warn \
                --logger-log-level a=debug:b=off --logger-log-level c::d=info \
                --no-handle-interrupt --grace-period-ms 10";
    let expected = Options::new()
        .shards(2)
        .memory(1 << 30)
        .reserve_memory(512 << 20)
        .cpuset("0-3")
        .thread_affinity(false)
        .overprovisioned(true)
        .poll_mode(true)
        .idle_poll_time_us(50)
        .task_quota_ms(0.25)
        .reactor_backend("epoll")
        .blocking_threads(3)
        .default_log_level("warn")
        .logger_log_level("a=debug:b=off:c::d=info")
        .handle_interrupt(false)
        .grace_period_ms(10);
    assert_eq!(options(line), expected);
    assert_eq!(options(""), Options::new());
    assert_eq!(options("--smp 3 --memory 4k"), Options::new().shards(3).memory(4096));
}

#[test]
fn the_command_line_wins() {
    let code = Options::new().shards(4).memory(1 << 30).poll_mode(true).logger_log_level("a=debug");
    assert_eq!(over(code.clone(), ""), code);
    let line = over(code.clone(), "-c 2 --poll-mode=false --logger-log-level a=warn");
    assert_eq!(line, code.shards(2).poll_mode(false).logger_log_level("a=warn"));
    assert_eq!(options("--thread-affinity=false").thread_affinity, Some(false));
    assert_eq!(
        over(Options::new().handle_interrupt(false), "--no-handle-interrupt=0").handle_interrupt,
        Some(true)
    );
}

#[test]
fn overprovisioned_goes_over_what_the_code_says() {
    let code = Options::new().thread_affinity(true).idle_poll_time_us(100).poll_mode(true);
    assert_eq!(over(code.clone(), "--overprovisioned"), Options::new().overprovisioned(true));
    let both = over(code, "--overprovisioned --idle-poll-time-us 5");
    assert_eq!(both, Options::new().overprovisioned(true).idle_poll_time_us(5));
}

#[test]
fn mistakes_exit_with_2_and_say_so_on_stderr() {
    for (line, words) in [
        ("--smpp 1", "tip: a similar argument exists: '--smp'"),
        ("-m 10X", "`X` in `10X` is no unit of memory"),
        ("-c x", "invalid value 'x' for '--smp <N>'"),
        ("--cpuset 3-1", "`3-1` runs backwards"),
        ("--thread-affinity maybe", "value was not a boolean"),
        ("--idle-poll-time-us 1000001", "too long"),
        ("--task-quota-ms 0", "not above 0"),
        ("--reactor-backend aio", "there is no reactor backend `aio`"),
        ("--task-quota-ms nan", "not above 0"),
        ("--grace-period-ms -1", "unexpected argument '-1'"),
        ("-c1 -c2", "cannot be used multiple times"),
        ("stray", "unexpected argument 'stray'"),
    ] {
        let exit = exit(line);
        assert_eq!((exit.code, exit.stdout.as_str()), (2, ""), "{line}");
        assert!(exit.stderr.starts_with("error: ") && exit.stderr.contains(words), "{line}: {}", exit.stderr);
        assert!(exit.stderr.contains("try '--help'"), "{line}: {}", exit.stderr);
    }
}

#[test]
fn log_levels_that_are_none_exit_with_1() {
    for (line, words) in [
        ("--default-log-level loud", "`loud` is no log level"),
        ("--logger-log-level echo", "write `name=level`"),
    ] {
        let exit = exit(line);
        assert_eq!((exit.code, exit.stdout.as_str()), (1, ""), "{line}");
        assert!(exit.stderr.starts_with("logging configuration error: invalid value"), "{}", exit.stderr);
        assert!(exit.stderr.contains(words), "{}", exit.stderr);
    }
}

#[test]
fn what_only_the_machine_can_tell_exits_with_1() {
    let exit = Exit::from(StartError::NoShards);
    assert_eq!((exit.code, exit.stdout.as_str()), (1, ""));
    assert!(
        exit.stderr.starts_with("Could not initialize seastar: number of processing units must be positive")
    );
    assert!(exit.stderr.ends_with('\n'));
    assert_eq!(options("-c0").shards, Some(0));
}

#[test]
fn help_shows_the_application_first_and_everything() {
    for flag in ["-h", "--help"] {
        let code = Options::new().about("Sends it back").shards(3).memory(1 << 30).poll_mode(true);
        let exit = parse::<Echo>(code, argv(flag)).unwrap_err();
        assert_eq!((exit.code, exit.stderr.as_str()), (0, ""));
        let help = exit.stdout;
        assert!(help.starts_with("Sends it back\n\nUsage: echo [OPTIONS] --size <SIZE>\n"), "{help}");
        let at = |text: &str| help.find(text).unwrap_or_else(|| panic!("no {text} in {help}"));
        assert!(at("Application options:") < at("--port") && at("--help-seastar") < at("Seastar options:"));
        for arg in Framework::augment_args(Command::new("")).get_arguments() {
            assert!(at(&format!("--{}", arg.get_long().unwrap())) > at("Seastar options:"));
        }
        for text in [
            "-c, --smp <N>",
            "[default: 3]",
            "[default: 1G]",
            "[default: true]",
            "[default: 0.5]",
            "[default: 7]",
        ] {
            at(text);
        }
        assert!(!help.contains("taskset"), "the framework's long texts are for --help-seastar: {help}");
        assert_eq!(help.contains("More about ports"), flag == "--help");
    }
}

#[test]
fn help_seastar_explains_the_framework_only() {
    // Asked for before and after other things, and though --size is required.
    for line in ["--help-seastar", "-c1 --port 8 --help-seastar", "--help-seastar --size 1"] {
        let exit = parse::<Echo>(Options::new().grace_period_ms(77), argv(line)).unwrap_err();
        assert_eq!((exit.code, exit.stderr.as_str()), (0, ""), "{line}");
        for text in ["Usage: echo [OPTIONS]", "taskset", "powers of 1024", "[default: 77]", "In microseconds"]
        {
            assert!(exit.stdout.contains(text), "no {text} in {}", exit.stdout);
        }
        for arg in Framework::augment_args(Command::new("")).get_arguments() {
            assert!(exit.stdout.contains(&format!("--{}", arg.get_long().unwrap())));
        }
        assert!(!exit.stdout.contains("--port"), "{}", exit.stdout);
    }
    assert!(exit("--bogus --help-seastar").stderr.contains("--bogus"));
}

#[test]
fn lines_of_help_fit_a_terminal() {
    for flag in ["--help", "--help-seastar"] {
        for line in exit(flag).stdout.lines() {
            assert!(line.len() <= 100, "{flag}: `{line}`");
        }
    }
}

#[test]
fn the_version_is_there_if_there_is_one() {
    let exit = parse::<()>(Options::new().name("echo-server").version("1.2"), argv("--version")).unwrap_err();
    assert_eq!((exit.code, exit.stdout.as_str()), (0, "echo-server 1.2\n"));
    let exit = parse::<()>(Options::new().version("1.2"), argv("--version")).unwrap_err();
    assert_eq!(exit.stdout, "echo 1.2\n");
    assert_eq!(self::exit("--version").code, 2);
    assert!(!self::exit("--help").stdout.contains("--version"));
}

#[test]
fn the_application_gets_its_own() {
    let (options, echo) = parse::<Echo>(Options::new(), argv("--size 5 -c2 --echo-memory x")).unwrap();
    assert_eq!(options, Options::new().shards(2));
    assert_eq!(echo, Echo { port: 7, size: 5, memory: Some("x".to_owned()) });
    let exit = parse::<Echo>(Options::new(), argv("-c2")).unwrap_err();
    assert_eq!(exit.code, 1, "something required is missing");
    assert!(exit.stderr.contains("--size <SIZE>"), "{}", exit.stderr);
}

#[test]
fn an_option_with_a_name_of_ours_is_refused() {
    #[derive(Args, Debug)]
    struct Long {
        #[arg(long)]
        memory: bool,
    }
    #[derive(Args, Debug)]
    struct Short {
        #[arg(short)]
        count: bool,
    }
    let exit = parse::<Long>(Options::new(), argv("")).unwrap_err();
    assert_eq!(exit.code, 1);
    assert!(exit.stderr.contains("option --memory is one of Seastar's"), "{}", exit.stderr);
    assert!(parse::<Short>(Options::new(), argv("")).unwrap_err().stderr.contains("option -c is"));
}

#[test]
fn nothing_at_all_is_fine() {
    assert_eq!(parse::<()>(Options::new(), std::iter::empty()).unwrap().0, Options::new());
}
