//! The load generator: one io_uring loop, a closed loop, one batch of requests in flight on each connection.
//!
//! It has to cost less for each request than the servers do, or the servers idle and all look alike. An epoll loop does
//! not: it costs what the floor costs, and more than that with 4 KiB.

use crate::buffers::{Buffers, GROUP};
use crate::histogram::Histogram;
use io_uring::types::{self, Fd};
use io_uring::{IoUring, cqueue, opcode, squeue};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

/// How long an answer may take before the server counts as stuck.
const ANSWER_SECONDS_MAX: u64 = 10;
const SUBMISSIONS: u32 = 2048;
const COMPLETIONS: u32 = 32_768;
/// Answers that may wait to be looked at.
const BUFFERS: u16 = 1024;
/// A completion makes two submissions at most, so those of a turn always fit.
const COMPLETIONS_PER_TURN_MAX: usize = SUBMISSIONS as usize / 4;
/// In the user data: this completion is that of a send, of as many bytes as the other upper bits say.
const SEND: u64 = 1 << 63;

/// When a phase of load ends.
#[derive(Clone, Copy)]
pub enum Until {
    Elapsed(Duration),
    Requests(u64),
}

/// What a phase of load saw.
pub struct Outcome {
    pub requests: u64,
    pub wall: Duration,
    pub latency: Histogram,
}

impl Outcome {
    pub fn requests_per_second(&self) -> f64 {
        self.requests as f64 / self.wall.as_secs_f64()
    }
}

/// Requests that are sent at once, and how long all of their answers are.
pub struct Batch {
    pub bytes: Vec<u8>,
    pub answer_bytes: usize,
    pub requests: u64,
}

struct Connection {
    stream: TcpStream,
    /// What is in flight, as its place among the batches.
    batch: usize,
    received: usize,
    sent_at: Instant,
}

/// Connections to one server.
pub struct Load {
    ring: IoUring,
    buffers: Buffers,
    connections: Vec<Connection>,
    batches: Vec<Batch>,
    /// The batch that is sent next, on whichever connection.
    next: usize,
}

impl Load {
    /// Opens `connections` to the echo server on `port`; each echoes one message of `message_bytes` before the next is opened.
    pub fn connect(port: u16, connections: usize, message_bytes: usize) -> io::Result<Self> {
        let message: Vec<u8> = (0..message_bytes).map(|index| (index * 7 + index / 251) as u8).collect();
        let check = message.clone();
        let batch = Batch { bytes: message, answer_bytes: message_bytes, requests: 1 };
        Self::open(port, connections, vec![batch], |stream| echo_once(stream, &check))
    }

    /// Opens `connections` to the server on `port`, for batches that are sent one after the other and then again.
    pub fn of_batches(port: u16, connections: usize, batches: Vec<Batch>) -> io::Result<Self> {
        Self::open(port, connections, batches, |_| Ok(()))
    }

    fn open(
        port: u16,
        connections: usize,
        batches: Vec<Batch>,
        check: impl Fn(&TcpStream) -> io::Result<()>,
    ) -> io::Result<Self> {
        let mut builder = IoUring::builder();
        builder.setup_cqsize(COMPLETIONS).setup_single_issuer().setup_coop_taskrun().setup_defer_taskrun();
        let ring = builder.build(SUBMISSIONS)?;
        let buffers = Buffers::register(&ring, BUFFERS)?;
        let mut load = Self { ring, buffers, connections: Vec::with_capacity(connections), batches, next: 0 };
        for index in 0..connections {
            load.add(port, &check).map_err(|error| {
                io::Error::new(error.kind(), format!("connection {index} to 127.0.0.1:{port}: {error}"))
            })?;
        }
        Ok(load)
    }

    fn add(&mut self, port: u16, check: impl Fn(&TcpStream) -> io::Result<()>) -> io::Result<()> {
        let stream = TcpStream::connect(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        use_cheapest_congestion_control(&stream)?;
        stream.set_read_timeout(Some(Duration::from_secs(ANSWER_SECONDS_MAX)))?;
        check(&stream)?;
        self.connections.push(Connection { stream, batch: 0, received: 0, sent_at: Instant::now() });
        self.receive(self.connections.len() - 1)?;
        self.ring.submit()?;
        Ok(())
    }

    /// Keeps one batch in flight on each connection until the phase ends and every answer is back.
    pub fn run(&mut self, until: Until) -> io::Result<Outcome> {
        let mut phase = Phase {
            until,
            start: Instant::now(),
            now: Instant::now(),
            in_flight: 0,
            latency: Histogram::new(),
            requests: 0,
        };
        for index in 0..self.connections.len() {
            phase.in_flight += 1;
            self.send(index, phase.start)?;
        }
        while phase.in_flight > 0 {
            self.wait()?;
            phase.now = Instant::now();
            for _ in 0..COMPLETIONS_PER_TURN_MAX {
                let Some(completion) = self.ring.completion().next() else { break };
                self.complete(&mut phase, &completion)?;
            }
        }
        Ok(Outcome { requests: phase.requests, wall: phase.start.elapsed(), latency: phase.latency })
    }

    fn complete(&mut self, phase: &mut Phase, completion: &cqueue::Entry) -> io::Result<()> {
        let index = completion.user_data() as u32 as usize;
        if completion.user_data() & SEND != 0 {
            let wanted = ((completion.user_data() & !SEND) >> 32) as i32;
            return match completion.result() {
                sent if sent == wanted => Ok(()),
                result => Err(io::Error::other(format!("a send of {wanted} bytes ended with {result}"))),
            };
        }
        match (completion.result(), cqueue::buffer_select(completion.flags())) {
            (bytes @ 1.., Some(buffer)) => {
                self.buffers.give_back(buffer);
                self.connections[index].received += bytes as usize;
            }
            (result, _) if result == -libc::ENOBUFS => {}
            (0, _) => {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed a connection"));
            }
            (error, _) => return Err(io::Error::from_raw_os_error(-error)),
        }
        if !cqueue::more(completion.flags()) {
            self.receive(index)?;
        }
        let (received, batch) = (self.connections[index].received, self.in_flight(index));
        if received < batch.answer_bytes {
            return Ok(());
        }
        if received > batch.answer_bytes {
            let text = format!("an answer has {received} bytes instead of {}", batch.answer_bytes);
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let requests = batch.requests;
        match phase.answered(self.connections[index].sent_at, requests) {
            true => self.send(index, phase.now),
            false => Ok(()),
        }
    }

    fn in_flight(&self, index: usize) -> &Batch {
        &self.batches[self.connections[index].batch]
    }

    fn wait(&mut self) -> io::Result<()> {
        let limit = types::Timespec::new().sec(ANSWER_SECONDS_MAX);
        match self.ring.submitter().submit_with_args(1, &types::SubmitArgs::new().timespec(&limit)) {
            Err(error) if error.raw_os_error() == Some(libc::ETIME) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("the server did not answer within {ANSWER_SECONDS_MAX} s"),
            )),
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
            _ => Ok(()),
        }
    }

    fn send(&mut self, index: usize, now: Instant) -> io::Result<()> {
        let connection = &mut self.connections[index];
        connection.batch = self.next;
        connection.received = 0;
        connection.sent_at = now;
        self.next = if self.next + 1 < self.batches.len() { self.next + 1 } else { 0 };
        let (fd, bytes) = (Fd(connection.stream.as_raw_fd()), &self.batches[connection.batch].bytes);
        let entry = opcode::Send::new(fd, bytes.as_ptr(), bytes.len() as u32)
            .flags(libc::MSG_WAITALL | libc::MSG_NOSIGNAL)
            .build();
        let bytes = bytes.len() as u64;
        self.push(entry.user_data(SEND | bytes << 32 | index as u64))
    }

    fn receive(&mut self, index: usize) -> io::Result<()> {
        // Counts the bytes without copying them.
        let entry = opcode::RecvMulti::new(Fd(self.connections[index].stream.as_raw_fd()), GROUP)
            .flags(libc::MSG_TRUNC)
            .build();
        self.push(entry.user_data(index as u64))
    }

    fn push(&mut self, entry: squeue::Entry) -> io::Result<()> {
        // SAFETY: the batches and the descriptors live as long as the ring.
        while unsafe { self.ring.submission().push(&entry) }.is_err() {
            self.ring.submit()?;
        }
        Ok(())
    }
}

/// One phase of load while it runs.
struct Phase {
    until: Until,
    start: Instant,
    now: Instant,
    in_flight: u64,
    requests: u64,
    latency: Histogram,
}

impl Phase {
    /// Counts the answers to a batch; true when another one should follow.
    fn answered(&mut self, sent_at: Instant, requests: u64) -> bool {
        self.requests += requests;
        self.latency.record((self.now - sent_at).as_nanos() as u64);
        let more = match self.until {
            Until::Elapsed(duration) => self.now - self.start < duration,
            Until::Requests(count) => self.requests + self.in_flight * requests <= count,
        };
        self.in_flight -= u64::from(!more);
        more
    }
}

/// Loopback loses nothing, so what is worth its while on a real network only costs time here.
fn use_cheapest_congestion_control(stream: &TcpStream) -> io::Result<()> {
    let name = c"reno";
    // SAFETY: the name outlives the call and its length is passed with it.
    let result = unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_CONGESTION,
            name.as_ptr().cast(),
            name.count_bytes() as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn echo_once(mut stream: &TcpStream, message: &[u8]) -> io::Result<()> {
    stream.write_all(message)?;
    let mut answer = vec![0; message.len()];
    stream.read_exact(&mut answer)?;
    if answer == message {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "the echo differs from what was sent"))
}
