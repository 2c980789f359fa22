//! What a resolver is told, by the system's files or by the program.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::path::Path;
use std::time::Duration;

use super::hosts::Hosts;

/// The port of DNS.
const PORT: u16 = 53;
/// What `/etc/resolv.conf` is taken for without the file or the option (resolv.conf(5)).
const TIMEOUT: Duration = Duration::from_secs(5);
const ATTEMPTS: u32 = 2;
const NDOTS: u32 = 1;
/// More than these are not asked, or tried.
const SERVERS_MAX: usize = 8;

/// How a [`Resolver`](super::Resolver) behaves. Can be sent to other shards.
///
/// ```
/// use seastar::dns::ResolverOptions;
/// use std::time::Duration;
///
/// let options = ResolverOptions::new(["192.0.2.53:53".parse().unwrap()])
///     .search(["corp.example"])
///     .ndots(2)
///     .timeout(Duration::from_secs(1))
///     .attempts(3)
///     .hosts("192.0.2.1 printer\n");
/// # let _ = options;
/// ```
#[derive(Clone, Debug)]
pub struct ResolverOptions {
    pub(super) servers: Vec<SocketAddr>,
    pub(super) search: Vec<String>,
    pub(super) ndots: u32,
    pub(super) timeout: Duration,
    pub(super) attempts: u32,
    pub(super) hosts: Hosts,
}

impl ResolverOptions {
    /// Asks these servers, in this order; up to eight. Nothing is read, five seconds for an answer, two attempts.
    pub fn new(servers: impl IntoIterator<Item = SocketAddr>) -> ResolverOptions {
        ResolverOptions {
            servers: servers.into_iter().take(SERVERS_MAX).collect(),
            search: Vec::new(),
            ndots: NDOTS,
            timeout: TIMEOUT,
            attempts: ATTEMPTS,
            hosts: Hosts::default(),
        }
    }

    /// As `/etc/resolv.conf` and `/etc/hosts` say. A file that is not there says nothing; then the server on this machine is asked. Lines that make no sense are
    /// skipped.
    ///
    /// # Errors
    ///
    /// Those of reading the files, with their names.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let options = seastar::dns::ResolverOptions::system()?.attempts(1);
    /// # let _ = options;
    /// # Ok(())
    /// # }
    /// ```
    pub fn system() -> io::Result<ResolverOptions> {
        let options = ResolverOptions::of_resolv_conf(&read("/etc/resolv.conf")?);
        Ok(options.hosts(read("/etc/hosts")?))
    }

    fn of_resolv_conf(text: &str) -> ResolverOptions {
        let (mut conf, _) = resolv_conf::Config::parse_with_errors(text.as_bytes());
        conf.glibc_normalize();
        let servers = conf.get_nameservers_or_local().into_iter().map(|ip| server(&ip));
        let options = ResolverOptions::new(servers)
            .ndots(conf.ndots)
            .timeout(Duration::from_secs(conf.timeout.into()))
            .attempts(conf.attempts);
        options.search(conf.get_last_search_or_domain())
    }

    /// Domains in which names with few dots are looked for.
    pub fn search<D: AsRef<str>>(self, domains: impl IntoIterator<Item = D>) -> ResolverOptions {
        let domains = domains.into_iter().map(|domain| domain.as_ref().to_string());
        ResolverOptions { search: domains.filter(|domain| domain != ".").collect(), ..self }
    }

    /// How many dots a name has to have to be looked up as it is before the search list is tried.
    pub fn ndots(self, ndots: u32) -> ResolverOptions {
        ResolverOptions { ndots, ..self }
    }

    /// How long a server has for an answer.
    pub fn timeout(self, timeout: Duration) -> ResolverOptions {
        ResolverOptions { timeout, ..self }
    }

    /// How often all servers are asked before a lookup fails; at least once.
    pub fn attempts(self, attempts: u32) -> ResolverOptions {
        ResolverOptions { attempts: attempts.max(1), ..self }
    }

    /// Names whose addresses are not asked for, in the form of `/etc/hosts`.
    pub fn hosts(self, text: impl AsRef<str>) -> ResolverOptions {
        ResolverOptions { hosts: Hosts::parse(text.as_ref()), ..self }
    }
}

fn server(ip: &resolv_conf::ScopedIp) -> SocketAddr {
    match ip {
        resolv_conf::ScopedIp::V4(ip) => (*ip, PORT).into(),
        // Scopes that are names of interfaces would have to be looked up, too; they are seldom.
        resolv_conf::ScopedIp::V6(ip, scope) => {
            let scope = scope.as_ref().and_then(|scope| scope.parse().ok()).unwrap_or(0);
            match IpAddr::from(*ip) {
                IpAddr::V6(ip) => SocketAddrV6::new(ip, PORT, 0, scope).into(),
                ip => (ip, PORT).into(),
            }
        }
    }
}

/// The text of a file; nothing if there is no such file.
fn read(path: &str) -> io::Result<String> {
    match std::fs::read(Path::new(path)) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(io::Error::new(error.kind(), format!("read {path}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_file_says_whom_to_ask_and_how() {
        let text = "# by hand\nnameserver 192.0.2.1\nnameserver 2001:db8::1\nnonsense\nsearch a.example b.example\n\
                    options ndots:3 timeout:1 attempts:4 rotate\n";
        let options = ResolverOptions::of_resolv_conf(text);
        let servers: Vec<_> = options.servers.iter().map(SocketAddr::to_string).collect();
        assert_eq!(servers, ["192.0.2.1:53", "[2001:db8::1]:53"]);
        assert_eq!(options.search, ["a.example", "b.example"]);
        assert_eq!((options.ndots, options.attempts), (3, 4));
        assert_eq!(options.timeout, Duration::from_secs(1));
    }

    #[test]
    fn without_a_file_the_server_of_this_machine_is_asked() {
        let options = ResolverOptions::of_resolv_conf("");
        assert!(options.servers.contains(&([127, 0, 0, 1], 53).into()), "{options:?}");
        assert_eq!((options.ndots, options.attempts, options.timeout), (1, 2, Duration::from_secs(5)));
    }
}
