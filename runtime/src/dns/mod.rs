//! Names of hosts, looked up without blocking the shard, with the feature `dns`.
//!
//! [`lookup_host`] and [`connect_host`] do as the system's files say: `/etc/hosts`, and the servers, search list and options of
//! `/etc/resolv.conf`. A [`Resolver`] of one's own can be told otherwise.
//!
//! ```no_run
//! use seastar::dns::{connect_host, lookup_host};
//! use seastar::sync::Limit;
//! use std::time::Duration;
//!
//! #[seastar::main(shards = 1)]
//! async fn main() -> std::io::Result<()> {
//!     for address in lookup_host("example.org", 443).await? {
//!         println!("{address}");
//!     }
//!     let stream = connect_host("example.org", 443).within(Duration::from_secs(10)).await?;
//!     println!("connected to {}", stream.peer_address()?);
//!     Ok(())
//! }
//! ```
//!
//! # What is done
//!
//! Addresses of both families are asked for at once. Each question has a socket, a port and a number of its own, and what does not
//! answer just that question is not looked at. An answer that is cut is asked for again over TCP. Aliases (CNAME) are followed. A server that
//! does not answer in time, or fails, gives way to the next one, as often as the options say.
//!
//! Each shard remembers answers for as long as their records may be kept, at most a day, and that there is no such name for at
//! most five minutes; up to a thousand names.
//!
//! Addresses come in the order in which they should be tried (RFC 6724 and RFC 8305, simplified): those first for which the machine has a route, the families by
//! turns, IPv6 first.
//!
//! # What is not
//!
//! Only addresses are looked up. There is no DNSSEC, no DNS over TLS, no multicast DNS, and of `nsswitch.conf` nothing is read. The files are
//! read once, on a helper thread, by the first lookup of a shard. Unlike all else in the runtime, a lookup allocates.

mod answer;
mod cache;
mod connect;
mod exchange;
mod hosts;
mod options;
mod order;
mod resolver;

pub use options::ResolverOptions;
pub use resolver::{Resolver, connect_host, lookup_host};
