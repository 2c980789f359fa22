// Somebody has to wait for the work, and to hear of its failure; both are asked for.
use seastar::background;

async fn f() {
    let _ = background!(=> async {});
    let _ = background!(gate = none => async {});
}

fn main() {}
