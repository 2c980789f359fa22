//! `lines`: a codec of tokio-util on our streams.

use std::io::{BufRead, BufReader, Write};
use std::net::Shutdown;

use crate::expected::assert_shape;
use crate::program::two_shards;
use crate::server::{Server, read_all};

#[test]
fn lines_come_back_in_capitals() {
    for shards in [&["-c1"], two_shards()] {
        let server = Server::start("lines", shards);
        let client = server.connect();
        let mut answers = BufReader::new(&client).lines();
        for round in 0..100 {
            writeln!(&client, "round {round}").unwrap();
            assert_eq!(answers.next().unwrap().unwrap(), format!("ROUND {round}"));
        }
        // Many in one piece, and then a line without an end.
        let many = "a line of some length\n".repeat(2_000);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                (&client).write_all(many.as_bytes()).unwrap();
                (&client).write_all(b"and the last").unwrap();
                client.shutdown(Shutdown::Write).unwrap();
            });
            let back = String::from_utf8(read_all(&client)).unwrap();
            assert!(
                back == format!("{}AND THE LAST\n", many.to_uppercase()),
                "{} bytes came back",
                back.len()
            );
        });
        let finished = server.stop();
        assert_shape("lines", &finished.stdout);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    }
}

#[test]
fn a_line_that_is_too_long_ends_its_connection() {
    let server = Server::start("lines", &["-c1"]);
    let client = server.connect();
    (&client).write_all(&[b'x'; 1001]).unwrap();
    assert_eq!(read_all(&client), b"");
    let finished = server.stop();
    assert!(finished.stderr.contains("MaxLineLengthExceeded"), "{}", finished.stderr);
}
