// What is dropped when is as it was.
#![deny(warnings)]

use std::cell::RefCell;

struct Noisy<'a>(&'a RefCell<String>, char);

impl Noisy<'_> {
    fn recv(&self) -> Result<Noisy<'_>, ()> {
        Ok(Noisy(self.0, self.1.to_ascii_uppercase()))
    }

    fn borrow(&self) -> Noisy<'_> {
        Noisy(self.0, '-')
    }
}

impl Drop for Noisy<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().push(self.1);
    }
}

async fn plain(log: &RefCell<String>) {
    let _a = Noisy(log, 'a');
    let _ = Noisy(log, 'b').recv();
    let (_c, _) = (Noisy(log, 'c'), Noisy(log, 'd'));
    let _e = Noisy(log, 'e').recv().map(|_| 1);
    let _ = Noisy(log, 'f').borrow().recv().is_ok();
    match Noisy(log, 'g').borrow().recv().is_ok() {
        true => seastar::yield_now().await,
        false => {}
    }
    let _h = Noisy(log, 'h');
    log.borrow_mut().push('.');
    Noisy(log, 'i').recv().unwrap();
}

#[seastar::main(shards = 1)]
async fn main() {
    let (expected, log) = (RefCell::new(String::new()), RefCell::new(String::new()));
    plain(&expected).await;
    async {
        let log = &log;
        let _a = Noisy(log, 'a');
        let _ = Noisy(log, 'b').recv();
        let (_c, _) = (Noisy(log, 'c'), Noisy(log, 'd'));
        let _e = Noisy(log, 'e').recv().map(|_| 1);
        let _ = Noisy(log, 'f').borrow().recv().is_ok();
        match Noisy(log, 'g').borrow().recv().is_ok() {
            true => seastar::yield_now().await,
            false => {}
        }
        let _h = Noisy(log, 'h');
        log.borrow_mut().push('.');
        Noisy(log, 'i').recv().unwrap();
    }
    .await;
    assert!(expected.borrow().len() > 12);
    assert_eq!(log.into_inner(), expected.into_inner());
}
