// A runtime in a runtime stops the outer one.
mod pollster {
    pub fn block_on<F: Future>(future: F) -> F::Output {
        drop(future);
        panic!()
    }
}
use pollster::block_on;

async fn answer() -> u8 {
    42
}

#[seastar::main]
async fn main() {
    println!("{}", pollster::block_on(answer()));
    let answer = block_on(answer());
    println!("{answer}");
}
