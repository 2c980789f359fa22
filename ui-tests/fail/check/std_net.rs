// Sockets of the standard library wait in the kernel, with the whole shard.
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream as Connection};

#[seastar::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let (mut client, _) = listener.accept()?;
    Connection::connect("127.0.0.1:1")?.write_all(b"hello")?;
    std::net::UdpSocket::bind("127.0.0.1:0")?.send_to(b"hello", "127.0.0.1:1")?;
    client.read_exact(&mut [0])
}
