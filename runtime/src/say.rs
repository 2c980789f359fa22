//! What the runtime itself says in the log, under the name `seastar`.
//!
//! With the feature `tracing`, and a subscriber that is not ours, it becomes an event of that one, with shard and fiber as fields. It does
//! not take the way through the crate `log`, where fields would be lost.

/// Says it at a level of the crate `log`. With `of`, it is about the fiber that was spawned at that place, else about the one that runs.
#[cfg(not(feature = "tracing"))]
macro_rules! say {
    ($level:ident of $fiber:expr, $($message:tt)+) => {
        say!($level, $($message)+)
    };
    ($level:ident, $($message:tt)+) => {
        ::log::log!(target: "seastar", ::log::Level::$level, $($message)+)
    };
}

/// Says it at a level of the crate `log`. With `of`, it is about the fiber that was spawned at that place, else about the one that runs.
#[cfg(feature = "tracing")]
macro_rules! say {
    ($level:ident of $fiber:expr, $($message:tt)+) => {
        match $crate::say::elsewhere() {
            Some(source) => say!(@event $level, source.shard, Some($fiber), $($message)+),
            None => say!(@line $level, $($message)+),
        }
    };
    ($level:ident, $($message:tt)+) => {
        match $crate::say::elsewhere() {
            Some(source) => say!(@event $level, source.shard, source.fiber, $($message)+),
            None => say!(@line $level, $($message)+),
        }
    };
    (@event $level:ident, $shard:expr, $fiber:expr, $($message:tt)+) => {
        ::tracing::event!(
            target: "seastar",
            $crate::say::level::$level,
            shard = $shard,
            fiber = $fiber.map(::tracing::field::display),
            $($message)+
        )
    };
    (@line $level:ident, $($message:tt)+) => {
        ::log::log!(target: "seastar", ::log::Level::$level, $($message)+)
    };
}

#[cfg(feature = "tracing")]
pub(crate) use traced::{Ours, Source, elsewhere, introduce, level};

#[cfg(feature = "tracing")]
mod traced {
    use std::panic::Location;
    use std::sync::OnceLock;

    use tracing::Subscriber;
    use tracing::dispatcher::get_default;
    use tracing::subscriber::NoSubscriber;
    use tracing_subscriber::Layer;

    /// Who speaks.
    #[derive(Default)]
    pub(crate) struct Source {
        pub(crate) shard: Option<u32>,
        /// Where the fiber was spawned.
        pub(crate) fiber: Option<&'static Location<'static>>,
    }

    /// The part of our subscriber by which it is recognized.
    pub(crate) struct Ours;

    impl<S: Subscriber> Layer<S> for Ours {}

    static SOURCE: OnceLock<fn() -> Source> = OnceLock::new();

    /// Tells how to find out who speaks, which floors above this one know.
    pub(crate) fn introduce(source: fn() -> Source) {
        let _ = SOURCE.set(source);
    }

    /// Who speaks, if a subscriber of the program's listens on this thread.
    pub(crate) fn elsewhere() -> Option<Source> {
        let is_of_program =
            get_default(|subscriber| !subscriber.is::<NoSubscriber>() && !subscriber.is::<Ours>());
        is_of_program.then(|| SOURCE.get().map_or_else(Source::default, |source| source()))
    }

    /// The levels of `tracing` under the names that `log` has for them.
    #[allow(non_upper_case_globals)]
    pub(crate) mod level {
        use tracing::Level;

        pub(crate) const Error: Level = Level::ERROR;
        pub(crate) const Warn: Level = Level::WARN;
        pub(crate) const Info: Level = Level::INFO;
        pub(crate) const Debug: Level = Level::DEBUG;
        pub(crate) const Trace: Level = Level::TRACE;
    }
}
