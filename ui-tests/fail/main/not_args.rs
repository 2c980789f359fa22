// The command line can only be parsed into a type that derives `clap::Args`.
#[seastar::main]
async fn main(port: u16) {
    println!("{port}");
}
