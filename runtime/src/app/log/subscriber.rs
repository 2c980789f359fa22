//! The feature `tracing`: a subscriber that writes events like lines of the log, and a way from the log to a subscriber of the program's.
//!
//! Spans are kept by tracing-subscriber, which allocates for each. Which one a fiber is in, tracing tells anew each time it is polled, so
//! what is known of that is known of the thread.

use std::fmt;
use std::io;
use std::sync::OnceLock;
use std::time::SystemTime;

use log::Record;
use tracing::dispatcher::get_default;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::{Interest, set_global_default};
use tracing::{Event, Metadata, Subscriber};
use tracing_log::{AsLog as _, AsTrace as _};
use tracing_subscriber::fmt::format::{DefaultFields, Writer};
use tracing_subscriber::fmt::{self as format, FmtContext, FormatEvent, FormatFields as _, FormattedFields};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Scope};
use tracing_subscriber::{Layer, Registry};

use super::{State, head, state};
use crate::say::{self, Ours};

/// Makes ours the subscriber of all threads, unless the program has one, to which the log goes then.
pub(super) fn install() {
    static OURS: OnceLock<bool> = OnceLock::new();
    let make = || {
        let lines = format::layer()
            .event_format(Line)
            .with_writer(io::stderr)
            .with_ansi(false)
            .log_internal_errors(false);
        tracing_subscriber::registry().with(Ours).with(Filter).with(lines)
    };
    if *OURS.get_or_init(|| set_global_default(make()).is_ok()) {
        // Levels are kept with each place that speaks.
        tracing::callsite::rebuild_interest_cache();
    } else {
        log::set_max_level(LevelFilter::current().as_log());
    }
}

/// Hands a record of the crate `log` to a subscriber of the program's; false if there is none.
pub(super) fn forward(record: &Record<'_>) -> bool {
    let forwards = say::elsewhere().is_some();
    if forwards {
        // The subscriber has nobody to tell what fails.
        let _ = tracing_log::format_trace(record);
    }
    forwards
}

/// Whether a subscriber of the program's wants a record of the crate `log`; `None` if there is no such subscriber.
pub(super) fn wanted(metadata: &log::Metadata<'_>) -> Option<bool> {
    say::elsewhere().map(|_| get_default(|subscriber| subscriber.enabled(&metadata.as_trace())))
}

/// The levels of the log, for events and spans.
struct Filter;

impl Filter {
    fn accepts(metadata: &Metadata<'_>) -> bool {
        let accepts = |state: &State| metadata.level().as_log() <= state.levels.of(metadata.target());
        state().as_ref().is_some_and(accepts)
    }
}

impl<S: Subscriber> Layer<S> for Filter {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if Filter::accepts(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        Filter::accepts(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        state().as_ref().map(|state| state.levels.max().as_trace())
    }
}

/// `INFO  2026-11-23 08:05:18,123 [shard 0] shop - order{number=7}: message key=value`
struct Line;

impl<S> FormatEvent<S, DefaultFields> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, DefaultFields>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        let shard = state().as_ref().map(|state| state.shard).and_then(|shard| shard());
        head(&mut line, metadata.level().as_log(), metadata.target(), shard, SystemTime::now())?;
        // As in other lines: what fails here is of the caller's, and ends the line.
        let _ = context.event_scope().map_or(Ok(()), |scope| write_scope(&mut line, scope));
        let _ = context.format_fields(line.by_ref(), event);
        line.write_char('\n')
    }
}

/// Writes the spans that this thread is in, for a record of the crate `log`.
pub(super) fn write_context(line: &mut impl fmt::Write) -> fmt::Result {
    get_default(|subscriber| {
        let current = subscriber.current_span();
        let registry = subscriber.downcast_ref::<Registry>();
        let span = registry.zip(current.id()).and_then(|(registry, id)| registry.span(id));
        span.map_or(Ok(()), |span| write_scope(line, span.scope()))
    })
}

/// Writes `server{port=80}:request: `, or nothing outside of all spans.
fn write_scope<'a, S: LookupSpan<'a>>(line: &mut impl fmt::Write, scope: Scope<'a, S>) -> fmt::Result {
    let mut before = "";
    for span in scope.from_root() {
        write!(line, "{before}{}", span.name())?;
        before = ":";
        if let Some(fields) = span.extensions().get::<FormattedFields<DefaultFields>>()
            && !fields.is_empty()
        {
            write!(line, "{{{fields}}}")?;
        }
    }
    if before.is_empty() { Ok(()) } else { line.write_str(": ") }
}
