//! `web`: an axum router on every shard.

use crate::expected::{assert_output, assert_shape};
use crate::program::{run, two_shards};
use crate::server::Server;

#[test]
fn pages_of_an_axum_router_are_served() {
    for shards in [&["-c1"], two_shards()] {
        let server = Server::start("web", shards);
        let address = format!("127.0.0.1:{}", server.port);
        let pages = ["/greet/world", "/nap", "/greet"];
        let printed = run("http_client", &[&[&*address], &pages[..]].concat());
        assert_output("web.client", &printed.stdout);
        let printed = run("http_client", &["--http2", &address, "/neighbour"]);
        assert_shape("web.neighbour", &printed.stdout);
        let finished = server.stop();
        assert_shape("web", &finished.stdout);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    }
}
