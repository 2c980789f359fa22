//! A client that keeps a record of what it wrote, and compares everything that it reads with that.

use std::collections::HashMap;
use std::io::Read;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::Random;
use crate::support::server::Client;

const KEYS: u64 = 3000;
/// Requests between two connections.
const REQUESTS_PER_CONNECTION: u64 = 500;

/// What was written under a key: enough to make the value again.
#[derive(Clone, Copy)]
struct Written {
    version: u64,
    bytes: usize,
    client_flags: u32,
}

struct Behaving {
    /// Nobody else uses keys with it.
    number: u64,
    random: Random,
    client: Client,
    written: HashMap<u64, Written>,
    versions: u64,
}

pub fn run(port: u16, number: u64, ended: &AtomicBool, requests: &AtomicU64) {
    let connect = || Client::new(TcpStream::connect(("127.0.0.1", port)).expect("the server accepts"));
    let mut me =
        Behaving { number, random: Random(number), client: connect(), written: HashMap::new(), versions: 0 };
    let mut count = 0;
    while !ended.load(Ordering::Relaxed) {
        me.request();
        requests.fetch_add(1, Ordering::Relaxed);
        count += 1;
        if count % REQUESTS_PER_CONNECTION == 0 {
            me.client = connect();
        }
    }
    // At last everything that is still there.
    for key in 0..KEYS {
        me.get_many(&[key]);
    }
}

/// A value whose every byte depends on its key, its version and its place.
fn value(number: u64, key: u64, written: Written) -> Vec<u8> {
    let mut random = Random(number << 56 ^ key << 40 ^ written.version);
    let mut value = Vec::with_capacity(written.bytes + 8);
    while value.len() < written.bytes {
        value.extend(random.number().to_le_bytes());
    }
    value.truncate(written.bytes);
    value
}

impl Behaving {
    fn key(&self, key: u64) -> String {
        format!("client-{}:{key}", self.number)
    }

    fn request(&mut self) {
        let key = self.random.below(KEYS);
        match self.random.below(100) {
            0..40 => self.get_many(&[key]),
            40..45 => {
                let keys: Vec<u64> = (0..50).map(|_| self.random.below(KEYS)).collect();
                self.get_many(&keys);
            }
            45..85 => self.set(key, false),
            85..90 => self.set(key, true),
            90..93 => self.append(key),
            93..96 => self.delete(key),
            96..98 => self.touch(key),
            _ => self.count(),
        }
    }

    fn size(&mut self) -> usize {
        let (kind, fine) = (self.random.below(1000), self.random.number());
        let limit = match kind {
            0..700 => 200,
            700..950 => 5_000,
            950..997 => 60_000,
            _ => 1_000_000,
        };
        (fine % limit) as usize
    }

    fn set(&mut self, key: u64, meta: bool) {
        self.versions += 1;
        let written =
            Written { version: self.versions, bytes: self.size(), client_flags: self.random.number() as u32 };
        let name = self.key(key);
        let request = match meta {
            true => format!("ms {name} {} F{}\r\n", written.bytes, written.client_flags),
            false => format!("set {name} {} 0 {}\r\n", written.client_flags, written.bytes),
        };
        // Half of the values arrive in two parts.
        let value = value(self.number, key, written);
        let cut = if self.random.below(2) == 0 { value.len() } else { value.len() / 2 };
        self.client.send(&request);
        self.client.send(&value[..cut]);
        self.client.send(&value[cut..]);
        self.client.send("\r\n");
        let answer = self.client.line();
        assert_eq!(answer, if meta { "HD\r\n" } else { "STORED\r\n" });
        self.written.insert(key, written);
    }

    fn append(&mut self, key: u64) {
        let name = self.key(key);
        // The record cannot describe a joined value, so it is read back at once and then replaced.
        self.client.send(format!("append {name} 0 0 3\r\nend\r\n"));
        match self.client.line().as_str() {
            "STORED\r\n" => {
                let written = self.written[&key];
                let mut wanted = value(self.number, key, written);
                wanted.extend(b"end");
                self.client.send(format!("get {name}\r\n"));
                if let Some((flags, value)) = self.value(&name) {
                    assert!(
                        flags == written.client_flags && value == wanted,
                        "{name} is not what was appended"
                    );
                    assert_eq!(self.client.line(), "END\r\n");
                }
                self.set(key, false);
            }
            answer => assert_eq!(answer, "NOT_STORED\r\n"),
        }
    }

    fn delete(&mut self, key: u64) {
        let name = self.key(key);
        self.client.send(format!("delete {name}\r\n"));
        let answer = self.client.line();
        match self.written.remove(&key) {
            Some(_) => assert!(["DELETED\r\n", "NOT_FOUND\r\n"].contains(&answer.as_str()), "{answer}"),
            None => assert_eq!(answer, "NOT_FOUND\r\n"),
        }
    }

    fn touch(&mut self, key: u64) {
        let name = self.key(key);
        self.client.send(format!("touch {name} 0\r\n"));
        let answer = self.client.line();
        assert!(["TOUCHED\r\n", "NOT_FOUND\r\n"].contains(&answer.as_str()), "{answer}");
    }

    fn count(&mut self) {
        let name = format!("counter-{}", self.number);
        self.client.ask(format!("set {name} 0 0 2\r\n41\r\nincr {name} 1\r\n"), "STORED\r\n42\r\n");
    }

    fn get_many(&mut self, keys: &[u64]) {
        let names: Vec<String> = keys.iter().map(|key| self.key(*key)).collect();
        self.client.send(format!("get {}\r\n", names.join(" ")));
        // Those that are there come in order; others were given up.
        let mut next = 0;
        loop {
            let line = self.client.line();
            if line == "END\r\n" {
                return;
            }
            let (name, flags, bytes) = head(&line);
            let found = (next..keys.len()).find(|index| names[*index] == name);
            let index = found.unwrap_or_else(|| panic!("{name} was not asked for, or not here"));
            next = index + 1;
            let got = self.body(bytes);
            let written = self.written.get(&keys[index]).unwrap_or_else(|| panic!("{name} was deleted"));
            assert_eq!(flags, written.client_flags, "{name}");
            let wanted = value(self.number, keys[index], *written);
            assert!(got == wanted, "{name} has {} bytes that were not written last", got.len());
        }
    }

    /// Flags and value of one key, or nothing and the end.
    fn value(&mut self, name: &str) -> Option<(u32, Vec<u8>)> {
        let line = self.client.line();
        if line == "END\r\n" {
            return None;
        }
        let (found, flags, bytes) = head(&line);
        assert_eq!(found, name);
        Some((flags, self.body(bytes)))
    }

    fn body(&mut self, bytes: usize) -> Vec<u8> {
        let mut body = vec![0; bytes + 2];
        self.client.stream.read_exact(&mut body).expect("a value");
        assert!(body.ends_with(b"\r\n"));
        body.truncate(bytes);
        body
    }
}

fn head(line: &str) -> (&str, u32, usize) {
    let words: Vec<&str> = line.trim_end().split(' ').collect();
    let ["VALUE", name, flags, bytes] = words[..] else { panic!("{line:?}") };
    (name, flags.parse().expect("flags"), bytes.parse().expect("a length"))
}
