//! An example that listens, and clients of it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use crate::program::{Finished, Program};

pub struct Server {
    pub program: Program,
    pub port: u16,
}

impl Server {
    /// Starts it on a port that the system chooses.
    pub fn start(name: &str, options: &[&str]) -> Server {
        Server::start_on(0, name, options)
    }

    /// Starts it and waits until it says where it listens.
    pub fn start_on(port: u16, name: &str, options: &[&str]) -> Server {
        let program = Program::start(name, &[options, &["--port", &port.to_string()]].concat());
        let port = program.stdout.wait_for(|text| {
            let (line, _) = text.split_once('\n')?;
            let words = line.strip_prefix("Listening on port ")?;
            words.split(' ').next()?.parse().ok()
        });
        Server { program, port }
    }

    pub fn connect(&self) -> TcpStream {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("the server accepts")
    }

    /// Presses Ctrl-C.
    pub fn stop(self) -> Finished {
        self.program.signal("INT");
        self.program.finish()
    }
}

/// All that comes until the other end closes.
pub fn read_all(mut stream: &TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("the connection ends in order");
    bytes
}

/// Sends `bytes` and reads them back.
pub fn assert_echoed(mut stream: &TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).expect("the server reads");
    let mut echoed = vec![0; bytes.len()];
    stream.read_exact(&mut echoed).expect("the server answers");
    assert!(echoed == bytes, "{} bytes came back changed", bytes.len());
}

/// Bytes that look random and are the same for the same seed.
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    // xorshift64*; it must not start with zero.
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 56) as u8
    };
    (0..len).map(|_| next()).collect()
}
