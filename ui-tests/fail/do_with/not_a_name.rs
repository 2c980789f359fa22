// A value alone, and `let` in front of a name.
async fn f() -> i32 {
    seastar::do_with!([0; 10] => 3)
}

async fn g() {
    seastar::do_with!(let mut buffer = [0; 10] => ());
}

fn main() {}
