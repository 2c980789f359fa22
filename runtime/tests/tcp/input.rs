//! Reading: IN-1 to IN-3.

use std::io::ErrorKind;
use std::time::Duration;

use seastar::net::TemporaryBuffer;
use seastar::{spawn, timeout, yield_now};

use super::random::Random;
use super::{pipe, read_to_end};

/// The most that `read_exactly` takes.
const READ_EXACTLY_MAX: usize = (1 << 20) - 8;

// IN-1
#[seastar::test]
async fn a_read_returns_what_is_there_and_then_the_end_again_and_again() {
    let (mut output, mut input, _back) = pipe().await;
    output.write(b"hello").await.unwrap();
    output.flush().await.unwrap();
    assert_eq!(&*input.read().await.unwrap(), b"hello");
    output.write(b"world").await.unwrap();
    output.close().await.unwrap();
    assert_eq!(&*input.read().await.unwrap(), b"world");
    for _ in 0..3 {
        assert!(input.read().await.unwrap().is_empty());
        assert!(input.read_up_to(7).await.unwrap().is_empty());
        assert!(input.read_exactly(7).await.unwrap().is_empty());
    }
}

// IN-2
#[seastar::test]
async fn read_up_to_returns_between_one_byte_and_the_limit() {
    let (mut output, mut input, _back) = pipe().await;
    output.write(b"abcdefgh").await.unwrap();
    output.close().await.unwrap();
    assert_eq!(&*input.read_up_to(3).await.unwrap(), b"abc");
    assert_eq!(&*input.read_up_to(1).await.unwrap(), b"d");
    assert_eq!(&*input.read_up_to(100).await.unwrap(), b"efgh");
    assert!(input.read_up_to(100).await.unwrap().is_empty());
}

// IN-2
#[seastar::test]
async fn read_exactly_returns_fewer_only_at_the_end() {
    let (mut output, mut input, _back) = pipe().await;
    let sent = Random::new(1).bytes(100_000);
    let expected = sent.clone();
    let writer = spawn(async move {
        for piece in sent.chunks(777) {
            output.write(piece).await?;
            output.flush().await?;
            yield_now().await;
        }
        output.close().await
    });
    for piece in expected.chunks(9_001) {
        assert_eq!(&*input.read_exactly(9_001).await.unwrap(), piece);
    }
    assert!(input.read_exactly(1).await.unwrap().is_empty());
    writer.await.unwrap().unwrap();
}

#[seastar::test]
async fn read_exactly_has_a_limit_and_reaches_it() {
    let (mut output, mut input, _back) = pipe().await;
    let sent = Random::new(2).bytes(2 * READ_EXACTLY_MAX + 5_000);
    let expected = sent.clone();
    let writer = spawn(async move {
        output.write(sent).await?;
        output.close().await
    });
    let refused = input.read_exactly(READ_EXACTLY_MAX + 1).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    // Not at the border of a buffer, so that there is always more than asked for.
    assert_eq!(&*input.read_exactly(1_234).await.unwrap(), &expected[..1_234]);
    let largest = input.read_exactly(READ_EXACTLY_MAX).await.unwrap();
    assert!(*largest == expected[1_234..1_234 + READ_EXACTLY_MAX]);
    drop(largest);
    assert!(read_to_end(&mut input).await.unwrap() == expected[1_234 + READ_EXACTLY_MAX..]);
    writer.await.unwrap().unwrap();
}

#[seastar::test(memory = "32M")]
async fn read_exactly_without_memory_fails_and_loses_nothing() {
    let (mut output, mut input, _back) = pipe().await;
    let sent = Random::new(3).bytes(60_000);
    let expected = sent.clone();
    let writer = spawn(async move {
        for piece in sent.chunks(5_000) {
            output.write(piece).await?;
            output.flush().await?;
            yield_now().await;
        }
        output.close().await
    });
    // Everything that the stream has in hand arrives before the memory is gone.
    let start = input.read_exactly(10).await.unwrap().to_vec();
    seastar::sleep(Duration::from_millis(20)).await;
    let hoard = hoard();
    let refused = input.read_exactly(50_000).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::OutOfMemory);
    drop(hoard);
    let rest = read_to_end(&mut input).await.unwrap();
    assert!([start, rest].concat() == expected);
    writer.await.unwrap().unwrap();
}

/// All memory of this shard, down to the smallest block.
fn hoard() -> Vec<TemporaryBuffer> {
    let mut hoard = Vec::new();
    let mut size = READ_EXACTLY_MAX;
    while size > 0 {
        match TemporaryBuffer::copy_of(&vec![0; size]) {
            Some(block) => hoard.push(block),
            None => size /= 2,
        }
    }
    hoard
}

// IN-2
#[seastar::test]
async fn skipping_beyond_the_end_fails() {
    let (mut output, mut input, _back) = pipe().await;
    output.write(vec![7; 30_000]).await.unwrap();
    output.close().await.unwrap();
    input.skip(29_000).await.unwrap();
    let error = input.skip(1_001).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert_eq!(error.to_string(), "premature end of stream");
}

#[seastar::test]
async fn reads_of_nothing_do_not_wait() {
    let (output, mut input, _back) = pipe().await;
    assert!(input.read_exactly(0).await.unwrap().is_empty());
    assert!(input.read_up_to(0).await.unwrap().is_empty());
    input.skip(0).await.unwrap();
    output.close().await.unwrap();
    assert!(input.read_exactly(0).await.unwrap().is_empty());
    input.skip(0).await.unwrap();
}

#[seastar::test]
async fn bytes_that_come_one_by_one_are_put_together() {
    let (mut output, mut input, _back) = pipe().await;
    let writer = spawn(async move {
        for n in 0..1_000u32 {
            output.write([n as u8]).await?;
            output.flush().await?;
            yield_now().await;
        }
        output.close().await
    });
    let all = input.read_exactly(1_000).await.unwrap();
    assert!(all.iter().enumerate().all(|(n, byte)| *byte == n as u8));
    writer.await.unwrap().unwrap();
}

#[seastar::test]
async fn a_read_exactly_that_is_dropped_has_taken_nothing() {
    let (mut output, mut input, _back) = pipe().await;
    let mut expected = Vec::new();
    for round in 0..200u32 {
        let piece = [round as u8; 100];
        expected.extend_from_slice(&piece);
        output.write(piece).await.unwrap();
        output.flush().await.unwrap();
        let late = timeout(Duration::from_micros(50), input.read_exactly(100_000)).await;
        assert!(late.is_err());
    }
    output.close().await.unwrap();
    assert!(*input.read_exactly(7).await.unwrap() == expected[..7]);
    assert!(read_to_end(&mut input).await.unwrap() == expected[7..]);
}

#[seastar::test]
async fn any_sequence_of_reads_sees_the_same_bytes() {
    let mut random = Random::new(4);
    for round in 0..20 {
        let (mut output, mut input, _back) = pipe().await;
        let sent = random.bytes(300_000);
        let expected = sent.clone();
        let mut sizes = Random::new(round);
        let writer = spawn(async move {
            let mut rest = &sent[..];
            while !rest.is_empty() {
                let (piece, others) = rest.split_at(rest.len().min(1 + sizes.below(20_000)));
                output.write(piece).await?;
                output.flush().await?;
                yield_now().await;
                rest = others;
            }
            output.close().await
        });
        let mut rest = &expected[..];
        while !rest.is_empty() {
            let len = 1 + random.below(30_000);
            let read = match random.below(5) {
                0 => input.read().await.unwrap(),
                3 => match input.read_until(7, 1_000).await {
                    Ok(line) => {
                        assert!(
                            line.iter().position(|byte| *byte == 7).is_none_or(|at| at + 1 == line.len())
                        );
                        line
                    }
                    Err(_) => input.read_exactly(1_000).await.unwrap(),
                },
                1 => input.read_up_to(len).await.unwrap(),
                2 => input.read_exactly(len).await.unwrap(),
                _ => {
                    let len = len.min(rest.len());
                    input.skip(len).await.unwrap();
                    rest = &rest[len..];
                    continue;
                }
            };
            assert!(!read.is_empty() && *read == rest[..read.len()], "{} bytes before the end", rest.len());
            rest = &rest[read.len()..];
        }
        assert!(input.read().await.unwrap().is_empty());
        writer.await.unwrap().unwrap();
    }
}

/// The most that `read_until` searches.
const READ_UNTIL_MAX: usize = READ_EXACTLY_MAX - 8192;

#[seastar::test]
async fn read_until_returns_line_by_line_and_then_the_rest() {
    for pieces in [1, 3, 1_000] {
        let (mut output, mut input, _back) = pipe().await;
        let sent = b"one\r\n\ntwo\nthree";
        let writer = spawn(async move {
            for piece in sent.chunks(sent.len().div_ceil(pieces)) {
                output.write(piece).await?;
                output.flush().await?;
                yield_now().await;
            }
            output.close().await
        });
        for line in [&b"one\r\n"[..], b"\n", b"two\n", b"three", b"", b""] {
            assert_eq!(&*input.read_until(b'\n', 6).await.unwrap(), line);
        }
        writer.await.unwrap().unwrap();
    }
}

#[seastar::test]
async fn read_until_does_not_copy_lines_in_one_buffer() {
    let (mut output, mut input, _back) = pipe().await;
    output.write(b"one\ntwo\n").await.unwrap();
    output.close().await.unwrap();
    let one = input.read_until(b'\n', 100).await.unwrap();
    let two = input.read_until(b'\n', 100).await.unwrap();
    assert_eq!(one.as_ptr().wrapping_add(4), two.as_ptr());
}

#[seastar::test]
async fn read_until_has_a_limit_and_loses_nothing_at_it() {
    let (mut output, mut input, _back) = pipe().await;
    let mut sent = vec![b'x'; READ_UNTIL_MAX + 20_000];
    sent[READ_UNTIL_MAX - 1] = b'\n';
    let expected = sent.clone();
    let writer = spawn(async move {
        output.write(sent).await?;
        output.close().await
    });
    for max in [0, READ_UNTIL_MAX + 1] {
        assert_eq!(input.read_until(b'\n', max).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    for max in [1, 2, 8_191, 8_192, 8_193, 100_000, READ_UNTIL_MAX - 1] {
        let refused = input.read_until(b'\n', max).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidData);
        assert_eq!(refused.to_string(), format!("no b'\\n' among {max} bytes"));
    }
    let longest = input.read_until(b'\n', READ_UNTIL_MAX).await.unwrap();
    assert!(*longest == expected[..READ_UNTIL_MAX]);
    drop(longest);
    assert!(*input.read_until(b'\n', 100_000).await.unwrap() == expected[READ_UNTIL_MAX..]);
    writer.await.unwrap().unwrap();
}

#[seastar::test]
async fn a_read_until_that_is_dropped_has_taken_nothing() {
    let (mut output, mut input, _back) = pipe().await;
    for round in 0..200u8 {
        output.write([round | 128; 100]).await.unwrap();
        output.flush().await.unwrap();
        let late = timeout(Duration::from_micros(50), input.read_until(b'\n', 100_000)).await;
        assert!(late.is_err());
    }
    output.write(b"\nrest").await.unwrap();
    output.close().await.unwrap();
    let line = input.read_until(b'\n', 100_000).await.unwrap();
    assert_eq!(line.len(), 20_001);
    assert!(line.chunks(100).take(200).enumerate().all(|(round, chunk)| chunk == [round as u8 | 128; 100]));
    assert_eq!(&*input.read().await.unwrap(), b"rest");
}

#[seastar::test(memory = "32M")]
async fn read_until_without_memory_fails_and_loses_nothing() {
    let (mut output, mut input, _back) = pipe().await;
    output.write(b"be").await.unwrap();
    output.flush().await.unwrap();
    assert_eq!(input.read_until(b'\n', 2).await.unwrap_err().kind(), ErrorKind::InvalidData);
    output.write(b"gin\n").await.unwrap();
    output.close().await.unwrap();
    let hoard = hoard();
    assert_eq!(input.read_until(b'\n', 10).await.unwrap_err().kind(), ErrorKind::OutOfMemory);
    drop(hoard);
    assert_eq!(read_to_end(&mut input).await.unwrap(), b"begin\n");
}

// BUF-1
#[seastar::test]
async fn what_was_read_outlives_its_connection() {
    let (mut output, mut input, back) = pipe().await;
    output.write(b"GET /index.html").await.unwrap();
    output.close().await.unwrap();
    let mut line = input.read().await.unwrap();
    assert!(input.read().await.unwrap().is_empty());
    drop((input, back));
    let verb = line.split_to(3);
    line.trim_front(1);
    let copy = line.clone();
    drop(line);
    assert_eq!((&*verb, &*copy), (&b"GET"[..], &b"/index.html"[..]));
    assert_eq!(&*copy.share(1..6), b"index");
}

#[test]
fn what_was_read_outlives_its_runtime() {
    let options = || seastar::Options::new().shards(1).memory(64 << 20);
    let (kept, mut input) = seastar::run(options(), async || {
        let (mut output, mut input, _back) = pipe().await;
        output.write(b"kept").await.unwrap();
        output.flush().await.unwrap();
        let kept = input.read().await.unwrap();
        // Received, and still in the connection when the runtime ends.
        output.write(b"unread").await.unwrap();
        output.flush().await.unwrap();
        let _ = timeout(Duration::from_millis(10), input.read_exactly(100)).await;
        output.write(b"unseen").await.unwrap();
        output.flush().await.unwrap();
        seastar::sleep(Duration::from_millis(10)).await;
        (kept, input)
    })
    .unwrap();
    let copy = kept.clone();
    seastar::run(options(), async move || {
        let (mut output, mut other, _back) = pipe().await;
        output.write(vec![9; 100_000]).await.unwrap();
        output.close().await.unwrap();
        assert_eq!(&*copy, b"kept");
        // Neither a gap nor what another connection receives.
        assert_eq!(&*input.read().await.unwrap(), b"unread", "of the read that was given up");
        assert_eq!(&*input.read().await.unwrap(), b"unseen");
        assert!(input.read().await.unwrap().is_empty());
        drop(input);
        assert_eq!(read_to_end(&mut other).await.unwrap(), vec![9; 100_000]);
    })
    .unwrap();
    assert_eq!(&*kept, b"kept");
}
