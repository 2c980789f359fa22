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

use std::io;
use std::path::Path;
use std::sync::Arc;

use seastar::net::{
    InputStream, ListenOptions, OutputStream, TcpListener, UnixListener, listen, listen_unix_with,
};
use seastar::{NotRunning, Sharded};

pub use options::Args;
pub use settings::Settings;
use shard::Shard;

/// Serves until the program is told to stop.
///
/// # Errors
///
/// When an address cannot be listened on, or a shard has no memory for its items.
pub async fn serve(args: Args) -> io::Result<()> {
    let mut settings = args.settings();
    let tcp = settings.tcp.map(listen).transpose()?;
    settings.tcp = tcp.as_ref().map(|listener| listener.local_address());
    let unix = settings.unix.as_deref().map(|path| listen_at(path, settings.unix_mask)).transpose()?;
    let settings = Arc::new(settings);
    let shared = settings.clone();
    let shards = Sharded::start(async move |peers| Shard::new(peers, shared)).await?;
    shards.invoke_on_all(async move |_| drop(seastar::spawn(keep_time(shards)))).await?;
    announce(&settings);
    if args.prints_statistics() {
        live::start(shards);
    }
    let unix = unix.map(|listener| seastar::spawn(serve_unix(listener, shards)));
    let served = match tcp {
        Some(listener) => serve_tcp(listener, shards).await,
        None => {
            seastar::stopping().await;
            Ok(())
        }
    };
    if let Some(unix) = unix {
        unix.await.map_err(io::Error::other)??;
    }
    shards.stop().await;
    served
}

fn listen_at(path: &Path, mode: u32) -> io::Result<UnixListener> {
    listen_unix_with(path, ListenOptions::new().mode(mode))
}

fn announce(settings: &Settings) {
    let shards = seastar::shard_count();
    if let Some(address) = settings.tcp {
        println!("Listening on port {} of {} with {shards} shards", address.port(), address.ip());
    }
    if let Some(path) = &settings.unix {
        println!("Listening on {} with {shards} shards", path.display());
    }
}

async fn serve_tcp(listener: TcpListener, shards: Sharded<Shard>) -> io::Result<()> {
    listener.serve(async move |stream| serve_connection(shards, stream.split()).await).await
}

async fn serve_unix(listener: UnixListener, shards: Sharded<Shard>) -> io::Result<()> {
    listener.serve(async move |stream| serve_connection(shards, stream.split()).await).await
}

async fn serve_connection(
    shards: Sharded<Shard>,
    (input, output): (InputStream, OutputStream),
) -> io::Result<()> {
    connection::serve(shards.local()?, input, output).await
}

/// Tells a shard each second, and takes back what has expired.
async fn keep_time(shards: Sharded<Shard>) -> Result<(), NotRunning> {
    let shard = shards.local()?;
    let time = shard.settings.time;
    while seastar::timeout(time.to_next_second(), seastar::stopping()).await.is_err() {
        shard.cache.borrow_mut().tick(time.unix());
        while shard.cache.borrow_mut().store.crawl() {
            seastar::yield_now().await;
        }
    }
    Ok(())
}
