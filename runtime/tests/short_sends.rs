//! What is left of an answer is sent when there is room, although nobody waits for it and nothing else happens.
#![allow(missing_docs)]

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream as Client};
use std::thread;
use std::time::Duration;

use seastar::net::{TcpStream, listen};
use seastar::spawn;
use socket2::SockRef;

const ANY: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);
const ANSWER: usize = 4_000;

/// Answers each byte at once, and waits for the next one only.
async fn answer(stream: TcpStream) -> io::Result<()> {
    stream.control().set_send_buffer_size(10_000)?;
    let (mut input, mut output) = stream.split();
    let answer = [7; ANSWER];
    while !input.read_exactly(1).await?.is_empty() {
        output.write(&answer).await?;
        output.flush().await?;
    }
    Ok(())
}

#[seastar::test]
async fn the_rest_of_an_answer_follows_when_the_client_reads() {
    let (listener, done) = (listen(ANY).unwrap(), listen(ANY).unwrap());
    let (address, end) = (listener.local_address(), done.local_address());
    let service = spawn(listener.serve(answer));
    let clients = thread::spawn(move || {
        for requests in 1..30 {
            let mut client = Client::connect(address).unwrap();
            client.set_nodelay(true).unwrap();
            SockRef::from(&client).set_recv_buffer_size(20_000).unwrap();
            client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            for _ in 0..requests {
                client.write_all(&[1]).unwrap();
                thread::sleep(Duration::from_millis(3));
            }
            let mut answers = vec![0; requests * ANSWER];
            let read = client.read_exact(&mut answers);
            assert!(read.is_ok(), "after {requests} requests: {read:?}");
        }
        drop(Client::connect(end).unwrap());
    });
    done.accept().await.unwrap();
    service.cancel();
    clients.join().unwrap();
}
