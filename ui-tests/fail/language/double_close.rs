// Closing takes the stream, so it happens once and nothing is written after it.
#[seastar::main]
async fn main() -> std::io::Result<()> {
    let (_input, mut output) = seastar::net::connect("127.0.0.1:1").await?.split();
    output.close().await?;
    output.write("late").await?;
    output.close().await
}
