//! Starts other programs: one whose output is collected, one to talk to through pipes, and one that is ended.

use std::io;
use std::os::unix::process::ExitStatusExt;

use seastar::process::{Command, Stdio};
use seastar::signal::Signal;

// ANCHOR: main
#[seastar::main(shards = 1)]
async fn main() -> io::Result<()> {
    let output =
        Command::new("sh").args(["-c", "echo hello from $NAME"]).env("NAME", "a child").output().await?;
    print!("{}", String::from_utf8_lossy(&output.stdout));

    let mut sort = Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().await?;
    let (mut input, mut sorted) =
        (sort.stdin.take().expect("it is a pipe"), sort.stdout.take().expect("so is this"));
    input.write("shards\nparcels\nfibers\n").await?;
    input.close().await?;
    loop {
        let line = sorted.read_until(b'\n', 100).await?;
        if line.is_empty() {
            break;
        }
        print!("sorted: {}", String::from_utf8_lossy(&line));
    }
    println!("sort ended well: {}", sort.wait().await?.success());

    let mut sleeper = Command::new("sleep").arg("1000").kill_on_drop(true).spawn().await?;
    sleeper.signal(Signal::TERM)?;
    println!("sleep was ended by signal {:?}", sleeper.wait().await?.signal());

    let error = Command::new("no-such-program").spawn().await.unwrap_err();
    println!("{error}");
    Ok(())
}
// ANCHOR_END: main
