//! Ctrl-C while clients wait for answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use seastar::net::listen;
use seastar::tls::{Certificate, ServerOptions, TlsAcceptor, TlsStream};
use seastar::{Options, sleep};

use super::authority::Authority;
use super::{ANY, NAME, child, std_client, std_config};

/// Answers a while later.
async fn slow_echo(stream: TlsStream<seastar::net::TcpStream>) -> std::io::Result<()> {
    let (mut input, mut output) = stream.split();
    loop {
        let request = input.read().await?;
        if request.is_empty() {
            return output.close().await;
        }
        println!("got it");
        sleep(Duration::from_millis(200)).await;
        output.write_buffer(request).await?;
        output.flush().await?;
    }
}

fn serve(chain: String, key: String) {
    let options = Options::new().shards(2).memory(128 << 20).overprovisioned(true);
    let options = options.grace_period_ms(60_000);
    let run = async move || {
        let certificate = Certificate::from_pem(chain, key).unwrap();
        let acceptor = TlsAcceptor::new([certificate], ServerOptions::new()).unwrap();
        let listener = listen(ANY).unwrap();
        println!("listening on {}", listener.local_address());
        listener.serve(acceptor.before(slow_echo)).await.unwrap();
    };
    seastar::run(options, run).unwrap();
}

#[test]
fn answers_on_their_way_arrive_when_the_program_is_interrupted() {
    const TEST: &str = "stopping::answers_on_their_way_arrive_when_the_program_is_interrupted";
    const CLIENTS: usize = 10;
    if child::is_child(TEST) {
        return serve(
            std::env::var("SEASTAR_TEST_CHAIN").unwrap(),
            std::env::var("SEASTAR_TEST_KEY").unwrap(),
        );
    }
    let authority = Authority::new();
    let (chain, key) = authority.issue_pem(&[NAME], |_| {});
    let mut server = child::again(TEST);
    server.env("SEASTAR_TEST_CHAIN", chain).env("SEASTAR_TEST_KEY", key);
    let mut server = server.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.find_map(|line| Some(line.split_once("listening on ")?.1.to_owned())).unwrap();
    let address: SocketAddr = address.parse().unwrap();

    let config = std_config(&authority);
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| std_client(&config, address)).collect();
    for client in &mut clients {
        client.write_all(b"are you there?").unwrap();
    }
    assert_eq!(lines.by_ref().filter(|line| line.ends_with("got it")).take(CLIENTS).count(), CLIENTS);
    // SAFETY: kill(2) touches no memory; the child is not waited for yet, so the number is still its own.
    assert_eq!(unsafe { libc::kill(server.id() as i32, libc::SIGINT) }, 0);
    for client in &mut clients {
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        assert_eq!(answer, b"are you there?", "and an end in order");
    }
    lines.for_each(drop);
    assert!(server.wait().unwrap().success());
}
