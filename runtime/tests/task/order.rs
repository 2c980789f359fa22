//! When a task drops what it holds: as an `async fn` would, however far it came.

use std::cell::RefCell;
use std::fmt::Debug;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Waker};

use seastar::{task, yield_now};

/// Who was dropped, in that order.
#[derive(Clone, Default)]
struct Order(Rc<RefCell<Vec<&'static str>>>);

impl Order {
    fn part(&self, name: &'static str) -> Part {
        Part(name, self.clone())
    }
}

struct Part(&'static str, Order);

impl Drop for Part {
    fn drop(&mut self) {
        self.1.0.borrow_mut().push(self.0);
    }
}

/// What `make` makes is polled so often, and then dropped.
fn drops<F: Future<Output: Debug>>(polls: usize, make: impl FnOnce(&Order) -> F) -> Vec<&'static str> {
    let order = Order::default();
    {
        let mut future = pin!(make(&order));
        for _ in 0..polls {
            if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                break;
            }
        }
    }
    order.0.take()
}

/// The same function twice: as the language means it, and as a task.
macro_rules! both {
    ($name:ident($($argument:tt)*) $body:block, $($value:expr),*) => {
        #[test]
        fn $name() {
            async fn written($($argument)*) $body
            #[task]
            async fn checked($($argument)*) $body
            for polls in 0..4 {
                let expected = drops(polls, |order| written($($value(order)),*));
                let actual = drops(polls, |order| checked($($value(order)),*));
                assert_eq!(actual, expected, "after {polls} polls");
                assert!(!expected.is_empty());
            }
        }
    };
}

fn one(name: &'static str) -> impl Fn(&Order) -> Part {
    move |order| order.part(name)
}

fn two(names: [&'static str; 2]) -> impl Fn(&Order) -> (Part, Part) {
    move |order| (order.part(names[0]), order.part(names[1]))
}

both!(names_and_a_local(a: Part, b: Part) {
    let _local = Part("local", a.1.clone());
    yield_now().await;
    let _later = Part("later", b.1.clone());
    yield_now().await;
}, one("a"), one("b"));

both!(arguments_that_are_not_used(_a: Part, _: Part, c: Part) {
    yield_now().await;
    drop(c);
    yield_now().await;
}, one("a"), one("_"), one("c"));

both!(an_argument_that_moves_on(a: Part, b: Part) {
    let inner = async move {
        let _a = a;
        yield_now().await;
    };
    inner.await;
    yield_now().await;
    drop(b);
}, one("a"), one("b"));

both!(patterns_that_leave_parts((a, _): (Part, Part), b: Part, (_, ref _c): (Part, Part)) {
    yield_now().await;
    drop(a);
    yield_now().await;
    drop(b);
}, two(["a.0", "a.1"]), one("b"), two(["c.0", "c.1"]));

both!(an_end_before_the_end(a: Part, _b: Part) {
    let _local = Part("local", a.1.clone());
    yield_now().await;
    if a.0 == "a" {
        return;
    }
    yield_now().await;
}, one("a"), one("b"));

struct Owner(Part);

impl Owner {
    #[task]
    async fn ends(self, _other: Part) {
        let _local = Part("local", self.0.1.clone());
        yield_now().await;
    }

    async fn written(self, _other: Part) {
        let _local = Part("local", self.0.1.clone());
        yield_now().await;
    }

    #[task]
    async fn ignores_itself(self, _other: Part) {
        yield_now().await;
    }
}

#[test]
fn self_goes_last() {
    for polls in 0..3 {
        let expected = drops(polls, |order| Owner(order.part("self")).written(order.part("other")));
        let task = drops(polls, |order| Owner(order.part("self")).ends(order.part("other")));
        assert_eq!(task, expected, "after {polls} polls");
    }
}

#[test]
fn self_stays_though_nobody_uses_it() {
    let task = drops(1, |order| Owner(order.part("self")).ignores_itself(order.part("other")));
    assert_eq!(task, ["other", "self"]);
}

#[task]
async fn panics(_a: Part, b: Part) -> u8 {
    let _local = Part("local", b.1.clone());
    yield_now().await;
    panic!("as it should");
}

#[test]
fn a_panic_drops_in_order_too() {
    let order = Order::default();
    let future = panics(order.part("a"), order.part("b"));
    let run = std::panic::AssertUnwindSafe(|| {
        let mut future = pin!(future);
        while future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {}
    });
    std::panic::catch_unwind(run).unwrap_err();
    assert_eq!(order.0.take(), ["local", "b", "a"]);
}
