//! One connection, from its first byte to an end in order.

use std::error::Error;
use std::future::{Future, poll_fn};
use std::io;
use std::iter;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use ::hyper::body::{Body, Incoming};
use ::hyper::rt::{Read, Write};
use ::hyper::service::Service;
use ::hyper::{Request, Response};
use hyper_util::server::conn::auto;

use super::rt::Executor;
use crate::app;
use crate::net::{Watch, has_gone};
use crate::sync::AbortSource;

pub(in crate::compat) type BoxError = Box<dyn Error + Send + Sync>;

/// Serves until the peer has gone, or what came before the program stopped, or `closing` was aborted, is answered.
pub(super) async fn serve<I, S, B>(
    builder: &auto::Builder<Executor>,
    io: I,
    service: S,
    closing: Rc<AbortSource>,
    watch: Option<Watch>,
) -> Result<(), BoxError>
where
    I: Read + Write + Unpin + 'static,
    S: Service<Request<Incoming>, Response = Response<B>>,
    S::Future: 'static,
    S::Error: Into<BoxError>,
    B: Body + 'static,
    B::Error: Into<BoxError>,
{
    let mut connection = pin!(builder.serve_connection(io, service));
    let mut closing = pin!(closing.aborted());
    let mut told = false;
    poll_fn(|context| {
        loop {
            if let Poll::Ready(end) = connection.as_mut().poll(context) {
                return Poll::Ready(end);
            }
            if let Some(watch) = &watch
                && watch.poll_gone(context).is_ready()
            {
                return Poll::Ready(Err(io::Error::from(io::ErrorKind::ConnectionReset).into()));
            }
            // Every fiber is polled once when the program stops.
            if told || !(app::is_stopping() || closing.as_mut().poll(context).is_ready()) {
                return Poll::Pending;
            }
            told = true;
            connection.as_mut().graceful_shutdown();
        }
    })
    .await
}

/// A connection has ended, and not as it should: by the handler's own failure, or by the peer, which must not fill the log.
#[cold]
pub(super) fn report(error: &BoxError) {
    let first: &(dyn Error + 'static) = &**error;
    let causes = || iter::successors(Some(first), |cause: &&(dyn Error + 'static)| (*cause).source());
    let is_ours =
        first.downcast_ref().is_some_and(::hyper::Error::is_user) && !causes().skip(1).any(is_of_peer);
    let text = causes().map(ToString::to_string).collect::<Vec<_>>().join(": ");
    if is_ours {
        say!(Warn, "an HTTP connection ended: {text}");
    } else {
        say!(Debug, "an HTTP connection ended: {text}");
    }
}

/// A handler also fails because it cannot read what the peer should send.
fn is_of_peer(error: &(dyn Error + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<::hyper::Error>() {
        return !error.is_user();
    }
    let Some(error) = error.downcast_ref::<io::Error>() else { return false };
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<::hyper::Error>());
    has_gone(error) || inner.is_some_and(|inner| !inner.is_user())
}
