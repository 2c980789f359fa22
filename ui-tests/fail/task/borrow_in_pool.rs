// A fiber outlives its caller, and so does not borrow from it.
struct Text<'a>(&'a str);

#[seastar::task(pool = 4)]
async fn session(name: &str) -> usize {
    name.len()
}

#[seastar::task(pool = 4)]
async fn hidden(name: Text<'_>) -> usize {
    name.0.len()
}

fn main() {}
