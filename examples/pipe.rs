//! One fiber reads numbers, one adds them up, and a pipe between them makes the faster one wait.

use std::time::Duration;

use seastar::sync::pipe;
use seastar::{sleep, when_all};

// ANCHOR: main
#[seastar::main]
async fn main() {
    let (mut reader, mut writer) = pipe(2);
    let producer = async move {
        for number in 1..=5 {
            println!("write {number}");
            if writer.write(number).await.is_err() {
                println!("nobody reads any more");
                return;
            }
        }
        // The end of the writer is the end of the stream.
    };
    let consumer = async move {
        let mut sum = 0;
        while let Some(number) = reader.read().await {
            println!("read {number}");
            sleep(Duration::from_millis(10)).await;
            sum += number;
        }
        println!("the sum is {sum}");
    };
    when_all!(producer, consumer);
}
// ANCHOR_END: main
