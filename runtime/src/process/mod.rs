//! Other programs: start them, talk to them through pipes, and learn how they end, without stopping the shard.
//!
//! ```
//! use seastar::process::{Command, Stdio};
//!
//! #[seastar::main(shards = 1)]
//! async fn main() -> std::io::Result<()> {
//!     let mut child = Command::new("tr").arg("a-z").arg("A-Z").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().await?;
//!     let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
//!     input.write("shared nothing\n").await?;
//!     input.close().await?;
//!     assert_eq!(&*output.read_until(b'\n', 100).await?, b"SHARED NOTHING\n");
//!     assert!(child.wait().await?.success());
//!     Ok(())
//! }
//! ```

mod child;
mod command;
mod pipe;

pub use std::process::{ExitStatus, Output, Stdio};

pub use self::child::Child;
pub use self::command::Command;
pub use self::pipe::Pipe;
