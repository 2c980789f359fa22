//! An echo server whose shards serve their connections side by side, each with its own counters.

use std::cell::Cell;
use std::io;

use seastar::clap;
use seastar::net::{TcpStream, listen};

#[derive(clap::Args)]
struct Args {
    /// Port to listen on; 0 lets the system choose
    #[arg(long, default_value_t = 7777)]
    port: u16,
}

// ANCHOR: service
/// What a shard has of the server.
struct Echo {
    greeting: String,
    connections: Cell<u64>,
    bytes: Cell<u64>,
}

#[seastar::sharded]
impl Echo {
    async fn start(greeting: String) -> Self {
        Echo { greeting, connections: Cell::new(0), bytes: Cell::new(0) }
    }

    /// Serves one connection, on the shard that has it.
    async fn serve(&self, stream: TcpStream) -> io::Result<()> {
        self.connections.set(self.connections.get() + 1);
        let (mut input, mut output) = stream.split();
        output.write(&self.greeting).await?;
        output.flush().await?;
        loop {
            let bytes = input.read().await?;
            if bytes.is_empty() {
                return output.close().await;
            }
            self.bytes.set(self.bytes.get() + bytes.len() as u64);
            output.write_buffer(bytes).await?;
            output.flush().await?;
        }
    }

    /// Connections and bytes of all shards.
    #[broadcast(reduce = |sum, next| (sum.0 + next.0, sum.1 + next.1))]
    fn counters(&self) -> (u64, u64) {
        (self.connections.get(), self.bytes.get())
    }
}
// ANCHOR_END: service

// ANCHOR: main
/// Greets, and then sends back what it gets, on every shard.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    let echo = Echo::start_sharded("Seastar is the future!\n".into()).await;
    let listener = listen(args.port)?;
    println!("Listening on port {}", listener.local_address().port());

    // Until Ctrl-C; the handler runs on the shard that the kernel gave the connection to.
    listener.serve(async move |stream| echo.local()?.serve(stream).await).await?;

    let (connections, bytes) = echo.counters().await?;
    println!("{connections} connections, {bytes} bytes");
    echo.stop().await;
    Ok(())
}
// ANCHOR_END: main
