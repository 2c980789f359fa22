//! What does not concern a key.

use std::io;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::connection::Answers;
use super::dump;
use super::exchange::Exchange;
use super::shard::Shard;
use super::stats;
use crate::protocol::{Control, Dump};

/// The version of memcached whose protocol this is, as clients like to read it.
pub const VERSION: &str = "1.6.40";

/// Whether a connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    GoesOn,
    Ends,
}

impl Control<'_> {
    /// Whether everything before it has to be done first, on all shards.
    pub(super) fn waits_for_others(&self) -> bool {
        matches!(self, Control::Stats(_) | Control::FlushAll { .. } | Control::Dump(_))
    }
}

/// Does what is asked. What needs other shards finds nothing waiting in `exchange`.
pub(super) async fn answer(
    shard: &Shard,
    control: Control<'_>,
    exchange: &mut Exchange,
    output: &mut impl Answers,
) -> io::Result<Flow> {
    match control {
        Control::Nothing => {}
        Control::Answer(text) => {
            exchange.say(text.as_bytes());
            exchange.say(b"\r\n");
        }
        Control::MetaNoop => exchange.say(b"MN\r\n"),
        Control::Version => exchange.answer_here(|answers| {
            answers.extend_from_slice(b"VERSION ");
            answers.extend_from_slice(VERSION.as_bytes());
            answers.extend_from_slice(b"\r\n");
        }),
        Control::Quit => return Ok(Flow::Ends),
        Control::FlushAll { quiet, .. } if !shard.settings.flushes => {
            if !quiet {
                exchange.say(b"CLIENT_ERROR flush_all not allowed\r\n");
            }
        }
        Control::FlushAll { delay, quiet } => {
            // One command, however many shards it goes to.
            shard.cache.borrow_mut().counters.cmd_flush += 1;
            shard.peers.flush_all(delay).await?;
            if !quiet {
                exchange.say(b"OK\r\n");
            }
        }
        Control::Stats(kind) => stats::answer(shard, kind, exchange).await?,
        Control::Dump(dump) if !shard.settings.dumps => exchange.say(match dump {
            Dump::Lines(_) => b"ERROR metadump not allowed\r\n",
            Dump::Commands(_) => b"ERROR key dump not allowed\r\n",
            Dump::Class(..) => b"CLIENT_ERROR stats cachedump not allowed\r\n",
        }),
        Control::Shutdown if !shard.settings.shuts_down => {
            exchange.say(b"SERVER_ERROR: shutdown not enabled\r\n");
        }
        Control::Shutdown => {
            // Everything ends in order. Not by SIGINT, which a server that a shell started in the background ignores.
            kill(Pid::this(), Signal::SIGTERM).map_err(io::Error::from)?;
            return Ok(Flow::Ends);
        }
        Control::Dump(dump) => dump::answer(shard, dump, exchange, output).await?,
    }
    Ok(Flow::GoesOn)
}
