use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;

use super::*;
use crate::sys::buffers::{BufferRing, HEAD};
use crate::sys::datagram::{self, Shape};
use crate::sys::event::Event;

const TOKEN: u64 = 1 << 20;

/// A driver with some buffers.
struct Rig {
    driver: Driver,
    buffers: BufferRing,
}

impl Rig {
    fn new(buffers: u16) -> Rig {
        let ring = BufferRing::new().unwrap();
        (0..buffers).for_each(|buffer| ring.provide(buffer));
        let mut driver = Driver::new().unwrap();
        // SAFETY: the driver is the first field, so the ring outlives it.
        driver.register_buffers(unsafe { ring.supply() });
        Rig { driver, buffers: ring }
    }

    fn push(&mut self, op: Op, token: u64) {
        // SAFETY: the tests keep what they send until they have its completion.
        unsafe { self.driver.push(op, token) }.unwrap();
    }

    /// Enters until there are completions.
    fn completions(&mut self) -> Vec<Completion> {
        for _ in 0..100 {
            self.driver.enter(Wait::Nanos(100_000_000)).unwrap();
            if !self.driver.completions.is_empty() {
                return self.driver.completions.drain(..).collect();
            }
        }
        panic!("nothing completes");
    }

    /// What is there without waiting.
    fn at_once(&mut self) -> Vec<Completion> {
        self.driver.enter(Wait::No).unwrap();
        self.driver.enter(Wait::No).unwrap();
        self.driver.completions.drain(..).collect()
    }

    fn received(&self, completion: &Completion) -> Vec<u8> {
        let head = self.buffers.head(completion.buffer().unwrap()).as_ptr();
        // SAFETY: the driver wrote so many bytes behind it.
        unsafe { std::slice::from_raw_parts(head.add(HEAD), completion.result() as usize) }.to_vec()
    }
}

fn pair() -> (UnixStream, UnixStream) {
    UnixStream::pair().unwrap()
}

#[test]
fn a_receive_goes_on_until_the_end() {
    let mut rig = Rig::new(8);
    let (ours, mut peer) = pair();
    rig.push(Op::Receive { fd: ours.as_raw_fd() }, TOKEN);
    assert!(rig.at_once().is_empty());
    for text in ["one", "two"] {
        peer.write_all(text.as_bytes()).unwrap();
        let [completion] = rig.completions()[..] else { panic!("one message") };
        assert!(completion.more() && completion.token == TOKEN);
        assert_eq!(rig.received(&completion), text.as_bytes());
    }
    peer.write_all(b"last").unwrap();
    drop(peer);
    let all: Vec<_> = rig.completions();
    let all = if all.len() == 1 { [all, rig.completions()].concat() } else { all };
    assert_eq!(rig.received(&all[0]), b"last");
    assert_eq!((all[1].result(), all[1].more(), all[1].buffer()), (0, false, None));
}

#[test]
fn what_follows_urgent_data_is_received_too() {
    let mut rig = Rig::new(8);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (ours, _) = listener.accept().unwrap();
    rig.push(Op::Receive { fd: ours.as_raw_fd() }, TOKEN);
    assert!(rig.at_once().is_empty());
    peer.write_all(b"abc").unwrap();
    socket2::SockRef::from(&peer).send_out_of_band(b"!").unwrap();
    peer.write_all(b"def").unwrap();
    let mut got = Vec::new();
    while got.len() < 6 {
        rig.completions().iter().for_each(|completion| got.extend(rig.received(completion)));
    }
    assert_eq!(got, b"abcdef");
}

#[test]
fn a_receive_without_buffers_ends() {
    let mut rig = Rig::new(1);
    let (ours, mut peer) = pair();
    peer.write_all(b"first").unwrap();
    rig.push(Op::Receive { fd: ours.as_raw_fd() }, TOKEN);
    let all = rig.at_once();
    assert_eq!(rig.received(&all[0]), b"first");
    assert_eq!((all[1].result(), all[1].more()), (-libc::ENOBUFS, false));
    rig.buffers.provide(0);
    peer.write_all(b"second").unwrap();
    rig.push(Op::Receive { fd: ours.as_raw_fd() }, TOKEN);
    let all = rig.at_once();
    assert_eq!(rig.received(&all[0]), b"second");
}

#[test]
fn a_flood_on_one_descriptor_leaves_room_for_others() {
    let mut rig = Rig::new(4096);
    let ((flooded, mut flood), (quiet, mut peer)) = (pair(), pair());
    flood.set_nonblocking(true).unwrap();
    while flood.write(&[7; 64 << 10]).is_ok() {}
    peer.write_all(b"me too").unwrap();
    rig.push(Op::Receive { fd: flooded.as_raw_fd() }, TOKEN);
    rig.push(Op::Receive { fd: quiet.as_raw_fd() }, TOKEN + 64);
    let first: Vec<_> = rig.at_once();
    let place = first.iter().position(|completion| completion.token == TOKEN + 64).unwrap();
    assert!(place <= 16, "{place} others came before it");
}

#[test]
fn a_send_that_does_not_fit_goes_on_when_it_does() {
    let mut rig = Rig::new(1);
    let (ours, mut peer) = pair();
    let bytes: Vec<u8> = (0..2_000_000u32).map(|n| n as u8).collect();
    rig.push(Op::Send { fd: ours.as_raw_fd(), base: bytes.as_ptr(), len: bytes.len() as u32 }, TOKEN);
    assert!(rig.at_once().is_empty());
    let reader = std::thread::spawn(move || {
        let mut got = vec![0; 2_000_000];
        peer.read_exact(&mut got).unwrap();
        got
    });
    let [sent] = rig.completions()[..] else { panic!("one send") };
    assert_eq!((sent.result(), sent.more()), (bytes.len() as i32, false));
    assert!(reader.join().unwrap() == bytes);
}

#[test]
fn a_send_to_nobody_fails() {
    let mut rig = Rig::new(1);
    let (ours, peer) = pair();
    drop(peer);
    rig.push(Op::Send { fd: ours.as_raw_fd(), base: b"x".as_ptr(), len: 1 }, TOKEN);
    let [failed] = rig.at_once()[..] else { panic!("one send") };
    assert_eq!(failed.result(), -libc::EPIPE);
}

#[test]
fn a_cancelled_operation_tells_that_it_was() {
    let mut rig = Rig::new(1);
    let (ours, mut peer) = pair();
    rig.push(Op::Receive { fd: ours.as_raw_fd() }, TOKEN);
    rig.push(Op::AwaitReadable { fd: ours.as_raw_fd() }, TOKEN + 2);
    assert!(rig.at_once().is_empty());
    rig.push(Op::Cancel { token: TOKEN }, IGNORED);
    rig.push(Op::Cancel { token: TOKEN }, IGNORED);
    let [cancelled] = rig.at_once()[..] else { panic!("one was cancelled, once") };
    assert_eq!((cancelled.token, cancelled.result()), (TOKEN, -libc::ECANCELED));
    peer.write_all(b"x").unwrap();
    let [readable] = rig.completions()[..] else { panic!("the other one stays") };
    assert_eq!((readable.token, readable.more()), (TOKEN + 2, false));
    rig.push(Op::PollReadable { fd: ours.as_raw_fd() }, TOKEN);
    assert!(rig.completions()[0].more());
    rig.push(Op::CancelAll, IGNORED);
    assert_eq!(rig.at_once().last().map(|last| last.result()), Some(-libc::ECANCELED));
}

#[test]
fn datagrams_lie_in_buffers_as_those_of_the_ring_do() {
    let mut rig = Rig::new(2);
    let (ours, peer) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let shape = Shape::new(28);
    rig.push(Op::ReceiveDatagrams { fd: ours.as_raw_fd(), shape: &raw const shape }, TOKEN);
    assert!(rig.at_once().is_empty());
    peer.send_to(b"short", ours.local_addr().unwrap()).unwrap();
    peer.send_to(&[7; 9_000], ours.local_addr().unwrap()).unwrap();
    peer.send_to(b"no buffer is left", ours.local_addr().unwrap()).unwrap();
    let mut all = rig.completions();
    while all.len() < 3 {
        all.extend(rig.completions());
    }
    let room = Shape::room(BufferRing::BUFFER_SIZE, 28);
    for (completion, expected, is_cut) in
        [(&all[0], &b"short"[..], false), (&all[1], &[7; 9_000][..room], true)]
    {
        let bytes = rig.received(completion);
        let found = shape.find(&bytes).unwrap();
        assert!(completion.more() && bytes[found.bytes] == *expected && found.is_cut == is_cut);
        assert_eq!(datagram::decode(&bytes[found.source]), peer.local_addr().ok());
    }
    assert_eq!((all[2].result(), all[2].more()), (-libc::ENOBUFS, false));
    assert!(shape.find(&[0; 20]).is_none(), "shorter than what comes before a datagram");
}

#[test]
fn room_is_told_once_there_is_some() {
    let mut rig = Rig::new(1);
    let (mut ours, mut peer) = pair();
    rig.push(Op::AwaitWritable { fd: ours.as_raw_fd() }, TOKEN);
    let [writable] = rig.at_once()[..] else { panic!("there is room from the start") };
    assert!(writable.result() > 0 && !writable.more());
    ours.set_nonblocking(true).unwrap();
    while ours.write(&[7; 64 << 10]).is_ok() {}
    rig.push(Op::AwaitWritable { fd: ours.as_raw_fd() }, TOKEN);
    assert!(rig.at_once().is_empty());
    peer.set_nonblocking(true).unwrap();
    while peer.read(&mut [0; 64 << 10]).is_ok() {}
    let [writable] = rig.completions()[..] else { panic!("there is room again") };
    assert!(writable.result() > 0 && !writable.more());
}

#[test]
fn a_number_that_is_used_again_is_watched_again() {
    let mut rig = Rig::new(8);
    for round in 0..3 {
        let (ours, mut peer) = pair();
        rig.push(Op::Receive { fd: ours.as_raw_fd() }, TOKEN);
        assert!(rig.at_once().is_empty(), "round {round}");
        peer.write_all(b"x").unwrap();
        assert_eq!(rig.completions()[0].result(), 1);
        rig.push(Op::Cancel { token: TOKEN }, IGNORED);
        assert_eq!(rig.at_once()[0].result(), -libc::ECANCELED);
        // Once closed behind the driver's back, and once by it.
        if round == 1 {
            rig.push(Op::Close { fd: std::os::fd::IntoRawFd::into_raw_fd(ours) }, IGNORED);
            assert!(rig.at_once().is_empty());
        }
    }
}

#[test]
fn connections_are_accepted_and_made() {
    let mut rig = Rig::new(1);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address: socket2::SockAddr = listener.local_addr().unwrap().into();
    rig.push(Op::Accept { fd: listener.as_raw_fd() }, TOKEN);
    assert!(rig.at_once().is_empty());
    let client = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let connect =
        Op::Connect { fd: client.as_raw_fd(), address: address.as_ptr().cast(), len: address.len() };
    rig.push(connect, TOKEN + 2);
    let mut all = Vec::new();
    while all.len() < 2 {
        all.extend(rig.completions());
    }
    all.sort_by_key(|completion| completion.token);
    assert!(all[0].result() >= 0 && all[0].more(), "{}", all[0].result());
    assert_eq!((all[1].result(), all[1].more()), (0, false));
    socket::close(all[0].result());
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address: socket2::SockAddr = nobody.into();
    let client = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let connect =
        Op::Connect { fd: client.as_raw_fd(), address: address.as_ptr().cast(), len: address.len() };
    rig.push(connect, TOKEN + 2);
    assert_eq!(rig.completions()[0].result(), -libc::ECONNREFUSED);
    drop(TcpStream::connect(listener.local_addr().unwrap()));
}

#[test]
fn an_event_is_told_each_time_that_it_is_raised() {
    let mut rig = Rig::new(1);
    let event = Event::new().unwrap();
    rig.push(Op::PollReadable { fd: event.fd() }, TOKEN);
    assert!(rig.at_once().is_empty());
    for _ in 0..3 {
        event.raise();
        assert!(rig.completions().iter().all(|completion| completion.more()));
        event.clear();
        assert!(rig.at_once().is_empty());
    }
}

#[test]
fn a_sleep_is_not_short() {
    let mut rig = Rig::new(1);
    for coarse in [false, true] {
        rig.driver.coarse = coarse;
        let start = std::time::Instant::now();
        rig.driver.enter(Wait::Nanos(2_500_000)).unwrap();
        assert!(start.elapsed() >= std::time::Duration::from_micros(2500), "coarse: {coarse}");
    }
}

#[test]
fn what_cannot_be_watched_fails_and_bells_are_refused() {
    let mut rig = Rig::new(1);
    rig.push(Op::AwaitReadable { fd: 1 << 20 }, TOKEN);
    assert_eq!(rig.at_once()[0].result(), -libc::EBADF);
    // SAFETY: a bell points to no memory.
    assert!(unsafe { rig.driver.push(Op::Ring { ring: 0, token: 1 }, TOKEN) }.is_err());
}
