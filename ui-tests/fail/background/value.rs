// Nobody reads the value of background work.
use seastar::background;

async fn f() {
    let _ = background!(gate = none, on_error = log => async { 5 });
}

fn main() {}
