// The fiber outlives what it borrows.
use seastar::background;

async fn f() {
    let name = String::from("name");
    let _ = background!(gate = none, on_error = log => async { println!("{name}") });
}

fn main() {}
