//! A web application that says by tracing what it does: each line of the log names the request that it belongs to.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use seastar::clap;
use seastar::compat::OnShard;
use seastar::compat::tower::serve;
use seastar::net::listen;
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer};
use tracing::{Level, info, instrument, warn};

#[derive(clap::Args)]
struct Args {
    /// Port to listen on; 0 lets the system choose
    #[arg(long, default_value_t = 8080)]
    port: u16,
}

/// Serves a shop on every shard.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    let listener = listen(args.port)?;
    let port = listener.local_address().port();
    println!("Listening on port {port} for HTTP. Try: curl http://127.0.0.1:{port}/order/tea");
    serve(listener, router).await
}

// ANCHOR: router
fn router() -> Router {
    let requests = TraceLayer::new_for_http()
        .make_span_with(DefaultMakeSpan::new().level(Level::INFO))
        .on_response(DefaultOnResponse::new().level(Level::INFO));
    Router::new().route("/order/{item}", get(order)).layer(requests)
}
// ANCHOR_END: router

// ANCHOR: handlers
async fn order(Path(item): Path<String>) -> String {
    OnShard::new(reserve(item)).await
}

#[instrument]
async fn reserve(item: String) -> String {
    info!("asking the store");
    seastar::sleep(Duration::from_millis(5)).await;
    if item == "tea" {
        info!(left = 7, "reserved");
        format!("Ordered: {item}.\n")
    } else {
        warn!("sold out");
        format!("There is no {item} left.\n")
    }
}
// ANCHOR_END: handlers
