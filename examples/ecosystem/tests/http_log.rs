//! What is logged about HTTP: a handler's failure is, and what a peer does is not.
#![allow(clippy::disallowed_methods)]

#[path = "../../../runtime/tests/support/log.rs"]
mod log;

use std::io;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use seastar::Options;
use seastar::compat::hyper::Http;
use seastar::net::{ServeOptions, connect, listen};

async fn answer(request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
    match request.uri().path() {
        "/failure" => Err(io::Error::other("a handler's own failure")),
        "/panic" => panic!("a handler's own panic"),
        _ => {
            request.into_body().collect().await.map_err(io::Error::other)?;
            Ok(Response::default())
        }
    }
}

#[test]
fn handlers_that_fail_are_logged_and_peers_are_not() {
    log::capture();
    let served = seastar::run(Options::new().shards(1), async || {
        let listener = listen("127.0.0.1:0").unwrap();
        let address = listener.local_address();
        let server = Http::new().serve_with(listener, ServeOptions::new(), answer).await.unwrap();
        let requests = [
            "GET /failure HTTP/1.1\r\n\r\n",
            "GET /panic HTTP/1.1\r\n\r\n",
            "POST /body HTTP/1.1\r\ncontent-length: 100\r\n\r\nnot so much",
            "POST /body HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nno number\r\n",
            "no request\r\n\r\n",
            "GET / HTTP/1.1\r\nhal",
        ];
        for reset in [false, true] {
            for request in requests {
                let stream = connect(address).await.unwrap();
                stream.control().set_reset_on_close(reset).unwrap();
                let (mut input, mut output) = stream.split();
                output.write(request).await.unwrap();
                output.flush().await.unwrap();
                if reset {
                    seastar::sleep(Duration::from_millis(10)).await;
                } else {
                    output.close().await.unwrap();
                    while input.read().await.is_ok_and(|bytes| !bytes.is_empty()) {}
                }
            }
        }
        while server.local_statistics().unwrap().open > 0 {
            seastar::sleep(Duration::from_millis(1)).await;
        }
        server.stop().await;
    });
    served.unwrap();
    let failure =
        "WARN seastar - an HTTP connection ended: error from user's Service: a handler's own failure";
    assert_eq!(log::logged("HTTP connection"), [failure, failure]);
    assert_eq!(log::logged("a handler's own panic").len(), 2);
    assert_eq!(log::logged("").len(), 4, "{:?}", log::logged(""));
}
