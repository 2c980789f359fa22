//! What programs say by tracing: through our subscriber, and through their own.

use crate::expected::{assert_output, assert_shape};
use crate::program::{run, two_shards};
use crate::server::Server;

#[test]
fn requests_are_told_apart_in_the_log() {
    let options = [two_shards(), &["--logger-log-level", "seastar=warn"]].concat();
    let server = Server::start("traced_web", &options);
    let address = format!("127.0.0.1:{}", server.port);
    let printed = run("http_client", &[&address, "/order/tea", "/order/milk"]);
    assert_output("traced_web.client", &printed.stdout);
    let finished = server.stop();
    assert_shape("traced_web", &finished.stderr);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
}

#[test]
fn spans_are_not_there_where_their_level_is_not() {
    let options = ["-c1", "--default-log-level", "warn", "--logger-log-level", "tower_http=info"];
    let server = Server::start("traced_web", &options);
    run("http_client", &[&format!("127.0.0.1:{}", server.port), "/order/milk"]);
    let finished = server.stop();
    let messages: Vec<_> =
        finished.stderr.lines().filter_map(|line| Some(line.split_once(" - ")?.1)).collect();
    let [sold_out, finished] = messages[..] else { panic!("{messages:?}") };
    assert!(sold_out.ends_with("/order/milk version=HTTP/1.1}: sold out"), "{sold_out}");
    assert!(finished.contains("}: finished processing request"), "{finished}");
}

#[test]
fn a_program_has_its_own_subscriber() {
    let printed = run("own_subscriber", &["-c1", "--default-log-level", "off"]);
    assert_eq!((printed.code, &*printed.stderr), (Some(0), ""));
    assert_output("own_subscriber", &printed.stdout);
}
