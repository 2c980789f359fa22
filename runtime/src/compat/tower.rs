//! [tower](https://docs.rs/tower-service): its services, served on every shard. Needs feature `tower`.
//!
//! Frameworks such as axum make such services, and layers of tower put limits around them. Two things are different here:
//!
//! - Every shard has a service of its own, made there, so a limit of it counts what one shard does, and it need not be `Send`. A framework may ask
//!   for `Send` all the same; then [`OnShard`](super::OnShard) helps.
//! - tower's own time limits need the timers of tokio. Use [`timeout`](crate::timeout) in the handler instead.

use std::future::{Future, poll_fn};
use std::io;
use std::panic::Location;

use ::hyper::body::{Body, Incoming};
use ::hyper::service::{Service as HyperService, service_fn};
use ::hyper::{Request, Response};
use tower_service::Service;

use super::hyper::{BoxError, Http, HttpServer, Listener, serve_made, serve_made_with};
use crate::net::ServeOptions;

/// Serves HTTP on every shard by services that `make` makes, one on each.
///
/// Each request goes to a clone of its shard's service, and waits until that is ready. All else is as for
/// [`Http::serve`](super::hyper::Http::serve).
///
/// ```
/// use http_body_util::{BodyExt, Empty, Full};
/// use hyper::body::{Bytes, Incoming};
/// use hyper::client::conn::http1;
/// use hyper::{Request, Response};
/// use std::convert::Infallible;
/// use std::future::{Ready, ready};
/// use std::task::{Context, Poll};
///
/// #[derive(Clone)]
/// struct Greet;
///
/// impl tower_service::Service<Request<Incoming>> for Greet {
///     type Response = Response<Full<Bytes>>;
///     type Error = Infallible;
///     type Future = Ready<Result<Self::Response, Infallible>>;
///
///     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
///         Poll::Ready(Ok(()))
///     }
///
///     fn call(&mut self, _: Request<Incoming>) -> Self::Future {
///         ready(Ok(Response::new(Full::from("hello"))))
///     }
/// }
///
/// #[seastar::main(shards = 2, overprovisioned = true)]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let listener = seastar::net::listen("127.0.0.1:0")?;
///     let address = listener.local_address();
///     let server = seastar::spawn(seastar::compat::tower::serve(listener, || Greet));
///
///     let (mut sender, connection) = http1::handshake(seastar::net::connect(address).await?).await?;
///     seastar::spawn(connection).detach();
///     let response = sender.send_request(Request::get("/").body(Empty::<Bytes>::new())?).await?;
///     assert_eq!(response.into_body().collect().await?.to_bytes(), "hello");
///     server.cancel();
///     Ok(())
/// }
/// ```
///
/// # Errors
///
/// As for [`TcpListener::serve`](crate::net::TcpListener::serve).
#[track_caller]
pub fn serve<L, M, S, B>(listener: L, make: M) -> impl Future<Output = io::Result<()>>
where
    L: Listener,
    M: Fn() -> S + Clone + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: 'static>
        + Clone
        + 'static,
    B: Body<Error: Into<BoxError>> + 'static,
{
    serve_made(Http::new(), listener, move || when_ready(make()), Location::caller())
}

/// [`serve`] as `http` says, and within limits. Returns when all shards accept, and serves until it is stopped.
///
/// # Errors
///
/// As for [`TcpListener::serve_with`](crate::net::TcpListener::serve_with).
///
/// ```no_run
/// use seastar::compat::hyper::Http;
/// use seastar::compat::tower::serve_with;
/// use seastar::net::{ServeOptions, listen};
/// # #[derive(Clone)]
/// # struct Greet;
/// # impl tower_service::Service<hyper::Request<hyper::body::Incoming>> for Greet {
/// #     type Response = hyper::Response<String>;
/// #     type Error = std::convert::Infallible;
/// #     type Future = std::future::Ready<Result<Self::Response, Self::Error>>;
/// #     fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
/// #         std::task::Poll::Ready(Ok(()))
/// #     }
/// #     fn call(&mut self, _: hyper::Request<hyper::body::Incoming>) -> Self::Future {
/// #         std::future::ready(Ok(hyper::Response::new("hello".to_owned())))
/// #     }
/// # }
///
/// #[seastar::main]
/// async fn main() -> std::io::Result<()> {
///     let options = ServeOptions::new().connections_per_shard(10_000);
///     let server = serve_with(Http::new(), listen(8080)?, options, || Greet).await?;
///     seastar::stopping().await;
///     server.stop().await;
///     Ok(())
/// }
/// ```
#[track_caller]
pub fn serve_with<L, M, S, B>(
    http: Http,
    listener: L,
    options: ServeOptions,
    make: M,
) -> impl Future<Output = io::Result<HttpServer>>
where
    L: Listener,
    M: Fn() -> S + Clone + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: 'static>
        + Clone
        + 'static,
    B: Body<Error: Into<BoxError>> + 'static,
{
    serve_made_with(http, listener, options, move || when_ready(make()), Location::caller())
}

/// hyper's service of one of tower, which waits until that is ready.
fn when_ready<S, B>(
    service: S,
) -> impl HyperService<Request<Incoming>, Response = Response<B>, Error = S::Error, Future: 'static>
+ Clone
+ 'static
where
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: 'static>
        + Clone
        + 'static,
    B: Body + 'static,
{
    service_fn(move |request| {
        let mut service = service.clone();
        async move {
            poll_fn(|context| service.poll_ready(context)).await?;
            service.call(request).await
        }
    })
}
