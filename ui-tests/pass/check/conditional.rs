// Statements that are not there leave no questions behind.
#![deny(warnings)]

#[seastar::main(shards = 1)]
async fn main() {
    #![allow(clippy::let_and_return)]

    #[cfg(any())]
    let file = does_not_exist();
    #[cfg(target_os = "linux")]
    let file = 1;
    seastar::yield_now().await;
    if cfg!(debug_assertions) {
        #[cfg(any())]
        {
            let never = does_not_exist();
            seastar::yield_now().await;
        }
    }
    #[allow(unused_variables)]
    let unused = 1;
    #[cfg(any())]
    seastar::spawn(async {
        let never = does_not_exist();
    });
    let shown = {
        #[rustfmt::skip]
        let shown = file;
        shown
    };
    assert_eq!(shown, 1);
}
