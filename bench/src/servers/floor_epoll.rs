//! The floor of readiness: an echo server on a bare epoll loop, without any runtime.
//!
//! Level-triggered, so that a message takes one `read` and one `write`, and each turn one `epoll_wait`.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

const EVENTS_PER_TURN_MAX: usize = 1024;
const BUFFER_BYTES: usize = 64 << 10;

/// Serves until standard input ends.
pub fn serve() -> io::Result<()> {
    let listener = super::listen()?;
    listener.set_nonblocking(true)?;
    let epoll = Epoll::new()?;
    epoll.add(listener.as_raw_fd())?;
    // Under valgrind the thread that waits for the end of the input never gets its turn beside a bare loop.
    epoll.add(libc::STDIN_FILENO)?;
    let mut server = Server { listener, epoll, connections: Vec::new(), buffer: vec![0; BUFFER_BYTES] };
    let mut events = [libc::epoll_event { events: 0, u64: 0 }; EVENTS_PER_TURN_MAX];
    loop {
        let count = server.epoll.wait(&mut events)?;
        for event in &events[..count] {
            match event.u64 as RawFd {
                libc::STDIN_FILENO => return Ok(()),
                fd if fd == server.listener.as_raw_fd() => server.accept()?,
                fd => server.ready(fd)?,
            }
        }
    }
}

struct Connection {
    stream: TcpStream,
    /// What the socket has not taken yet; nothing more is read before it has.
    unsent: Vec<u8>,
}

struct Server {
    listener: TcpListener,
    epoll: Epoll,
    /// By descriptor.
    connections: Vec<Option<Connection>>,
    buffer: Vec<u8>,
}

impl Server {
    fn accept(&mut self) -> io::Result<()> {
        let Some((stream, _)) = unless_blocked(self.listener.accept())? else { return Ok(()) };
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let fd = stream.as_raw_fd();
        self.epoll.add(fd)?;
        if self.connections.len() <= fd as usize {
            self.connections.resize_with(fd as usize + 1, || None);
        }
        self.connections[fd as usize] = Some(Connection { stream, unsent: Vec::new() });
        Ok(())
    }

    fn ready(&mut self, fd: RawFd) -> io::Result<()> {
        let place = &mut self.connections[fd as usize];
        let Some(connection) = place else { return Ok(()) };
        let was_blocked = !connection.unsent.is_empty();
        if connection.echo(&mut self.buffer).is_err() {
            *place = None;
            return Ok(());
        }
        let is_blocked = !connection.unsent.is_empty();
        match was_blocked == is_blocked {
            true => Ok(()),
            false => self.epoll.change(fd, if is_blocked { libc::EPOLLOUT } else { libc::EPOLLIN }),
        }
    }
}

impl Connection {
    /// Sends back what is there; an error at the end of the stream, too.
    fn echo(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        if !self.unsent.is_empty() {
            let sent = unless_blocked(self.stream.write(&self.unsent))?.unwrap_or(0);
            self.unsent.drain(..sent);
            return Ok(());
        }
        let Some(count) = unless_blocked(self.stream.read(buffer))? else { return Ok(()) };
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let sent = unless_blocked(self.stream.write(&buffer[..count]))?.unwrap_or(0);
        self.unsent.extend_from_slice(&buffer[sent..count]);
        Ok(())
    }
}

fn unless_blocked<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(None),
        result => result.map(Some),
    }
}

struct Epoll(OwnedFd);

impl Epoll {
    fn new() -> io::Result<Self> {
        // SAFETY: no memory is passed.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was just made and nobody else owns it.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    fn add(&self, fd: RawFd) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, libc::EPOLLIN)
    }

    fn change(&self, fd: RawFd, interest: i32) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, fd, interest)
    }

    fn control(&self, operation: i32, fd: RawFd, interest: i32) -> io::Result<()> {
        let mut event = libc::epoll_event { events: interest as u32, u64: fd as u64 };
        // SAFETY: the event outlives the call.
        let result = unsafe { libc::epoll_ctl(self.0.as_raw_fd(), operation, fd, &mut event) };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Waits for one event, and returns how many there are.
    fn wait(&self, events: &mut [libc::epoll_event]) -> io::Result<usize> {
        // SAFETY: the events are valid for writing and their number is passed with them.
        let count =
            unsafe { libc::epoll_wait(self.0.as_raw_fd(), events.as_mut_ptr(), events.len() as i32, -1) };
        match count {
            0.. => Ok(count as usize),
            _ => unless_blocked(Err(io::Error::last_os_error())).map(|none: Option<usize>| none.unwrap_or(0)),
        }
    }
}
