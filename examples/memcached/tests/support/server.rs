//! The program itself, and clients of it.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Far above what anything here takes, on a machine however busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Dropping it kills it.
pub struct Server {
    child: Child,
    pub port: u16,
}

/// The arguments for so many shards, also where there are fewer CPUs.
pub fn shards(count: usize) -> Vec<String> {
    let memory = count * 64;
    vec![format!("-c{count}"), format!("-m{memory}M"), "--overprovisioned".into()]
}

impl Server {
    /// Starts it on a port that the system chooses, and waits until it listens.
    pub fn start(arguments: &[String]) -> Server {
        Server::start_with(arguments, &["--port", "0"])
    }

    pub fn start_with(arguments: &[String], more: &[&str]) -> Server {
        Server::started(command(arguments, more))
    }

    pub fn started(mut command: Command) -> Server {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut output = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let mut line = String::new();
        let mut port = 0;
        while port == 0 {
            line.clear();
            assert!(output.read_line(&mut line).expect("stdout is text") > 0, "the program ended early");
            if let Some(rest) = line.strip_prefix("Listening on port ") {
                port = rest.split(' ').next().and_then(|port| port.parse().ok()).expect("a port");
            }
            if line.starts_with("Listening on /") {
                break;
            }
        }
        // What else it prints must not fill the pipe.
        thread::spawn(move || output.lines().for_each(drop));
        Server { child, port }
    }

    pub fn connect(&self) -> Client {
        Client::new(TcpStream::connect(("127.0.0.1", self.port)).expect("the server accepts"))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Tells it to end and waits for that. By SIGTERM, because what was started in the background ignores SIGINT.
    pub fn stop(mut self) -> Option<i32> {
        let kill = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("sh starts").success());
        self.wait()
    }

    /// Waits until it has ended by itself.
    pub fn wait(&mut self) -> Option<i32> {
        let begun = Instant::now();
        loop {
            match self.child.try_wait().expect("the child is ours") {
                Some(status) => return status.code(),
                None => assert!(begun.elapsed() < PATIENCE, "the server does not end"),
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// The program with arguments, not started.
pub fn command(arguments: &[String], more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_memcached"));
    command.args(arguments).args(["--listen", "127.0.0.1"]).args(more).stdin(Stdio::null());
    command
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One connection.
pub struct Client<S = TcpStream> {
    pub stream: BufReader<S>,
}

impl Client {
    pub fn new(stream: TcpStream) -> Client {
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        stream.set_nodelay(true).expect("an option");
        Client { stream: BufReader::new(stream) }
    }

    /// Whether the server closes, with nothing more before.
    pub fn is_closed(&mut self) -> bool {
        match self.stream.read(&mut [0]) {
            Ok(0) => true,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => true,
            other => panic!("not closed: {other:?}"),
        }
    }
}

impl<S: Read + Write> Client<S> {
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).expect("the server reads");
    }

    /// Reads as many bytes as are expected, and compares them.
    pub fn expect(&mut self, expected: impl AsRef<[u8]>) {
        let expected = expected.as_ref();
        let mut got = vec![0; expected.len()];
        let mut filled = 0;
        while filled < got.len() {
            match self.stream.read(&mut got[filled..]) {
                Ok(read @ 1..) => filled += read,
                ended => panic!(
                    "{ended:?} after \"{}\" of \"{}\"",
                    got[..filled].escape_ascii(),
                    expected.escape_ascii()
                ),
            }
            let same = got[..filled] == expected[..filled];
            assert!(same, "\"{}\" is not \"{}\"", got[..filled].escape_ascii(), expected.escape_ascii());
        }
    }

    /// Sends one thing and expects another.
    pub fn ask(&mut self, request: impl AsRef<[u8]>, answer: impl AsRef<[u8]>) {
        self.send(request);
        self.expect(answer);
    }

    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("a line of text");
        line
    }

    /// The value of one statistic.
    pub fn statistic(&mut self, kind: &str, name: &str) -> String {
        self.send(format!("stats{kind}\r\n"));
        let mut found = None;
        loop {
            let line = self.line();
            assert!(line.starts_with("STAT ") || line == "END\r\n", "{line}");
            if line == "END\r\n" {
                return found.unwrap_or_else(|| panic!("there is no {name}"));
            }
            let mut words = line.trim_end().split(' ').skip(1);
            if words.next() == Some(name) {
                found = Some(words.collect::<Vec<_>>().join(" "));
            }
        }
    }
}
