//! What TLS allocates once it is warm: nothing of its own, and what rustls does for each record.
#![allow(missing_docs)]

#[path = "support/authority.rs"]
mod authority;
#[path = "support/counting.rs"]
mod counting;

use authority::Authority;
use counting::allocations;
use seastar::net::UnixStream;
use seastar::tls::{ClientOptions, ServerOptions, TlsAcceptor, TlsConnector, TlsStream};

/// A client and a server that have shaken hands, both on this shard.
async fn pair() -> (TlsStream<UnixStream>, TlsStream<UnixStream>) {
    let authority = Authority::new();
    let acceptor = TlsAcceptor::new([authority.issue(&["server.test"])], ServerOptions::new()).unwrap();
    let connector = TlsConnector::new(ClientOptions::new().roots(authority.roots())).unwrap();
    let (client, server) = UnixStream::pair().unwrap();
    let (client, server) =
        seastar::when_all!(connector.connect("server.test", client), acceptor.accept(server));
    (client.unwrap(), server.unwrap())
}

#[seastar::test(shards = 1)]
async fn a_record_costs_one_allocation_of_rustls_where_it_is_made_and_one_where_it_is_read() {
    let (client, server) = pair().await;
    let ((mut client_input, mut client_output), (mut input, mut output)) = (client.split(), server.split());
    // Some of a record, nearly all of one, and three; each there and back.
    for (size, records) in [(64, 1), (4096, 1), (16_000, 1), (40_000, 3)] {
        let message = vec![7; size];
        let mut counts = Vec::with_capacity(100);
        for _ in 0..100 {
            client_output.write(&message).await.unwrap();
            client_output.flush().await.unwrap();
            let request = input.read_exactly(size).await.unwrap();
            output.write_buffer(request).await.unwrap();
            output.flush().await.unwrap();
            assert_eq!(client_input.read_exactly(size).await.unwrap().len(), size);
            counts.push(allocations());
        }
        assert_eq!(counts[99] - counts[49], 50 * 2 * records * 2, "{size} bytes");
    }
}
