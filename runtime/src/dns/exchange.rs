//! One question and its answer.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, RecordType};

use super::answer::{Found, answers, question, read};
use crate::net::{UdpSocket, connect};
use crate::time::timeout;

/// Why a server's answer is of no use.
#[derive(Clone, Debug)]
pub(super) struct Useless {
    pub(super) server: SocketAddr,
    pub(super) why: Why,
}

#[derive(Clone, Debug)]
pub(super) enum Why {
    Late,
    Code(ResponseCode),
    Failed(io::ErrorKind, String),
}

/// Asks one server once.
pub(super) async fn ask(
    server: SocketAddr,
    name: &Name,
    kind: RecordType,
    limit: Duration,
) -> Result<Found, Useless> {
    let useless = |why| Useless { server, why };
    let answer = match timeout(limit, exchange(server, name, kind)).await {
        Err(_) => return Err(useless(Why::Late)),
        Ok(Err(error)) => return Err(useless(Why::Failed(error.kind(), error.to_string()))),
        Ok(Ok(answer)) => answer,
    };
    read(&answer, name, kind).map_err(|code| useless(Why::Code(code)))
}

async fn exchange(server: SocketAddr, name: &Name, kind: RecordType) -> io::Result<Message> {
    let question = question(random_id(), name, kind);
    let bytes = question.to_vec().map_err(invalid)?;
    // A port of its own, so that an answer is hard to guess; and only of this server.
    let socket = match server {
        SocketAddr::V4(_) => UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?,
        SocketAddr::V6(_) => UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0))?,
    };
    socket.connect(server)?;
    socket.send(&bytes).await?;
    loop {
        let datagram = socket.recv().await?;
        // What answers another question, or makes no sense, may be of somebody else.
        match Message::from_vec(&datagram) {
            Ok(answer) if !answers(&answer, &question) => {}
            Ok(answer) if answer.metadata.truncation => {
                return exchange_whole(server, &question, &bytes).await;
            }
            Ok(answer) => return Ok(answer),
            Err(_) => {}
        }
    }
}

/// The same over TCP, where answers have any length.
async fn exchange_whole(server: SocketAddr, question: &Message, bytes: &[u8]) -> io::Result<Message> {
    let (mut input, mut output) = connect(server).await?.split();
    let len = u16::try_from(bytes.len()).map_err(invalid)?;
    output.write(len.to_be_bytes()).await?;
    output.write(bytes).await?;
    output.flush().await?;
    let len = input.read_exactly(2).await?;
    let [high, low] = len[..] else { return Err(io::ErrorKind::UnexpectedEof.into()) };
    let len = u16::from_be_bytes([high, low]) as usize;
    let answer = input.read_exactly(len).await?;
    if answer.len() < len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let answer = Message::from_vec(&answer).map_err(invalid)?;
    if !answers(&answer, question) {
        return Err(invalid("the answer is to another question"));
    }
    Ok(answer)
}

fn invalid(error: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

/// A number that nobody can foresee: the hash of a counter, with a key from the system's random numbers.
fn random_id() -> u16 {
    thread_local! {
        static KEY: RandomState = RandomState::new();
        static ASKED: Cell<u64> = const { Cell::new(0) };
    }
    ASKED.set(ASKED.get() + 1);
    KEY.with(|key| key.hash_one(ASKED.get())) as u16
}
