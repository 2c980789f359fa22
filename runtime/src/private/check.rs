//! The questions that the checks of the macros ask about types, in code that is never reached.
//!
//! A macro sees words and not types. So it leaves a [`Witness`] of a value's type in dead code, and asks it
//! a question when the compiler knows all types. Each question has two answers, and method lookup
//! takes the one with the longer receiver first: `&Witness<..>` for the types that are a mistake, whose
//! bound never holds and carries the message, and `Witness<T>` for all others. Dead code is typed but not
//! compiled: nothing is borrowed, moved or kept.

use std::marker::PhantomData;

/// Stands for a value of type `T`.
pub struct Witness<T>(PhantomData<fn() -> T>);

impl<T> Witness<T> {
    /// A witness of the value's type.
    pub fn of(_: &T) -> Witness<T> {
        Witness(PhantomData)
    }
}

/// What may stay borrowed while a fiber waits.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is held across an `.await`",
    label = "still borrowed while this function waits",
    note = "another fiber of this shard may borrow the same cell meanwhile, and panic; end the borrow before the `.await`, in a block of its own or with `drop`"
)]
pub trait MayStayBorrowed {}

/// What may stay entered while a fiber waits.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is held across an `.await`",
    label = "still entered while this function waits",
    note = "other fibers of this shard run meanwhile, as if within this span; write `#[tracing::instrument]` above the function, or `.instrument(span)` behind the future, which leave the span where they wait"
)]
pub trait MayStayEntered {}

/// What may stay locked while a fiber waits.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is held across an `.await`",
    label = "still locked while this function waits",
    note = "another fiber of this shard that locks it meanwhile stops the shard, and then nobody unlocks it; unlock before the `.await`, in a block of its own or with `drop`"
)]
pub trait MayStayLocked {}

/// What a fiber may use without waiting in the kernel for a socket.
#[diagnostic::on_unimplemented(
    message = "`{Self}` of the standard library blocks the whole shard",
    label = "while it waits, no fiber of this shard runs",
    note = "write `seastar::net::connect(..).await` or `seastar::net::listen(..)`, or `seastar::blocking_ok!(..)` around it where blocking is meant"
)]
pub trait MayUseSockets {}

/// What a fiber may use without waiting in the kernel for something else.
#[diagnostic::on_unimplemented(
    message = "`{Self}` of the standard library blocks the whole shard",
    label = "while it waits, no fiber of this shard runs",
    note = "use it before the runtime starts, or in `seastar::unblock(|| ..)`; write `seastar::blocking_ok!(..)` around it where blocking is meant"
)]
pub trait MayUseFiles {}

/// What a fiber may use without waiting for a thread.
#[diagnostic::on_unimplemented(
    message = "`{Self}` of the standard library blocks the whole shard",
    label = "while it waits for another thread, no fiber of this shard runs",
    note = "a shard owns its data: use `Cell` or `RefCell`, and `seastar::submit_to` for what another shard has; write `seastar::blocking_ok!(..)` around it where blocking is meant"
)]
pub trait MayUseLocks {}

/// What a fiber may call to wait for some time.
#[diagnostic::on_unimplemented(
    message = "`thread::sleep` stops every fiber of this shard",
    label = "write `seastar::sleep(..).await`",
    note = "where blocking is meant, write `seastar::blocking_ok!(..)` around it"
)]
pub trait MaySleep {}

/// What may be dropped without having been awaited.
#[diagnostic::on_unimplemented(
    message = "a future is dropped before it has done anything",
    label = "this does nothing until it is awaited",
    note = "write `.await`, hand it to `seastar::spawn` to run it as a fiber, or `drop` it if that is meant"
)]
pub trait MayBeDropped {}

/// What may be let go as soon as it is there.
#[diagnostic::on_unimplemented(
    message = "what is held here is given back at once",
    label = "`let _` keeps nothing",
    note = "give it a name, as in `let _held = ..`, so that it is held to the end of the block; write `drop(..)` if giving it back is meant"
)]
pub trait MayBeReleased {}

/// What a fiber may do with a thread.
#[diagnostic::on_unimplemented(
    message = "`join` of a thread blocks the whole shard",
    label = "while it waits for the thread, no fiber of this shard runs",
    note = "let the thread wake a fiber when it is done, by an async channel such as that of the crate `async-channel`; write `seastar::blocking_ok!(..)` around it where blocking is meant"
)]
pub trait MayJoin {}

/// The questions, to be asked as `(&&&witness).question()`.
pub mod ask {
    use std::cell::{Ref, RefMut};
    use std::future::Future;
    use std::sync::mpsc::{Receiver, RecvError, RecvTimeoutError};
    use std::sync::{
        Barrier, BarrierWaitResult, Condvar, LockResult, Mutex, MutexGuard, RwLock, RwLockReadGuard,
        RwLockWriteGuard, WaitTimeoutResult,
    };
    use std::{fs, io, net, os::unix::net as unix, process, thread};

    #[cfg(feature = "tracing")]
    use tracing::span::{Entered, EnteredSpan};

    use super::*;
    use crate::sync::{self, GateHolder, OwnedGateHolder, OwnedSemaphoreUnits, SemaphoreUnits};

    /// The types about which the answer to a question is no, and what to blame for each.
    macro_rules! no {
        ($Answer:ident: $([$($generic:tt)*] $ty:ty => $culprit:ty),* $(,)?) => {
            $(impl<$($generic)*> $Answer for &Witness<$ty> {
                type Type = $culprit;
            })*
        };
    }

    /// The answer that all other types give.
    macro_rules! yes {
        ($($Answer:ident $question:ident)*) => {
            $(#[doc(hidden)]
            pub trait $Answer {
                fn $question(&self) {}
            }

            impl<T> $Answer for Witness<T> {})*
        };
    }

    yes! {
        NotBorrowed stays_borrowed
        NotLocked stays_locked
        NotBlocking blocks
        NotWaiting waits
        NotReadingFiles reads_files
        NotSleeping sleeps
        NotJoining joins
        NotDropped is_dropped
        NotReleased is_released
    }

    #[doc(hidden)]
    pub struct Nothing;

    /// One trait for cells and spans, because a type that is not known would be ambiguous between several, and
    /// that is reported in terms of these traits.
    #[doc(hidden)]
    pub trait Borrowed {
        type Cell;
        type Span;
        #[rustfmt::skip]
        fn stays_borrowed(&self) where Self::Cell: MayStayBorrowed, Self::Span: MayStayEntered {}
    }

    #[diagnostic::do_not_recommend]
    impl MayStayBorrowed for Nothing {}
    #[diagnostic::do_not_recommend]
    impl MayStayEntered for Nothing {}

    /// What is to blame: a borrow or a span.
    macro_rules! borrowed {
        ($([$($generic:tt)*] $ty:ty => $Cell:ty, $Span:ty;)*) => {
            $(impl<$($generic)*> Borrowed for &Witness<$ty> {
                type Cell = $Cell;
                type Span = $Span;
            })*
        };
    }

    borrowed! {
        ['b, T: ?Sized] Ref<'b, T> => Ref<'b, T>, Nothing;
        ['b, T: ?Sized] RefMut<'b, T> => RefMut<'b, T>, Nothing;
    }

    #[cfg(feature = "tracing")]
    borrowed! {
        ['s] Entered<'s> => Nothing, Entered<'s>;
        [] EnteredSpan => Nothing, EnteredSpan;
    }

    #[doc(hidden)]
    pub trait Locked {
        type Type;
        #[rustfmt::skip]
        fn stays_locked(&self) where Self::Type: MayStayLocked {}
    }

    no! { Locked:
        ['b, T: ?Sized] MutexGuard<'b, T> => MutexGuard<'b, T>,
        ['b, T: ?Sized] RwLockReadGuard<'b, T> => RwLockReadGuard<'b, T>,
        ['b, T: ?Sized] RwLockWriteGuard<'b, T> => RwLockWriteGuard<'b, T>,
    }

    /// One trait for all three, for the same reason.
    #[doc(hidden)]
    pub trait Blocking {
        type Socket;
        type File;
        type Lock;
        #[rustfmt::skip]
        fn blocks(&self) where Self::Socket: MayUseSockets, Self::File: MayUseFiles, Self::Lock: MayUseLocks {}
    }

    #[diagnostic::do_not_recommend]
    impl MayUseSockets for Nothing {}
    #[diagnostic::do_not_recommend]
    impl MayUseFiles for Nothing {}
    #[diagnostic::do_not_recommend]
    impl MayUseLocks for Nothing {}

    /// Who is to blame: a socket, a file or a lock.
    macro_rules! blocking {
        ($([$($generic:tt)*] $ty:ty => $Socket:ty, $File:ty, $Lock:ty;)*) => {
            $(impl<$($generic)*> Blocking for &Witness<$ty> {
                type Socket = $Socket;
                type File = $File;
                type Lock = $Lock;
            })*
        };
    }

    // What a call returns tells it from a user's own of the same name.
    blocking! {
        [] net::TcpStream => net::TcpStream, Nothing, Nothing;
        [] net::TcpListener => net::TcpListener, Nothing, Nothing;
        [] net::UdpSocket => net::UdpSocket, Nothing, Nothing;
        [] unix::UnixStream => unix::UnixStream, Nothing, Nothing;
        [] unix::UnixListener => unix::UnixListener, Nothing, Nothing;
        [] unix::UnixDatagram => unix::UnixDatagram, Nothing, Nothing;
        [] io::Result<net::TcpStream> => net::TcpStream, Nothing, Nothing;
        [] io::Result<net::TcpListener> => net::TcpListener, Nothing, Nothing;
        [] io::Result<net::UdpSocket> => net::UdpSocket, Nothing, Nothing;
        [] io::Result<unix::UnixStream> => unix::UnixStream, Nothing, Nothing;
        [] io::Result<unix::UnixListener> => unix::UnixListener, Nothing, Nothing;
        [] io::Result<unix::UnixDatagram> => unix::UnixDatagram, Nothing, Nothing;
        [] io::Result<(net::TcpStream, net::SocketAddr)> => net::TcpListener, Nothing, Nothing;
        [] io::Result<(unix::UnixStream, unix::SocketAddr)> => unix::UnixListener, Nothing, Nothing;
        [] fs::File => Nothing, fs::File, Nothing;
        [] io::Result<fs::File> => Nothing, fs::File, Nothing;
        [] process::Child => Nothing, process::Child, Nothing;
        [] io::Result<process::Output> => Nothing, process::Command, Nothing;
        [] io::Result<process::ExitStatus> => Nothing, process::Command, Nothing;
        [] io::Stdin => Nothing, io::Stdin, Nothing;
        [] io::StdinLock<'static> => Nothing, io::Stdin, Nothing;
        [T] Mutex<T> => Nothing, Nothing, Mutex<T>;
        [T] RwLock<T> => Nothing, Nothing, RwLock<T>;
        [] Condvar => Nothing, Nothing, Condvar;
        [] Barrier => Nothing, Nothing, Barrier;
        [] BarrierWaitResult => Nothing, Nothing, Barrier;
        [T] Result<T, RecvError> => Nothing, Nothing, Receiver<T>;
        [T] Result<T, RecvTimeoutError> => Nothing, Nothing, Receiver<T>;
    }

    #[doc(hidden)]
    pub trait Waiting {
        type Type;
        #[rustfmt::skip]
        fn waits(&self) where Self::Type: MayUseLocks {}
    }

    no! { Waiting:
        ['b, T: ?Sized] LockResult<MutexGuard<'b, T>> => Condvar,
        ['b, T: ?Sized] LockResult<(MutexGuard<'b, T>, WaitTimeoutResult)> => Condvar,
    }

    #[doc(hidden)]
    pub trait ReadingFiles {
        type Type;
        #[rustfmt::skip]
        fn reads_files(&self) where Self::Type: MayUseFiles {}
    }

    // Asked of functions in a module that is called `fs`.
    no! { ReadingFiles:
        [] io::Result<()> => fs::File,
        [] io::Result<u64> => fs::File,
        [] io::Result<bool> => fs::File,
        [] io::Result<String> => fs::File,
        [] io::Result<Vec<u8>> => fs::File,
        [] io::Result<fs::Metadata> => fs::Metadata,
        [] io::Result<fs::ReadDir> => fs::ReadDir,
        [] io::Result<std::path::PathBuf> => fs::File,
    }

    #[doc(hidden)]
    pub trait Sleeping {
        type Type;
        #[rustfmt::skip]
        fn sleeps(&self) where Self::Type: MaySleep {}
    }

    // Asked of `thread::sleep`.
    no! { Sleeping: [] () => () }

    #[doc(hidden)]
    pub trait Joining {
        type Type;
        #[rustfmt::skip]
        fn joins(&self) where Self::Type: MayJoin {}
    }

    // Asked of `spawn(..).join()`.
    no! { Joining: [T] thread::Result<T> => thread::JoinHandle<T> }

    #[doc(hidden)]
    pub trait Dropped {
        type Type;
        #[rustfmt::skip]
        fn is_dropped(&self) where Self::Type: MayBeDropped {}
    }

    impl<F: Future> Dropped for &Witness<F> {
        type Type = F;
    }

    #[doc(hidden)]
    pub trait RunsOn {
        fn is_dropped(&self) {}
    }

    // Its fiber has begun, and goes on without a handle.
    impl<T> RunsOn for &&Witness<crate::JoinHandle<T>> {}

    #[doc(hidden)]
    pub trait Released {
        type Type;
        #[rustfmt::skip]
        fn is_released(&self) where Self::Type: MayBeReleased {}
    }

    /// What is held for as long as a value lives, and what may be such a value.
    macro_rules! held {
        ($([$($generic:tt)*] $ty:ty;)*) => {
            $(no! { Released:
                [$($generic)*] $ty => $ty,
                [$($generic)*] Option<$ty> => $ty,
                [$($generic)* E] Result<$ty, E> => $ty,
            })*
        };
    }

    held! {
        ['b,] SemaphoreUnits<'b>;
        [const UNITS: usize,] OwnedSemaphoreUnits<UNITS>;
        ['b,] GateHolder<'b>;
        [] OwnedGateHolder;
        ['b, T: ?Sized,] sync::MutexGuard<'b, T>;
        ['b, T: ?Sized,] sync::RwLockReadGuard<'b, T>;
        ['b, T: ?Sized,] sync::RwLockWriteGuard<'b, T>;
    }
}
