//! Asks PostgreSQL by tokio-postgres, a client of the tokio world, over our sockets.

use std::error::Error;

use seastar::clap;
use seastar::net::{UnixStream, connect_unix};
use tokio_postgres::{Config, NoTls};

#[derive(clap::Args)]
struct Args {
    /// The user to be
    #[arg(long, default_value = "postgres")]
    user: String,
    /// The socket of the server
    #[arg(default_value = "/run/postgresql/.s.PGSQL.5432")]
    socket: String,
}

// ANCHOR: main
/// Plants trees in a PostgreSQL database, and measures them.
#[seastar::main(shards = 1)]
async fn main(args: Args) -> Result<(), Box<dyn Error>> {
    let stream = connect_unix(&*args.socket).await?;
    let mut config = Config::new();
    config.user(&args.user).dbname("postgres");
    match ask(config, stream).await {
        Ok(()) => Ok(()),
        // The cause has the server's words.
        Err(error) => Err(match error.source() {
            Some(cause) => format!("{error}: {cause}").into(),
            None => error.into(),
        }),
    }
}

async fn ask(config: Config, stream: UnixStream) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = config.connect_raw(stream, NoTls).await?;
    // Reads and writes until the client is dropped.
    seastar::spawn(connection).detach();

    client.batch_execute("CREATE TEMPORARY TABLE trees (name text, metres int)").await?;
    let plant = client.prepare("INSERT INTO trees VALUES ($1, $2)").await?;
    for (name, metres) in [("oak", 30), ("birch", 25), ("spruce", 45)] {
        client.execute(&plant, &[&name, &metres]).await?;
    }
    for row in
        client.query("SELECT name, metres FROM trees WHERE metres > $1 ORDER BY metres", &[&26]).await?
    {
        let (name, metres): (&str, i32) = (row.get(0), row.get(1));
        println!("{name}: {metres} m");
    }
    Ok(())
}
// ANCHOR_END: main
