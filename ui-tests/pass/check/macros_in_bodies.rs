// Macros of users, with their own variables, statements and hygiene.
#![deny(warnings)]

use std::cell::RefCell;

macro_rules! sum {
    ($($number:expr),*) => {{
        let mut value = 0;
        $(value += $number;)*
        value
    }};
}

macro_rules! bind {
    ($name:ident = $value:expr) => {
        let $name = $value;
    };
}

macro_rules! program {
    ($cell:ident, $($body:tt)*) => {
        #[seastar::main(shards = 1)]
        async fn main() {
            let $cell = RefCell::new(vec![1]);
            let hidden = $cell.borrow().len();
            seastar::yield_now().await;
            let _ = hidden;
            $($body)*
        }
    };
}

program! { cell,
    let value = sum!(1, 2, 3);
    bind!(bound = value + 1);
    let text = format!("{bound} {}", cell.borrow().len());
    seastar::yield_now().await;
    assert_eq!(text, "7 1", "{}", sum!(1));
    let list = vec![async { 1 }.await; 2];
    let picked = matches!(list[..], [1, 1]);
    println!("{picked} {}", async {
        let inner = cell.borrow().len();
        seastar::yield_now().await;
        inner
    }.await);
}
