// Nobody would ever get more units than there are.
use seastar::sync::Semaphore;

#[seastar::shard_local]
static LIMIT: Semaphore<10> = Semaphore::new();

#[seastar::main]
async fn main() {
    let _ = seastar::with_semaphore!(LIMIT, 11 => 5);
}
