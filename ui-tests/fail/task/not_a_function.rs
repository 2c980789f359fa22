// A struct cannot be run.
#[seastar::task]
struct Session;

fn main() {
    let _ = Session;
}
