// The first value would be kept, and nobody could see it.
async fn f() -> u8 {
    seastar::do_with!(a = 1, mut a = 2 => { a += 1; a })
}

fn main() {}
