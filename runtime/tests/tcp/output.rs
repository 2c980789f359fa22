//! Writing: OUT-1 to OUT-5.

use std::time::Duration;

use seastar::net::{TemporaryBuffer, UnixStream};
use seastar::{memory_statistics, sleep, spawn, timeout, yield_now};

use super::{pipe, read_to_end};

/// Sizes on both sides of what gathers, with the block's header taken off.
const SIZES: [usize; 6] = [1, 100, 4_092, 4_093, 8_184, 70_000];

#[derive(Clone, Copy)]
enum How {
    Copy,
    Buffer,
}

// OUT-2
#[seastar::test]
async fn writes_of_all_sizes_and_kinds_come_in_order() {
    let steps: Vec<_> =
        [How::Copy, How::Buffer].iter().flat_map(|how| SIZES.map(|size| (*how, size))).collect();
    let (mut output, mut input, _back) = pipe().await;
    let writer = spawn(async move {
        let mut next = 0u8;
        let mut sent = 0u64;
        for first in &steps {
            for second in &steps {
                for third in &steps {
                    for (how, size) in [first, second, third] {
                        let bytes: Vec<u8> = (0..*size).map(|n| next.wrapping_add(n as u8)).collect();
                        next = next.wrapping_add(*size as u8);
                        sent += *size as u64;
                        match how {
                            How::Copy => output.write(&bytes).await?,
                            How::Buffer => {
                                output.write_buffer(TemporaryBuffer::copy_of(&bytes).unwrap()).await?;
                            }
                        }
                    }
                    output.flush().await?;
                }
                yield_now().await;
            }
        }
        output.close().await.map(|()| sent)
    });
    let (mut next, mut received) = (0u8, 0u64);
    loop {
        let bytes = input.read().await.unwrap();
        if bytes.is_empty() {
            break;
        }
        for byte in bytes.iter() {
            assert_eq!(*byte, next, "byte {received}");
            next = next.wrapping_add(1);
            received += 1;
        }
    }
    assert_eq!(writer.await.unwrap().unwrap(), received);
}

// OUT-3
#[seastar::test]
async fn what_is_flushed_arrives_and_what_is_not_waits() {
    let (mut output, mut input, _back) = pipe().await;
    output.flush().await.unwrap();
    output.write(b"").await.unwrap();
    output.write_buffer(TemporaryBuffer::empty()).await.unwrap();
    output.flush().await.unwrap();
    assert!(timeout(Duration::from_millis(5), input.read()).await.is_err(), "nothing was written");
    output.write(b"one").await.unwrap();
    assert!(timeout(Duration::from_millis(5), input.read()).await.is_err(), "nothing was flushed");
    output.flush().await.unwrap();
    // What is written before the turn ends goes out together.
    output.write(b"two").await.unwrap();
    assert_eq!(&*input.read().await.unwrap(), b"onetwo");
}

/// More than the reactor keeps sends of at once.
#[seastar::test]
async fn what_many_connections_flush_in_one_turn_arrives_on_each() {
    let mut pipes = Vec::new();
    for _ in 0..600 {
        pipes.push(pipe().await);
    }
    for round in 0..2 {
        for (output, _, _) in &mut pipes {
            output.write([round]).await.unwrap();
            output.flush().await.unwrap();
        }
        for (_, input, _) in &mut pipes {
            assert_eq!(*input.read().await.unwrap(), [round]);
        }
    }
}

#[seastar::test]
async fn what_is_not_flushed_is_sent_at_the_latest_when_the_stream_is_dropped() {
    let (mut output, mut input, back) = pipe().await;
    output.write(b"last words").await.unwrap();
    drop((output, back));
    assert_eq!(read_to_end(&mut input).await.unwrap(), b"last words");
}

#[seastar::test]
async fn much_that_is_written_and_dropped_is_sent_too() {
    let (mut output, mut input, back) = pipe().await;
    let writer = spawn(async move {
        output.write(vec![1; 3 << 20]).await?;
        drop((output, back));
        Ok::<_, std::io::Error>(())
    });
    let mut received = 0;
    loop {
        let bytes = input.read().await.unwrap();
        received += bytes.len();
        if bytes.is_empty() {
            break;
        }
        sleep(Duration::from_micros(50)).await;
    }
    assert_eq!(received, 3 << 20);
    writer.await.unwrap().unwrap();
}

// OUT-1
#[seastar::test]
async fn a_write_waits_while_the_peer_does_not_read() {
    let (mut output, mut input, _back) = pipe().await;
    let writer = spawn(async move {
        for n in 0..64u32 {
            output.write(vec![n as u8; 1 << 20]).await?;
        }
        output.close().await
    });
    sleep(Duration::from_millis(50)).await;
    assert!(!writer.is_finished(), "64 MiB fit no socket");
    let mut received = 0;
    loop {
        let bytes = input.read().await.unwrap();
        if bytes.is_empty() {
            break;
        }
        assert!(bytes.iter().enumerate().all(|(n, byte)| *byte == ((received + n) >> 20) as u8));
        received += bytes.len();
    }
    assert_eq!(received, 64 << 20);
    writer.await.unwrap().unwrap();
}

#[seastar::test]
async fn a_static_buffer_of_any_size_is_sent_as_it_is() {
    static LARGE: [u8; 5 << 20] = [42; 5 << 20];
    let (mut output, mut input, _back) = pipe().await;
    let writer = spawn(async move {
        output.write(b"head").await?;
        output.write_buffer(TemporaryBuffer::from_static(&LARGE)).await?;
        output.write(b"tail").await?;
        output.close().await
    });
    let all = read_to_end(&mut input).await.unwrap();
    assert!(all.len() == LARGE.len() + 8 && all.starts_with(b"head") && all.ends_with(b"tail"));
    assert!(all[4..4 + LARGE.len()] == LARGE);
    writer.await.unwrap().unwrap();
}

#[seastar::test]
async fn a_write_that_is_dropped_leaves_the_stream_usable() {
    let (mut output, mut input, _back) = pipe().await;
    let large = vec![1u8; 32 << 20];
    assert!(timeout(Duration::from_millis(20), output.write(&large)).await.is_err());
    let writer = spawn(async move {
        output.write(b"end").await?;
        output.close().await
    });
    let all = read_to_end(&mut input).await.unwrap();
    let (ones, end) = all.split_at(all.len() - 3);
    assert!(end == b"end" && ones.len() < large.len() && ones.iter().all(|byte| *byte == 1));
    writer.await.unwrap().unwrap();
}

/// A large write takes a large buffer, but only from memory that nothing else needs.
#[seastar::test(shards = 1, memory = "16M")]
async fn large_writes_that_nobody_reads_leave_memory_to_others() {
    const WRITERS: usize = 200;
    let mut peers = Vec::new();
    let mut writers = Vec::new();
    for n in 0..WRITERS {
        let (ours, peer) = UnixStream::pair().unwrap();
        peers.push(peer);
        writers.push(spawn(async move {
            let (_input, mut output) = ours.split();
            output.write(vec![n as u8; 1 << 20]).await?;
            output.close().await
        }));
    }
    sleep(Duration::from_millis(50)).await;
    let memory = memory_statistics();
    assert!(memory.used < memory.budget * 3 / 4, "{memory:?}");
    for (n, peer) in peers.into_iter().enumerate() {
        let (mut input, _output) = peer.split();
        assert!(read_to_end(&mut input).await.unwrap() == vec![n as u8; 1 << 20], "of writer {n}");
    }
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
}
