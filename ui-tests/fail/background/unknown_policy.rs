// What is to be done with an error is a word of three, or a closure.
use seastar::sync::Gate;
use std::rc::Rc;

async fn begin(gate: Rc<Gate>) {
    _ = seastar::background!(gate = gate, on_error = warn => async { Err("no") });
}

fn main() {}
