// A disk may take seconds to answer.
use std::fs;

#[seastar::main]
async fn main() -> std::io::Result<()> {
    let text = std::fs::read_to_string("config")?;
    fs::write("copy", text)?;
    let sizes = ["a", "b"].map(|name| std::fs::metadata(name).map_or(0, |data| data.len()));
    println!("{sizes:?}");
    Ok(())
}
