//! A program that brings its own subscriber of tracing, and hears there what the runtime says, with shard and fiber.

use std::fmt;

use seastar::compat::tracing::shard;
use tracing::{Event, Subscriber, info};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

// ANCHOR: main
/// Logs in the format of tracing-subscriber.
#[seastar::main(own_log)]
async fn main() {
    let format = WithShard(tracing_subscriber::fmt::format().without_time());
    tracing_subscriber::fmt().with_ansi(false).event_format(format).init();
    info!(shards = seastar::shard_count(), "all is well");
    seastar::spawn(async { Err::<(), _>("no milk") }).detach();
    seastar::yield_now().await;
    log::info!("by the crate `log`");
}
// ANCHOR_END: main

// ANCHOR: format
/// A format of tracing-subscriber, with the shard in front.
struct WithShard<F>(F);

impl<S, N, F> FormatEvent<S, N> for WithShard<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        match shard() {
            Some(shard) => write!(writer, "{shard} ")?,
            None => writer.write_str("- ")?,
        }
        self.0.format_event(context, writer, event)
    }
}
// ANCHOR_END: format
