//! Options that people bring along from memcached: those that say how the program runs, and those that mean nothing here.

use std::path::PathBuf;
use std::thread;

use nix::unistd::{Gid, Uid, User, geteuid, setgid, setgroups, setuid};
use seastar::{Options, clap};

/// What `-o` may name without effect: how memcached shares out its memory and its threads.
const TAKEN: [&str; 30] = [
    "maxconns_fast",
    "hashpower",
    "tail_repair_time",
    "hash_algorithm",
    "lru_crawler",
    "lru_crawler_sleep",
    "lru_crawler_tocrawl",
    "read_buf_mem_limit",
    "lru_maintainer",
    "hot_lru_pct",
    "warm_lru_pct",
    "hot_max_factor",
    "warm_max_factor",
    "temporary_ttl",
    "slab_chunk_max",
    "slab_reassign",
    "slab_automove",
    "slab_automove_ratio",
    "slab_automove_window",
    "slab_automove_freeratio",
    "watcher_logbuf_size",
    "worker_logbuf_size",
    "track_sizes",
    "hashexpand",
    "modern",
    "inline_ascii_resp",
    "drop_privileges",
    "relaxed_privileges",
    "resp_obj_mem_limit",
    "chunked_items",
];

/// Options of memcached.
#[derive(clap::Args, Debug)]
#[group(skip)]
pub(super) struct Habits {
    /// Threads: that many shards, but no more than there are CPUs
    #[arg(short = 't', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    threads: Option<u32>,
    /// The user to become when root starts it
    #[arg(short = 'u', long, value_name = "NAME")]
    user: Option<String>,
    /// File to write the process id to
    #[arg(short = 'P', long, value_name = "FILE")]
    pidfile: Option<PathBuf>,
    /// Log more; -vv still more
    #[arg(short = 'v', long, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Print the version
    #[arg(short = 'V')]
    version: bool,
    /// Options of memcached's -o: idle_timeout counts, others of memory and threads are taken without effect
    #[arg(short = 'o', long, value_name = "LIST", value_delimiter = ',')]
    extended: Vec<String>,
    /// Only `ascii` is spoken, by default and with `auto`
    #[arg(short = 'B', long, value_name = "NAME", value_parser = ["auto", "ascii", "binary"], hide = true)]
    protocol: Option<String>,

    // What is taken, so that the rest of a command line works, and has no effect.
    #[arg(short = 'R', long, value_name = "N", hide = true)]
    max_reqs_per_event: Option<u32>,
    #[arg(short = 'n', long, value_name = "N", hide = true)]
    slab_min_size: Option<u32>,
    #[arg(short = 'f', long, value_name = "F", hide = true)]
    slab_growth_factor: Option<f64>,
    #[arg(short = 'r', long, hide = true)]
    enable_coredumps: bool,
    #[arg(short = 'L', long, hide = true)]
    enable_largepages: bool,
    #[arg(short = 'W', long, hide = true)]
    disable_watch: bool,
    #[arg(short = 'N', long, value_name = "N", hide = true)]
    napi_ids: Option<u32>,

    // What is refused, with a word on what to do.
    #[arg(short = 'd', long, hide = true)]
    daemon: bool,
    #[arg(short = 'k', long, hide = true)]
    lock_memory: bool,
    #[arg(short = 'C', long, hide = true)]
    disable_cas: bool,
    #[arg(short = 'S', long, hide = true)]
    enable_sasl: bool,
    #[arg(short = 'Y', long, value_name = "FILE", hide = true)]
    auth_file: Option<PathBuf>,
    #[arg(short = 'Z', long, hide = true)]
    enable_ssl: bool,
    #[arg(short = 'e', long, value_name = "FILE", hide = true)]
    memory_file: Option<PathBuf>,
}

impl Habits {
    /// See `Args::prepare`.
    pub(super) fn prepare(&self, mut options: Options) -> Result<Options, String> {
        if let Some(refusal) = self.refusal() {
            return Err(refusal);
        }
        if let Some(user) = &self.user {
            become_user(user)?;
        }
        if let Some(threads) = self.threads {
            let cpus = thread::available_parallelism().map_or(threads, |cpus| cpus.get() as u32);
            options = options.shards(threads.min(cpus));
        }
        Ok(match self.verbose {
            0 => options,
            1 => options.default_log_level("debug"),
            _ => options.default_log_level("trace"),
        })
    }

    pub(super) fn wants_version(&self) -> bool {
        self.version
    }

    pub(super) fn verbosity(&self) -> u8 {
        self.verbose
    }

    pub(super) fn pid_file(&self) -> Option<PathBuf> {
        self.pidfile.clone()
    }

    /// What `-o idle_timeout=N` says.
    pub(super) fn idle_timeout(&self) -> Option<u64> {
        self.extended.iter().rev().find_map(|option| option.strip_prefix("idle_timeout=")?.parse().ok())
    }

    /// The first option that cannot be granted, and what to do about it.
    fn refusal(&self) -> Option<String> {
        let refused = [
            (
                self.daemon,
                "-d",
                "it stays in the foreground: let systemd start it (Type=simple), or a shell with `&`",
            ),
            (
                self.lock_memory,
                "-k",
                "memory is not locked; forbid swapping by `MemorySwapMax=0` in the systemd unit",
            ),
            (
                self.disable_cas,
                "-C",
                "every item has its cas number, and has no room to win by that; leave the option out",
            ),
            (self.enable_sasl, "-S", "SASL belongs to the binary protocol, which is not spoken"),
            (
                self.auth_file.is_some(),
                "-Y",
                "there is no authentication; guard the port by a firewall, or use --unix-socket",
            ),
            (self.enable_ssl, "-Z", "there is no TLS; put a proxy such as stunnel in front"),
            (self.memory_file.is_some(), "-e", "items live in memory only and do not outlive the program"),
            (
                self.protocol.as_deref() == Some("binary"),
                "-B binary",
                "the binary protocol is not spoken; memcached has deprecated it",
            ),
        ];
        if let Some((_, name, why)) = refused.into_iter().find(|(given, ..)| *given) {
            return Some(format!("{name}: {why}"));
        }
        self.extended.iter().find_map(|option| check_extended(option).err())
    }
}

fn check_extended(option: &str) -> Result<(), String> {
    let (name, value) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
    match (name, value) {
        ("idle_timeout", value) if value.is_some_and(|value| value.parse::<u64>().is_ok()) => Ok(()),
        ("idle_timeout", _) => {
            Err("-o idle_timeout: write a number of seconds, such as idle_timeout=60".to_owned())
        }
        _ if ["ext_", "ssl_", "proxy_"].iter().any(|prefix| name.starts_with(prefix)) => {
            Err(format!("-o {name}: there is no external storage, no TLS and no proxy here"))
        }
        ("", _) => Ok(()),
        _ if TAKEN.contains(&name.strip_prefix("no_").unwrap_or(name)) => Ok(()),
        _ => Err(format!("-o {name}: memcached has no such option, or it is not known here")),
    }
}

/// Gives up the rights of root. Sockets are opened afterwards, as in memcached, so that all shards may share their addresses.
fn become_user(name: &str) -> Result<(), String> {
    if !geteuid().is_root() {
        return Ok(());
    }
    let user = User::from_name(name).map_err(|error| format!("-u {name}: {error}"))?;
    let user = user.ok_or_else(|| format!("-u {name}: there is no such user"))?;
    if user.uid.is_root() {
        return Ok(());
    }
    drop_rights(user.uid, user.gid).map_err(|error| format!("-u {name}: {error}"))
}

fn drop_rights(uid: Uid, gid: Gid) -> nix::Result<()> {
    setgroups(&[gid])?;
    setgid(gid)?;
    setuid(uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_options_are_taken_refused_or_unknown() {
        for taken in
            ["modern", "no_modern", "slab_automove=1", "hashpower=20", "idle_timeout=5", "no_lru_crawler", ""]
        {
            assert_eq!(check_extended(taken), Ok(()), "{taken}");
        }
        for (wrong, words) in [
            ("idle_timeout", "number of seconds"),
            ("idle_timeout=x", "number of seconds"),
            ("ext_path=/x:1G", "no external storage"),
            ("frobnicate", "no such option"),
        ] {
            assert!(check_extended(wrong).unwrap_err().contains(words), "{wrong}");
        }
    }
}
