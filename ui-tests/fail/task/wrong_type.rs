// The compiler sees the body as it was written, and says so once.
use seastar::task;

#[task]
async fn session(number: u32) -> u32 {
    if number == 0 {
        return "nothing";
    }
    number == 1
}

#[task]
async fn missing(number: u32) -> Result<u32, String> {
    number
}

#[task]
async fn unknown(number: Number) -> Numbers {
    number
}

fn main() {}
