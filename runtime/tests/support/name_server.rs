//! A server of names for tests, on a thread of its own.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, SOA};
use hickory_proto::rr::{Name, RData, Record, RecordType};

/// Dropping it ends it.
pub struct NameServer {
    pub address: SocketAddr,
    asked: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// What a server is asked.
pub struct Asked<'a> {
    pub query: &'a Query,
    /// Over TCP.
    pub whole: bool,
    /// How often it was asked before.
    pub before: usize,
    /// What it answers, with no records yet.
    pub answer: Message,
}

impl Asked<'_> {
    pub fn name(&self) -> String {
        self.query.name().to_string()
    }

    pub fn kind(&self) -> RecordType {
        self.query.query_type()
    }

    /// An address of the kind that is asked for, of the name or of what it is an alias for.
    pub fn address(&mut self, name: &str, last: u8, ttl: u32) {
        let data = match self.kind() {
            RecordType::A => RData::A(A(Ipv4Addr::new(127, 0, 0, last))),
            _ => RData::AAAA(AAAA(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into()))),
        };
        self.answer.add_answer(Record::from_rdata(Name::from_ascii(name).unwrap(), ttl, data));
    }

    pub fn alias(&mut self, name: &str, other: &str) {
        let data = RData::CNAME(CNAME(Name::from_ascii(other).unwrap()));
        self.answer.add_answer(Record::from_rdata(Name::from_ascii(name).unwrap(), 60, data));
    }

    /// That there is nothing, which may be believed for so long.
    pub fn nothing(&mut self, code: ResponseCode, ttl: u32) {
        self.answer.metadata.response_code = code;
        let zone = Name::from_ascii("test.").unwrap();
        let authority = SOA::new(zone.clone(), zone.clone(), 1, 1, 1, 1, ttl);
        self.answer.add_authority(Record::from_rdata(zone, ttl, RData::SOA(authority)));
    }
}

impl NameServer {
    /// `answer` says what is sent, if anything.
    pub fn start(answer: impl FnMut(&mut Asked<'_>) -> Vec<Message> + Send + Clone + 'static) -> NameServer {
        let (listener, socket) = loop {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            // The same port for both may be taken.
            if let Ok(socket) = UdpSocket::bind(listener.local_addr().unwrap()) {
                break (listener, socket);
            }
        };
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let (asked, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let datagrams = {
            let (asked, ended, mut answer) = (asked.clone(), ended.clone(), answer.clone());
            move || {
                let mut bytes = [0; 2000];
                while !ended.load(Ordering::Relaxed) {
                    let Ok((len, from)) = socket.recv_from(&mut bytes) else { continue };
                    for message in reply(&bytes[..len], false, &asked, &mut answer) {
                        socket.send_to(&message.to_vec().unwrap(), from).unwrap();
                    }
                }
            }
        };
        let connections = {
            let (asked, ended, mut answer) = (asked.clone(), ended.clone(), answer);
            move || {
                while !ended.load(Ordering::Relaxed) {
                    let Ok((mut client, _)) = listener.accept() else {
                        thread::sleep(Duration::from_millis(2));
                        continue;
                    };
                    client.set_nonblocking(false).unwrap();
                    let mut len = [0; 2];
                    client.read_exact(&mut len).unwrap();
                    let mut bytes = vec![0; u16::from_be_bytes(len) as usize];
                    client.read_exact(&mut bytes).unwrap();
                    for message in reply(&bytes, true, &asked, &mut answer) {
                        let bytes = message.to_vec().unwrap();
                        client.write_all(&u16::try_from(bytes.len()).unwrap().to_be_bytes()).unwrap();
                        client.write_all(&bytes).unwrap();
                    }
                }
            }
        };
        NameServer {
            address,
            asked,
            ended,
            threads: vec![thread::spawn(datagrams), thread::spawn(connections)],
        }
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

fn reply(
    bytes: &[u8],
    whole: bool,
    count: &AtomicUsize,
    answer: &mut impl FnMut(&mut Asked<'_>) -> Vec<Message>,
) -> Vec<Message> {
    let question = Message::from_vec(bytes).unwrap();
    let mut message = Message::response(question.metadata.id, question.metadata.op_code);
    message.metadata.message_type = MessageType::Response;
    message.add_query(question.queries[0].clone());
    let before = count.fetch_add(1, Ordering::Relaxed);
    answer(&mut Asked { query: &question.queries[0], whole, before, answer: message })
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}
