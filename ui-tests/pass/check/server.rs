// A server with a client, as one writes them.
#![deny(warnings)]

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;

use seastar::net::{TcpStream, connect, listen};

#[derive(Default)]
struct Counts {
    clients: usize,
    bytes: HashMap<usize, usize>,
}

async fn count(stream: TcpStream, counts: Rc<RefCell<Counts>>) -> io::Result<()> {
    let (mut input, mut output) = stream.split();
    loop {
        let bytes = input.read().await?;
        if bytes.is_empty() {
            return output.close().await;
        }
        *counts.borrow_mut().bytes.entry(0).or_default() += bytes.len();
        output.write_buffer(bytes).await?;
        output.flush().await?;
    }
}

#[seastar::main(shards = 1)]
async fn main() -> io::Result<()> {
    let listener = listen("127.0.0.1:0")?;
    let address = listener.local_address();
    let counts = Rc::new(RefCell::new(Counts::default()));
    let server = seastar::spawn({
        let counts = counts.clone();
        async move {
            let (stream, _peer) = listener.accept().await?;
            counts.borrow_mut().clients += 1;
            count(stream, counts).await
        }
    });
    let stream = connect(address).await?;
    let (mut input, mut output) = stream.split();
    output.write("hello").await?;
    output.flush().await?;
    let mut answer = Vec::new();
    while answer.len() < 5 {
        let part = input.read().await?;
        answer.extend_from_slice(&part);
    }
    output.close().await?;
    server.await.unwrap()?;
    let counts = counts.borrow();
    assert_eq!((counts.clients, counts.bytes[&0], &*answer), (1, 5, &b"hello"[..]));
    Ok(())
}
