// What is kept is gone after the body.
async fn f() {
    let first = seastar::do_with!(buffer = vec![1, 2, 3] => buffer.first());
    println!("{first:?}");
}

fn main() {}
