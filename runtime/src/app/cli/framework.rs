//! The framework's own options: their names, texts and values.

use clap::builder::BoolishValueParser;
use clap::{Arg, ArgAction, Args, Command};

use crate::app::log::{Levels, parse_level};
use crate::app::options::Options;
use crate::app::units::{format_memory, parse_memory, parse_memory_in};
use crate::app::{backend, config};
use crate::sys::cpuset::CpuSet;

// The paragraphs below the first line are for `--help-seastar` only. No doc comment on the type itself:
// clap would take it for what the whole program is about. Ids have a prefix because an
// application's fields share the name space.
#[derive(Args)]
#[group(skip)]
#[command(next_help_heading = "Seastar options")]
pub(super) struct Framework {
    /// Shards, one thread each
    ///
    /// The CPUs that count are those of the affinity mask (taskset, control group)
    /// and of --cpuset, but no more than the control group's CPU quota pays for,
    /// rounded down. Different cores are taken before two threads of one core.
    #[arg(id = "seastar.smp", short = 'c', long = "smp", value_name = "N", verbatim_doc_comment)]
    smp: Option<u32>,

    /// CPUs to run on, such as 0,2-5
    ///
    /// Must be a part of the affinity mask.
    #[arg(id = "seastar.cpuset", long = "cpuset", value_name = "LIST")]
    #[arg(value_parser = cpuset, verbatim_doc_comment)]
    cpuset: Option<String>,

    /// Memory of all shards, such as 2G
    ///
    /// In bytes, or with k, M, G or T in powers of 1024 (also Mi, MiB, MB). A budget
    /// that is shared out evenly in steps of 2 MiB, and not taken at start. At most
    /// what the machine and the control group's limit leave.
    #[arg(id = "seastar.memory", short = 'm', long = "memory", value_name = "SIZE")]
    #[arg(value_parser = parse_memory, verbatim_doc_comment)]
    memory: Option<u64>,

    /// Memory left to the system
    ///
    /// Counts only without --memory; units as there. By default the larger of the two,
    /// but at most half of what is available.
    #[arg(id = "seastar.reserve_memory", long = "reserve-memory", value_name = "SIZE")]
    #[arg(value_parser = parse_memory, verbatim_doc_comment)]
    reserve_memory: Option<u64>,

    /// Bind each shard to its CPU
    ///
    /// Write 0 or false when other programs are bound to the same CPUs.
    #[arg(id = "seastar.thread_affinity", long = "thread-affinity", value_name = "BOOL")]
    #[arg(value_parser = BoolishValueParser::new(), verbatim_doc_comment)]
    thread_affinity: Option<bool>,

    /// Share the CPUs with other programs
    ///
    /// Lifts the limit on --smp, and stands for --thread-affinity 0 and
    /// --idle-poll-time-us 0 unless the same line says otherwise.
    #[arg(id = "seastar.overprovisioned", long = "overprovisioned", value_name = "BOOL")]
    #[arg(verbatim_doc_comment)]
    overprovisioned: Option<bool>,

    /// Poll for ever instead of sleeping
    ///
    /// The lowest latency there is, at 100 % of every CPU.
    #[arg(id = "seastar.poll_mode", long = "poll-mode", value_name = "BOOL", verbatim_doc_comment)]
    poll_mode: Option<bool>,

    /// Time that a shard polls after a message
    ///
    /// In microseconds, at most 1000000, counted from the last message to or from another shard.
    /// A shard that only waits for I/O sleeps at once.
    #[arg(id = "seastar.idle_poll_time_us", long = "idle-poll-time-us", value_name = "N")]
    #[arg(value_parser = idle_poll, verbatim_doc_comment)]
    idle_poll_time_us: Option<u64>,

    /// Time that tasks run between two polls
    ///
    /// In milliseconds, above 0 and at most 1000; fractions are allowed.
    #[arg(id = "seastar.task_quota_ms", long = "task-quota-ms", value_name = "F")]
    #[arg(value_parser = task_quota, verbatim_doc_comment)]
    task_quota_ms: Option<f64>,

    /// Talk to the kernel by io_uring or epoll
    ///
    /// auto is io_uring where the system lets this process use it, and epoll elsewhere.
    /// The variable SEASTAR_REACTOR_BACKEND stands for this option where it is not given.
    #[arg(id = "seastar.reactor_backend", long = "reactor-backend", value_name = "NAME")]
    #[arg(value_parser = backend_name, verbatim_doc_comment)]
    reactor_backend: Option<String>,

    /// Threads that run what blocks
    ///
    /// For all shards together, from 1 to 1024: those of seastar::unblock. They start
    /// when they are needed.
    #[arg(id = "seastar.blocking_threads", long = "blocking-threads", value_name = "N")]
    #[arg(value_parser = blocking_threads, verbatim_doc_comment)]
    blocking_threads: Option<u32>,

    /// Log error, warn, info, debug, trace or off
    ///
    /// Each level includes those before it. The log goes to stderr.
    #[arg(id = "seastar.default_log_level", long = "default-log-level", value_name = "L")]
    #[arg(value_parser = level, verbatim_doc_comment)]
    default_log_level: Option<String>,

    /// Levels by module, name=level[:name=level]
    ///
    /// A name stands for the module and all below it; the longest one counts. May be
    /// given several times.
    #[arg(id = "seastar.logger_log_level", long = "logger-log-level", value_name = "LEVELS")]
    #[arg(value_parser = levels, action = ArgAction::Append, verbatim_doc_comment)]
    logger_log_level: Vec<String>,

    /// Let Ctrl-C end the program at once
    ///
    /// Without this option SIGINT stops it in order. Useful in a debugger.
    #[arg(id = "seastar.no_handle_interrupt", long = "no-handle-interrupt", value_name = "BOOL")]
    #[arg(verbatim_doc_comment)]
    no_handle_interrupt: Option<bool>,

    /// Time to finish when the program stops
    ///
    /// In milliseconds, at most a day.
    #[arg(id = "seastar.grace_period_ms", long = "grace-period-ms", value_name = "N")]
    #[arg(value_parser = grace_period, verbatim_doc_comment)]
    grace_period_ms: Option<u64>,

    /// Print what each shard keeps memory for
    #[arg(id = "seastar.memory_map", long = "memory-map")]
    memory_map: bool,
}

/// The options that configure the log.
pub(super) const LOG_OPTIONS: [&str; 2] = ["--default-log-level", "--logger-log-level"];

/// How much is said about each option.
#[derive(Clone, Copy)]
pub(super) enum Help {
    Short,
    Long,
}

/// Adds the options to `command`, with the defaults of `code` in their texts.
pub(super) fn augment(command: Command, code: &Options, help: Help) -> Command {
    let mut command = Framework::augment_args(command);
    for id in ["seastar.overprovisioned", "seastar.poll_mode", "seastar.no_handle_interrupt"] {
        // `--poll-mode` alone means yes, and `--poll-mode=0` takes back what the code says.
        let switch = |arg: Arg| arg.num_args(0..=1).require_equals(true).default_missing_value("true");
        command = command.mut_arg(id, |arg| switch(arg).value_parser(BoolishValueParser::new()));
    }
    if let Some(unit_bytes) = code.memory_unit {
        for id in ["seastar.memory", "seastar.reserve_memory"] {
            let parser = move |text: &str| parse_memory_in(unit_bytes, text);
            command = command.mut_arg(id, |arg| arg.value_parser(parser));
        }
    }
    // Not clap's default values: those would look as if somebody had given them.
    for (id, default) in defaults(code) {
        command = command.mut_arg(id, |arg| {
            let line = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let text = arg.get_long_help().map_or(line.clone(), ToString::to_string);
            let arg = arg.hide_possible_values(true);
            match help {
                Help::Short => {
                    arg.help(format!("{line} [default: {default}]")).long_help(None::<&'static str>)
                }
                Help::Long => arg.long_help(format!("{text}\n[default: {default}]")),
            }
        });
    }
    command
}

fn defaults(code: &Options) -> [(&'static str, String); 15] {
    fn or<T: ToString>(set: Option<T>, otherwise: impl ToString) -> String {
        set.map_or_else(|| otherwise.to_string(), |set| set.to_string())
    }
    let level = code.default_log_level.as_deref();
    [
        ("seastar.smp", or(code.shards, "one per CPU")),
        ("seastar.cpuset", or(code.cpuset.as_deref(), "the affinity mask")),
        ("seastar.memory", or(code.memory.map(format_memory), "all but a reserve")),
        ("seastar.reserve_memory", or(code.reserve_memory.map(format_memory), config::reserve_in_words())),
        ("seastar.thread_affinity", or(code.thread_affinity, true)),
        ("seastar.overprovisioned", or(code.overprovisioned, false)),
        ("seastar.poll_mode", or(code.poll_mode, false)),
        ("seastar.idle_poll_time_us", or(code.idle_poll_time_us, config::IDLE_POLL_US_DEFAULT)),
        ("seastar.task_quota_ms", or(code.task_quota_ms, config::TASK_QUOTA_MS_DEFAULT)),
        ("seastar.reactor_backend", or(code.reactor_backend.as_deref(), backend::AUTO)),
        ("seastar.blocking_threads", or(code.blocking_threads, config::BLOCKING_THREADS_DEFAULT)),
        ("seastar.default_log_level", or(level, config::LOG_LEVEL_DEFAULT)),
        ("seastar.logger_log_level", or(code.logger_log_level.as_deref(), "none")),
        ("seastar.no_handle_interrupt", or(code.handle_interrupt.map(|handle| !handle), false)),
        ("seastar.grace_period_ms", or(code.grace_period_ms, config::GRACE_PERIOD_MS_DEFAULT)),
    ]
}

impl Framework {
    /// What the command line says, and `code` where it says nothing.
    pub(super) fn over(self, mut code: Options) -> Options {
        // The flag stands for other settings, so it must go over those that only the code made.
        if self.overprovisioned == Some(true) {
            (code.thread_affinity, code.idle_poll_time_us, code.poll_mode) = (None, None, None);
        }
        for levels in self.logger_log_level {
            code = code.logger_log_level(levels);
        }
        Options {
            shards: self.smp.or(code.shards),
            cpuset: self.cpuset.map(Into::into).or(code.cpuset),
            memory: self.memory.or(code.memory),
            reserve_memory: self.reserve_memory.or(code.reserve_memory),
            thread_affinity: self.thread_affinity.or(code.thread_affinity),
            overprovisioned: self.overprovisioned.or(code.overprovisioned),
            poll_mode: self.poll_mode.or(code.poll_mode),
            idle_poll_time_us: self.idle_poll_time_us.or(code.idle_poll_time_us),
            task_quota_ms: self.task_quota_ms.or(code.task_quota_ms),
            reactor_backend: self.reactor_backend.map(Into::into).or(code.reactor_backend),
            blocking_threads: self.blocking_threads.or(code.blocking_threads),
            default_log_level: self.default_log_level.map(Into::into).or(code.default_log_level),
            handle_interrupt: self.no_handle_interrupt.map(|no| !no).or(code.handle_interrupt),
            grace_period_ms: self.grace_period_ms.or(code.grace_period_ms),
            ..code
        }
    }
}

// Texts are kept as they are once they are known to be good: `Options` holds texts, because
// code sets them too and hears of mistakes when it starts.

fn cpuset(text: &str) -> Result<String, String> {
    text.parse::<CpuSet>().map(|_| text.to_owned())
}

fn backend_name(text: &str) -> Result<String, String> {
    backend::Choice::parse(text).map(|_| text.to_owned())
}

fn level(text: &str) -> Result<String, String> {
    parse_level(text).map(|_| text.to_owned())
}

fn levels(text: &str) -> Result<String, String> {
    Levels::parse(config::LOG_LEVEL_DEFAULT, text).map(|_| text.to_owned())
}

fn blocking_threads(text: &str) -> Result<u32, String> {
    let threads = text.parse().map_err(|error| format!("{error}"))?;
    config::check_blocking_threads(threads).map(|()| threads)
}

fn idle_poll(text: &str) -> Result<u64, String> {
    let us = text.parse().map_err(|error| format!("{error}"))?;
    config::check_idle_poll(us).map(|()| us)
}

fn task_quota(text: &str) -> Result<f64, String> {
    let ms = text.parse().map_err(|error| format!("{error}"))?;
    config::check_task_quota(ms).map(|()| ms)
}

fn grace_period(text: &str) -> Result<u64, String> {
    let ms = text.parse().map_err(|error| format!("{error}"))?;
    config::check_grace_period(ms).map(|()| ms)
}
