// A failure that nobody reads is logged, so the result has to be printable.
struct Reply;

#[seastar::task(pool = 4)]
async fn session() -> Reply {
    Reply
}

fn main() {}
