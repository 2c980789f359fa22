//! One future that many await: the page is fetched once, whoever asks for it.

use std::time::Duration;

use seastar::future::SharedFuture;
use seastar::{sleep, when_all};

// ANCHOR: all
async fn fetch(name: &'static str) -> Result<String, String> {
    println!("fetching {name}");
    sleep(Duration::from_millis(10)).await;
    Ok(format!("the text of {name}"))
}

#[seastar::main]
async fn main() {
    let page = SharedFuture::new(fetch("the front page"));
    let (first, second) = when_all!(&page, page.clone());
    println!("{}", first.expect("it is there"));
    println!("{}", second.expect("it is there"));
    println!("{:?}", page.output());
}
// ANCHOR_END: all
