//! Handshakes: what is agreed on, over which streams, and how they end early.

use std::io::ErrorKind;
use std::time::Duration;

use seastar::net::UnixStream;
use seastar::sync::{AbortSource, Limit};
use seastar::tls::rustls::ProtocolVersion;
use seastar::tls::{ClientOptions, ServerOptions, TlsAcceptor, TlsConnector};
use seastar::{spawn, yield_now};

use super::authority::Authority;
use super::guard::guard;
use super::{NAME, both, echo, read_to_end, shake_hands, tcp_pair};

#[seastar::test(shards = 1)]
async fn both_sides_agree_on_a_protocol_or_the_handshake_fails() {
    let authority = Authority::new();
    let speaking = |protocols: &[&str]| {
        TlsConnector::new(ClientOptions::new().roots(authority.roots()).alpn(protocols)).unwrap()
    };
    let options = ServerOptions::new().alpn(["h2", "http/1.1"]);
    let acceptor = TlsAcceptor::new([authority.issue(&[NAME])], options).unwrap();
    for (offered, agreed) in [
        (&["http/1.1", "h2"][..], Some(&b"h2"[..])),
        (&["http/1.1", "http/1.0"], Some(b"http/1.1")),
        (&[], None),
    ] {
        let (client, server) = shake_hands(&acceptor, &speaking(offered), NAME, tcp_pair().await).await;
        let (client, server) = (client.unwrap(), server.unwrap());
        assert_eq!(client.alpn_protocol().as_deref(), agreed);
        assert_eq!(server.alpn_protocol().as_deref(), agreed);
        assert_eq!(server.protocol_version(), Some(ProtocolVersion::TLSv1_3));
        assert_eq!(server.cipher_suite(), client.cipher_suite());
    }
    let (client, server) = shake_hands(&acceptor, &speaking(&["smtp"]), NAME, tcp_pair().await).await;
    let (client, server) = (client.unwrap_err().to_string(), server.unwrap_err().to_string());
    assert_eq!(client, "TLS handshake with server.test: received fatal alert: NoApplicationProtocol");
    assert_eq!(server, "TLS handshake with a client: peer doesn't support any known protocol");
}

#[seastar::test(shards = 1)]
async fn tls_goes_over_unix_sockets_over_tls_and_over_streams_that_were_read_from() {
    let _guard = guard("tls_goes_over_unix_sockets_over_tls_and_over_streams_that_were_read_from");
    let (acceptor, connector) = both(ServerOptions::new());
    let over_unix = shake_hands(&acceptor, &connector, NAME, UnixStream::pair().unwrap()).await;
    let (client, server) = (over_unix.0.unwrap(), over_unix.1.unwrap());
    let twice = shake_hands(&acceptor, &connector, NAME, (client, server)).await;
    let (client, server) = (twice.0.unwrap(), twice.1.unwrap());

    // As in protocols that begin in plain text.
    let (mut client, mut server) = (client.split(), server.split());
    client.1.write(b"STARTTLS\n").await.unwrap();
    client.1.flush().await.unwrap();
    assert_eq!(&*server.0.read_until(b'\n', 100).await.unwrap(), b"STARTTLS\n");
    let thrice = shake_hands(&acceptor, &connector, NAME, (client, server)).await;
    let (client, server) = (thrice.0.unwrap(), thrice.1.unwrap());

    let server = spawn(echo(server));
    let (mut input, mut output) = client.split();
    let data: Vec<u8> = (0..200_000u32).map(|n| (n % 251) as u8).collect();
    let sent = data.clone();
    let writer = spawn(async move {
        output.write(&sent).await?;
        output.close().await
    });
    assert!(read_to_end(&mut input).await.unwrap() == data);
    writer.await.unwrap().unwrap();
    server.await.unwrap().unwrap();
}

#[seastar::test(shards = 1)]
async fn a_peer_that_never_speaks_is_given_up_by_either_side() {
    let (acceptor, connector) = both(ServerOptions::new().handshake_timeout(Duration::from_millis(5)));
    let (silent, server) = tcp_pair().await;
    let error = acceptor.accept(server).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(error.to_string(), "TLS handshake with a client: nothing came of it within 5ms");
    // What the server had of the connection is gone.
    assert!(silent.split().0.read().await.unwrap().is_empty());

    let (acceptor, _) = both(ServerOptions::new());
    let (_silent, server) = tcp_pair().await;
    let error = acceptor.accept(server).within(Duration::from_millis(1)).await.unwrap_err();
    assert_eq!(error.to_string(), "TLS handshake with a client: no answer within the time limit");

    let (client, _silent) = tcp_pair().await;
    let error = connector.connect(NAME, client).within(Duration::from_millis(1)).await.unwrap_err();
    assert_eq!(error.to_string(), "TLS handshake with server.test: no answer within the time limit");

    let (client, _silent) = tcp_pair().await;
    let abort = std::rc::Rc::new(AbortSource::new());
    let (handshake, source) = (connector.connect(NAME, client), abort.clone());
    let given_up = spawn(async move { handshake.unless(&source).await.map(drop) });
    yield_now().await;
    abort.abort();
    let error = given_up.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
    assert_eq!(error.to_string(), "TLS handshake with server.test: given up because of an abort");
}

#[seastar::test(shards = 1)]
async fn a_peer_that_goes_away_ends_the_handshake() {
    let (acceptor, connector) = both(ServerOptions::new());
    let (client, server) = tcp_pair().await;
    drop(client);
    let error = acceptor.accept(server).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert_eq!(error.to_string(), "TLS handshake with a client: the peer has ended the connection");

    let (client, server) = tcp_pair().await;
    drop(server);
    let error = connector.connect(NAME, client).await.unwrap_err();
    assert!(error.to_string().starts_with("TLS handshake with server.test: "), "{error}");
}
