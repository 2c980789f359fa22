//! What is left of connections and listeners after their program.

use std::net::{SocketAddr, TcpListener as StdListener};

use seastar::net::listen;
use seastar::{Options, spawn, submit_to};

fn options(shards: u32) -> Options {
    Options::new().shards(shards).memory(u64::from(shards) * (64 << 20)).overprovisioned(true)
}

#[test]
fn a_service_that_its_program_leaves_running_frees_its_address() {
    for shard in [0, 1] {
        let address: SocketAddr = seastar::run(options(2), async move || {
            submit_to(shard, async || {
                let listener = listen("127.0.0.1:0").unwrap();
                let address = listener.local_address();
                drop(spawn(listener.serve(async |_| ())));
                // Calls start in order: the service runs on the other shard when this one has.
                for other in [0, 1, 0, 1] {
                    submit_to(other, seastar::yield_now).await;
                }
                address
            })
            .await
        })
        .unwrap();
        StdListener::bind(address).unwrap();
    }
}
