//! Clients that do what no client should.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Random;

/// One way to misbehave. What the server does to this client is its own business, so nothing here looks at errors.
pub type Mischief = fn(u16, &mut Random) -> std::io::Result<()>;

pub const ALL: [Mischief; 6] = [die, crowd, babble, overdo, ignore, hoard];

pub fn run(port: u16, number: u64, mischief: Mischief, ended: &AtomicBool) {
    let mut random = Random(1000 + number);
    while !ended.load(Ordering::Relaxed) {
        let _ = mischief(port, &mut random);
        std::thread::sleep(Duration::from_millis(50 + random.below(100)));
    }
}

fn connect(port: u16) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_millis(200)))?;
    stream.set_write_timeout(Some(Duration::from_millis(200)))?;
    Ok(stream)
}

/// Goes away in the middle of a request, or of an answer.
fn die(port: u16, random: &mut Random) -> std::io::Result<()> {
    let mut stream = connect(port)?;
    let bytes = random.below(1 << 20);
    let mut request = format!("set stranger:{} 0 0 {bytes}\r\n", random.below(100)).into_bytes();
    request.resize(request.len() + bytes as usize, b'x');
    request.extend(b"\r\nget stranger:1 stranger:2 stranger:3\r\n");
    let sent = random.below(request.len() as u64) as usize;
    stream.write_all(&request[..sent])
}

/// Comes with many others at once.
fn crowd(port: u16, random: &mut Random) -> std::io::Result<()> {
    let streams: Vec<_> = (0..60).map_while(|_| connect(port).ok()).collect();
    for mut stream in streams {
        if random.below(2) == 0 {
            let _ = stream.write_all(b"get stranger:1\r\nversion\r\n");
        }
    }
    Ok(())
}

/// Sends what is no request, or nearly one.
fn babble(port: u16, random: &mut Random) -> std::io::Result<()> {
    const WORDS: [&str; 16] = [
        "get",
        "set",
        "ms",
        "mg",
        "a",
        "0",
        "-1",
        "99999999999999999999",
        "\r\n",
        " ",
        "\0",
        "noreply",
        "incr",
        "flush_al",
        "b64==",
        "\u{80}",
    ];
    let mut stream = connect(port)?;
    let mut request = Vec::new();
    for _ in 0..random.below(400) {
        match random.below(4) {
            0 => request.extend(random.number().to_le_bytes()),
            _ => request.extend(WORDS[random.below(16) as usize].as_bytes()),
        }
        request.push(b' ');
    }
    // Never a real flush, which would take the values of those that behave.
    stream.write_all(&request)?;
    stream.write_all(b"\r\n")?;
    stream.read(&mut [0; 4096]).map(drop)
}

/// Announces and sends more than is allowed.
fn overdo(port: u16, random: &mut Random) -> std::io::Result<()> {
    let mut stream = connect(port)?;
    match random.below(3) {
        0 => {
            stream.write_all(b"set stranger:big 0 0 3000000\r\n")?;
            (0..300).try_for_each(|_| stream.write_all(&[b'y'; 10_000]))?;
            stream.write_all(b"\r\n")?;
        }
        1 => stream.write_all(&vec![b'k'; 200_000])?,
        _ => {
            let keys = vec!["k".repeat(300); 100].join(" ");
            stream.write_all(format!("get {keys}\r\n").as_bytes())?;
        }
    }
    stream.read(&mut [0; 4096]).map(drop)
}

/// Asks for much and never reads.
fn ignore(port: u16, _: &mut Random) -> std::io::Result<()> {
    let mut stream = connect(port)?;
    let mut request = b"set stranger:large 0 0 500000\r\n".to_vec();
    request.resize(request.len() + 500_000, b'z');
    request.extend(b"\r\n");
    stream.write_all(&request)?;
    (0..50).try_for_each(|_| stream.write_all(b"get stranger:large\r\n"))?;
    std::thread::sleep(Duration::from_millis(100));
    Ok(())
}

/// Begins many values and ends none.
fn hoard(port: u16, random: &mut Random) -> std::io::Result<()> {
    let mut streams: Vec<_> = (0..10).map_while(|_| connect(port).ok()).collect();
    for (number, stream) in streams.iter_mut().enumerate() {
        let bytes = random.below(900_000) + 100_000;
        let _ = write!(stream, "set stranger:h{number} 0 0 {bytes}\r\n");
        let _ = stream.write_all(&vec![b'h'; bytes as usize / 2]);
    }
    std::thread::sleep(Duration::from_millis(50));
    Ok(())
}
