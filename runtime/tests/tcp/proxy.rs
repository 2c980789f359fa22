//! The PROXY protocol: what a proxy says, and what others say instead.

use std::io::{ErrorKind, Write};
use std::net::TcpStream as StdStream;
use std::time::Duration;

use seastar::net::{InputStream, OutputStream, ProxyHeader, listen};
use seastar::{blocking_ok, sleep};

use super::random::Random;

const LIMIT: Duration = Duration::from_secs(60);
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

fn header(version: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let head = [version, family, (rest.len() >> 8) as u8, rest.len() as u8];
    [SIGNATURE, &head, rest].concat()
}

/// What a server reads on a connection on which a client writes `bytes` and then closes.
async fn said(bytes: &[u8]) -> (std::io::Result<ProxyHeader>, InputStream, OutputStream) {
    let listener = listen("127.0.0.1:0").unwrap();
    let mut client = blocking_ok!(StdStream::connect(listener.local_address()).unwrap());
    blocking_ok!(client.write_all(bytes).unwrap());
    drop(client);
    let (mut input, output) = listener.accept().await.unwrap().0.split();
    (ProxyHeader::read(&mut input, LIMIT).await, input, output)
}

const V4: &[u8] = b"\xc0\x00\x02\x01\xcb\x00\x71\x07\xd4\x31\x01\xbb";

#[seastar::test]
async fn addresses_and_extensions_are_told_and_the_rest_is_the_clients() {
    let rest = [V4, b"\x02\x00\x07db.test", b"\x04\x00\x00"].concat();
    let bytes = [header(0x21, 0x11, &rest), b"GET /".to_vec()].concat();
    let (read, mut input, _output) = said(&bytes).await;
    let read = read.unwrap();
    assert_eq!(read.source(), Some("192.0.2.1:54321".parse().unwrap()));
    assert_eq!(read.destination(), Some("203.0.113.7:443".parse().unwrap()));
    let extensions: Vec<_> = read.extensions().collect();
    assert_eq!(extensions, [(2, &b"db.test"[..]), (4, &b""[..])]);
    assert_eq!(&*input.read().await.unwrap(), b"GET /");

    let mut v6 = vec![0; 36];
    (v6[15], v6[31], v6[33], v6[35]) = (1, 2, 80, 90);
    let read = said(&header(0x21, 0x21, &v6)).await.0.unwrap();
    assert_eq!(read.source(), Some("[::1]:80".parse().unwrap()));
    assert_eq!(read.destination(), Some("[::2]:90".parse().unwrap()));
}

#[seastar::test]
async fn connections_of_the_proxy_itself_have_no_other_address() {
    for bytes in [
        header(0x20, 0x00, b""),
        header(0x20, 0x11, V4),
        header(0x21, 0x00, b"anything"),
        header(0x21, 0x31, &[7; 216]),
    ] {
        let read = said(&bytes).await.0.unwrap();
        assert_eq!((read.source(), read.destination(), read.extensions().count()), (None, None, 0));
    }
}

#[seastar::test]
async fn what_is_no_header_is_refused() {
    let cut: Vec<_> = V4[..11].to_vec();
    let bad_extension = [V4, b"\x02\x00\x09short"].concat();
    for bytes in [
        b"PROXY TCP4 192.0.2.1 203.0.113.7 54321 443\r\n".to_vec(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        header(0x11, 0x11, V4),
        header(0x22, 0x11, V4),
        header(0x21, 0x11, &cut),
        header(0x21, 0x21, V4),
        header(0x21, 0x11, &bad_extension),
        header(0x21, 0x11, &[0; 5000]),
    ] {
        let error = said(&bytes).await.0.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}: {}", bytes.escape_ascii());
    }
    let whole = header(0x21, 0x11, V4);
    for len in 0..whole.len() {
        assert_eq!(said(&whole[..len]).await.0.unwrap_err().kind(), ErrorKind::UnexpectedEof, "{len} bytes");
    }
}

/// Any bytes end in a header or an error.
#[seastar::test]
async fn noise_hurts_nobody() {
    let mut random = Random::new(1);
    for _ in 0..200 {
        let rest = random.below(300);
        let rest = random.bytes(rest);
        let kinds = random.bytes(2);
        let (version, family) = (0x20 | kinds[0] & 1, (kinds[1] & 0x33) | 1);
        let _ = said(&header(version, family, &rest)).await.0;
        let _ = said(&random.bytes(40)).await.0.unwrap_err();
    }
}

#[seastar::test]
async fn a_header_that_does_not_come_ends_in_time_and_one_that_trickles_is_read() {
    let listener = listen("127.0.0.1:0").unwrap();
    let address = listener.local_address();
    let silent = blocking_ok!(StdStream::connect(address).unwrap());
    let (mut input, _output) = listener.accept().await.unwrap().0.split();
    let error = ProxyHeader::read(&mut input, Duration::from_millis(10)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    drop(silent);
    let client = std::thread::spawn(move || {
        let mut client = StdStream::connect(address).unwrap();
        client.set_nodelay(true).unwrap();
        for byte in header(0x21, 0x11, V4) {
            client.write_all(&[byte]).unwrap();
            std::thread::sleep(Duration::from_micros(200));
        }
    });
    let (mut input, _output) = listener.accept().await.unwrap().0.split();
    assert!(ProxyHeader::read(&mut input, LIMIT).await.unwrap().source().is_some());
    while !client.is_finished() {
        sleep(Duration::from_millis(1)).await;
    }
    client.join().unwrap();
}
