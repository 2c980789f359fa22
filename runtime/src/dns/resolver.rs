//! From a name to addresses.

use std::cell::RefCell;
use std::fmt;
use std::future::ready;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Instant;

use hickory_proto::rr::{Name, RecordType};

use super::answer::Found;
use super::cache::Cache;
use super::connect::connect_any;
use super::exchange::{Useless, Why, ask};
use super::options::ResolverOptions;
use super::order::sorted;
use crate::net::{Connect, TcpStream};
use crate::sync::Limit;
use crate::unblock;

/// Aliases that are followed from server to server.
const ALIASES_MAX: usize = 8;

const LOOK_UP: &str = "look up";
const CONNECT_TO: &str = "connect to";

/// Looks up names and remembers answers. Stays on its shard; clones are the same resolver.
///
/// ```
/// use seastar::dns::{Resolver, ResolverOptions};
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     // Nobody is asked for names that are in here, or for what is an address already.
///     let options = ResolverOptions::new([]).hosts("192.0.2.1 printer\n");
///     let resolver = Resolver::new(options);
///     assert_eq!(resolver.lookup("printer", 631).await?, ["192.0.2.1:631".parse().unwrap()]);
///     assert_eq!(resolver.lookup("::1", 80).await?, ["[::1]:80".parse().unwrap()]);
///     let listener = seastar::net::listen("127.0.0.1:0")?;
///     let port = listener.local_address().port();
///     assert_eq!(resolver.connect("localhost", port).await?.peer_address()?, listener.local_address());
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Resolver {
    inner: Rc<Inner>,
}

struct Inner {
    options: ResolverOptions,
    cache: RefCell<Cache>,
}

/// What came of looking a name up.
enum Lookup {
    Addresses(Vec<IpAddr>),
    NoName,
    NoAddress,
    Failed(Useless),
}

impl Resolver {
    /// A resolver that remembers nothing yet.
    pub fn new(options: ResolverOptions) -> Resolver {
        Resolver { inner: Rc::new(Inner { options, cache: RefCell::default() }) }
    }

    /// The addresses of `host`, with `port`, in the order in which they should be tried.
    ///
    /// Takes a time limit and an abort source, as [`connect`](crate::net::connect) does. Dropping the future ends the lookup.
    ///
    /// # Errors
    ///
    /// All with the name, and those of servers with their address: [`NotFound`](io::ErrorKind::NotFound) if there is no such name, or no address;
    /// [`TimedOut`](io::ErrorKind::TimedOut) if no server answers; [`InvalidInput`](io::ErrorKind::InvalidInput) for what is no name; else
    /// what a server or its socket says.
    #[must_use = "futures do nothing until they are awaited"]
    pub fn lookup(
        &self,
        host: &str,
        port: u16,
    ) -> impl Limit<Output = io::Result<Vec<SocketAddr>>, Limited = io::Result<Vec<SocketAddr>>> + use<> {
        lookup(ready(Ok(self.clone())), host, port)
    }

    /// Connects to the first address of `host` that answers.
    ///
    /// They are tried in their order, each a quarter of a second after the one before or as soon as that has failed; those that are left are
    /// given up when one stands (RFC 8305). Takes a time limit and an abort source.
    ///
    /// # Errors
    ///
    /// Those of [`lookup`](Self::lookup), and of the last attempt to connect.
    #[must_use = "futures do nothing until they are awaited"]
    pub fn connect(
        &self,
        host: &str,
        port: u16,
    ) -> impl Limit<Output = io::Result<TcpStream>, Limited = io::Result<TcpStream>> + use<> {
        connect(ready(Ok(self.clone())), host, port)
    }

    /// The resolver of this shard that does as the system says.
    async fn system() -> io::Result<Resolver> {
        thread_local! {
            static SYSTEM: RefCell<Option<Resolver>> = const { RefCell::new(None) };
        }
        if let Some(resolver) = SYSTEM.with_borrow(Clone::clone) {
            return Ok(resolver);
        }
        let options = unblock(ResolverOptions::system).await??;
        // Another fiber may have been faster, and has remembered something by now.
        Ok(SYSTEM.with_borrow_mut(|system| system.get_or_insert_with(|| Resolver::new(options)).clone()))
    }

    async fn ips(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        if let Ok(ip) = host.parse() {
            return Ok(vec![ip]);
        }
        if let Some(ips) = self.inner.options.hosts.find(host) {
            return Ok(ips);
        }
        let mut no_address = false;
        for name in self.names(host)? {
            match self.look_up(name).await {
                Lookup::Addresses(ips) => return Ok(ips),
                Lookup::NoName => {}
                Lookup::NoAddress => no_address = true,
                Lookup::Failed(useless) => return Err(self.told(host, &useless)),
            }
        }
        let why = if no_address { "the name has no address" } else { "there is no such name" };
        Err(io::Error::new(io::ErrorKind::NotFound, format!("{LOOK_UP} {host}: {why}")))
    }

    /// The names for which `host` may stand, in the order in which they are tried.
    fn names(&self, host: &str) -> io::Result<Vec<Name>> {
        let options = &self.inner.options;
        let invalid = |error: &dyn fmt::Display| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{LOOK_UP} {host}: this is no name of a host ({error})"),
            )
        };
        if host.is_empty() || host == "." {
            return Err(invalid(&"it is empty"));
        }
        let mut name = Name::from_utf8(host).map_err(|error| invalid(&error))?;
        if name.is_fqdn() {
            return Ok(vec![name]);
        }
        let within = |domain: &String| {
            let domain = Name::from_utf8(domain).ok()?;
            let mut within = name.clone().append_domain(&domain).ok()?;
            within.set_fqdn(true);
            Some(within)
        };
        let mut names: Vec<Name> = options.search.iter().filter_map(within).collect();
        name.set_fqdn(true);
        let comes_first = host.matches('.').count() >= options.ndots as usize;
        names.insert(if comes_first { 0 } else { names.len() }, name);
        Ok(names)
    }

    /// Both families at once. One that has addresses is enough.
    async fn look_up(&self, name: Name) -> Lookup {
        let (four, six) =
            crate::when_all!(self.follow(name.clone(), RecordType::A), self.follow(name, RecordType::AAAA));
        let mut ips = Vec::new();
        let mut others = Vec::new();
        for found in [six, four] {
            match found {
                Ok(Found::Addresses { ips: more, .. }) => ips.extend(more),
                other => others.push(other),
            }
        }
        if !ips.is_empty() {
            return Lookup::Addresses(ips);
        }
        let mut lookup = Lookup::NoName;
        for other in others {
            match other {
                Err(useless) => return Lookup::Failed(useless),
                Ok(Found::NoName { .. }) => {}
                Ok(_) => lookup = Lookup::NoAddress,
            }
        }
        lookup
    }

    /// One family, from alias to alias.
    async fn follow(&self, mut name: Name, kind: RecordType) -> Result<Found, Useless> {
        for _ in 0..ALIASES_MAX {
            match self.find(&name, kind).await? {
                Found::Alias { name: other, .. } => name = other,
                found => return Ok(found),
            }
        }
        Ok(Found::NoAddress { lifetime: std::time::Duration::ZERO })
    }

    async fn find(&self, name: &Name, kind: RecordType) -> Result<Found, Useless> {
        let name = name.to_lowercase();
        let known = self.inner.cache.borrow().find(&name, kind, Instant::now()).cloned();
        if let Some(found) = known {
            return Ok(found);
        }
        let found = self.ask_all(&name, kind).await?;
        self.inner.cache.borrow_mut().keep(name, kind, &found, Instant::now());
        Ok(found)
    }

    /// Asks one server after the other.
    async fn ask_all(&self, name: &Name, kind: RecordType) -> Result<Found, Useless> {
        let options = &self.inner.options;
        let mut useless = None;
        for _ in 0..options.attempts {
            for &server in &options.servers {
                match ask(server, name, kind, options.timeout).await {
                    Ok(found) => return Ok(found),
                    Err(error) => {
                        say!(Debug, "{LOOK_UP} {name}: {:?} of {server}", error.why);
                        useless = Some(error);
                    }
                }
            }
        }
        Err(useless.unwrap_or_else(|| Useless {
            server: ([0, 0, 0, 0], 0).into(),
            why: Why::Failed(io::ErrorKind::NotFound, "there is no server to ask".to_string()),
        }))
    }

    fn told(&self, host: &str, useless: &Useless) -> io::Error {
        let Useless { server, why } = useless;
        let options = &self.inner.options;
        let (kind, text) = match why {
            Why::Late => {
                let (limit, attempts) = (options.timeout, options.attempts);
                let text = format!("no answer from {server} within {limit:?}, {attempts} times");
                (io::ErrorKind::TimedOut, text)
            }
            Why::Code(code) => (io::ErrorKind::Other, format!("{server} says: {code}")),
            Why::Failed(kind, text) if options.servers.is_empty() => (*kind, text.clone()),
            Why::Failed(kind, text) => (*kind, format!("{server}: {text}")),
        };
        io::Error::new(kind, format!("{LOOK_UP} {host}: {text}"))
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

/// The addresses of `host`, with `port`, as the system's files say. See [`Resolver::lookup`].
///
/// # Errors
///
/// Those of [`Resolver::lookup`], and of reading the files when the shard's first name is looked up.
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let addresses = seastar::dns::lookup_host("localhost", 80).await?;
///     assert!(addresses.iter().all(|address| address.ip().is_loopback()));
///     Ok(())
/// }
/// ```
#[must_use = "futures do nothing until they are awaited"]
pub fn lookup_host(
    host: &str,
    port: u16,
) -> impl Limit<Output = io::Result<Vec<SocketAddr>>, Limited = io::Result<Vec<SocketAddr>>> + use<> {
    lookup(Resolver::system(), host, port)
}

/// Connects to `host`, whose addresses are looked up as the system's files say. See [`Resolver::connect`].
///
/// # Errors
///
/// Those of [`lookup_host`], and of the last attempt to connect.
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let listener = seastar::net::listen("127.0.0.1:0")?;
///     let port = listener.local_address().port();
///     let stream = seastar::dns::connect_host("localhost", port).await?;
///     assert_eq!(stream.peer_address()?, listener.local_address());
///     Ok(())
/// }
/// ```
#[must_use = "futures do nothing until they are awaited"]
pub fn connect_host(
    host: &str,
    port: u16,
) -> impl Limit<Output = io::Result<TcpStream>, Limited = io::Result<TcpStream>> + use<> {
    connect(Resolver::system(), host, port)
}

fn lookup<R: Future<Output = io::Result<Resolver>>>(
    resolver: R,
    host: &str,
    port: u16,
) -> impl Limit<Output = io::Result<Vec<SocketAddr>>, Limited = io::Result<Vec<SocketAddr>>> + use<R> {
    let (host, to) = (host.to_string(), host.to_string());
    let attempt = async move { Ok(sorted(resolver.await?.ips(&host).await?, port)) };
    Connect { attempt, what: LOOK_UP, to: Some(to) }
}

fn connect<R: Future<Output = io::Result<Resolver>>>(
    resolver: R,
    host: &str,
    port: u16,
) -> impl Limit<Output = io::Result<TcpStream>, Limited = io::Result<TcpStream>> + use<R> {
    let (host, to) = (host.to_string(), format!("{host}:{port}"));
    let attempt = async move {
        let addresses = sorted(resolver.await?.ips(&host).await?, port);
        connect_any(&host, addresses).await
    };
    Connect { attempt, what: CONNECT_TO, to: Some(to) }
}
