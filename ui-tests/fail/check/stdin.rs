// Nobody is served while the user thinks.
use std::io;

#[seastar::main]
async fn main() -> io::Result<()> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    std::io::stdin().read_line(&mut line)?;
    println!("{line}");
    Ok(())
}
