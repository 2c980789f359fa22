// Without `=>` nobody knows where the values end and the body begins.
async fn f() {
    seastar::do_with!(buffer = [0; 64], buffer.len());
}

fn main() {}
