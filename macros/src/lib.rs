//! Macros of `seastar`. Use them through that crate.
//!
//! Every macro goes one way: `parse` reads what the user wrote, `model` says what it means, `check` looks for
//! mistakes in the code of a shard, `lower` writes Rust. A file in one stage never calls back into an earlier one. Mistakes are collected on
//! the way and reported next to the expansion, which then keeps whatever is still valid.

use proc_macro::TokenStream;

mod check;
mod errors;
#[cfg(test)]
mod expansions;
mod krate;
mod lower;
mod model;
mod nearest;
mod options;
mod parse;

use errors::{expand, expand_expr};
use model::joined::Value;

/// Makes an `async fn main` the program: starts the shards, runs it on shard 0, stops them, and exits.
///
/// ```text
/// /// Says hello.
/// #[seastar::main(shards = 2, memory = "1G")]
/// async fn main() {
///     println!("hello from shard {}", seastar::this_shard());
/// }
/// ```
///
/// The function may return anything that implements `seastar::Exit`: nothing, a number, an exit code,
/// or a `Result` of these whose error is reported. It may take one argument, a struct that derives
/// `clap::Args`, which is read from the command line. The first paragraph of its doc comment heads
/// `--help`.
///
/// # Options
///
/// Each is a default, and the command line may override it.
///
/// | option | takes | meaning |
/// |---|---|---|
/// | `shards` | `2` | how many shards, one thread and one core each |
/// | `memory` | `"1G"` | memory for all shards together; `K`, `M`, `G`, `T` are powers of 2 |
/// | `reserve_memory` | `"512M"` | memory left to the operating system |
/// | `cpuset` | `"0,1-3"` | the cores to use |
/// | `thread_affinity` | `false` | pin each shard to its core |
/// | `overprovisioned` | `true` | share the cores with other programs: never spin, never pin |
/// | `poll_mode` | `true` | never sleep |
/// | `idle_poll_time_us` | `50` | poll this long after a message before sleeping |
/// | `task_quota_ms` | `0.5` | run tasks this long between two looks at the kernel |
/// | `reactor_backend` | `"epoll"` | `auto`, `io_uring` or `epoll` |
/// | `default_log_level` | `"debug"` | `off`, `error`, `warn`, `info`, `debug` or `trace` |
/// | `own_log` | `true` | the program installs its logger, or its subscriber, in main |
/// | `handle_interrupt` | `false` | stop in order on Ctrl-C |
/// | `blocking_threads` | `16` | threads for `seastar::unblock` |
/// | `grace_period_ms` | `2000` | how long running fibers may take to finish |
/// | `crate` | `my::seastar` | path of a renamed `seastar` |
///
/// A flag may stand alone: `poll_mode` is `poll_mode = true`.
///
/// # Mistakes that do not compile
///
/// In the body, with its async blocks and closures and the bodies of macros such as `do_with!`:
///
/// | mistake | instead |
/// |---|---|
/// | calls of `std` that block: `thread::sleep`, `fs`, `net`, `process`, `stdin`, `recv`; `block_on` | `seastar::sleep`, `seastar::net`, `.await` |
/// | variables of types that block, under any name: `File`, sockets, `Child`, `Mutex`, `RwLock`, `Condvar` | `seastar::net`, `RefCell`, `seastar::submit_to` |
/// | a guard of a `RefCell`, of a lock of `std`, or with the feature `tracing` of a span, that is alive at an `.await` | a block of its own, or `drop` |
/// | a future that is never awaited (`work();`, `let _ = work();`) | `.await`, `seastar::spawn`, `drop` |
/// | a `loop` without `.await` and without a way out | `seastar::yield_now().await`, `break` |
///
/// What is meant goes into `seastar::blocking_ok!(..)`. Code that may run on another thread (closures that are not async) and
/// functions that are called are not looked at. The checks cost nothing when the program runs.
///
/// # Expansion
///
/// Without the questions that the checks leave for the compiler in code that is never reached:
///
/// ```text
/// /// Says hello.
/// fn main() -> ExitCode {
///     async fn main() { .. }
///     ::seastar::__private::main::<(), _>(
///         ::seastar::Options::new()
///             .about("Says hello.").version(env!("CARGO_PKG_VERSION"))
///             .shards(2u32).memory(1073741824u64),
///         main,
///     )
/// }
/// ```
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    expand(|errors| {
        let entry = parse::main::parse(options.into(), item.into(), errors);
        lower::entry::lower(check::entry(entry, errors))
    })
    .into()
}

/// Makes an `async fn` a test that runs on shards of its own.
///
/// ```text
/// #[seastar::test(shards = 2)]
/// async fn sleeps() -> Result<(), Error> {
///     seastar::sleep(Duration::from_millis(1)).await;
///     Ok(())
/// }
/// ```
///
/// The options are those of `#[seastar::main]`. `#[ignore]`, `#[should_panic]` and `#[cfg]` mean what
/// they always do.
///
/// # Expansion
///
/// ```text
/// #[test]
/// fn sleeps() {
///     async fn sleeps() -> Result<(), Error> { .. }
///     ::seastar::__private::test::<Result<(), Error>, _>(
///         ::seastar::Options::new().shards(2u32),
///         concat!(module_path!(), "::", "sleeps"),
///         sleeps,
///     )
/// }
/// ```
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    expand(|errors| {
        let entry = parse::test::parse(options.into(), item.into(), errors);
        lower::entry::lower(check::entry(entry, errors))
    })
    .into()
}

/// Gives every shard its own of a `static`.
///
/// ```text
/// #[seastar::shard_local]
/// static LIMIT: Semaphore<100> = Semaphore::new();
///
/// let units = LIMIT.acquire(1).await?;
/// ```
///
/// The static becomes a `seastar::ShardLocal<T>`, which derefs to the shard's own `T`; a type that no other
/// thread may see (`Cell`, `Rc` inside of an `Option`, a semaphore) is welcome. Each shard begins with the value
/// on the right, which has to be a constant: nothing runs when a static is used for the first time. So where
/// `HashMap::new()` is asked for, write a `BTreeMap`, or put it into a `std::cell::LazyCell`, which each shard fills when it first
/// needs it: `static MAP: LazyCell<RefCell<HashMap<u64, String>>> = LazyCell::new(Default::default)`. Off a
/// shard, using it panics; `ShardLocal::try_get(&LIMIT)` returns `None` there.
///
/// # Options
///
/// | option | takes | meaning |
/// |---|---|---|
/// | `crate` | `my::seastar` | path of a renamed `seastar` |
///
/// # Expansion
///
/// ```text
/// #[unsafe(link_section = "seastar_locals")]
/// static LIMIT: ::seastar::ShardLocal<Semaphore<100>> = {
///     const INITIAL: Semaphore<100> = Semaphore::new();
///     unsafe { ::seastar::ShardLocal::new(INITIAL) }
/// };
/// ```
#[doc(alias = "thread_local")]
#[proc_macro_attribute]
pub fn shard_local(options: TokenStream, item: TokenStream) -> TokenStream {
    let parse = |errors: &mut _| parse::shard_local::parse(options.into(), item.into(), errors);
    expand(|errors| lower::shard_local::lower(parse(errors))).into()
}

/// Holds the arguments of an `async fn` once, limits the size of its future, or gives it a pool of fibers.
///
/// ```text
/// #[seastar::task(max_size = 2048)]
/// async fn parse(buffer: Buffer) -> Result<Request, Error> { .. }
///
/// /// At most 1024 at a time on each shard.
/// #[seastar::task(pool = 1024)]
/// async fn session(stream: TcpStream) -> Result<(), Error> { .. }
///
/// let request = parse(buffer).await?;
/// match session(stream) {
///     Ok(fiber) => drop(fiber),
///     Err(busy) => log::warn!("sent away: {busy}"),
/// }
/// ```
///
/// Without a pool the function is called and awaited as if the attribute was not there. An `async fn`
/// holds each argument twice, which adds up when one passes it on to the next: here it is held once, and a
/// value that moves on takes its place along (unless it is `Copy`). What is dropped when is the same, also
/// in a future that is dropped half-way. Methods, generics, patterns and borrowed arguments are
/// welcome; only `self` taken by value is held for as long as the future lives.
///
/// # A pool
///
/// With `pool`, a call starts a fiber and returns `Result<JoinHandle<R>, Busy>`. Each shard keeps that many
/// slots from its start, within its memory budget: starting a fiber allocates nothing, and is
/// `Busy` when all are in use. Off a shard it always is. `--memory-map` prints the pools of a program.
///
/// A fiber outlives its caller, so its arguments are `'static`; they need not be `Send`. A pool is a
/// `static`, so the function has no type parameters, no `self`, and does not mention `Self` (nor the
/// parameters of a generic `impl` around it).
///
/// # Options
///
/// | option | takes | meaning |
/// |---|---|---|
/// | `pool` | `1024` | calls start fibers, at most so many at a time on each shard |
/// | `max_size` | `4096` | bytes that the future may take; more is an error |
/// | `crate` | `my::seastar` | path of a renamed `seastar` |
///
/// `max_size` is checked whenever the function is compiled (`cargo check` included). The future of a
/// generic function or a method is only checked when a call of it is built.
///
/// # Expansion
///
/// ```text
/// fn parse(buffer: Buffer) -> impl Future<Output = Result<Request, Error>> {
///     fn __body(all: (Buffer,)) -> impl Future<Output = Result<Request, Error>> {
///         ::seastar::__private::call(all, move |args| async move {
///             let buffer = /* moved out of `args` at the first poll */;
///             { .. }
///         })
///     }
///     const _: () = check_size(future_size(__body), 2048);
///     __body((buffer,))
/// }
///
/// fn session(stream: TcpStream) -> Result<JoinHandle<Result<(), Error>>, Busy> {
///     fn __body(all: (TcpStream,)) -> impl Future<Output = Result<(), Error>> { .. }
///     #[unsafe(link_section = "seastar_pools")]
///     static POOL: Pool = Pool::new("server::session", file!(), line!(), 1024, slot_size(__body));
///     spawn_in(&POOL, __body, (stream,))
/// }
/// ```
#[proc_macro_attribute]
pub fn task(options: TokenStream, item: TokenStream) -> TokenStream {
    expand(|errors| {
        let task = parse::task::parse(options.into(), item.into(), errors);
        lower::task::lower(check::task(task, errors))
    })
    .into()
}

/// Makes the methods of a block the calls of a service, which has an instance on every shard.
///
/// ```text
/// struct Cache {
///     items: RefCell<HashMap<Key, Item>>,
/// }
///
/// #[seastar::sharded]
/// impl Cache {
///     async fn start(config: Config) -> io::Result<Self> { .. }                   // once on every shard
///
///     #[route(key)]
///     async fn get(&self, key: Key) -> Option<Item> { .. }                        // on the shard that owns `key`
///     #[broadcast]
///     async fn flush(&self) { .. }                                                // on all, waits for all
///     #[broadcast(reduce = Stats::add)]
///     fn stats(&self) -> Stats { .. }                                             // made into one, in the order of the shards
///     #[on(shard)]
///     async fn dump(&self, shard: usize) -> Dump { .. }                           // on the one that is named
///     fn local(&self) { .. }                                                      // only here: no call
///
///     async fn stop(&self) { .. }                                                 // once on every shard
/// }
///
/// let cache: CacheHandle = Cache::start_sharded(config).await?;
/// let item = cache.get(key).await?;
/// let stats = cache.stats().await?;
/// cache.local()?.local();
/// cache.stop().await;
/// ```
///
/// The block stays as it is. What is added is `start_sharded`, which takes what `start` takes and returns what it
/// returns, with the handle in the place of `Self`; and the handle, which has a method for each with an attribute. It is one word, `Copy`,
/// and the same on every shard. It derefs to a `seastar::Sharded<Cache>`, where `local`, `stop`, `map_reduce`, `shard_of` and the like are.
///
/// A call on the own shard runs in place; to another shard it is one message, in which the arguments lie as they are, and which brings
/// the result back. Neither allocates. Every call returns `Result<R, NotRunning>`, where `R` is what the method returns: it is `Err` if the service
/// has not started there, has stopped, or if there is no such shard. `NotRunning` becomes an `io::Error` by `?`, so that
/// of a method that returns an `io::Result` one writes `.await??`.
///
/// # Where a call runs
///
/// | attribute | runs |
/// |---|---|
/// | `#[route(key)]` | on the shard that owns the key, an argument or something of one (`key.id`); it has a `Hash` |
/// | `#[route(a, b)]` | on the shard that owns both together |
/// | `#[route(by = number)]` | on shard `number % shard_count()`, of type `usize` |
/// | `#[on(shard)]` | on the shard with that number, of type `usize`: an argument, or any expression of them |
/// | `#[broadcast]` | on all shards at the same time; returns nothing or a `Result<(), E>` |
/// | `#[broadcast(reduce = f)]` | on all shards; `f` makes one result of two |
/// | none | on the instance that one has: `cache.local()?.method()` |
///
/// Methods take `&self`, because several calls may be in progress: what changes is in a `Cell` or a `RefCell`. They are
/// `async` or not. Arguments and results are `seastar::Message`s: `Send`, and nothing is borrowed. What goes to all shards is
/// `Clone`, and so are the arguments of `start`. Methods and the service may have type parameters.
///
/// # Start and stop
///
/// `start` runs on all shards at the same time, each with a copy of the arguments. If it fails on one of them, the
/// instances of the others are stopped, and the error of the lowest shard is returned. A service that calls its own
/// instances has its handle as an argument: `async fn start(config: Config, peers: CacheHandle)`; that one is given
/// by `start_sharded` and not to it. Handles of other services are arguments like any other.
///
/// `stop` returns nothing or a `Result<(), E>`. While it runs on all shards, they can still be called; after that the instances are dropped,
/// each when no call is in progress there. Services that are not stopped are when the program ends, the latest first.
///
/// # Options
///
/// | option | takes | meaning |
/// |---|---|---|
/// | `handle` | `CacheClient` | the name of the handle, which else is that of the service with `Handle` behind it |
/// | `group` | `LOOKUPS` | a static `ServiceGroup`, which bounds the calls that are in flight to one shard |
/// | `max_message` | `16384` | bytes that the arguments of a call, or its result, may take; 4096 if nothing is said |
/// | `crate` | `my::seastar` | path of a renamed `seastar` |
///
/// The handle is as visible as `start`, and its methods are as visible as those of the service. Documentation, `#[cfg]`, `#[must_use]`,
/// `#[deprecated]` and the levels of lints go along. The bodies are checked as those of `#[seastar::main]` are.
///
/// # Expansion
///
/// ```text
/// impl Cache { .. }
///
/// impl ::seastar::Service for Cache {
///     type Stopped = ();
///     fn stop(&self) -> impl Future<Output = ()> { Cache::stop(self) }
/// }
///
/// impl Cache {
///     async fn start_sharded(config: Config) -> io::Result<CacheHandle> {
///         start_service(|_, (config,)| Cache::start(config), (copied(config),)).await.map(CacheHandle)
///     }
/// }
///
/// #[derive(Clone, Copy, Debug)]
/// struct CacheHandle(::seastar::Sharded<Cache>);
///
/// impl CacheHandle {
///     fn get(self, key: Key) -> impl Future<Output = Result<Option<Item>, NotRunning>> {
///         let shard = self.0.shard_of(&key);
///         call_on(self.0, shard, method(Cache::get, (sent(key),)))
///     }
///     ..
/// }
/// ```
#[proc_macro_attribute]
pub fn sharded(options: TokenStream, item: TokenStream) -> TokenStream {
    expand(|errors| {
        let service = parse::sharded::parse(options.into(), item.into(), errors);
        lower::sharded::lower(check::sharded(service, errors))
    })
    .into()
}

/// Behind `seastar::do_with!`.
#[doc(hidden)]
#[proc_macro]
pub fn do_with(call: TokenStream) -> TokenStream {
    expand_expr(|errors| lower::scope::lower(parse::do_with::parse(call.into(), errors))).into()
}

/// Behind `seastar::when_all!`.
#[doc(hidden)]
#[proc_macro]
pub fn when_all(call: TokenStream) -> TokenStream {
    all(call, Value::Outputs)
}

/// Behind `seastar::when_all_succeed!`.
#[doc(hidden)]
#[proc_macro]
pub fn when_all_succeed(call: TokenStream) -> TokenStream {
    all(call, Value::Successes)
}

fn all(call: TokenStream, value: Value) -> TokenStream {
    expand_expr(|errors| lower::joined::lower_all(parse::joined::parse_all(call.into(), value, errors)))
        .into()
}

/// Behind `seastar::when_any!`.
#[doc(hidden)]
#[proc_macro]
pub fn when_any(call: TokenStream) -> TokenStream {
    expand_expr(|errors| lower::joined::lower_any(parse::joined::parse_any(call.into(), errors))).into()
}

/// Behind `seastar::with_timeout!`.
#[doc(hidden)]
#[proc_macro]
pub fn with_timeout(call: TokenStream) -> TokenStream {
    expand_expr(|errors| lower::timed::lower(parse::with_timeout::parse(call.into(), errors))).into()
}

/// Behind `seastar::with_semaphore!`.
#[doc(hidden)]
#[proc_macro]
pub fn with_semaphore(call: TokenStream) -> TokenStream {
    expand_expr(|errors| lower::guarded::lower(parse::with_semaphore::parse(call.into(), errors))).into()
}

/// Behind `seastar::with_gate!`.
#[doc(hidden)]
#[proc_macro]
pub fn with_gate(call: TokenStream) -> TokenStream {
    expand_expr(|errors| lower::guarded::lower(parse::with_gate::parse(call.into(), errors))).into()
}

/// Behind `seastar::with_lock!`.
#[doc(hidden)]
#[proc_macro]
pub fn with_lock(call: TokenStream) -> TokenStream {
    expand_expr(|errors| lower::guarded::lower(parse::with_lock::parse(call.into(), errors))).into()
}

/// Behind `seastar::background!`.
#[doc(hidden)]
#[proc_macro]
pub fn background(call: TokenStream) -> TokenStream {
    expand_expr(|errors| lower::detached::lower(parse::background::parse(call.into(), errors))).into()
}
