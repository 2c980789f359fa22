// The value of the body is still checked against, and converted to, what the function returns.
#![deny(warnings)]

use std::error::Error;
use std::fmt::Display;
use std::rc::Rc;

type Shown = Box<dyn Display>;

async fn shown(make: impl AsyncFnOnce() -> Shown) -> String {
    make().await.to_string()
}

async fn boxed(future: impl Future<Output = Shown>) -> String {
    future.await.to_string()
}

#[seastar::main(shards = 1)]
async fn main() -> Result<(), Box<dyn Error>> {
    let list = vec![1, 2];
    let text = shown(async || -> Shown {
        let number = list.len() + 2;
        seastar::yield_now().await;
        let shown: Shown = if number > 9 { Box::new("many") } else { Box::new(number) };
        shown
    });
    assert_eq!(text.await, "4");
    let text = boxed(async {
        let number = list.len() + 1;
        seastar::yield_now().await;
        Box::new(number) as Shown
    });
    assert_eq!(text.await, "3");
    let parsed: Result<u8, Box<dyn Error>> = async {
        let number = "7".parse::<u8>()?;
        seastar::yield_now().await;
        Ok(number)
    }
    .await;
    let rc: Rc<dyn Display> = {
        let number = parsed?;
        Rc::new(number)
    };
    if rc.to_string() != "7" {
        Err("no")?;
    }
    if rc.to_string() == "8" {
        return Err("eight".into());
    }
    Ok(())
}
