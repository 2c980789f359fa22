//! Requests that come in datagrams: one request or several in one datagram, answered in as many as it takes.
//!
//! A header of eight bytes stands before each: a number of the client's, the place of the datagram among those of its message, how many
//! these are, and zeros.

use std::io;

use seastar::net::{Datagram, UdpSocket};

use super::connection::{Answers, answer_all};
use super::shard::{Shard, Traffic};
use crate::protocol::Decoder;

const HEADER_BYTES: usize = 8;
/// A datagram of an answer, header and all; less than what Ethernet carries.
const DATAGRAM_BYTES_MAX: usize = 1400;
const PART_BYTES_MAX: usize = DATAGRAM_BYTES_MAX - HEADER_BYTES;
/// Answers that are longer are no use to anybody: some datagram would get lost.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// An answer, until it can be said how many datagrams it takes.
#[derive(Default)]
struct Collected {
    bytes: Vec<u8>,
    is_too_long: bool,
}

impl Answers for Collected {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.bytes.len() + bytes.len() > ANSWER_BYTES_MAX {
            self.is_too_long = true;
        } else {
            self.bytes.extend_from_slice(bytes);
        }
        Ok(())
    }
}

/// Answers what comes to `socket`, until the program stops.
pub(super) async fn serve(shard: &Shard, socket: &UdpSocket) -> io::Result<()> {
    let mut answer = Collected::default();
    loop {
        match socket.recv_from().await {
            Ok(datagram) => answer_one(shard, socket, &datagram, &mut answer).await,
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => return Ok(()),
            // It concerns one datagram.
            Err(error) => {
                log::debug!("A datagram was not received: {error}");
                seastar::yield_now().await;
            }
        }
    }
}

async fn answer_one(
    shard: &Shard,
    socket: &UdpSocket,
    datagram: &Datagram<std::net::SocketAddr>,
    answer: &mut Collected,
) {
    Traffic::add(&shard.traffic.bytes_read, datagram.len() as u64);
    let Some(((id, request), false)) = read_header(datagram).map(|read| (read, datagram.is_truncated()))
    else {
        return;
    };
    answer.bytes.clear();
    answer.is_too_long = false;
    let mut decoder = Decoder::new(shard.settings.item_bytes_max);
    let mut exchange = shard.exchange();
    let answered = answer_all(shard, &mut decoder, request, &mut exchange, answer).await;
    shard.give_back(exchange);
    if answer.is_too_long {
        answer.bytes.clear();
        answer.bytes.extend_from_slice(b"SERVER_ERROR the answer is too long for UDP\r\n");
    }
    let sent = match answered {
        Ok(_) => send(socket, id, &answer.bytes, datagram).await,
        Err(error) => Err(error),
    };
    if let Err(error) = sent {
        log::debug!("A datagram from {} was not answered: {error}", datagram.source());
    }
    if answer.bytes.capacity() > 64 << 10 {
        answer.bytes = Vec::new();
    }
}

/// The number of a request, and the request; `None` if it is none, or only a part of one.
fn read_header(datagram: &[u8]) -> Option<([u8; 2], &[u8])> {
    let (header, request) = datagram.split_first_chunk::<HEADER_BYTES>()?;
    let [id_high, id_low, _, _, count_high, count_low, _, _] = *header;
    let alone = [count_high, count_low] == [0, 1];
    (alone && !request.is_empty()).then_some(([id_high, id_low], request))
}

async fn send(
    socket: &UdpSocket,
    id: [u8; 2],
    answer: &[u8],
    request: &Datagram<std::net::SocketAddr>,
) -> io::Result<()> {
    let parts = answer.chunks(PART_BYTES_MAX);
    let count = (parts.len() as u16).to_be_bytes();
    let mut datagram = [0; DATAGRAM_BYTES_MAX];
    for (place, part) in parts.enumerate() {
        datagram[..2].copy_from_slice(&id);
        datagram[2..4].copy_from_slice(&(place as u16).to_be_bytes());
        datagram[4..6].copy_from_slice(&count);
        datagram[HEADER_BYTES..][..part.len()].copy_from_slice(part);
        socket.send_to(&datagram[..HEADER_BYTES + part.len()], request.source()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_requests_are_read() {
        let datagram = [1, 2, 0, 0, 0, 1, 0, 0, b'm', b'n'];
        assert_eq!(read_header(&datagram), Some(([1, 2], &b"mn"[..])));
        assert_eq!(read_header(&datagram[..8]), None);
        assert_eq!(read_header(&datagram[..3]), None);
        assert_eq!(read_header(&[1, 2, 0, 0, 0, 2, 0, 0, b'm']), None);
        assert_eq!(read_header(&[1, 2, 0, 0, 1, 1, 0, 0, b'm']), None);
    }
}
