// A fiber may outlive the function that started it, and so may not borrow from there.
use std::time::Duration;

fn slow_op(text: &String) -> seastar::JoinHandle<usize> {
    seastar::spawn(async move {
        seastar::sleep(Duration::from_millis(10)).await;
        text.len()
    })
}

#[seastar::main]
async fn main() {
    let handle = {
        let text = String::from("hello");
        seastar::spawn(async { text.len() })
    };
    println!("{:?} {:?}", handle.await, slow_op(&String::new()).await);
}
