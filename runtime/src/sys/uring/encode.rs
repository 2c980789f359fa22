//! Operations as submission entries.

use io_uring::squeue::{Entry, Flags};
use io_uring::types::{CancelBuilder, Fd};
use io_uring::{opcode, types};

use super::features::{Feature, Features};
use crate::sys::buffers::GROUP;
use crate::sys::op::{Op, SendNow};

#[inline(always)]
pub(super) fn encode(op: Op, features: Features) -> Entry {
    match op {
        // What goes on in one operation elsewhere ends here with its first completion, and is begun again by those above,
        // who have to do that anyway whenever the kernel ends one.
        Op::Accept { .. } | Op::Receive { .. } | Op::PollReadable { .. }
            if !features.has(Feature::Multishot) =>
        {
            encode_once(op)
        }
        Op::Accept { fd } => opcode::AcceptMulti::new(Fd(fd)).flags(libc::SOCK_CLOEXEC).build(),
        Op::Connect { fd, address, len } => opcode::Connect::new(Fd(fd), address, len).build(),
        Op::Receive { fd } => opcode::RecvMulti::new(Fd(fd), GROUP).build(),
        Op::Send { fd, base, len } => {
            opcode::Send::new(Fd(fd), base, len).flags(libc::MSG_WAITALL | libc::MSG_NOSIGNAL).build()
        }
        Op::ReceiveDatagrams { fd, shape } => opcode::RecvMsgMulti::new(Fd(fd), shape.cast(), GROUP).build(),
        Op::Close { fd } => opcode::Close::new(Fd(fd)).build(),
        Op::AwaitReadable { fd } => opcode::PollAdd::new(Fd(fd), libc::POLLIN as u32).build(),
        Op::AwaitWritable { fd } => opcode::PollAdd::new(Fd(fd), libc::POLLOUT as u32).build(),
        Op::PollReadable { fd } => opcode::PollAdd::new(Fd(fd), libc::POLLIN as u32).multi(true).build(),
        Op::Cancel { token } => {
            opcode::AsyncCancel2::new(CancelBuilder::user_data(token)).build().flags(Flags::SKIP_SUCCESS)
        }
        Op::CancelAll => opcode::AsyncCancel2::new(CancelBuilder::any().all()).build(),
        Op::Ring { ring, token } => {
            opcode::MsgRingData::new(types::Fd(ring), 0, token, None).build().flags(Flags::SKIP_SUCCESS)
        }
    }
}

#[inline(always)]
pub(super) fn encode_now(send: SendNow) -> Entry {
    let flags = libc::MSG_DONTWAIT | libc::MSG_WAITALL | libc::MSG_NOSIGNAL;
    opcode::Send::new(Fd(send.fd), send.base, send.len).flags(flags).build().flags(Flags::SKIP_SUCCESS)
}

#[cold]
fn encode_once(op: Op) -> Entry {
    match op {
        Op::Accept { fd } => {
            let nowhere = std::ptr::null_mut();
            opcode::Accept::new(Fd(fd), nowhere, nowhere.cast()).flags(libc::SOCK_CLOEXEC).build()
        }
        Op::Receive { fd } => {
            // As much as the buffer holds.
            let receive = opcode::Recv::new(Fd(fd), std::ptr::null_mut(), 0).buf_group(GROUP);
            receive.build().flags(Flags::BUFFER_SELECT)
        }
        Op::PollReadable { fd } => opcode::PollAdd::new(Fd(fd), libc::POLLIN as u32).build(),
        _ => encode(op, Features::ALL),
    }
}
