// A name without a value, and no body; both are reported.
async fn f() {
    seastar::do_with!(buffer => buffer);
    seastar::do_with!(buffer = 1 =>);
}

fn main() {}
