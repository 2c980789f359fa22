use super::*;
use crate::sys::topology::Cpu;

/// Two cores of two threads, 8 GiB.
fn machine() -> Machine {
    let cpu = |id| Cpu { id, core: id % 2, package: 0, node: 0 };
    Machine {
        cpus: (0..4).map(cpu).collect(),
        cpu_quota_milli: None,
        memory_physical: 8 << 30,
        memory_limit: None,
        memory_min_free: 64 << 20,
        virtualized: false,
    }
}

fn resolve(options: Options) -> Config {
    options.resolve(&machine()).unwrap()
}

fn refuse(options: Options) -> String {
    options.resolve(&machine()).unwrap_err().to_string()
}

#[test]
fn defaults() {
    let config = resolve(Options::new());
    assert_eq!(config.cpus, [0, 1, 2, 3]);
    assert!(config.pin && config.handle_interrupt && !config.poll_mode);
    assert_eq!(config.cpuset, None);
    assert_eq!(config.idle_poll, Duration::from_micros(IDLE_POLL_US_DEFAULT));
    assert_eq!(config.task_quota, Duration::from_micros(500));
    assert_eq!(config.grace_period, Duration::from_secs(2));
    assert_eq!(config.log, Levels::parse("info", "").unwrap());
}

#[test]
fn two_shards_take_two_cores() {
    assert_eq!(resolve(Options::new().shards(2)).cpus, [0, 1]);
    let near = |id| Cpu { id, core: id & !1, package: 0, node: 0 };
    let machine = Machine { cpus: (0..4).map(near).collect(), ..machine() };
    assert_eq!(Options::new().shards(2).resolve(&machine).unwrap().cpus, [0, 2]);
    assert_eq!(Options::new().shards(3).resolve(&machine).unwrap().cpus, [0, 2, 1]);
    // Of two CPUs on one core both are used when there are no others.
    assert_eq!(Options::new().cpuset("2,3").resolve(&machine).unwrap().cpus, [2, 3]);
}

#[test]
fn too_many_shards_say_why() {
    let affinity =
        "insufficient processing units: needed 5 available 4, limited by the affinity mask of the process; ";
    assert!(refuse(Options::new().shards(5)).starts_with(affinity));
    let cpuset = "insufficient processing units: needed 3 available 2, limited by --cpuset; ";
    assert!(refuse(Options::new().shards(3).cpuset("1,2")).starts_with(cpuset));
    let machine = Machine { cpu_quota_milli: Some(1500), ..machine() };
    let error = Options::new().shards(2).resolve(&machine).unwrap_err().to_string();
    assert!(
        error.starts_with("insufficient processing units: needed 2 available 1, limited by the CPU quota"),
        "{error}"
    );
    assert!(refuse(Options::new().shards(0)).starts_with("number of processing units must be positive"));
    assert!(
        refuse(Options::new().shards(1025).overprovisioned(true)).starts_with("Bad value for --smp: 1025")
    );
}

#[test]
fn the_quota_lowers_the_default() {
    let cpus = |milli| {
        let machine = Machine { cpu_quota_milli: Some(milli), ..machine() };
        Options::new().resolve(&machine).unwrap().cpus
    };
    assert_eq!(cpus(100), [0]);
    assert_eq!(cpus(2999), [0, 1]);
    assert_eq!(cpus(64_000), [0, 1, 2, 3]);
}

#[test]
fn the_cpuset_must_be_ours() {
    let config = resolve(Options::new().cpuset("1-2"));
    assert_eq!((config.cpus.as_slice(), config.cpuset), ([1, 2].as_slice(), Some("1-2".parse().unwrap())));
    let error = refuse(Options::new().cpuset("3,9,11-12"));
    assert!(error.starts_with("Bad value for --cpuset: 9,11-12 not allowed. Shutting down. "), "{error}");
    assert!(error.contains("may use 0-3"), "{error}");
    assert!(refuse(Options::new().cpuset("x")).starts_with("Bad value for --cpuset: `x`"));
}

#[test]
fn overprovisioned_programs_share_cpus() {
    let config = resolve(Options::new().shards(6).overprovisioned(true));
    assert_eq!(config.cpus, [0, 1, 2, 3, 0, 1]);
    assert!(!config.pin);
    assert_eq!(config.idle_poll, Duration::ZERO);
    // What is said in so many words counts more.
    let config = resolve(Options::new().overprovisioned(true).thread_affinity(true).idle_poll_time_us(7));
    assert!(config.pin);
    assert_eq!(config.idle_poll, Duration::from_micros(7));
}

#[test]
fn memory_is_shared_out_in_steps() {
    assert_eq!(resolve(Options::new().memory(1 << 30)).memory_per_shard, 256 << 20);
    assert_eq!(resolve(Options::new().memory(1 << 30).shards(3)).memory_per_shard, 340 << 20);
    // What is asked for may take what would have been the reserve.
    let all = (8 << 30) - (64 << 20);
    assert_eq!(resolve(Options::new().memory(all).reserve_memory(4 << 30).shards(1)).memory_per_shard, all);
    let error = refuse(Options::new().memory(10 << 40));
    assert!(
        error.starts_with(&format!("insufficient physical memory: needed 10995116277760 available {all}")),
        "{error}"
    );
}

#[test]
fn the_reserve_lowers_the_default() {
    let one = |options: Options, physical| {
        let machine = Machine { memory_physical: physical, memory_min_free: 0, ..machine() };
        options.shards(1).resolve(&machine).unwrap().memory_per_shard
    };
    assert_eq!(one(Options::new(), 8 << 30), 13 << 29);
    assert_eq!(one(Options::new(), 100 << 30), 93 << 30);
    // Half of a small machine rather than nothing.
    assert_eq!(one(Options::new(), 2 << 30), 1 << 30);
    assert_eq!(one(Options::new().reserve_memory(3 << 30), 8 << 30), 5 << 30);
    assert_eq!(one(Options::new().reserve_memory(0), 2 << 30), 2 << 30);
}

#[test]
fn a_shard_needs_some_memory() {
    let error = refuse(Options::new().memory(60 << 20));
    let words = "insufficient physical memory: needed 67108864 available 62914560 for 4 shards; ";
    assert!(error.starts_with(words) && error.contains("--smp") && error.contains("--memory"), "{error}");
    assert!(refuse(Options::new().reserve_memory(8 << 30)).contains("available 0 for 4 shards"));
    assert_eq!(resolve(Options::new().memory(64 << 20)).memory_per_shard, 16 << 20);
    let machine = Machine { memory_limit: Some(64 << 20), memory_min_free: 65 << 20, ..machine() };
    assert!(Options::new().resolve(&machine).is_err());
}

#[test]
fn times_have_limits() {
    for quota in [0.0, -1.0, f64::NAN, f64::INFINITY, 1000.1] {
        assert!(refuse(Options::new().task_quota_ms(quota)).starts_with("Bad value for --task-quota-ms: "));
    }
    assert!(
        refuse(Options::new().idle_poll_time_us(1_000_001))
            .starts_with("Bad value for --idle-poll-time-us: ")
    );
    assert!(
        refuse(Options::new().grace_period_ms(u64::MAX)).starts_with("Bad value for --grace-period-ms: ")
    );
    assert_eq!(resolve(Options::new().task_quota_ms(0.25)).task_quota, Duration::from_micros(250));
    assert_eq!(resolve(Options::new().grace_period_ms(0)).grace_period, Duration::ZERO);
}

#[test]
fn levels_are_checked() {
    let options =
        Options::new().default_log_level("warn").logger_log_level("a=debug").logger_log_level("b=off");
    assert_eq!(resolve(options).log, Levels::parse("warn", "a=debug:b=off").unwrap());
    assert!(
        refuse(Options::new().default_log_level("loud"))
            .starts_with("Bad value for --default-log-level: `loud`")
    );
    assert!(
        refuse(Options::new().logger_log_level("a")).starts_with("Bad value for --logger-log-level: `a`")
    );
}

#[test]
fn a_thread_goes_where_its_shard_belongs() {
    std::thread::spawn(|| {
        let before = cpuset::affinity().unwrap();
        let cpu = before.iter().last().unwrap();
        let mut config = resolve(Options::new());
        config.cpus = vec![cpu];
        config.place_current_thread(0).unwrap();
        assert_eq!(cpuset::affinity().unwrap(), CpuSet::from_iter([cpu]));
        config.pin = false;
        config.place_current_thread(0).unwrap();
        assert_eq!(cpuset::affinity().unwrap(), CpuSet::from_iter([cpu]));
        config.cpuset = Some(before.clone());
        config.place_current_thread(0).unwrap();
        assert_eq!(cpuset::affinity().unwrap(), before);
        config.cpuset = Some(CpuSet::from_iter([60_000]));
        let error = config.place_current_thread(0).unwrap_err().to_string();
        assert!(error.starts_with("cannot bind a shard to CPU 60000: "), "{error}");
    })
    .join()
    .unwrap();
}

#[test]
fn pools_and_statics_leave_something_for_the_rest() {
    assert!(fits(0, 16 << 20) && fits(12 << 20, 16 << 20));
    assert!(!fits((12 << 20) + 4096, 16 << 20) && !fits(u64::MAX, u64::MAX));
}

#[test]
fn the_memory_map_is_named_where_too_much_is_reserved() {
    let error = StartError::ReservedTooLarge { reserved: 13 << 20, budget: 16 << 20 };
    let text = error.to_string();
    assert!(text.starts_with(
        "insufficient physical memory: pools of fibers and shard-local statics take 13631488 of the 16777216"
    ));
    assert!(text.contains("--memory-map"), "{text}");
}
