//! The server: from sockets to requests, from requests to the shards that own their keys, and back.

mod addresses;
mod batch;
mod connection;
mod connections;
mod control;
mod dump;
mod exchange;
mod files;
mod habits;
mod live;
mod options;
mod settings;
mod shard;
mod stats;
mod udp;

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use seastar::net::{
    InputStream, ListenOptions, OutputStream, TcpListener, UdpSocket, UnixListener, listen_unix_with,
    listen_with,
};

use addresses::Udp;
use connections::Peer;
pub use control::VERSION;
pub use options::Args;
use settings::Settings;
use shard::{Shard, ShardHandle};

/// A server that listens, and has its items on all shards.
pub struct Server {
    tcp: Vec<TcpListener>,
    udp: Vec<UdpSocket>,
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
        let options = ListenOptions::new().backlog(settings.backlog);
        let tcp = match args.ports().tcp() {
            Some(port) => open(args, port, |address| listen_with(address, options))?,
            None => Vec::new(),
        };
        settings.tcp = tcp.iter().map(TcpListener::local_address).collect();
        let udp = match args.ports().udp() {
            Udp::Off => Vec::new(),
            Udp::On(port) => open(args, port, UdpSocket::bind)?,
            Udp::Here => open_here(&settings.tcp),
        };
        settings.udp = udp.iter().map(UdpSocket::local_address).collect::<io::Result<_>>()?;
        let unix = settings.unix.as_deref();
        let unix = unix.map(|path| listen_at(path, options.mode(settings.unix_mask))).transpose()?;
        let settings = Arc::new(settings);
        let shared = settings.clone();
        let shards = Shard::start_sharded(shared).await?;
        shards.keep_time().await?;
        stats::note_descriptors();
        Ok(Server { tcp, udp, unix, settings, shards, prints_statistics: args.prints_statistics() })
    }

    /// Where it listens for TCP, first of all.
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        self.settings.tcp.first().copied()
    }

    /// Says where it listens, and leaves word in files for those who asked for that.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn announce(&self) -> io::Result<()> {
        let shards = seastar::shard_count();
        for address in &self.settings.udp {
            println!("Listening on UDP port {} of {} with {shards} shards", address.port(), address.ip());
        }
        if let Some(path) = &self.settings.unix {
            println!("Listening on {} with {shards} shards", path.display());
        }
        for address in &self.settings.tcp {
            println!("Listening on port {} of {} with {shards} shards", address.port(), address.ip());
        }
        files::write(&self.settings)
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
        let mut all = Vec::<Serving>::new();
        all.extend(self.unix.map(|listener| Box::pin(serve_unix(listener, shards)) as _));
        all.extend(self.udp.into_iter().map(|socket| Box::pin(serve_udp(socket, shards)) as _));
        all.extend(self.tcp.into_iter().map(|listener| Box::pin(serve_tcp(listener, shards)) as _));
        let served = all_or_first_failure(all).await;
        shards.stop().await;
        files::remove(&self.settings);
        served
    }
}

/// Opens a socket on each of the addresses that the command line names, or on all there are.
fn open<T>(args: &Args, port: u16, open: impl Fn(SocketAddr) -> io::Result<T>) -> io::Result<Vec<T>> {
    match args.places() {
        [] => addresses::open_everywhere(port, open),
        places => addresses::resolve(places, port)?.into_iter().map(open).collect(),
    }
}

/// Nobody has asked for UDP, so that it is missing is no reason not to start.
fn open_here(tcp: &[SocketAddr]) -> Vec<UdpSocket> {
    let mut sockets = Vec::new();
    for address in tcp.iter().copied().flat_map(addresses::here) {
        match UdpSocket::bind(address) {
            Ok(socket) => sockets.push(socket),
            Err(error) => log::debug!("There is no UDP on {address}: {error}"),
        }
    }
    sockets
}

type Serving = Pin<Box<dyn Future<Output = io::Result<()>>>>;

/// Waits until all have ended, or one has failed; the others are dropped then.
async fn all_or_first_failure(mut all: Vec<Serving>) -> io::Result<()> {
    let poll_all = |cx: &mut Context<'_>| {
        let mut served = Ok(());
        all.retain_mut(|one| match one.as_mut().poll(cx) {
            Poll::Pending => true,
            Poll::Ready(ended) => {
                served = std::mem::replace(&mut served, Ok(())).and(ended);
                false
            }
        });
        if served.is_err() || all.is_empty() { Poll::Ready(served) } else { Poll::Pending }
    };
    poll_fn(poll_all).await
}

fn listen_at(path: &Path, options: ListenOptions) -> io::Result<UnixListener> {
    listen_unix_with(path, options)
}

async fn serve_tcp(listener: TcpListener, shards: ShardHandle) -> io::Result<()> {
    let serve = async move |stream: seastar::net::TcpStream| {
        let peer = Peer::Tcp(stream.control());
        serve_connection(shards, peer, stream.split()).await
    };
    listener.serve(serve).await
}

async fn serve_unix(listener: UnixListener, shards: ShardHandle) -> io::Result<()> {
    listener.serve(async move |stream| serve_connection(shards, Peer::Unix, stream.split()).await).await
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
    peer: Peer,
    (input, output): (InputStream, OutputStream),
) -> io::Result<()> {
    connection::serve(shards.local()?, peer, input, output).await
}
