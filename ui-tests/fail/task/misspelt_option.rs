// Each is nearly an option.
#[seastar::task(pools = 4, max_sise = 100)]
async fn session() {}

fn main() {
    session();
}
