//! The floor: an echo server on a bare io_uring, without any runtime.
//!
//! One `io_uring_enter` a turn submits what the last turn prepared and waits. Answers leave straight from the buffer that
//! the request arrived in.

mod setup;

use crate::buffers::{Buffers, GROUP};
use io_uring::squeue::{self, Flags};
use io_uring::types::{Fd, Fixed};
use io_uring::{EnterFlags, IoUring, SubmissionQueue, Submitter, cqueue, opcode};
use std::collections::VecDeque;
use std::io;
use std::net::TcpListener;
use std::os::fd::AsRawFd;

pub use setup::{Setup, VARIANTS};

const SUBMISSIONS: u32 = 2048;
const COMPLETIONS: u32 = 8192;
/// A completion makes two submissions at most, so those of a turn always fit.
const COMPLETIONS_PER_TURN_MAX: usize = SUBMISSIONS as usize / 4;
/// Places for direct descriptors.
const DESCRIPTORS_MAX: u32 = 16_384;

/// Serves until standard input ends.
pub fn serve(setup: Setup) -> io::Result<()> {
    let listener = super::listen()?;
    let ring = build_ring(setup)?;
    let mut server = Server {
        setup,
        listener,
        buffers: Buffers::register(&ring, setup.buffers)?,
        connections: Vec::new(),
        starved: Vec::new(),
        ended: false,
    };
    // Declared after the buffers, hence dropped before them.
    let mut ring = ring;
    let (mut submitter, mut submissions, mut completions) = ring.split();
    if setup.registered_ring {
        submitter.register_ring_fd()?;
    }
    server.accept(&mut submissions);
    // Under valgrind the thread that waits for the end of the input never gets its turn beside a bare loop.
    push(
        &mut submissions,
        opcode::PollAdd::new(Fd(libc::STDIN_FILENO), libc::POLLIN as u32).build(),
        Operation::End,
    );
    while !server.ended {
        submissions.sync();
        enter(&submitter, submissions.len() as u32, setup)?;
        submissions.sync();
        completions.sync();
        for completion in completions.by_ref().take(COMPLETIONS_PER_TURN_MAX) {
            server.complete(&mut submissions, &completion);
        }
        server.end_turn(&mut submissions);
    }
    Ok(())
}

/// What a completion is about, in the 64 bits that travel through the ring.
#[derive(Clone, Copy)]
enum Operation {
    Accept,
    Receive { connection: u32 },
    Send { connection: u32, buffer: u16 },
    Close,
    End,
}

impl Operation {
    fn pack(self) -> u64 {
        match self {
            Self::Accept => 0,
            Self::Receive { connection } => 1 << 48 | u64::from(connection),
            Self::Send { connection, buffer } => 2 << 48 | u64::from(buffer) << 32 | u64::from(connection),
            Self::Close => 3 << 48,
            Self::End => 4 << 48,
        }
    }

    fn unpack(data: u64) -> Self {
        let connection = data as u32;
        match data >> 48 {
            0 => Self::Accept,
            1 => Self::Receive { connection },
            2 => Self::Send { connection, buffer: (data >> 32) as u16 },
            3 => Self::Close,
            _ => Self::End,
        }
    }
}

#[derive(Clone, Copy)]
struct Piece {
    buffer: u16,
    bytes: u32,
}

/// One send at a time keeps the order of the bytes; what arrives meanwhile waits here.
#[derive(Default)]
struct Connection {
    sending: bool,
    waiting: VecDeque<Piece>,
}

struct Server {
    setup: Setup,
    listener: TcpListener,
    buffers: Buffers,
    /// Indexed by descriptor, direct or plain.
    connections: Vec<Connection>,
    /// Connections whose receive found no buffer; armed again when buffers have come back.
    starved: Vec<u32>,
    ended: bool,
}

impl Server {
    fn complete(&mut self, submissions: &mut SubmissionQueue, completion: &cqueue::Entry) {
        let more = cqueue::more(completion.flags());
        match Operation::unpack(completion.user_data()) {
            Operation::Accept => {
                if let Ok(connection) = u32::try_from(completion.result()) {
                    let places = self.connections.len().max(connection as usize + 1);
                    self.connections.resize_with(places, Connection::default);
                    self.connections[connection as usize] = Connection::default();
                    self.receive(submissions, connection);
                }
                if !more {
                    self.accept(submissions);
                }
            }
            Operation::Receive { connection } => {
                match (completion.result(), cqueue::buffer_select(completion.flags())) {
                    (bytes @ 1.., Some(buffer)) => {
                        let piece = Piece { buffer, bytes: bytes as u32 };
                        if std::mem::replace(&mut self.connections[connection as usize].sending, true) {
                            self.connections[connection as usize].waiting.push_back(piece);
                        } else {
                            self.send(submissions, connection, piece);
                        }
                        if !more {
                            self.receive(submissions, connection);
                        }
                    }
                    (result, _) if result == -libc::ENOBUFS => self.starved.push(connection),
                    _ => self.close(submissions, connection),
                }
            }
            Operation::Send { connection, buffer } => self.sent(submissions, connection, buffer),
            Operation::Close => {}
            Operation::End => self.ended = true,
        }
    }

    fn sent(&mut self, submissions: &mut SubmissionQueue, connection: u32, buffer: u16) {
        self.buffers.give_back(buffer);
        match self.connections[connection as usize].waiting.pop_front() {
            Some(piece) => self.send(submissions, connection, piece),
            None => self.connections[connection as usize].sending = false,
        }
    }

    /// Arms again what found no buffer; some have come back since.
    fn end_turn(&mut self, submissions: &mut SubmissionQueue) {
        for _ in 0..self.starved.len().min(COMPLETIONS_PER_TURN_MAX) {
            if let Some(connection) = self.starved.pop() {
                self.receive(submissions, connection);
            }
        }
    }

    fn accept(&self, submissions: &mut SubmissionQueue) {
        let entry = opcode::AcceptMulti::new(Fd(self.listener.as_raw_fd()))
            .allocate_file_index(self.setup.direct_descriptors)
            .build();
        push(submissions, entry, Operation::Accept);
    }

    fn receive(&self, submissions: &mut SubmissionQueue, connection: u32) {
        let entry = match (self.setup.multishot_receive, self.setup.direct_descriptors) {
            (true, true) => opcode::RecvMulti::new(Fixed(connection), GROUP).build(),
            (true, false) => opcode::RecvMulti::new(Fd(connection as i32), GROUP).build(),
            (false, true) => opcode::Recv::new(Fixed(connection), std::ptr::null_mut(), 0)
                .buf_group(GROUP)
                .build()
                .flags(Flags::BUFFER_SELECT),
            (false, false) => opcode::Recv::new(Fd(connection as i32), std::ptr::null_mut(), 0)
                .buf_group(GROUP)
                .build()
                .flags(Flags::BUFFER_SELECT),
        };
        push(submissions, entry, Operation::Receive { connection });
    }

    fn send(&mut self, submissions: &mut SubmissionQueue, connection: u32, piece: Piece) {
        let address = self.buffers.address(piece.buffer);
        let flags = libc::MSG_WAITALL | libc::MSG_NOSIGNAL;
        let entry = if self.setup.direct_descriptors {
            opcode::Send::new(Fixed(connection), address, piece.bytes).flags(flags).build()
        } else {
            opcode::Send::new(Fd(connection as i32), address, piece.bytes).flags(flags).build()
        };
        push(submissions, entry, Operation::Send { connection, buffer: piece.buffer });
    }

    fn close(&self, submissions: &mut SubmissionQueue, connection: u32) {
        let entry = if self.setup.direct_descriptors {
            opcode::Close::new(Fixed(connection)).build()
        } else {
            opcode::Close::new(Fd(connection as i32)).build()
        };
        push(submissions, entry, Operation::Close);
    }
}

fn push(submissions: &mut SubmissionQueue, entry: squeue::Entry, operation: Operation) {
    // SAFETY: buffers that a send names stay lent until it completes; nothing else names memory.
    unsafe { submissions.push(&entry.user_data(operation.pack())) }
        .expect("a turn never fills the submission queue");
}

fn build_ring(setup: Setup) -> io::Result<IoUring> {
    let mut builder = IoUring::builder();
    builder.setup_cqsize(COMPLETIONS).setup_submit_all();
    if setup.single_issuer {
        builder.setup_single_issuer();
    }
    if setup.defer_taskrun {
        builder.setup_defer_taskrun();
    }
    if setup.coop_taskrun {
        builder.setup_coop_taskrun();
    }
    if setup.taskrun_flag {
        builder.setup_taskrun_flag();
    }
    if setup.no_sqarray {
        builder.setup_no_sqarray();
    }
    let ring = builder.build(SUBMISSIONS)?;
    if setup.direct_descriptors {
        ring.submitter().register_files_sparse(DESCRIPTORS_MAX)?;
    }
    Ok(ring)
}

/// Submits everything prepared, runs what the kernel deferred, and waits for one completion.
fn enter(submitter: &Submitter, prepared: u32, setup: Setup) -> io::Result<()> {
    let mut flags = EnterFlags::GETEVENTS;
    flags.set(EnterFlags::NO_IOWAIT, setup.no_iowait);
    // SAFETY: no argument structure is passed.
    match unsafe { submitter.enter::<libc::sigset_t>(prepared, 1, flags.bits(), None) } {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
        _ => Ok(()),
    }
}
