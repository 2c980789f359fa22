// `when_all_succeed!` looks into results.
async fn f() {
    let _ = seastar::when_all_succeed!(async { Ok::<u8, u8>(1) }, async { 2 });
}

fn main() {}
