//! How streams end, and reads and writes that are dropped half-way.

use std::io::ErrorKind;
use std::net::Shutdown;
use std::time::Duration;

use seastar::{sleep, spawn, timeout};

use super::guard::guard;
use super::random::Random;
use super::{pair, read_to_end};

#[seastar::test(shards = 1)]
async fn a_stream_that_is_closed_ends_and_the_other_direction_goes_on() {
    let (client, server) = pair().await;
    let (mut client_input, mut client_output) = client.split();
    let (mut server_input, mut server_output) = server.split();
    client_output.write(b"question").await.unwrap();
    client_output.close().await.unwrap();
    assert_eq!(read_to_end(&mut server_input).await.unwrap(), b"question");
    assert!(server_input.read().await.unwrap().is_empty(), "an end is an end");
    server_output.write(vec![7; 100_000]).await.unwrap();
    server_output.close().await.unwrap();
    assert_eq!(read_to_end(&mut client_input).await.unwrap(), [7; 100_000]);
}

#[seastar::test(shards = 1)]
async fn a_stream_that_is_cut_fails_after_all_that_has_come() {
    let (client, server) = pair().await;
    let (mut input, _output) = server.split();
    let control = client.control();
    let (_client_input, mut client_output) = client.split();
    client_output.write(b"not all").await.unwrap();
    client_output.flush().await.unwrap();
    assert_eq!(&*input.read_exactly(7).await.unwrap(), b"not all");
    control.shutdown(Shutdown::Write);
    let error = input.read().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    let text = "the connection ended without a close_notify: what came last may be missing";
    assert_eq!(error.to_string(), text);
    assert!(input.read().await.unwrap().is_empty(), "after an error the stream is at its end");
}

#[seastar::test(shards = 1)]
async fn a_stream_that_is_shut_down_here_just_ends() {
    let (client, server) = pair().await;
    let control = server.control();
    let (mut input, _output) = server.split();
    let reader = spawn(async move { input.read().await.map(|bytes| bytes.len()) });
    seastar::yield_now().await;
    control.shutdown(Shutdown::Both);
    assert_eq!(reader.await.unwrap().unwrap(), 0);
    let (mut input, _output) = client.split();
    assert_eq!(input.read().await.unwrap_err().kind(), ErrorKind::UnexpectedEof, "the peer cannot know");
}

#[seastar::test(shards = 1)]
async fn what_was_written_is_sent_when_the_output_is_dropped() {
    let (client, server) = pair().await;
    let (_input, mut output) = client.split();
    output.write(b"whole").await.unwrap();
    drop(output);
    assert_eq!(&*server.split().0.read_exactly(5).await.unwrap(), b"whole");
}

#[seastar::test(shards = 1)]
async fn nothing_is_written_after_the_peer_has_failed() {
    let (client, server) = pair().await;
    drop(client);
    let (mut input, mut output) = server.split();
    assert!(input.read().await.is_err());
    let error = loop {
        if let Err(error) = output.write(vec![0; 100_000]).await {
            break error;
        }
    };
    assert!([ErrorKind::BrokenPipe, ErrorKind::ConnectionReset].contains(&error.kind()), "{error}");
    assert!(output.close().await.is_err(), "a failure stays");
}

#[seastar::test(shards = 1)]
async fn reads_and_writes_of_all_sizes_come_out_whole() {
    let _guard = guard("reads_and_writes_of_all_sizes_come_out_whole");
    let (client, server) = pair().await;
    let (_keep, mut output) = client.split();
    let (mut input, _back) = server.split();
    let data = Random::new(5).bytes(1 << 20);
    let sent = data.clone();
    let writer = spawn(async move {
        let (mut random, mut rest) = (Random::new(6), &sent[..]);
        while !rest.is_empty() {
            let sizes = [1, 10, 1_000, 16_000, 16_120, 40_000];
            let size = sizes[random.below(6)];
            let (piece, after) = rest.split_at((random.below(size) + 1).min(rest.len()));
            match random.below(3) {
                0 => output.write(piece).await?,
                1 => output.write_buffer(seastar::net::TemporaryBuffer::copy_of(piece).unwrap()).await?,
                _ => {
                    output.write(piece).await?;
                    output.flush().await?;
                }
            }
            rest = after;
        }
        output.close().await
    });
    let (mut received, mut random) = (Vec::new(), Random::new(7));
    loop {
        let len = random.below(30_000) + 1;
        let bytes = match random.below(3) {
            0 => input.read().await,
            1 => input.read_up_to(len).await,
            _ => input.read_exactly(len).await,
        };
        let bytes = bytes.unwrap();
        if bytes.is_empty() {
            break;
        }
        received.extend_from_slice(&bytes);
    }
    assert!(received == data, "{} of {} bytes", received.len(), data.len());
    writer.await.unwrap().unwrap();
}

#[seastar::test(shards = 1)]
async fn a_read_that_is_dropped_many_times_loses_no_byte() {
    const BYTES: usize = if cfg!(seastar_asan) { 500 } else { 5_000 };
    let _guard = guard("a_read_that_is_dropped_many_times_loses_no_byte");
    let (client, server) = pair().await;
    let (_keep, mut output) = client.split();
    let (mut input, _back) = server.split();
    let writer = spawn(async move {
        let mut random = Random::new(1);
        for n in 0..BYTES {
            output.write([n as u8]).await?;
            output.flush().await?;
            sleep(Duration::from_micros(random.below(200) as u64)).await;
        }
        output.close().await
    });
    let (mut received, mut late) = (0, 0);
    loop {
        match timeout(Duration::from_micros(50), input.read()).await {
            Ok(bytes) => {
                let bytes = bytes.unwrap();
                if bytes.is_empty() {
                    break;
                }
                for &byte in &*bytes {
                    assert_eq!(byte, received as u8, "byte {received}");
                    received += 1;
                }
            }
            Err(_) => late += 1,
        }
    }
    assert_eq!(received, BYTES);
    assert!(late > 0, "no read was ever cut short");
    writer.await.unwrap().unwrap();
}

#[seastar::test(shards = 1)]
async fn a_write_that_waits_and_is_dropped_leaves_the_stream_whole() {
    let _guard = guard("a_write_that_waits_and_is_dropped_leaves_the_stream_whole");
    let (client, server) = pair().await;
    let (_keep, mut output) = client.split();
    let (mut input, _back) = server.split();
    // Each write begins where the one before says that it has ended: at any multiple of the pattern.
    let late = timeout(Duration::from_millis(50), output.write(vec![b'x'; 64 << 20])).await;
    assert!(late.is_err(), "nobody reads");
    let reader = spawn(async move { read_to_end(&mut input).await });
    output.write(b"end").await.unwrap();
    output.close().await.unwrap();
    let all = reader.await.unwrap().unwrap();
    let (front, end) = all.split_at(all.len() - 3);
    assert_eq!(end, b"end");
    assert!(front.iter().all(|&byte| byte == b'x') && !front.is_empty());
}
