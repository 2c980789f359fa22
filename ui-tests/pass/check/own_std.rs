// Traits and modules that share names with what blocks.
#![deny(warnings)]

use std::borrow::Borrow;
use std::io::{BufRead, Cursor, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

fn borrowed<T: Borrow<str>>(text: &T) -> usize {
    text.borrow().len()
}

#[seastar::main(shards = 1)]
async fn main() -> std::io::Result<()> {
    use std::fs::Permissions;
    use std::process::Command;
    use std::sync::mpsc;

    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 80);
    let same = std::net::SocketAddr::from(([127, 0, 0, 1], 80));
    seastar::yield_now().await;
    assert_eq!(address, same);
    let mut line = String::new();
    Cursor::new("one\ntwo").read_line(&mut line)?;
    let mut rest = Vec::new();
    let mut reader = Cursor::new("three");
    seastar::yield_now().await;
    reader.read_to_end(&mut rest)?;
    assert_eq!((&*line, rest.len(), borrowed(&line)), ("one\n", 5, 4));
    let path = Path::new("a").join("b");
    let command = Command::new("never run");
    let kind = std::io::Error::other("no").kind();
    let (sender, receiver) = mpsc::channel();
    sender.send(1).unwrap();
    seastar::yield_now().await;
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(receiver.try_iter().next().is_none());
    let _ = (path, command, kind, None::<Permissions>);
    Ok(())
}
