// Another program takes its time.
use std::process::Command;

#[seastar::main]
async fn main() -> std::io::Result<()> {
    let output = Command::new("true").output()?;
    println!("{}", output.status);
    let status = Command::new("true").arg("now").status()?;
    println!("{status}");
    let mut child = Command::new("sleep").arg("1").spawn()?;
    child.wait()?;
    Ok(())
}
