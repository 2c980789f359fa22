//! The keys and values of all cases, and the requests for them.

use super::wire::Protocol;
use crate::load::Batch;
use crate::order;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// Keys that are asked for, each as often as any other: more than caches of a CPU hold.
pub const KEYS: usize = 100_000;
/// Keys of a multi-get.
const KEYS_AT_ONCE: usize = 100;
/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is asked for.
#[derive(Clone, Copy)]
pub enum Mix {
    Get,
    NineGetsOneSet,
    GetMany,
}

/// Keys with values of one size.
pub struct Dataset {
    protocol: Protocol,
    value_bytes: usize,
}

impl Dataset {
    pub fn new(protocol: Protocol, value_bytes: usize) -> Self {
        Self { protocol, value_bytes }
    }

    fn key(number: usize) -> String {
        format!("key:{number:07}")
    }

    fn value(&self, number: usize) -> Vec<u8> {
        let mut state = number as u64;
        let letters = (0..self.value_bytes).map(|_| b'a' + (order::next(&mut state) % 26) as u8);
        letters.collect()
    }

    /// Stores the first `count` keys.
    pub fn store(&self, port: u16, count: usize) -> io::Result<()> {
        let mut stream = connect(port)?;
        for first in (0..count).step_by(KEYS_AT_ONCE) {
            let (mut request, mut answer) = (Vec::new(), Vec::new());
            for number in first..count.min(first + KEYS_AT_ONCE) {
                self.protocol.set(&Self::key(number), &self.value(number), &mut request, &mut answer);
            }
            exchange(&mut stream, &request, &answer)?;
        }
        Ok(())
    }

    /// Reads all keys back, so that the load only has to count bytes.
    pub fn check(&self, port: u16) -> io::Result<()> {
        let mut stream = connect(port)?;
        for first in (0..KEYS).step_by(KEYS_AT_ONCE) {
            let numbers: Vec<usize> = (first..first + KEYS_AT_ONCE).collect();
            let (request, answer) = self.get(&numbers);
            exchange(&mut stream, &request, &answer)?;
        }
        Ok(())
    }

    /// Requests for all keys in a random order, `depth` in each batch.
    pub fn batches(&self, mix: Mix, depth: usize) -> Vec<Batch> {
        let numbers = order::shuffled(&(0..KEYS).collect::<Vec<_>>(), 1);
        if let Mix::GetMany = mix {
            let batch = |numbers: &[usize]| {
                let (bytes, answer) = self.get(numbers);
                Batch { bytes, answer_bytes: answer.len(), requests: 1 }
            };
            return numbers.chunks(KEYS_AT_ONCE).map(batch).collect();
        }
        let mut state = 1;
        let mut batch = |numbers: &[usize]| {
            let (mut bytes, mut answer) = (Vec::new(), Vec::new());
            for number in numbers {
                let (key, value) = (Self::key(*number), self.value(*number));
                match mix {
                    Mix::NineGetsOneSet if order::next(&mut state).is_multiple_of(10) => {
                        self.protocol.set(&key, &value, &mut bytes, &mut answer)
                    }
                    _ => self.protocol.get(&[(&key, &value)], &mut bytes, &mut answer),
                }
            }
            Batch { bytes, answer_bytes: answer.len(), requests: numbers.len() as u64 }
        };
        numbers.chunks(depth).map(&mut batch).collect()
    }

    fn get(&self, numbers: &[usize]) -> (Vec<u8>, Vec<u8>) {
        let items: Vec<_> = numbers.iter().map(|number| (Self::key(*number), self.value(*number))).collect();
        let items: Vec<_> = items.iter().map(|(key, value)| (key.as_str(), value.as_slice())).collect();
        let (mut request, mut answer) = (Vec::new(), Vec::new());
        self.protocol.get(&items, &mut request, &mut answer);
        (request, answer)
    }
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn exchange(stream: &mut TcpStream, request: &[u8], wanted: &[u8]) -> io::Result<()> {
    stream.write_all(request)?;
    let mut answer = vec![0; wanted.len()];
    stream.read_exact(&mut answer)?;
    if answer == wanted {
        return Ok(());
    }
    let differs = answer.iter().zip(wanted).position(|(is, wanted)| is != wanted).unwrap_or(0);
    let start = differs.saturating_sub(40);
    let part =
        |bytes: &[u8]| String::from_utf8_lossy(&bytes[start..bytes.len().min(start + 80)]).into_owned();
    let text = format!("the server answered {:?} instead of {:?}", part(&answer), part(wanted));
    Err(io::Error::new(io::ErrorKind::InvalidData, text))
}
