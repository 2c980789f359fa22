//! Signals, as events on a shard: SIGHUP to read the configuration anew, SIGUSR1 to print statistics.
//!
//! SIGINT and SIGTERM stop the program in order, without any of this; see [`stopping`](crate::stopping).

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::reactor::{self, Payload, Single};
use crate::sys::op::Op;
use crate::sys::signal as stop;
use crate::sys::signals::Listener;

/// A signal, by its name.
///
/// ```
/// use seastar::signal::Signal;
///
/// assert_eq!(Signal::HUP.to_string(), "SIGHUP");
/// assert_eq!(Signal::from_number(10), Some(Signal::USR1));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signal(i32);

macro_rules! signals {
    ($($name:ident = $number:ident, $text:literal;)*) => {
        impl Signal {
            $(#[doc = $text] pub const $name: Signal = Signal(libc::$number);)*

            /// The name, such as `SIGHUP`; nothing for a real-time signal.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $(libc::$number => Some(stringify!($number)),)*
                    _ => None,
                }
            }
        }
    };
}

signals! {
    HUP = SIGHUP, "The terminal is gone; for a server, by custom: read the configuration anew.";
    INT = SIGINT, "Ctrl-C: stop.";
    QUIT = SIGQUIT, "Stop, and leave a core dump.";
    ABRT = SIGABRT, "The program gives up.";
    KILL = SIGKILL, "End at once; no program hears of it.";
    USR1 = SIGUSR1, "Whatever the program says.";
    USR2 = SIGUSR2, "Whatever the program says.";
    PIPE = SIGPIPE, "A pipe that nobody reads was written to.";
    ALRM = SIGALRM, "A timer of the system is over.";
    TERM = SIGTERM, "Stop.";
    CHLD = SIGCHLD, "A child has ended.";
    CONT = SIGCONT, "Go on after SIGSTOP.";
    STOP = SIGSTOP, "Stand still; no program hears of it.";
    TSTP = SIGTSTP, "Ctrl-Z: stand still.";
    TTIN = SIGTTIN, "The terminal was read from in the background.";
    TTOU = SIGTTOU, "The terminal was written to in the background.";
    WINCH = SIGWINCH, "The terminal has another size.";
    IO = SIGIO, "A descriptor is ready.";
}

impl Signal {
    /// The signal of this number, if there is one.
    pub fn from_number(number: i32) -> Option<Signal> {
        (1..=libc::SIGRTMAX()).contains(&number).then_some(Signal(number))
    }

    /// Its number here.
    ///
    /// ```
    /// assert_eq!(seastar::signal::Signal::HUP.number(), 1);
    /// ```
    pub const fn number(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "signal {}", self.0),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Listens to a signal on this shard, from now on.
///
/// Every listener hears of it, on whichever shards they are. What the system would do otherwise, such as ending the program because of a SIGHUP, is not
/// done while there is one, and again when the last one has gone.
///
/// # Errors
///
/// [`InvalidInput`](io::ErrorKind::InvalidInput) for a signal that nobody can listen to (SIGKILL, SIGSTOP, and those of faults), and for one that stops
/// this program in order (SIGTERM, and SIGINT unless `--no-handle-interrupt`). Others when there are no descriptors.
///
/// ```
/// use seastar::process::Command;
/// use seastar::signal::{self, Signal};
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let mut hangups = signal::listen(Signal::HUP)?;
///     Command::new("kill").arg("-HUP").arg(std::process::id().to_string()).status().await?;
///     assert_eq!(hangups.recv().await, Some(Signal::HUP));
///     Ok(())
/// }
/// ```
pub fn listen(signal: Signal) -> io::Result<Signals> {
    let refused = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{signal} {why}")));
    match signal.0 {
        libc::SIGKILL | libc::SIGSTOP => {
            return refused("cannot be listened to; the system allows it to no program");
        }
        libc::SIGSEGV
        | libc::SIGBUS
        | libc::SIGILL
        | libc::SIGFPE
        | libc::SIGTRAP
        | libc::SIGABRT
        | libc::SIGSYS => {
            return refused("is a fault of the program itself, and not for anybody to listen to");
        }
        number if stop::is_watched(number) => {
            return refused("stops this program in order; wait for that by `seastar::stopping()`");
        }
        _ => {}
    }
    Ok(Signals { signal, listener: Listener::new(signal.0)?, ready: None })
}

/// A signal that is listened to, of [`listen`]: a stream, which ends when the program stops.
///
/// [`listen`] shows it.
pub struct Signals {
    signal: Signal,
    listener: Listener,
    ready: Option<Single<Raised>>,
}

/// The descriptor is never closed.
struct Raised(i32);

impl Payload for Raised {
    fn op(&self) -> Op {
        Op::AwaitReadable { fd: self.0 }
    }
}

impl Signals {
    /// Waits until the signal comes, as [`listen`] shows; nothing when the program stops. Several that came since the last call are one. Cancel-safe.
    ///
    /// # Panics
    ///
    /// On a thread that is no shard.
    pub fn recv(&mut self) -> impl Future<Output = Option<Signal>> {
        poll_fn(|context| self.poll_recv(context))
    }

    fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Option<Signal>> {
        loop {
            if let Some(ready) = &mut self.ready {
                let is_ready = Pin::new(ready).poll(context).is_ready();
                if !is_ready && reactor::with(|reactor| reactor.is_stopping()) == Some(false) {
                    return Poll::Pending;
                }
                self.ready = None;
            }
            if self.listener.take() {
                return Poll::Ready(Some(self.signal));
            }
            if reactor::with(|reactor| reactor.is_stopping()).expect("signals are heard of on a shard") {
                return Poll::Ready(None);
            }
            match Single::submit(Raised(self.listener.fd())) {
                Ok(ready) => self.ready = Some(ready),
                Err(error) => panic!("{} cannot be waited for: {error}", self.signal),
            }
        }
    }
}

impl Stream for Signals {
    type Item = Signal;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Signal>> {
        self.get_mut().poll_recv(context)
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signals").field("signal", &self.signal).finish_non_exhaustive()
    }
}
