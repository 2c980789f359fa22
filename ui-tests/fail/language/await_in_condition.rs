// A condition is asked, and cannot wait.
async fn is_even(number: &u8) -> bool {
    number % 2 == 0
}

#[seastar::main]
async fn main() {
    let mut list = vec![1, 2, 3];
    list.retain(|number| is_even(number).await);
    println!("{list:?}");
}
