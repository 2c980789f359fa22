//! The servers, one file for each runtime that echoes, and for HTTP and TLS; each runs in a process of its own until its standard input ends.

mod compio;
pub mod floor;
mod floor_epoll;
mod glommio;
pub mod http;
mod kimojio;
mod monoio;
mod seastar;
pub mod tls;
mod tokio;

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener};

/// One server.
pub struct Server {
    pub name: &'static str,
    /// Serves with buffers of that many bytes for each connection, where the server has such buffers.
    serve: fn(usize) -> io::Result<()>,
}

/// The server that all others are compared with.
pub const FLOOR: &str = "floor";
/// Ours.
pub const OURS: &str = "seastar";
/// The same two without io_uring: what is compared with where those are not measured.
pub const FLOOR_EPOLL: &str = "floor-epoll";
pub const OURS_EPOLL: &str = "seastar-epoll";

/// Every echo server that is compared; the variants of the floor come on top.
pub const SERVERS: &[Server] = &[
    Server { name: FLOOR, serve: |_| floor::serve(floor::Setup::BEST) },
    Server { name: OURS, serve: |_| seastar::serve("io_uring") },
    Server { name: FLOOR_EPOLL, serve: |_| floor_epoll::serve() },
    Server { name: OURS_EPOLL, serve: |_| seastar::serve("epoll") },
    Server { name: "tokio", serve: tokio::serve_current_thread },
    Server { name: "tokio-mt", serve: tokio::serve_multi_thread },
    Server { name: "monoio", serve: monoio::serve },
    Server { name: "compio", serve: |_| compio::serve() },
    Server { name: "glommio", serve: glommio::serve },
    Server { name: "kimojio", serve: kimojio::serve },
];

/// Runs the server `name` until standard input ends.
pub fn serve(name: &str, buffer_bytes: usize) -> io::Result<()> {
    std::thread::spawn(|| {
        // Ends with the process that started this one, whatever becomes of it.
        let _ = io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    if let Some(server) = SERVERS.iter().find(|server| server.name == name) {
        return (server.serve)(buffer_bytes);
    }
    for (part, servers) in [("http-", http::SERVERS), ("tls-", tls::SERVERS)] {
        let wanted = |server: &&Server| name.strip_prefix(part) == Some(server.name);
        if let Some(server) = servers.iter().find(wanted) {
            return (server.serve)(buffer_bytes);
        }
    }
    if let Some(setup) = floor::Setup::named(name) {
        return floor::serve(setup);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("there is no server `{name}`")))
}

/// Listens on a port of the kernel's choice and tells the load generator which.
fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    announce(listener.local_addr()?.port())?;
    Ok(listener)
}

fn announce(port: u16) -> io::Result<()> {
    let mut output = io::stdout();
    writeln!(output, "{port}")?;
    output.flush()
}
