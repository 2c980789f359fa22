//! Options of sockets that the kernel keeps.

use std::io;
use std::time::Duration;

use socket2::{Domain, Socket};

/// Writes a getter and a setter for each option of a type, whose descriptor the expression tells.
macro_rules! options {
    (
        $(#[$about:meta])*
        $owner:ty: |$this:ident| $fd:expr;
        $($(#[$doc:meta])* $get:ident / $set:ident: $kind:ty => $ask:expr, $tell:expr;)*
    ) => {
        $(#[$about])*
        impl $owner {$(
            $(#[$doc])*
            pub fn $get(&self) -> std::io::Result<$kind> {
                let $this = self;
                crate::sys::socket::with($fd?, |socket| ($ask)(&socket))
            }

            #[doc = concat!("Sets [`", stringify!($get), "`](Self::", stringify!($get), ").")]
            pub fn $set(&self, value: $kind) -> std::io::Result<()> {
                let $this = self;
                crate::sys::socket::with($fd?, |socket| ($tell)(&socket, value))
            }
        )*}
    };
}
pub(super) use options;

fn is_v6(socket: &Socket) -> io::Result<bool> {
    Ok(socket.domain()? == Domain::IPV6)
}

pub(super) fn ttl(socket: &Socket) -> io::Result<u32> {
    if is_v6(socket)? { socket.unicast_hops_v6() } else { socket.ttl_v4() }
}

pub(super) fn set_ttl(socket: &Socket, hops: u32) -> io::Result<()> {
    if is_v6(socket)? { socket.set_unicast_hops_v6(hops) } else { socket.set_ttl_v4(hops) }
}

pub(super) fn tos(socket: &Socket) -> io::Result<u32> {
    if is_v6(socket)? { socket.tclass_v6() } else { socket.tos_v4() }
}

pub(super) fn set_tos(socket: &Socket, tos: u32) -> io::Result<()> {
    if is_v6(socket)? { socket.set_tclass_v6(tos) } else { socket.set_tos_v4(tos) }
}

/// A longer time than none would block the shard when the socket is closed.
pub(super) fn reset_on_close(socket: &Socket) -> io::Result<bool> {
    Ok(socket.linger()? == Some(Duration::ZERO))
}

pub(super) fn set_reset_on_close(socket: &Socket, on: bool) -> io::Result<()> {
    socket.set_linger(on.then_some(Duration::ZERO))
}
