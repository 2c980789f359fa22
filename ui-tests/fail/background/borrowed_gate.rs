// The gate may be gone while the fiber is still inside.
use seastar::{background, sync::Gate};

async fn f() {
    let gate = Gate::new();
    let _ = background!(gate = gate, on_error = log => async {});
}

fn main() {}
