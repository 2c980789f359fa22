// One parameter, of any name and pattern, and a result with an error.
#![deny(warnings)]

use seastar::clap;

#[derive(clap::Args)]
struct Args {
    /// Where to listen.
    #[arg(long, default_value_t = 10000)]
    port: u16,
}

/// Listens.
///
/// For ever.
#[seastar::main(shards = 1)]
pub async fn main(Args { port }: Args) -> Result<(), std::num::TryFromIntError> {
    let low: u8 = (port / 256).try_into()?;
    assert_eq!(low, 39);
    Ok(())
}
