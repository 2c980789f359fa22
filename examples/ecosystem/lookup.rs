//! Looks up hosts, as the system says or at servers that are named, without blocking the shard.

use std::net::SocketAddr;
use std::time::Duration;

use seastar::clap;
use seastar::dns::{Resolver, ResolverOptions};
use seastar::sync::Limit;

#[derive(clap::Args)]
struct Args {
    /// Address and port of a server to ask, instead of those of /etc/resolv.conf; may be given several times
    #[arg(long)]
    server: Vec<SocketAddr>,
    /// Names of hosts
    #[arg(required = true)]
    hosts: Vec<String>,
}

// ANCHOR: main
/// Prints the addresses of hosts, in the order in which they should be tried.
#[seastar::main(shards = 1)]
async fn main(args: Args) -> std::io::Result<()> {
    let options = match &args.server[..] {
        [] => ResolverOptions::system()?,
        servers => ResolverOptions::new(servers.iter().copied()).timeout(Duration::from_secs(1)),
    };
    let resolver = Resolver::new(options);
    for host in &args.hosts {
        match resolver.lookup(host, 0).within(Duration::from_secs(10)).await {
            Ok(addresses) => addresses.iter().for_each(|address| println!("{host} is {}", address.ip())),
            Err(error) => println!("{error}"),
        }
    }
    Ok(())
}
// ANCHOR_END: main
