//! Lists all keys, for `lru_crawler metadump` and `mgdump`, and for `stats cachedump`.

use std::fmt::Write;
use std::io;

use super::connection::Answers;
use super::exchange::Exchange;
use super::shard::Shard;
use crate::protocol::key::push_encoded;
use crate::protocol::{Classes, Dump};
use crate::store::{Cursor, Item};

/// Items that a shard lists at a time.
const ITEMS_MAX: usize = 256;
/// Bytes of a list of one class, as in memcached.
const CLASS_BYTES_MAX: usize = 2 << 20;

/// Sends a line for each item of all shards.
pub(super) async fn answer(
    shard: &Shard,
    dump: Dump,
    exchange: &mut Exchange,
    output: &mut impl Answers,
) -> io::Result<()> {
    let mut left = match dump {
        Dump::Class(_, limit @ 1..) => limit as usize,
        _ => usize::MAX,
    };
    let mut bytes = 0;
    if !matches!(dump, Dump::Class(..)) {
        exchange.say(b"OK\r\n");
    }
    output.send(exchange.answers()).await?;
    exchange.sent();
    for owner in 0..seastar::shard_count() {
        let mut cursor = Some(Cursor::default());
        while let Some(from) = cursor
            && left > 0
            && (bytes < CLASS_BYTES_MAX || !matches!(dump, Dump::Class(..)))
        {
            let listed = shard.peers.list(owner, from, dump, left).await?;
            output.send(&listed.lines).await?;
            (cursor, left, bytes) = (listed.next, left - listed.count, bytes + listed.lines.len());
        }
    }
    exchange.say(if matches!(dump, Dump::Commands(_)) { b"EN\r\n" } else { b"END\r\n" });
    Ok(())
}

/// What a shard has listed.
pub(super) struct Listed {
    lines: Vec<u8>,
    count: usize,
    /// Where to go on, if there is more.
    next: Option<Cursor>,
}

/// The next lines of this shard.
pub(super) fn list(shard: &Shard, mut cursor: Cursor, dump: Dump, left: usize) -> Listed {
    let cache = &mut *shard.cache.borrow_mut();
    let (mut lines, mut count) = (Vec::new(), 0);
    let clock = shard.settings.clock;
    let more = cache.store.scan(&mut cursor, ITEMS_MAX, |item| {
        match dump {
            Dump::Commands(classes) if has(classes, &item) => push_command(&mut lines, &item),
            Dump::Lines(classes) if has(classes, &item) => {
                push_line(&mut lines, &item, |second| clock.unix(second));
            }
            Dump::Class(class, _) if u32::from(item.class_id()) == class && count < left => {
                push_item(&mut lines, &item, |second| clock.unix(second));
            }
            _ => return,
        }
        count += 1;
    });
    Listed { lines, count, next: more.then_some(cursor) }
}

fn has(Classes(bits): Classes, item: &Item<'_>) -> bool {
    bits & 1 << item.class_id() != 0
}

fn push_command(lines: &mut Vec<u8>, item: &Item<'_>) {
    lines.extend_from_slice(b"mg ");
    if item.is_binary_key() {
        push_encoded(lines, item.key());
        lines.extend_from_slice(b" b\r\n");
    } else {
        lines.extend_from_slice(item.key());
        lines.extend_from_slice(b"\r\n");
    }
}

fn push_item(lines: &mut Vec<u8>, item: &Item<'_>, unix: impl Fn(u32) -> i64) {
    lines.extend_from_slice(b"ITEM ");
    lines.extend_from_slice(item.key());
    let exp = if item.exptime() == 0 { 0 } else { unix(item.exptime()) };
    lines.extend_from_slice(format!(" [{} b; {exp} s]\r\n", item.value_bytes()).as_bytes());
}

fn push_line(lines: &mut Vec<u8>, item: &Item<'_>, unix: impl Fn(u32) -> i64) {
    let mut line = String::from("key=");
    for &byte in item.key() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => line.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => line.push(byte.into()),
            _ => _ = write!(line, "%{byte:02X}"),
        }
    }
    let exp = if item.exptime() == 0 { -1 } else { unix(item.exptime()) };
    let fetched = if item.is_fetched() { "yes" } else { "no" };
    let _ = writeln!(
        line,
        " exp={exp} la={} cas={} fetch={fetched} cls={} size={} flags={} ",
        unix(item.last_access()),
        item.cas(),
        item.class_id(),
        item.total_bytes(),
        item.client_flags(),
    );
    lines.extend_from_slice(line.as_bytes());
}
