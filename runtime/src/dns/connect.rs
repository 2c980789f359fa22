//! Connecting to whichever address answers first.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::net::{TcpStream, connect};
use crate::time::{Sleep, sleep};

/// How long an attempt has before the next address is tried as well (RFC 8305, section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// Attempts, each of which began a while after the one before.
struct Race {
    left: std::vec::IntoIter<SocketAddr>,
    running: Vec<Pin<Box<dyn Future<Output = io::Result<TcpStream>>>>>,
    next: Pin<Box<Sleep>>,
    failure: io::Error,
}

/// A connection to one of `addresses`; the other attempts are given up.
pub(super) async fn connect_any(host: &str, addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let failure = io::Error::new(io::ErrorKind::NotFound, "there is no address");
    let next = Box::pin(sleep(Duration::ZERO));
    let mut race = Race { left: addresses.into_iter(), running: Vec::new(), next, failure };
    race.begin();
    let won = poll_fn(|context| race.poll(context)).await;
    won.map_err(|error| io::Error::new(error.kind(), format!("{error}, for {host}")))
}

impl Race {
    /// One more runs.
    fn begin(&mut self) {
        if let Some(address) = self.left.next() {
            self.running.push(Box::pin(connect(address)));
            self.next = Box::pin(sleep(HEAD_START));
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        loop {
            let (mut has_failed, mut at) = (false, 0);
            while let Some(attempt) = self.running.get_mut(at) {
                match attempt.as_mut().poll(context) {
                    Poll::Ready(Ok(stream)) => return Poll::Ready(Ok(stream)),
                    Poll::Ready(Err(error)) => {
                        self.failure = error;
                        drop(self.running.remove(at));
                        has_failed = true;
                    }
                    Poll::Pending => at += 1,
                }
            }
            if self.left.len() > 0 && (has_failed || self.next.as_mut().poll(context).is_ready()) {
                self.begin();
                continue;
            }
            if self.running.is_empty() {
                let none = io::Error::from(io::ErrorKind::NotFound);
                return Poll::Ready(Err(std::mem::replace(&mut self.failure, none)));
            }
            return Poll::Pending;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::listen;
    use crate::{Options, run};

    fn on_a_shard<T: 'static>(main: impl AsyncFnOnce() -> T + 'static) -> T {
        run(Options::new().shards(1).memory(64 << 20).overprovisioned(true), main).unwrap()
    }

    #[test]
    fn an_address_that_refuses_gives_way_at_once_and_one_that_is_silent_after_a_while() {
        on_a_shard(async || {
            let listener = listen("127.0.0.1:0").unwrap();
            let refuses = listen("127.0.0.1:0").unwrap().local_address();
            // An address that is for documentation, where nobody answers.
            let silent = "192.0.2.1:80".parse().unwrap();
            let all = vec![refuses, silent, listener.local_address()];
            let stream = connect_any("three.example", all).await.unwrap();
            assert_eq!(stream.peer_address().unwrap(), listener.local_address());
        });
    }

    #[test]
    fn without_an_address_that_answers_the_last_failure_is_told_with_the_name() {
        on_a_shard(async || {
            let refuses = listen("127.0.0.1:0").unwrap().local_address();
            let error = connect_any("two.example", vec![refuses, refuses]).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
            let text = format!("connect to {refuses}: Connection refused (os error 111), for two.example");
            assert_eq!(error.to_string(), text);
            assert!(connect_any("none.example", Vec::new()).await.is_err());
        });
    }
}
