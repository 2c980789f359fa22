//! One connection: reads, lets everything be answered that a read has brought, and sends the answers together.

use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use seastar::Local;
use seastar::net::{InputStream, OutputStream, TemporaryBuffer};

use super::connections::{Connection, Doing, Peer};
use super::control::{self, Flow};
use super::exchange::Exchange;
use super::shard::{Shard, Traffic};
use crate::protocol::{Decoder, Request, Step};

/// What is longer goes out in buffers of its own, in place of the stream's.
const GATHERED_BYTES_MAX: usize = 8000;
/// The sizes of such buffers, a block of the shard's memory each. They are few, because a block that was of one size once
/// is of that size for ever.
const BUFFERS_BYTES: [usize; 2] = [(32 << 10) - 8, (16 << 10) - 8];

/// How long a line may stay without an end that is longer than a command.
const DOUBTFUL_TIMEOUT: Duration = Duration::from_millis(250);

/// Connections of all shards.
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// Where answers go.
pub(super) trait Answers {
    /// Sends `bytes`, or takes them to be sent with others.
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()>;
}

impl Answers for OutputStream {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() <= GATHERED_BYTES_MAX {
            return self.write(bytes).await;
        }
        let mut rest = bytes;
        for size in BUFFERS_BYTES {
            while rest.len() >= size
                && let Some(buffer) = TemporaryBuffer::copy_of(&rest[..size])
            {
                self.write_buffer(buffer).await?;
                rest = &rest[size..];
            }
        }
        self.write(rest).await
    }
}

/// Counts a connection while it is there.
struct Open {
    shard: Local<Shard>,
    connection: Rc<Connection>,
}

impl Open {
    fn new(shard: Local<Shard>, peer: Peer) -> Open {
        OPEN.fetch_add(1, Ordering::Relaxed);
        let counter = &shard.traffic.curr_connections;
        counter.set(counter.get() + 1);
        let connection = shard.connections.add(peer, shard.cache.borrow().now());
        Open { shard, connection }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
        let counter = &self.shard.traffic.curr_connections;
        counter.set(counter.get() - 1);
        self.shard.connections.remove(&self.connection);
    }
}

/// Serves a connection until one side has enough.
pub(super) async fn serve(
    shard: Local<Shard>,
    peer: Peer,
    mut input: InputStream,
    mut output: OutputStream,
) -> io::Result<()> {
    if OPEN.load(Ordering::Relaxed) >= shard.settings.connections_max {
        Traffic::add(&shard.traffic.rejected_connections, 1);
        output.write(b"ERROR Too many open connections\r\n").await?;
        return output.close().await;
    }
    Traffic::add(&shard.traffic.total_connections, 1);
    let open = Open::new(shard, peer);
    let (shard, connection): (&Shard, &Connection) = (&open.shard, &open.connection);
    let mut kept = Kept { shard, decoder: Decoder::new(shard.settings.item_bytes_max), counted: 0 };
    loop {
        let limit = match kept.decoder.is_doubtful() {
            false => shard.settings.idle_timeout,
            true => Some(DOUBTFUL_TIMEOUT),
        };
        let bytes = match limit {
            None => input.read().await?,
            Some(limit) => match seastar::timeout(limit, input.read()).await {
                Ok(read) => read?,
                Err(_) => {
                    Traffic::add(&shard.traffic.idle_kicks, u64::from(!kept.decoder.is_doubtful()));
                    return output.close().await;
                }
            },
        };
        if bytes.is_empty() {
            if kept.decoder.kept_bytes() > 0 {
                // It ended within a command; that it also went is no failure.
                let _ = output.write(b"ERROR\r\n").await;
            }
            return output.close().await;
        }
        Traffic::add(&shard.traffic.bytes_read, bytes.len() as u64);
        connection.does(Doing::Answers, shard.cache.borrow().now());
        let mut exchange = shard.exchange();
        let answered = kept.answer_all(&bytes, &mut exchange, &mut output).await;
        shard.give_back(exchange);
        connection.waits(kept.decoder.kept_bytes() > 0);
        match answered? {
            Flow::GoesOn => output.flush().await?,
            Flow::Ends => return output.close().await,
        }
    }
}

/// What a connection keeps between two reads.
struct Kept<'a> {
    shard: &'a Shard,
    decoder: Decoder,
    /// Bytes of it that the shard has counted.
    counted: usize,
}

impl Kept<'_> {
    async fn answer_all(
        &mut self,
        bytes: &[u8],
        exchange: &mut Exchange,
        output: &mut OutputStream,
    ) -> io::Result<Flow> {
        if self.counted == 0 {
            self.decoder.swap_buffer(&mut exchange.spare);
        }
        let flow = answer_all(self.shard, &mut self.decoder, bytes, exchange, output).await?;
        let kept = self.decoder.kept_bytes();
        let may = kept == self.counted || self.shard.may_gather(self.counted, kept);
        self.counted = kept;
        if kept == 0 {
            self.decoder.swap_buffer(&mut exchange.spare);
        }
        if !may {
            Traffic::add(&self.shard.traffic.gather_refusals, 1);
            output.write(b"SERVER_ERROR out of memory storing object\r\n").await?;
            return Ok(Flow::Ends);
        }
        Ok(flow)
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        self.shard.may_gather(self.counted, 0);
    }
}

/// Answers everything that is complete in `bytes` and what was kept before.
pub(super) async fn answer_all(
    shard: &Shard,
    decoder: &mut Decoder,
    bytes: &[u8],
    exchange: &mut Exchange,
    output: &mut impl Answers,
) -> io::Result<Flow> {
    let mut rest = bytes;
    let mut flow = Flow::GoesOn;
    while flow == Flow::GoesOn {
        match decoder.next(&mut rest) {
            Step::Done => break,
            Step::One(request) => exchange.ask(shard, &request),
            Step::Keys(op, keys) => {
                for key in keys {
                    exchange.ask(shard, &Request { op, key, value: b"", flags: b"" });
                    if exchange.is_full() {
                        settle(shard, exchange, output).await?;
                    }
                }
                exchange.say(b"END\r\n");
            }
            Step::Refused(text) => {
                exchange.say(text.as_bytes());
                exchange.say(b"\r\n");
            }
            Step::Control(request) => {
                if request.waits_for_others() {
                    settle(shard, exchange, output).await?;
                }
                flow = control::answer(shard, request, exchange, output).await?;
            }
            Step::Close => flow = Flow::Ends,
        }
        if exchange.is_full() {
            Traffic::add(&shard.traffic.conn_yields, 1);
            settle(shard, exchange, output).await?;
        }
    }
    settle(shard, exchange, output).await?;
    Ok(flow)
}

/// Gets the answers that have to come from others, and sends all.
#[inline]
async fn settle(shard: &Shard, exchange: &mut Exchange, output: &mut impl Answers) -> io::Result<()> {
    while exchange.waits_for_others() {
        shard.ask_owners(exchange).await?;
        exchange.weave();
        send(shard, exchange, output).await?;
    }
    send(shard, exchange, output).await
}

#[inline]
async fn send(shard: &Shard, exchange: &mut Exchange, output: &mut impl Answers) -> io::Result<()> {
    if exchange.answers().is_empty() {
        return Ok(());
    }
    Traffic::add(&shard.traffic.bytes_written, exchange.answers().len() as u64);
    output.send(exchange.answers()).await?;
    exchange.sent();
    Ok(())
}
