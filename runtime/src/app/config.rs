//! From options to numbers: what the shards are started with, once the machine is known.

use std::time::Duration;

use super::backend;
use super::error::StartError;
use super::log::Levels;
use super::options::Options;
use super::units::format_memory;
use crate::mem;
use crate::sys::cpuset::{self, CpuSet};
use crate::sys::machine::Machine;
use crate::sys::topology;
use crate::task;

/// More shards than any machine has cores.
pub(crate) const SHARDS_MAX: u32 = 1024;
/// How long an idle shard polls before it sleeps, unless told otherwise.
/// About twice as long as waking a shard on another core takes on a virtual machine.
pub(crate) const IDLE_POLL_US_DEFAULT: u64 = 100;
const IDLE_POLL_US_MAX: u64 = 1_000_000;
/// How long tasks run before a shard looks for new events, unless told otherwise.
pub(crate) const TASK_QUOTA_MS_DEFAULT: f64 = 0.5;
const TASK_QUOTA_MS_MAX: f64 = 1000.0;
/// How long fibers may take to finish once the program is told to stop, unless told otherwise.
pub(crate) const GRACE_PERIOD_MS_DEFAULT: u64 = 2000;
const GRACE_PERIOD_MS_MAX: u64 = 24 * 60 * 60 * 1000;
/// Threads for what blocks, unless told otherwise.
pub(crate) const BLOCKING_THREADS_DEFAULT: u32 = 16;
const BLOCKING_THREADS_MAX: u32 = 1024;
pub(crate) const LOG_LEVEL_DEFAULT: &str = "info";

/// What is left to the system is this, or 7 %, whatever is more.
const RESERVE_BYTES_MIN: u64 = 3 << 29;
const RESERVE_PERCENT: u64 = 7;
/// Budgets are multiples of a huge page.
const SHARD_MEMORY_BYTES_STEP: u64 = 2 << 20;
/// With less than this a shard cannot hold its rings and buffers.
const SHARD_MEMORY_BYTES_MIN: u64 = 16 << 20;

/// What the shards are started with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    /// The CPU of each shard.
    pub(crate) cpus: Vec<usize>,
    /// Whether each shard is bound to its CPU.
    pub(crate) pin: bool,
    /// The CPUs of `--cpuset`, which bind shards that are not pinned.
    pub(crate) cpuset: Option<CpuSet>,
    /// Budget of each shard in bytes, a multiple of 2 MiB.
    pub(crate) memory_per_shard: u64,
    /// How long an idle shard polls before it sleeps.
    pub(crate) idle_poll: Duration,
    /// Whether an idle shard never sleeps.
    pub(crate) poll_mode: bool,
    /// How long tasks run before the shard looks for new events.
    pub(crate) task_quota: Duration,
    /// How to talk to the kernel.
    pub(super) backend: backend::Choice,
    /// Where threads run that are no shards.
    pub(crate) helper_cpus: CpuSet,
    /// The most threads for what blocks.
    pub(crate) blocking_threads: usize,
    /// Whether SIGINT stops the program in order.
    pub(crate) handle_interrupt: bool,
    /// How long fibers may take to finish when the program stops.
    pub(crate) grace_period: Duration,
    /// What is logged.
    pub(crate) log: Levels,
    /// The program logs by itself.
    pub(crate) own_log: bool,
}

impl Config {
    /// What a shard says that has not enough memory for what the program keeps there.
    pub(crate) fn reserved_too_large(&self) -> StartError {
        StartError::ReservedTooLarge { reserved: reserved(), budget: self.memory_per_shard }
    }

    /// Binds the calling thread to the CPU of `shard`, or to `--cpuset` if shards are not pinned.
    pub(crate) fn place_current_thread(&self, shard: usize) -> Result<(), StartError> {
        if self.pin {
            let cpu = self.cpus[shard];
            return cpuset::pin_current_thread(cpu)
                .map_err(|source| StartError::Pin { cpus: cpu.to_string(), source });
        }
        let Some(cpus) = &self.cpuset else { return Ok(()) };
        cpuset::set_affinity(cpus).map_err(|source| StartError::Pin { cpus: cpus.to_string(), source })
    }
}

impl Options {
    /// Decides what is not set, and checks what is, against `machine`. Changes nothing.
    pub(crate) fn resolve(&self, machine: &Machine) -> Result<Config, StartError> {
        let overprovisioned = self.overprovisioned.unwrap_or(false);
        let cpuset = self.chosen_cpus(machine)?;
        let cpus = self.placed_shards(machine, cpuset.as_ref(), overprovisioned)?;
        let idle_us = if overprovisioned { 0 } else { IDLE_POLL_US_DEFAULT };
        let idle_us = self.idle_poll_time_us.unwrap_or(idle_us);
        let quota_ms = self.task_quota_ms.unwrap_or(TASK_QUOTA_MS_DEFAULT);
        let grace_ms = self.grace_period_ms.unwrap_or(GRACE_PERIOD_MS_DEFAULT);
        let blocking_threads = self.blocking_threads.unwrap_or(BLOCKING_THREADS_DEFAULT);
        check_blocking_threads(blocking_threads).map_err(|text| bad("--blocking-threads", &text))?;
        check_idle_poll(idle_us).map_err(|text| bad("--idle-poll-time-us", &text))?;
        check_task_quota(quota_ms).map_err(|text| bad("--task-quota-ms", &text))?;
        check_grace_period(grace_ms).map_err(|text| bad("--grace-period-ms", &text))?;
        let config = Config {
            memory_per_shard: self.shard_memory(machine, cpus.len())?,
            cpus,
            helper_cpus: cpuset.clone().unwrap_or_else(|| machine.allowed()),
            pin: self.thread_affinity.unwrap_or(!overprovisioned),
            cpuset,
            idle_poll: Duration::from_micros(idle_us),
            poll_mode: self.poll_mode.unwrap_or(false),
            task_quota: Duration::from_secs_f64(quota_ms / 1000.0),
            backend: backend::Choice::of(self.reactor_backend.as_deref())?,
            blocking_threads: blocking_threads as usize,
            handle_interrupt: self.handle_interrupt.unwrap_or(true),
            grace_period: Duration::from_millis(grace_ms),
            log: self.levels()?,
            own_log: self.own_log.unwrap_or(false),
        };
        if fits(reserved(), config.memory_per_shard) { Ok(config) } else { Err(config.reserved_too_large()) }
    }

    fn chosen_cpus(&self, machine: &Machine) -> Result<Option<CpuSet>, StartError> {
        let Some(text) = &self.cpuset else { return Ok(None) };
        let cpus: CpuSet = text.parse().map_err(|text: String| bad("--cpuset", &text))?;
        let allowed = machine.allowed();
        let refused: CpuSet = cpus.iter().filter(|cpu| !allowed.contains(*cpu)).collect();
        match refused.is_empty() {
            true => Ok(Some(cpus)),
            false => {
                Err(StartError::BadCpuset { refused: refused.to_string(), allowed: allowed.to_string() })
            }
        }
    }

    /// The CPU of each shard. Shards beyond the number of CPUs, which only an overprovisioned program
    /// has, start again with the first.
    fn placed_shards(
        &self,
        machine: &Machine,
        cpuset: Option<&CpuSet>,
        overprovisioned: bool,
    ) -> Result<Vec<usize>, StartError> {
        let chosen: Vec<_> = machine
            .cpus
            .iter()
            .filter(|cpu| cpuset.is_none_or(|set| set.contains(cpu.id)))
            .copied()
            .collect();
        let (available, limit) = match machine.cpu_quota() {
            Some(quota) if quota < chosen.len() => (quota, "the CPU quota of its control group"),
            _ if cpuset.is_some() => (chosen.len(), "--cpuset"),
            _ => (chosen.len(), "the affinity mask of the process"),
        };
        let available = u32::try_from(available).unwrap_or(SHARDS_MAX).min(SHARDS_MAX);
        let shards = self.shards.unwrap_or(available);
        if shards == 0 {
            return Err(StartError::NoShards);
        }
        if shards > available && !overprovisioned {
            return Err(StartError::InsufficientProcessingUnits { needed: shards, available, limit });
        }
        if shards > SHARDS_MAX {
            return Err(bad("--smp", &format!("{shards} shards are too many; {SHARDS_MAX} is the limit")));
        }
        Ok(topology::placement(&chosen).into_iter().cycle().take(shards as usize).collect())
    }

    /// The budget of each shard. A program that names an amount gets it if the machine has it; the reserve
    /// only lowers what a program gets that names none.
    fn shard_memory(&self, machine: &Machine, shards: usize) -> Result<u64, StartError> {
        let available = machine.memory_available();
        let total = match (self.memory, self.reserve_memory) {
            (Some(needed), _) if needed > available => {
                return Err(StartError::InsufficientMemory { needed, available });
            }
            (Some(needed), _) => needed,
            (None, Some(reserve)) => available.saturating_sub(reserve),
            (None, None) => {
                let reserve = RESERVE_BYTES_MIN.max(available / 100 * RESERVE_PERCENT);
                available - reserve.min(available / 2)
            }
        };
        let shards = shards as u64;
        let each = total / shards / SHARD_MEMORY_BYTES_STEP * SHARD_MEMORY_BYTES_STEP;
        if each < SHARD_MEMORY_BYTES_MIN {
            let needed = shards * SHARD_MEMORY_BYTES_MIN;
            return Err(StartError::InsufficientShardMemory {
                shards: shards as u32,
                needed,
                available: total,
            });
        }
        Ok(each)
    }

    fn levels(&self) -> Result<Levels, StartError> {
        let default = self.default_log_level.as_deref().unwrap_or(LOG_LEVEL_DEFAULT);
        Levels::parse(default, "").map_err(|text| bad("--default-log-level", &text))?;
        let modules = self.logger_log_level.as_deref().unwrap_or_default();
        Levels::parse(default, modules).map_err(|text| bad("--logger-log-level", &text))
    }
}

/// Bytes that each shard needs before it does anything: for pools of fibers, and for statics of its own.
fn reserved() -> u64 {
    (task::pools_size() as u64).saturating_add(mem::locals_size() as u64)
}

/// A quarter is for what else there is: receive buffers, connections, fibers without a pool.
fn fits(reserved: u64, budget: u64) -> bool {
    reserved <= budget / 4 * 3
}

fn bad(option: &str, why: &str) -> StartError {
    StartError::BadOption(format!("Bad value for {option}: {why}"))
}

pub(crate) fn check_idle_poll(us: u64) -> Result<(), String> {
    let error = || format!("{us} is too long; at most {IDLE_POLL_US_MAX} (see --poll-mode)");
    if us <= IDLE_POLL_US_MAX { Ok(()) } else { Err(error()) }
}

pub(crate) fn check_task_quota(ms: f64) -> Result<(), String> {
    let error = || format!("{ms} is not above 0 and at most {TASK_QUOTA_MS_MAX}");
    if ms > 0.0 && ms <= TASK_QUOTA_MS_MAX { Ok(()) } else { Err(error()) }
}

pub(crate) fn check_grace_period(ms: u64) -> Result<(), String> {
    let error = || format!("{ms} is too long; at most {GRACE_PERIOD_MS_MAX}, a day");
    if ms <= GRACE_PERIOD_MS_MAX { Ok(()) } else { Err(error()) }
}

pub(crate) fn check_blocking_threads(threads: u32) -> Result<(), String> {
    let error = || format!("{threads} is not from 1 to {BLOCKING_THREADS_MAX}");
    if (1..=BLOCKING_THREADS_MAX).contains(&threads) { Ok(()) } else { Err(error()) }
}

/// The default reserve in words, for `--help`.
pub(crate) fn reserve_in_words() -> String {
    format!("{} or {RESERVE_PERCENT} %", format_memory(RESERVE_BYTES_MIN))
}

#[cfg(test)]
mod tests;
