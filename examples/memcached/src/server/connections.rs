//! The connections of a shard, for `stats conns`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use seastar::net::TcpControl;

/// Who is at the other end.
pub(super) enum Peer {
    Tcp(TcpControl),
    Unix,
}

/// What can be told of a connection.
pub(super) struct Connection {
    number: u64,
    peer: Peer,
    /// The second of the last bytes from the client.
    last_command: Cell<u32>,
    doing: Cell<Doing>,
}

/// What a connection is at, under memcached's names.
#[derive(Clone, Copy)]
pub(super) enum Doing {
    /// Waits for a command.
    Reads,
    /// Has a part of one.
    Gathers,
    /// Answers.
    Answers,
}

impl Connection {
    /// Notes what it is at from `second` on.
    #[inline]
    pub(super) fn does(&self, doing: Doing, second: u32) {
        self.doing.set(doing);
        self.last_command.set(second);
    }

    #[inline]
    pub(super) fn waits(&self, has_part: bool) {
        self.doing.set(if has_part { Doing::Gathers } else { Doing::Reads });
    }
}

/// All of a shard.
#[derive(Default)]
pub(super) struct Connections {
    open: RefCell<BTreeMap<u64, Rc<Connection>>>,
    next: Cell<u64>,
}

impl Connections {
    pub(super) fn add(&self, peer: Peer, second: u32) -> Rc<Connection> {
        let number = self.next.replace(self.next.get() + 1);
        let connection =
            Connection { number, peer, last_command: Cell::new(second), doing: Cell::new(Doing::Reads) };
        let connection = Rc::new(connection);
        self.open.borrow_mut().insert(number, connection.clone());
        connection
    }

    pub(super) fn remove(&self, connection: &Connection) {
        self.open.borrow_mut().remove(&connection.number);
    }

    /// How many have sent a part of a command.
    pub(super) fn gathering(&self) -> u64 {
        let open = self.open.borrow();
        open.values().filter(|connection| matches!(connection.doing.get(), Doing::Gathers)).count() as u64
    }

    /// What is known of each; `unix` is where those listen that are not TCP.
    pub(super) fn described(&self, now: u32, unix: &str) -> Vec<Described> {
        let open = self.open.borrow();
        let all = open.values().map(|connection| {
            let unknown = || "<closed>".to_owned();
            let (address, listener) = match &connection.peer {
                Peer::Tcp(control) => {
                    let text = |address: io::Result<_>| {
                        address.map_or_else(|_| unknown(), |address| with_kind("tcp", address))
                    };
                    (text(control.peer_address()), text(control.local_address()))
                }
                Peer::Unix => (format!("unix:{unix}"), format!("unix:{unix}")),
            };
            let state = match connection.doing.get() {
                Doing::Reads => "conn_read",
                Doing::Gathers => "conn_nread",
                Doing::Answers => "conn_parse_cmd",
            };
            let silent = now.saturating_sub(connection.last_command.get());
            Described { number: connection.number, address, listener, state, silent }
        });
        all.collect()
    }
}

/// An address as memcached writes it.
pub(super) fn with_kind(kind: &str, address: SocketAddr) -> String {
    // IPv4 comes through sockets for both as a part of IPv6.
    let address = SocketAddr::new(address.ip().to_canonical(), address.port());
    let six = if address.is_ipv6() { "6" } else { "" };
    format!("{kind}{six}:{address}")
}

/// One connection in words.
pub(super) struct Described {
    /// Its number within its shard.
    pub(super) number: u64,
    pub(super) address: String,
    pub(super) listener: String,
    pub(super) state: &'static str,
    /// Seconds since the client was heard.
    pub(super) silent: u32,
}
