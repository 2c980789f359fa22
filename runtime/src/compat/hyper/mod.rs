//! [hyper](https://docs.rs/hyper): HTTP/1 and HTTP/2, servers and clients. Needs feature `hyper`.
//!
//! [`serve`] serves HTTP on every shard; [`Http`] does it with options. For a client, hyper's own `client::conn` takes what
//! [`connect`](crate::net::connect) returns. hyper asks a runtime for four things, and these are ours: streams, which have its traits
//! [`Read`](hyper::rt::Read) and [`Write`](hyper::rt::Write), an [`Executor`], and a [`Timer`].
//!
//! ```
//! use http_body_util::{BodyExt, Full};
//! use hyper::body::{Bytes, Incoming};
//! use hyper::client::conn::http1;
//! use hyper::{Request, Response};
//! use seastar::compat::hyper::serve;
//! use seastar::net::{connect, listen};
//! use std::convert::Infallible;
//!
//! async fn greet(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
//!     Ok(Response::new(Full::from(format!("This is {}", request.uri().path()))))
//! }
//!
//! #[seastar::main(shards = 2, overprovisioned = true)]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let listener = listen("127.0.0.1:0")?;
//!     let address = listener.local_address();
//!     let server = seastar::spawn(serve(listener, greet));
//!
//!     let (mut sender, connection) = http1::handshake(connect(address).await?).await?;
//!     let connection = seastar::spawn(connection);
//!     let request = Request::get("/home").body(Full::<Bytes>::default())?;
//!     let response = sender.send_request(request).await?;
//!     assert_eq!(response.into_body().collect().await?.to_bytes(), "This is /home");
//!
//!     drop(sender);
//!     connection.await??;
//!     server.cancel();
//!     Ok(())
//! }
//! ```

mod connection;
mod io;
mod listener;
mod rt;
mod server;
#[cfg(feature = "tls")]
mod tls;

pub use listener::Listener;
pub use rt::{Executor, Timer};
pub use server::{Http, HttpServer, serve};
#[cfg(feature = "tls")]
pub use tls::TlsListener;
#[cfg(feature = "tower")]
pub(super) use {connection::BoxError, server::serve_made, server::serve_made_with};
