// More than one statement needs braces.
async fn f() {
    seastar::do_with!(a = 1 => drop(a); drop(a));
}

fn main() {}
