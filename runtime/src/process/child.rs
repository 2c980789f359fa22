//! A program that was started.

use std::future::poll_fn;
use std::io;
use std::os::fd::OwnedFd;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::process::{self, ExitStatus, Output};
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use super::command::Started;
use super::pipe::{Pipe, Ready};
use crate::future::joined::{Either, Race};
use crate::net::{InputStream, OutputStream};
use crate::reactor;
use crate::signal::Signal;
use crate::sys::process as system;
use crate::task;
use crate::time::sleep;

/// How often a child is looked at where the kernel does not tell of its end (before Linux 5.3, or by a seccomp profile).
const LOOK_FIRST: Duration = Duration::from_millis(1);
const LOOK_MAX: Duration = Duration::from_millis(50);

/// Children that nobody waits for, and no fiber could be left with. They are looked at whenever another child is.
static LEFT: Mutex<Vec<process::Child>> = Mutex::new(Vec::new());

/// A program that was started, and its pipes.
///
/// When it is dropped, the program goes on, unless [`kill_on_drop`](super::Command::kill_on_drop) says otherwise, and leaves no zombie when it
/// ends. Stays on its shard.
#[derive(Debug)]
pub struct Child {
    /// What the program reads, if that was `Stdio::piped()`.
    pub stdin: Option<OutputStream<Pipe>>,
    /// What it prints, likewise.
    pub stdout: Option<InputStream<Pipe>>,
    /// Its errors, likewise.
    pub stderr: Option<InputStream<Pipe>>,
    id: u32,
    watched: Watched,
    kill_on_drop: bool,
}

/// A child, and what tells of its end.
#[derive(Debug)]
struct Watched {
    /// Nothing once it was waited for.
    child: Option<process::Child>,
    /// Nothing where the kernel has none.
    end: Option<Rc<OwnedFd>>,
    status: Option<ExitStatus>,
}

impl Child {
    pub(super) fn new(mut started: Started) -> io::Result<Child> {
        let mut child = started.take().ok_or(io::ErrorKind::NotFound)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let id = child.id();
        let end = system::open(id).ok().map(Rc::new);
        // From here on a failure leaves the child to the one that is made.
        let watched = Watched { child: Some(child), end, status: None };
        let mut made =
            Child { stdin: None, stdout: None, stderr: None, id, watched, kill_on_drop: started.1 };
        let input = |fd: OwnedFd| Pipe::new(fd, false).map(InputStream::new);
        made.stdin = pipes.0.map(|fd| Pipe::new(fd.into(), true).map(OutputStream::new)).transpose()?;
        made.stdout = pipes.1.map(|fd| input(fd.into())).transpose()?;
        made.stderr = pipes.2.map(|fd| input(fd.into())).transpose()?;
        Ok(made)
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Waits for the end of the program; closes its stdin first, or both might wait for each other. May be called again, and then returns the
    /// same. Cancel-safe.
    ///
    /// Goes on waiting when this program stops, until the grace period is over: kill the child if it should not.
    ///
    /// # Errors
    ///
    /// Those of waitpid(2); none are expected.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        drop(self.stdin.take());
        self.watched.wait().await
    }

    /// How the program ended, if it has.
    ///
    /// # Errors
    ///
    /// As for [`wait`](Self::wait).
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.watched.look()
    }

    /// Kills the program (SIGKILL), and does not wait for that. No error if it has ended.
    ///
    /// # Errors
    ///
    /// Those of kill(2).
    ///
    /// ```
    /// use seastar::process::Command;
    /// use std::os::unix::process::ExitStatusExt;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let mut child = Command::new("sleep").arg("1000").spawn().await?;
    ///     assert_ne!(child.id(), std::process::id());
    ///     child.kill()?;
    ///     assert_eq!(child.wait().await?.signal(), Some(9));
    ///     Ok(())
    /// }
    /// ```
    pub fn kill(&mut self) -> io::Result<()> {
        self.signal(Signal::KILL)
    }

    /// Sends a signal to the program. No error if it has ended.
    ///
    /// # Errors
    ///
    /// Those of kill(2).
    ///
    /// ```
    /// use seastar::process::Command;
    /// use seastar::signal::Signal;
    /// use std::os::unix::process::ExitStatusExt;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let mut child = Command::new("sleep").arg("1000").spawn().await?;
    ///     child.signal(Signal::TERM)?;
    ///     assert_eq!(child.wait().await?.signal(), Some(Signal::TERM.number()));
    ///     Ok(())
    /// }
    /// ```
    pub fn signal(&mut self, signal: Signal) -> io::Result<()> {
        match self.watched.child {
            // While it is not waited for, the number is its own.
            Some(_) => system::signal(self.id, signal.number()),
            None => Ok(()),
        }
    }

    /// Collects what the program prints, and waits for its end.
    pub(super) async fn output(mut self, max: usize) -> io::Result<Output> {
        drop(self.stdin.take());
        let (out, err) = (self.stdout.take(), self.stderr.take());
        let (mut out, mut err) = (pin!(collect(out, max)), pin!(collect(err, max)));
        // A failure does not wait for the other one, whose stream may be open for long.
        let both = match Race(out.as_mut(), err.as_mut()).await {
            Either::First(Ok(stdout)) => err.await.map(|stderr| (stdout, stderr)),
            Either::Second(Ok(stderr)) => out.await.map(|stdout| (stdout, stderr)),
            Either::First(Err(error)) | Either::Second(Err(error)) => Err(error),
        };
        match both {
            Ok((stdout, stderr)) => Ok(Output { status: self.wait().await?, stdout, stderr }),
            Err(error) => {
                self.kill_on_drop = true;
                Err(error)
            }
        }
    }
}

async fn collect(stream: Option<InputStream<Pipe>>, max: usize) -> io::Result<Vec<u8>> {
    let mut collected = Vec::new();
    let Some(mut stream) = stream else { return Ok(collected) };
    loop {
        let bytes = stream.read().await?;
        if bytes.is_empty() {
            return Ok(collected);
        }
        if collected.len() + bytes.len() > max {
            let text = format!("the program prints more than {max} bytes; read its output piece by piece");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        collected.extend_from_slice(&bytes);
    }
}

impl Watched {
    fn look(&mut self) -> io::Result<Option<ExitStatus>> {
        look_at_those_left();
        if let Some(child) = &mut self.child
            && let Some(status) = child.try_wait()?
        {
            (self.child, self.end, self.status) = (None, None, Some(status));
        }
        Ok(self.status)
    }

    async fn wait(&mut self) -> io::Result<ExitStatus> {
        let mut pause = LOOK_FIRST;
        loop {
            if let Some(status) = self.look()? {
                return Ok(status);
            }
            match &self.end {
                Some(end) => drop(Ready::readable(end.clone())?.await?),
                None => {
                    sleep(pause).await;
                    pause = (pause * 2).min(LOOK_MAX);
                }
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Some(child) = self.watched.child.take() {
            leave(child, self.kill_on_drop);
        }
    }
}

/// Nobody waits for the child any more; it must not become a zombie.
pub(super) fn leave(mut child: process::Child, kill: bool) {
    if kill {
        let _ = child.kill();
    }
    look_at_those_left();
    // It may have ended, but a kill takes a moment.
    if matches!(child.try_wait(), Ok(Some(_))) {
        return;
    }
    let id = child.id();
    let mut left = Left(Some(child));
    let end = reactor::with(|_| system::open(id).ok()).flatten();
    if let Some(Ok(mut end)) = end.map(|end| Ready::readable(Rc::new(end))) {
        let reap = async move {
            // A fiber that does not end would hold up a program that stops.
            let ended = poll_fn(|context| match Pin::new(&mut end).poll(context) {
                Poll::Pending if reactor::with(|reactor| reactor.is_stopping()) == Some(false) => {
                    Poll::Pending
                }
                Poll::Pending => Poll::Ready(false),
                Poll::Ready(_) => Poll::Ready(true),
            });
            if ended.await
                && let Some(mut child) = left.0.take()
            {
                let _ = child.try_wait();
            }
        };
        let _ = task::spawn_detached(reap, Location::caller());
    }
}

/// Comes to [`LEFT`] unless it is taken out.
struct Left(Option<process::Child>);

impl Drop for Left {
    fn drop(&mut self) {
        if let Some(child) = self.0.take() {
            lock().push(child);
        }
    }
}

fn look_at_those_left() {
    lock().retain_mut(|child| matches!(child.try_wait(), Ok(None)));
}

fn lock() -> std::sync::MutexGuard<'static, Vec<process::Child>> {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;

    /// As on a kernel that has no descriptors for processes.
    #[test]
    fn a_child_is_looked_at_where_nothing_tells_of_its_end() {
        let options = Options::new().shards(1).memory(64 << 20).overprovisioned(true);
        let status = crate::run(options, async || {
            let child = process::Command::new("sh").args(["-c", "sleep 0.02; exit 3"]).spawn().unwrap();
            Watched { child: Some(child), end: None, status: None }.wait().await.unwrap()
        });
        assert_eq!(status.unwrap().code(), Some(3));
    }
}
