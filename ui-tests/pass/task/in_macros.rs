//! Functions that a macro writes, with parts that come from its caller.

macro_rules! tasks {
    ($($name:ident($($argument:ident: $ty:ty),*) -> $output:ty $body:block)*) => {
        $(
            #[seastar::task]
            async fn $name($($argument: $ty),*) -> $output $body
        )*

        mod pools {
            $(
                #[seastar::task(pool = 2)]
                pub async fn $name($($argument: $ty),*) -> $output $body
            )*
        }
    };
}

tasks! {
    add(left: u8, right: u8) -> u8 { left + right }
    name(number: u8) -> String { format!("{number}") }
}

#[seastar::main(shards = 1)]
async fn main() {
    assert_eq!(add(1, 2).await, pools::add(1, 2).unwrap().await.unwrap());
    assert_eq!(name(1).await, pools::name(1).unwrap().await.unwrap());
}
