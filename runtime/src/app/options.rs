//! What a program says about how it wants to run, before anybody looks at the machine.
//!
//! Nothing has a default here. Who asks for `memory` may find it set or not, so the command line
//! can go over the code, and what neither says is decided where the machine is known (`config.rs`).

use std::borrow::Cow;

/// How a program wants to run: how many shards, on which CPUs, with how much memory.
///
/// What is set here is a default that the command line may overrule. What is set nowhere is chosen
/// to fit the machine.
///
/// ```
/// use seastar::Options;
///
/// const OPTIONS: Options = Options::new().name("echo").version("1.2.0").grace_period_ms(500);
///
/// let small = OPTIONS.shards(2).memory(256 << 20).logger_log_level("echo=debug");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    pub(crate) name: Option<&'static str>,
    pub(crate) about: Option<&'static str>,
    pub(crate) version: Option<&'static str>,
    pub(crate) shards: Option<u32>,
    pub(crate) memory: Option<u64>,
    pub(crate) memory_unit: Option<u64>,
    pub(crate) reserve_memory: Option<u64>,
    pub(crate) cpuset: Option<Cow<'static, str>>,
    pub(crate) thread_affinity: Option<bool>,
    pub(crate) overprovisioned: Option<bool>,
    pub(crate) poll_mode: Option<bool>,
    pub(crate) idle_poll_time_us: Option<u64>,
    pub(crate) task_quota_ms: Option<f64>,
    pub(crate) reactor_backend: Option<Cow<'static, str>>,
    pub(crate) blocking_threads: Option<u32>,
    pub(crate) default_log_level: Option<Cow<'static, str>>,
    pub(crate) logger_log_level: Option<Cow<'static, str>>,
    pub(crate) own_log: Option<bool>,
    pub(crate) handle_interrupt: Option<bool>,
    pub(crate) grace_period_ms: Option<u64>,
    /// Signals are left to whoever runs the shards.
    pub(crate) ignore_signals: bool,
}

impl Options {
    /// Options of which none is set.
    ///
    /// ```
    /// # use seastar::Options;
    /// assert_eq!(Options::new(), Options::default());
    /// ```
    pub const fn new() -> Options {
        Options {
            name: None,
            about: None,
            version: None,
            shards: None,
            memory: None,
            memory_unit: None,
            reserve_memory: None,
            cpuset: None,
            thread_affinity: None,
            overprovisioned: None,
            poll_mode: None,
            idle_poll_time_us: None,
            task_quota_ms: None,
            reactor_backend: None,
            blocking_threads: None,
            default_log_level: None,
            logger_log_level: None,
            own_log: None,
            handle_interrupt: None,
            grace_period_ms: None,
            ignore_signals: false,
        }
    }

    /// The program's name, for `--help` and `--version`. Default: the name of its file.
    ///
    /// ```
    /// # use seastar::Options;
    /// let options = Options::new().name("echo");
    /// ```
    pub const fn name(mut self, name: &'static str) -> Options {
        self.name = Some(name);
        self
    }

    /// What the program does, in a sentence for the top of `--help`. Default: nothing.
    ///
    /// ```
    /// # use seastar::Options;
    /// let options = Options::new().about("Sends back what it receives");
    /// ```
    pub const fn about(mut self, about: &'static str) -> Options {
        self.about = Some(about);
        self
    }

    /// The program's version. Default: none, and then there is no `--version` either.
    ///
    /// ```
    /// # use seastar::Options;
    /// let options = Options::new().version(env!("CARGO_PKG_VERSION"));
    /// ```
    pub const fn version(mut self, version: &'static str) -> Options {
        self.version = Some(version);
        self
    }

    /// Number of shards, one thread each (`--smp`). Default: one for each CPU that the affinity mask,
    /// the control group's CPU quota and [`cpuset`](Self::cpuset) leave.
    ///
    /// ```
    /// # use seastar::Options;
    /// let options = Options::new().shards(2);
    /// ```
    pub const fn shards(mut self, shards: u32) -> Options {
        self.shards = Some(shards);
        self
    }

    /// Memory in bytes that all shards share (`--memory`): a budget, not taken at start.
    /// Default: what is available except for a reserve, see [`reserve_memory`](Self::reserve_memory).
    ///
    /// ```
    /// # use seastar::Options;
    /// let options = Options::new().memory(4 << 30);
    /// ```
    pub const fn memory(mut self, bytes: u64) -> Options {
        self.memory = Some(bytes);
        self
    }

    /// What a number without a unit stands for in `--memory` and `--reserve-memory`, in bytes. Default: 1.
    ///
    /// For programs that take the place of others whose users write `-m 64` and mean 64 MiB. A number that is itself
    /// as large as the unit is one of bytes still.
    ///
    /// ```
    /// # use seastar::Options;
    /// let options = Options::new().memory_unit(1 << 20);
    /// ```
    pub const fn memory_unit(mut self, bytes: u64) -> Options {
        self.memory_unit = Some(bytes);
        self
    }

    /// Memory in bytes that is left to the system when [`memory`](Self::memory) is not set
    /// (`--reserve-memory`). Default: the larger of 1.5 GiB and 7 % of what is available, but at most half.
    ///
    /// ```
    /// # use seastar::Options;
    /// let options = Options::new().reserve_memory(512 << 20);
    /// ```
    pub const fn reserve_memory(mut self, bytes: u64) -> Options {
        self.reserve_memory = Some(bytes);
        self
    }

    /// The CPUs to run on, such as `0,2-5` (`--cpuset`). Default: those of the affinity mask, of which it
    /// must be a part.
    ///
    /// ```
    /// # use seastar::Options;
    /// let options = Options::new().cpuset("0,2-5");
    /// ```
    pub fn cpuset(mut self, cpus: impl Into<Cow<'static, str>>) -> Options {
        self.cpuset = Some(cpus.into());
        self
    }

    /// Whether each shard is bound to a CPU of its own (`--thread-affinity`).
    /// Default: yes, unless [`overprovisioned`](Self::overprovisioned).
    ///
    /// ```
    /// # use seastar::Options;
    /// let options = Options::new().thread_affinity(false);
    /// ```
    pub const fn thread_affinity(mut self, pin: bool) -> Options {
        self.thread_affinity = Some(pin);
        self
    }

    /// Whether the CPUs are shared with other programs (`--overprovisioned`): any number of shards, none
    /// bound to a CPU, no polling while idle. Default: no.
    ///
    /// ```
    /// # use seastar::Options;
    /// let options = Options::new().shards(64).overprovisioned(true);
    /// ```
    pub const fn overprovisioned(mut self, shared: bool) -> Options {
        self.overprovisioned = Some(shared);
        self
    }

    /// Whether an idle shard polls for ever instead of sleeping (`--poll-mode`): lowest latency, all of the
    /// CPU. Default: no.
    ///
    /// ```
    /// # use seastar::Options;
    /// let options = Options::new().poll_mode(true);
    /// ```
    pub const fn poll_mode(mut self, poll: bool) -> Options {
        self.poll_mode = Some(poll);
        self
    }

    /// How long after the last message to or from another shard an idle one polls for more before it
    /// sleeps, in microseconds, at most a second (`--idle-poll-time-us`). Default: 100, or 0 when
    /// [`overprovisioned`](Self::overprovisioned). A shard that only waits for I/O sleeps at once: what
    /// comes meanwhile is then served together.
    ///
    /// ```
    /// # use seastar::Options;
    /// let options = Options::new().idle_poll_time_us(200);
    /// ```
    pub const fn idle_poll_time_us(mut self, microseconds: u64) -> Options {
        self.idle_poll_time_us = Some(microseconds);
        self
    }

    /// How long tasks run before the shard looks for new events, in milliseconds, at most a second
    /// (`--task-quota-ms`). Default: 0.5.
    ///
    /// ```
    /// # use seastar::Options;
    /// let options = Options::new().task_quota_ms(0.25);
    /// ```
    pub const fn task_quota_ms(mut self, milliseconds: f64) -> Options {
        self.task_quota_ms = Some(milliseconds);
        self
    }

    /// How the shards talk to the kernel: `io_uring`, `epoll`, or `auto`, which is io_uring where the system lets this
    /// process use it, and epoll elsewhere (`--reactor-backend`). Default: the variable `SEASTAR_REACTOR_BACKEND` of the
    /// environment if it is set, and otherwise `auto`.
    ///
    /// ```
    /// # use seastar::Options;
    /// let options = Options::new().reactor_backend("epoll");
    /// ```
    pub fn reactor_backend(mut self, backend: impl Into<Cow<'static, str>>) -> Options {
        self.reactor_backend = Some(backend.into());
        self
    }

    /// How many threads run what [`unblock`](crate::unblock) is given, for all shards together, at least 1 and at most 1024
    /// (`--blocking-threads`). They start when they are needed. Default: 16.
    ///
    /// ```
    /// # use seastar::Options;
    /// let options = Options::new().blocking_threads(4);
    /// ```
    pub const fn blocking_threads(mut self, threads: u32) -> Options {
        self.blocking_threads = Some(threads);
        self
    }

    /// What is logged: `error`, `warn`, `info`, `debug`, `trace`, each with those before it, or `off`
    /// (`--default-log-level`). Default: `info`.
    ///
    /// ```
    /// # use seastar::Options;
    /// let options = Options::new().default_log_level("warn");
    /// ```
    pub fn default_log_level(mut self, level: impl Into<Cow<'static, str>>) -> Options {
        self.default_log_level = Some(level.into());
        self
    }

    /// Other levels for single modules and what is below them, as `name=level:name=level`
    /// (`--logger-log-level`). Further calls add to it. Default: none.
    ///
    /// ```
    /// # use seastar::Options;
    /// let options = Options::new().logger_log_level("echo::wire=trace:seastar=warn");
    /// ```
    pub fn logger_log_level(mut self, levels: impl Into<Cow<'static, str>>) -> Options {
        let levels = levels.into();
        self.logger_log_level = Some(match self.logger_log_level {
            Some(earlier) => format!("{earlier}:{levels}").into(),
            None => levels,
        });
        self
    }

    /// Whether the program installs a logger of the crate `log`, or with the feature `tracing` a subscriber, by itself: in main, say. Nothing is
    /// installed then, the two options above mean nothing, and what is said before is lost. Default: no. Where one is
    /// installed already when the shards are started, nothing need be said: it is left alone.
    ///
    /// ```
    /// # use seastar::Options;
    /// let options = Options::new().own_log(true);
    /// ```
    pub const fn own_log(mut self, own: bool) -> Options {
        self.own_log = Some(own);
        self
    }

    /// Whether Ctrl-C (SIGINT) stops the program in order; if not it ends it at once, which debuggers like
    /// (`--no-handle-interrupt`). Default: yes.
    ///
    /// ```
    /// # use seastar::Options;
    /// let options = Options::new().handle_interrupt(false);
    /// ```
    pub const fn handle_interrupt(mut self, handle: bool) -> Options {
        self.handle_interrupt = Some(handle);
        self
    }

    /// How long fibers may take to finish once the program is told to stop, in milliseconds, at most a day
    /// (`--grace-period-ms`). Default: 2000.
    ///
    /// ```
    /// # use seastar::Options;
    /// let options = Options::new().grace_period_ms(10_000);
    /// ```
    pub const fn grace_period_ms(mut self, milliseconds: u64) -> Options {
        self.grace_period_ms = Some(milliseconds);
        self
    }
}

impl Options {
    /// With the defaults of a test: many run at the same time on the same CPUs.
    pub(crate) fn for_test(mut self) -> Options {
        self.ignore_signals = true;
        self.shards = self.shards.or(Some(1));
        self.memory = self.memory.or(Some(self.shards.map_or(1, u64::from) * (256 << 20)));
        self.overprovisioned = self.overprovisioned.or(Some(true));
        self
    }
}
