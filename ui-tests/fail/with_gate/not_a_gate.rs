// Neither nothing nor a number is a gate.
async fn f() {
    let _ = seastar::with_gate!(=> ());
    let _ = seastar::with_gate!(5 => ());
}

fn main() {}
