// A blocking type is known by what it is, not by its name.
use std::fs::File as Document;
use std::sync::Mutex as Shared;

fn open() -> std::io::Result<Document> {
    Document::open("document")
}

#[seastar::main]
async fn main() {
    let document = open().unwrap();
    println!("{}", document.metadata().unwrap().len());
    let count = Shared::new(0);
    println!("{count:?}");
}

