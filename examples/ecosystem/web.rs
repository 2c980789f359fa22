//! A web application by axum: its router is a service of tower, of which every shard has one.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use seastar::clap;
use seastar::compat::OnShard;
use seastar::compat::tower::serve;
use seastar::net::listen;
use tower::limit::ConcurrencyLimitLayer;

#[derive(clap::Args)]
struct Args {
    /// Port to listen on; 0 lets the system choose
    #[arg(long, default_value_t = 8080)]
    port: u16,
}

// ANCHOR: main
/// Serves a web application on every shard.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    let listener = listen(args.port)?;
    let port = listener.local_address().port();
    println!("Listening on port {port} for HTTP. Try: curl http://127.0.0.1:{port}/greet/world");
    serve(listener, router).await
}

/// Called on each shard.
fn router() -> Router {
    Router::new()
        .route("/greet/{name}", get(async |Path(name): Path<String>| format!("Hello, {name}!\n")))
        .route("/nap", get(nap))
        .route("/neighbour", get(neighbour))
        .layer(ConcurrencyLimitLayer::new(100))
}
// ANCHOR_END: main

// ANCHOR: handlers
/// Handlers of axum have to be `Send`, and what waits on a shard is not, as long as nothing says that it
/// stays here.
async fn nap() -> &'static str {
    OnShard::new(seastar::sleep(Duration::from_millis(10))).await;
    "That was short.\n"
}

async fn neighbour() -> String {
    let next = (seastar::this_shard() + 1) % seastar::shard_count();
    let answer = OnShard::new(seastar::submit_to(next, async || {
        format!("This is shard {}.\n", seastar::this_shard())
    }));
    answer.await
}
// ANCHOR_END: handlers
