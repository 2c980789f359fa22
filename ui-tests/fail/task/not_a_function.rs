#[seastar::task]
struct Session;

fn main() {
    let _ = Session;
}
