struct Reply;

#[seastar::task(pool = 4)]
async fn session() -> Reply {
    Reply
}

fn main() {}
