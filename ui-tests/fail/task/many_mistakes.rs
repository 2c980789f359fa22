// All are reported at once, and the body is still checked.
#[seastar::task(pool = "many", max_size = 0, poll = 4)]
const fn session<T>(connection: &T, log: impl Fn(u8)) -> u8 {
    log(1);
    "2"
}

fn main() {}
