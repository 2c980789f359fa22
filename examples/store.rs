//! A store whose names are divided among the shards: each keeps its own, and whoever needs one asks the shard that has it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};

use seastar::net::{TcpStream, listen};
use seastar::{clap, invoke_on_all, shard_count, submit_to};

#[derive(clap::Args)]
struct Args {
    /// Port to listen on; 0 lets the system choose
    #[arg(long, default_value_t = 7777)]
    port: u16,
}

// ANCHOR: data
/// The names that this shard keeps.
#[seastar::shard_local]
static NAMES: RefCell<BTreeMap<String, String>> = RefCell::new(BTreeMap::new());

/// The shard that keeps `name`, which is the same for all who ask.
fn owner(name: &str) -> usize {
    let hash = name.bytes().fold(5381u64, |hash, byte| hash.wrapping_mul(33) ^ u64::from(byte));
    (hash % shard_count() as u64) as usize
}
// ANCHOR_END: data

// ANCHOR: calls
async fn set(name: String, value: String) {
    submit_to(owner(&name), async move || {
        NAMES.borrow_mut().insert(name, value);
    })
    .await;
}

async fn get(name: String) -> Option<String> {
    submit_to(owner(&name), async move || NAMES.borrow().get(&name).cloned()).await
}

/// How many names there are on all shards.
async fn count() -> usize {
    let mut count = 0;
    for shard in 0..shard_count() {
        count += submit_to(shard, async || NAMES.borrow().len()).await;
    }
    count
}

async fn clear() {
    invoke_on_all(async || NAMES.borrow_mut().clear()).await;
}
// ANCHOR_END: calls

// ANCHOR: serve
/// Keeps values by name. Ask it: set NAME VALUE, get NAME, count, clear.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    let listener = listen(args.port)?;
    println!("Listening on port {}", listener.local_address().port());
    listener.serve(talk).await
}

const LINE_BYTES_MAX: usize = 1024;

async fn talk(stream: TcpStream) -> io::Result<()> {
    let (mut input, mut output) = stream.split();
    loop {
        let line = match input.read_until(b'\n', LINE_BYTES_MAX).await {
            Ok(line) if line.is_empty() => return output.close().await,
            Ok(line) => line,
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                output.write(format!("error: a line of more than {LINE_BYTES_MAX} bytes\n")).await?;
                return output.close().await;
            }
            Err(error) => return Err(error),
        };
        output.write(answer(&String::from_utf8_lossy(&line)).await).await?;
        output.flush().await?;
    }
}

async fn answer(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        ["set", name, value] => {
            set(name.into(), value.into()).await;
            "stored\n".into()
        }
        ["get", name] => get(name.into()).await.map_or("nothing\n".into(), |value| value + "\n"),
        ["count"] => format!("{}\n", count().await),
        ["clear"] => {
            clear().await;
            "cleared\n".into()
        }
        _ => "error: set NAME VALUE, get NAME, count, or clear\n".into(),
    }
}
// ANCHOR_END: serve
