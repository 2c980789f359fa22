// What was moved into a fiber is not here any more.
#[seastar::main]
async fn main() {
    let name = String::from("hello");
    let fiber = seastar::spawn(async move { name.len() });
    println!("{name} {:?}", fiber.await);
}
