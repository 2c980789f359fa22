// The command line is parsed into one struct.
use seastar::clap;

#[seastar::main]
async fn main(host: Host, port: Port) {
    println!("{}:{}", host.host, port.port);
}

#[derive(clap::Args)]
struct Host {
    host: String,
}

#[derive(clap::Args)]
struct Port {
    port: u16,
}
