//! Where log lines go: a backend for the `log` crate that writes to stderr and says which shard speaks.
//!
//! A line is put together on the stack and written in one call, so that lines of different shards do not
//! mix and a shard that logs does not allocate (but for lines above 1 KiB). Whatever goes wrong, the caller
//! does not hear of it: a server must not die because its log is full.

#[cfg(feature = "tracing")]
mod subscriber;

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, SystemTime};

use log::{Level, LevelFilter, Log, Metadata, Record};

/// Lines up to this length are put together on the stack.
const LINE_ON_STACK_BYTES: usize = 1024;

/// What is logged: a level for all, and others for single modules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Levels {
    default: LevelFilter,
    modules: Vec<(String, LevelFilter)>,
}

impl Levels {
    /// Reads `level` and `name=level:name=level`. Of two levels for one name the later counts.
    pub(crate) fn parse(default: &str, modules: &str) -> Result<Levels, String> {
        let mut levels = Levels { default: parse_level(default)?, modules: Vec::new() };
        let mut rest = modules;
        while !rest.is_empty() {
            // Names contain colons (`echo::wire`), levels do not: cut at the first one after the `=`.
            let (name, tail) = rest
                .split_once('=')
                .filter(|(name, _)| !name.is_empty() && !name.starts_with(':'))
                .ok_or_else(|| {
                    format!("`{rest}` names no logger and level; write `name=level`, more after a colon")
                })?;
            let (level, tail) = tail.split_once(':').unwrap_or((tail, ""));
            levels.modules.push((name.to_owned(), parse_level(level)?));
            rest = tail;
        }
        Ok(levels)
    }

    /// The level of the longest name that is `target` or a module around it.
    fn of(&self, target: &str) -> LevelFilter {
        let around = |name: &str| {
            target.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        let named = self.modules.iter().filter(|(name, _)| around(name)).max_by_key(|(name, _)| name.len());
        named.map_or(self.default, |(_, level)| *level)
    }

    fn max(&self) -> LevelFilter {
        self.modules.iter().fold(self.default, |max, (_, level)| max.max(*level))
    }
}

/// Reads a level, in small or capital letters.
pub(crate) fn parse_level(text: &str) -> Result<LevelFilter, String> {
    let error = |_| format!("`{text}` is no log level; write error, warn, info, debug, trace or off");
    text.parse().map_err(error)
}

/// Sends the lines of the `log` macros to stderr; `shard` tells the number of the calling thread's shard.
///
/// May be called again, by the next runtime of the same process, and then only changes the levels. A logger
/// that the program has installed itself is left alone, with its level.
pub(crate) fn install(levels: Levels, shard: fn() -> Option<u32>) {
    static OURS: OnceLock<bool> = OnceLock::new();
    let max = levels.max();
    *STATE.write().unwrap_or_else(PoisonError::into_inner) = Some(State { levels, shard });
    if *OURS.get_or_init(|| log::set_logger(&Stderr).is_ok()) {
        log::set_max_level(max);
        #[cfg(feature = "tracing")]
        subscriber::install();
    }
}

struct State {
    levels: Levels,
    shard: fn() -> Option<u32>,
}

/// Shards read this for lines that pass the level for all, which are about to make a system call anyway.
static STATE: RwLock<Option<State>> = RwLock::new(None);

fn state() -> RwLockReadGuard<'static, Option<State>> {
    STATE.read().unwrap_or_else(PoisonError::into_inner)
}

struct Stderr;

impl Stderr {
    /// The function that tells the shard, if the record is to be written. The lock is free again when this
    /// returns: what is formatted later may log on its own.
    fn accept(metadata: &Metadata<'_>) -> Option<fn() -> Option<u32>> {
        let state = state();
        let State { levels, shard } = state.as_ref()?;
        (metadata.level() <= levels.of(metadata.target())).then_some(*shard)
    }
}

impl Log for Stderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        #[cfg(feature = "tracing")]
        if let Some(wanted) = subscriber::wanted(metadata) {
            return wanted;
        }
        Stderr::accept(metadata).is_some()
    }

    fn log(&self, record: &Record<'_>) {
        #[cfg(feature = "tracing")]
        if subscriber::forward(record) {
            return;
        }
        if let Some(shard) = Stderr::accept(record.metadata()) {
            let line = line(record, shard(), SystemTime::now());
            // There is nobody to tell that the log cannot be written.
            let _ = std::io::stderr().lock().write_all(line.bytes());
        }
    }

    fn flush(&self) {}
}

/// `INFO  2026-11-23 08:05:18,123 [shard 0] seastar - message`
fn line(record: &Record<'_>, shard: Option<u32>, time: SystemTime) -> Line {
    let mut line = Line::new();
    // Only a `Display` of the caller's can fail here; the line then ends where it did.
    let _ = head(&mut line, record.level(), record.target(), shard, time);
    #[cfg(feature = "tracing")]
    let _ = subscriber::write_context(&mut line);
    let _ = write!(line, "{}", record.args());
    let _ = line.write_char('\n');
    line
}

/// All that is before the message.
fn head(
    line: &mut impl fmt::Write,
    level: Level,
    target: &str,
    shard: Option<u32>,
    time: SystemTime,
) -> fmt::Result {
    write!(line, "{level:<5} {} ", LocalTime::at(time))?;
    match shard {
        Some(shard) => write!(line, "[shard {shard}] "),
        None => line.write_str("[no shard] "),
    }?;
    write!(line, "{target} - ")
}

/// Text that moves to the heap when it outgrows the stack.
struct Line {
    short: [u8; LINE_ON_STACK_BYTES],
    used: usize,
    long: Vec<u8>,
}

impl Line {
    fn new() -> Line {
        Line { short: [0; LINE_ON_STACK_BYTES], used: 0, long: Vec::new() }
    }

    fn bytes(&self) -> &[u8] {
        if self.long.is_empty() { &self.short[..self.used] } else { &self.long }
    }
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.long.is_empty() {
            let end = self.used + text.len();
            if let Some(room) = self.short.get_mut(self.used..end) {
                room.copy_from_slice(text.as_bytes());
                self.used = end;
                return Ok(());
            }
            self.long.extend_from_slice(&self.short[..self.used]);
        }
        self.long.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// A point in time as the clocks on the wall here show it.
struct LocalTime {
    since_epoch: Duration,
    calendar: Option<libc::tm>,
}

impl LocalTime {
    fn at(time: SystemTime) -> LocalTime {
        let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        LocalTime { since_epoch, calendar: calendar(since_epoch.as_secs()) }
    }
}

fn calendar(seconds: u64) -> Option<libc::tm> {
    let seconds = libc::time_t::try_from(seconds).ok()?;
    let mut tm = std::mem::MaybeUninit::<libc::tm>::uninit();
    // SAFETY: both pointers are to locals of the right type, and nothing keeps them.
    let written = unsafe { libc::localtime_r(&seconds, tm.as_mut_ptr()) };
    // SAFETY: localtime_r fills all of `tm` unless it returns null.
    (!written.is_null()).then(|| unsafe { tm.assume_init() })
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.calendar {
            Some(tm) => {
                let (year, month) = (i64::from(tm.tm_year) + 1900, tm.tm_mon + 1);
                write!(f, "{year:04}-{month:02}-{:02} ", tm.tm_mday)?;
                write!(f, "{:02}:{:02}:{:02}", tm.tm_hour, tm.tm_min, tm.tm_sec)?;
            }
            None => write!(f, "{}", self.since_epoch.as_secs())?,
        }
        write!(f, ",{:03}", self.since_epoch.subsec_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(target: &str, shard: Option<u32>, args: fmt::Arguments<'_>) -> String {
        let record = Record::builder().level(Level::Info).target(target).args(args).build();
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_000_000_042);
        String::from_utf8(line(&record, shard, time).bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_line_says_when_who_and_what() {
        let line = text("seastar", Some(0), format_args!("{} shards", 4));
        let (time, rest) = line.split_at("INFO  2026-11-23 08:05:18,123".len());
        let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "INFO  0000-00-00 00:00:00,000");
        assert!(time.starts_with("INFO  2026-11-1") && time.ends_with(",042"), "{time}");
        assert_eq!(rest, " [shard 0] seastar - 4 shards\n");
        assert!(text("a::b", None, format_args!("x")).ends_with(" [no shard] a::b - x\n"));
    }

    #[test]
    fn long_lines_are_whole() {
        for length in [900, 980, 1000, 1024, 5000] {
            let message = "x".repeat(length);
            let line = text("app", Some(1), format_args!("{message}{message}!"));
            assert!(line.ends_with(&format!(" - {message}{message}!\n")));
        }
    }

    #[test]
    fn a_display_that_fails_ends_the_line() {
        struct Broken;
        impl fmt::Display for Broken {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                Err(fmt::Error)
            }
        }
        assert!(text("app", Some(1), format_args!("so far {Broken}")).ends_with("app - so far \n"));
    }

    #[test]
    fn the_longest_name_counts() {
        let levels = Levels::parse("info", "echo=warn:echo::wire=trace:seastar=off:echo=error").unwrap();
        let cases = [
            ("echo", LevelFilter::Error),
            ("echo::wire", LevelFilter::Trace),
            ("echo::wire::frame", LevelFilter::Trace),
            ("echo::wired", LevelFilter::Error),
            ("echoes", LevelFilter::Info),
            ("seastar::net", LevelFilter::Off),
            ("", LevelFilter::Info),
        ];
        for (target, level) in cases {
            assert_eq!(levels.of(target), level, "{target}");
        }
        assert_eq!(levels.max(), LevelFilter::Trace);
        assert_eq!(Levels::parse("warn", "").unwrap().max(), LevelFilter::Warn);
    }

    #[test]
    fn bad_levels_are_named() {
        assert!(Levels::parse("loud", "").unwrap_err().starts_with("`loud` is no log level"));
        assert!(Levels::parse("info", "echo=loud:a=info").unwrap_err().starts_with("`loud` is no log level"));
        for text in ["echo", "=info", "a=info:echo", "a=info::b=info"] {
            let error = Levels::parse("info", text).unwrap_err();
            assert!(
                error.contains("write `name=level`") || error.contains("`` is no log level"),
                "{text}: {error}"
            );
        }
    }

    /// Runs the test `name` of this module in a process of its own, because the logger belongs to the
    /// process; returns what it prints on stderr, or nothing in that process itself.
    fn alone(name: &str) -> Option<String> {
        const CHILD: &str = "SEASTAR_LOG_TEST_CHILD";
        if std::env::var_os(CHILD).is_some() {
            return None;
        }
        let (_, module) = module_path!().split_once("::").unwrap();
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "--nocapture", &format!("{module}::{name}")]).env(CHILD, "");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        Some(String::from_utf8(output.stderr).unwrap())
    }

    #[test]
    fn the_next_runtime_changes_the_levels() {
        if let Some(stderr) = alone("the_next_runtime_changes_the_levels") {
            assert!(stderr.starts_with("WARN  ") && stderr.ends_with(" [shard 7] app - seen\n"), "{stderr}");
            assert_eq!(stderr.lines().count(), 1);
            return;
        }
        let install = |level| install(Levels::parse(level, "quiet=error").unwrap(), || Some(7));
        install("warn");
        assert_eq!(log::max_level(), LevelFilter::Warn);
        log::warn!(target: "app", "seen");
        log::warn!(target: "quiet", "not seen");
        log::info!(target: "app", "not seen");
        install("off");
        assert_eq!(log::max_level(), LevelFilter::Error);
        log::error!(target: "app", "not seen");
    }

    struct Own;

    impl Log for Own {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            eprint!("own: {}", record.args());
        }
        fn flush(&self) {}
    }

    #[test]
    fn the_logger_of_the_program_is_left_alone() {
        if let Some(stderr) = alone("the_logger_of_the_program_is_left_alone") {
            assert_eq!(stderr, "own: seen");
            return;
        }
        log::set_logger(&Own).unwrap();
        log::set_max_level(LevelFilter::Trace);
        install(Levels::parse("off", "").unwrap(), || None);
        assert_eq!(log::max_level(), LevelFilter::Trace);
        log::trace!("seen");
    }

    #[test]
    fn a_program_may_install_its_logger_in_main() {
        if let Some(stderr) = alone("a_program_may_install_its_logger_in_main") {
            assert_eq!(stderr, "own: seen");
            return;
        }
        let options = crate::Options::new().shards(1).memory(64 << 20).overprovisioned(true);
        let main = async || {
            log::set_logger(&Own).unwrap();
            log::set_max_level(LevelFilter::Warn);
            log::warn!("seen");
        };
        crate::run(options.own_log(true), main).unwrap();
    }
}
