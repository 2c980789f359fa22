//! The server: from sockets to requests, from requests to the shards that own their keys, and back.

mod batch;
mod connection;
mod control;
mod dump;
mod exchange;
mod live;
mod options;
mod settings;
mod shard;
mod stats;
mod udp;

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use seastar::JoinHandle;
use seastar::net::{
    InputStream, ListenOptions, OutputStream, TcpListener, UdpSocket, UnixListener, listen, listen_unix_with,
};

pub use options::Args;
use settings::Settings;
use shard::{Shard, ShardHandle};

/// A server that listens, and has its items on all shards.
pub struct Server {
    tcp: Option<TcpListener>,
    udp: Option<UdpSocket>,
    unix: Option<UnixListener>,
    settings: Arc<Settings>,
    shards: ShardHandle,
    prints_statistics: bool,
}

impl Server {
    /// Opens the sockets and starts the shards.
    ///
    /// # Errors
    ///
    /// When an address cannot be listened on, or a shard has no memory for its items.
    pub async fn start(args: &Args) -> io::Result<Server> {
        let mut settings = args.settings();
        let tcp = settings.tcp.map(listen).transpose()?;
        settings.tcp = tcp.as_ref().map(|listener| listener.local_address());
        let udp = settings.udp.map(UdpSocket::bind).transpose()?;
        settings.udp = udp.as_ref().map(|socket| socket.local_address()).transpose()?;
        let unix = settings.unix.as_deref().map(|path| listen_at(path, settings.unix_mask)).transpose()?;
        let settings = Arc::new(settings);
        let shared = settings.clone();
        let shards = Shard::start_sharded(shared).await?;
        shards.keep_time().await?;
        Ok(Server { tcp, udp, unix, settings, shards, prints_statistics: args.prints_statistics() })
    }

    /// Where it listens for TCP.
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        self.settings.tcp
    }

    /// Says where it listens.
    pub fn announce(&self) {
        let shards = seastar::shard_count();
        if let Some(address) = self.settings.udp {
            println!("Listening on UDP port {} of {} with {shards} shards", address.port(), address.ip());
        }
        if let Some(path) = &self.settings.unix {
            println!("Listening on {} with {shards} shards", path.display());
        }
        if let Some(address) = self.settings.tcp {
            println!("Listening on port {} of {} with {shards} shards", address.port(), address.ip());
        }
    }

    /// Serves until the program is told to stop.
    ///
    /// # Errors
    ///
    /// When the sockets of the other shards cannot be opened.
    pub async fn serve(self) -> io::Result<()> {
        let shards = self.shards;
        if self.prints_statistics {
            live::start(shards);
        }
        let unix = self.unix.map(|listener| seastar::spawn(serve_unix(listener, shards)));
        let udp = self.udp.map(|socket| seastar::spawn(serve_udp(socket, shards)));
        let mut served = match self.tcp {
            Some(listener) => serve_tcp(listener, shards).await,
            None => Ok(()),
        };
        for other in [unix, udp].into_iter().flatten() {
            served = served.and(join(other).await);
        }
        shards.stop().await;
        served
    }
}

async fn join(served: JoinHandle<io::Result<()>>) -> io::Result<()> {
    served.await.map_err(io::Error::other)?
}

fn listen_at(path: &Path, mode: u32) -> io::Result<UnixListener> {
    listen_unix_with(path, ListenOptions::new().mode(mode))
}

async fn serve_tcp(listener: TcpListener, shards: ShardHandle) -> io::Result<()> {
    listener.serve(async move |stream| serve_connection(shards, stream.split()).await).await
}

async fn serve_unix(listener: UnixListener, shards: ShardHandle) -> io::Result<()> {
    listener.serve(async move |stream| serve_connection(shards, stream.split()).await).await
}

async fn serve_udp(socket: UdpSocket, shards: ShardHandle) -> io::Result<()> {
    let here = async move |socket: UdpSocket| {
        let shard = shards.local()?;
        udp::serve(&shard, &socket).await
    };
    socket.serve(here).await
}

async fn serve_connection(
    shards: ShardHandle,
    (input, output): (InputStream, OutputStream),
) -> io::Result<()> {
    connection::serve(shards.local()?, input, output).await
}
