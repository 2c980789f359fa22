//! How a listener behaves.

use std::time::Duration;

/// Options of [`listen_with`](super::listen_with) and [`listen_unix_with`](super::listen_unix_with).
///
/// ```
/// use seastar::net::{Distribution, ListenOptions, listen_with};
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let options = ListenOptions::new().backlog(1024).distribution(Distribution::FewestConnections);
///     let listener = listen_with("127.0.0.1:0", options)?;
///     assert_ne!(listener.local_address().port(), 0);
///     Ok(())
/// }
/// ```
///
/// A server that is restarted, whose silent clients are probed, and one for a group of users only:
///
/// ```
/// use seastar::net::{ListenOptions, listen_unix_with, listen_with};
/// use std::time::Duration;
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let options = ListenOptions::new().reuse_address(true).nodelay(true).keepalive(Duration::from_secs(60));
///     let _listener = listen_with("127.0.0.1:0", options)?;
///
///     let path = std::env::temp_dir().join(format!("seastar-doc-mode-{}.socket", std::process::id()));
///     let _listener = listen_unix_with(&path, ListenOptions::new().mode(0o660))?;
///     Ok(())
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenOptions {
    pub(super) backlog: u32,
    pub(super) reuse_address: bool,
    pub(super) nodelay: bool,
    pub(super) keepalive: Option<Duration>,
    pub(super) mode: Option<u32>,
    pub(super) distribution: Distribution,
}

/// How [`TcpListener::serve`](super::TcpListener::serve) spreads connections over the shards.
///
/// ```
/// use seastar::net::{Distribution, ListenOptions};
///
/// let few_and_long = ListenOptions::new().distribution(Distribution::FewestConnections);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Distribution {
    /// Every shard has a socket of its own on the address (SO_REUSEPORT), and the kernel picks one by a hash of the
    /// peer's address. Accepting needs no word between shards. The default.
    #[default]
    Kernel,
    /// The listener's shard accepts and passes each connection to the shard that has the fewest open ones of
    /// this listener, the lowest of several (NET-2). Even with few, long-lived connections.
    FewestConnections,
    /// The listener's shard accepts, and the peer's port modulo the number of shards says where to (NET-3).
    Port,
    /// All connections go to this shard (NET-3).
    Fixed(usize),
}

impl ListenOptions {
    /// The defaults: see each option.
    pub const fn new() -> ListenOptions {
        ListenOptions {
            backlog: 1024,
            reuse_address: true,
            nodelay: true,
            keepalive: None,
            mode: None,
            distribution: Distribution::Kernel,
        }
    }

    /// How many connections wait in the kernel to be accepted. 1024 by default, and
    /// `net.core.somaxconn` at most.
    pub const fn backlog(mut self, connections: u32) -> ListenOptions {
        self.backlog = connections;
        self
    }

    /// TCP: whether to listen on an address whose old connections linger (SO_REUSEADDR), so that a server can be
    /// restarted at once. On by default, other than in C++ Seastar (NET-6). A second server on the same address fails
    /// either way.
    pub const fn reuse_address(mut self, on: bool) -> ListenOptions {
        self.reuse_address = on;
        self
    }

    /// TCP: TCP_NODELAY of the accepted connections. On by default: streams gather by themselves.
    pub const fn nodelay(mut self, on: bool) -> ListenOptions {
        self.nodelay = on;
        self
    }

    /// TCP: probes peers of accepted connections once they have been silent for `idle`. Off by default.
    pub const fn keepalive(mut self, idle: Duration) -> ListenOptions {
        self.keepalive = Some(idle);
        self
    }

    /// Permissions of the file of a Unix domain socket, such as `0o660`: who may write to it may connect. What the umask leaves
    /// of `0o777` by default.
    pub const fn mode(mut self, mode: u32) -> ListenOptions {
        self.mode = Some(mode);
        self
    }

    /// How [`serve`](super::TcpListener::serve) spreads connections.
    pub const fn distribution(mut self, distribution: Distribution) -> ListenOptions {
        self.distribution = distribution;
        self
    }
}

impl Default for ListenOptions {
    fn default() -> ListenOptions {
        ListenOptions::new()
    }
}
