//! A failure skips what was to follow, whether that is written with `?` or as a chain.

use seastar::future::FutureExt;

// ANCHOR: steps
async fn line1() -> Result<i32, String> {
    println!("Line 1");
    Ok(1)
}

async fn line2(input: i32) -> Result<i32, String> {
    println!("Line 2 got {input} and fails");
    Err("line 2 had enough".into())
}

async fn line3(input: i32) -> Result<(), String> {
    println!("Line 3 got {input}, which must not happen");
    Ok(())
}
// ANCHOR_END: steps

// ANCHOR: question
async fn lines() -> Result<(), String> {
    let one = line1().await?;
    let two = line2(one).await?;
    line3(two).await
}
// ANCHOR_END: question

#[seastar::main]
async fn main() {
    println!("{:?}", lines().await);

    // ANCHOR: chain
    let chained = line1().then(line2).then(line3);
    println!("{:?}", chained.await);
    // ANCHOR_END: chain
}
