//! What is held while a body runs, and given back however the body ends.

use std::rc::Rc;
use std::time::Duration;

use seastar::sync::{AbortSource, Gate, GateClosed, GaveUp, Mutex, RwLock, Semaphore, SemaphoreError};
use seastar::{spawn, with_gate, with_lock, with_semaphore, with_timeout, yield_now};

const MOMENT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(600);

// SEM-14: the units go back when the body ends in any way.
#[seastar::test(shards = 1)]
async fn units_go_back_however_the_body_ends() {
    async fn walk(semaphore: &Semaphore<3>, end: &str) -> Result<u32, Box<dyn std::error::Error>> {
        let mut rounds = 0;
        loop {
            rounds += 1;
            let text = with_semaphore!(semaphore, 3 => {
                assert_eq!(semaphore.available_units(), 0);
                yield_now().await;
                match end {
                    "break" => break,
                    "return" => return Ok(100),
                    "continue" if rounds < 3 => continue,
                    "question" => { "x".parse::<u8>()?; "" }
                    other => other,
                }
            })?;
            assert_eq!(text, "continue");
            break;
        }
        Ok(rounds)
    }
    let semaphore = Semaphore::new();
    for (end, rounds) in
        [("break", Some(1)), ("return", Some(100)), ("continue", Some(3)), ("question", None)]
    {
        assert_eq!(walk(&semaphore, end).await.ok(), rounds, "{end}");
        assert_eq!(semaphore.available_units(), 3, "{end}");
    }
}

#[seastar::test(shards = 1)]
async fn units_go_back_when_the_body_is_dropped_or_panics() {
    let semaphore = Rc::new(Semaphore::<1>::new());
    let held = semaphore.clone();
    let late = with_timeout!(MOMENT => with_semaphore!(semaphore => std::future::pending::<()>().await));
    assert!(late.is_err());
    let panics = spawn(async move { with_semaphore!(held => panic!("within")).is_ok() });
    assert!(panics.await.unwrap_err().is_panic());
    assert_eq!(semaphore.available_units(), 1);
}

// SEM-7, SEM-8, SEM-10: why the body did not run.
#[seastar::test(shards = 1)]
async fn a_body_without_units_does_not_run() {
    let semaphore = Semaphore::<2>::new().named("disk");
    let abort = AbortSource::new();
    let nested = with_semaphore!(semaphore, 2 => {
        let late: Result<(), _> = with_semaphore!(semaphore, timeout = MOMENT => unreachable!());
        assert_eq!(late, Err(SemaphoreError::TimedOut { name: Some("disk") }));
        let aborted: Result<(), _> = with_timeout!(LONG => seastar::when_all! {
            async { with_semaphore!(semaphore, 1, abort = abort, timeout = LONG => unreachable!()) },
            async { yield_now().await; abort.abort() },
        }).unwrap().0;
        aborted
    });
    assert_eq!(nested, Ok(Err(SemaphoreError::Aborted { name: Some("disk") })));
    let units = 3;
    let over: Result<(), _> = with_semaphore!(semaphore, units => unreachable!());
    assert_eq!(over, Err(SemaphoreError::OverCapacity { name: Some("disk"), units: 3, capacity: 2 }));
    semaphore.broken();
    let broken: Result<(), _> = with_semaphore!(&semaphore => unreachable!());
    assert_eq!(broken, Err(SemaphoreError::Broken { name: Some("disk") }));
}

// GATE-6: left when the body ends in any way; not entered when closed.
#[seastar::test(shards = 1)]
async fn a_gate_is_left_however_the_body_ends() {
    async fn walk(gate: &Gate, end: &str) -> Result<u32, Box<dyn std::error::Error>> {
        let value = 'block: {
            with_gate!(gate => {
                assert_eq!(gate.count(), 1);
                yield_now().await;
                match end {
                    "break" => break 'block 2,
                    "return" => return Ok(3),
                    "question" => "x".parse::<u32>()?,
                    _ => 1,
                }
            })?
        };
        Ok(value)
    }
    let gate = Gate::new().named("requests");
    for (end, value) in [("end", Some(1)), ("break", Some(2)), ("return", Some(3)), ("question", None)] {
        assert_eq!(walk(&gate, end).await.ok(), value, "{end}");
        assert_eq!(gate.count(), 0, "{end}");
    }
    gate.close().await;
    let closed: Result<(), GateClosed> = with_gate!(gate => unreachable!());
    assert_eq!(closed.unwrap_err().to_string(), "requests gate closed");
    assert_eq!(walk(&gate, "end").await.unwrap_err().to_string(), "requests gate closed");
}

#[seastar::test(shards = 1)]
async fn closing_waits_for_the_body() {
    let gate = Gate::new();
    let mut order = String::new();
    let (inside, ()) = seastar::when_all!(
        async { with_gate!(gate => { yield_now().await; yield_now().await; gate.count() }) },
        async {
            gate.close().await;
            order.push_str("closed");
        },
    );
    assert_eq!((inside, gate.count(), order.as_str()), (Ok(1), 0, "closed"));
}

/// What the macro takes may be behind any pointer, and in any place.
#[seastar::test(shards = 1)]
async fn what_is_held_may_be_anywhere() {
    struct Service {
        gate: Gate,
        reads: Rc<Semaphore>,
    }
    impl Service {
        async fn read(&self) -> Result<u8, Box<dyn std::error::Error>> {
            let (output, error) = (3, 4);
            Ok(with_gate!(self.gate => with_semaphore!(self.reads, 2 => output + error)?)?)
        }
    }
    let service = Service { gate: Gate::new(), reads: Rc::new(Semaphore::with_units(2)) };
    assert_eq!(service.read().await.unwrap(), 7);
}

// LOCK-1: unlocked in any outcome.
#[seastar::test(shards = 1)]
async fn a_lock_is_let_go_however_the_body_ends() {
    async fn walk(lock: &Mutex<Vec<&str>>, end: &'static str) -> Result<usize, Box<dyn std::error::Error>> {
        let len = loop {
            let len = with_lock!(list = lock => {
                yield_now().await;
                list.push(end);
                match end {
                    "break" => break 100,
                    "return" => return Ok(200),
                    "continue" if list.len() % 2 == 1 => continue,
                    "question" => "x".parse::<usize>()?,
                    _ => list.len(),
                }
            });
            break len;
        };
        Ok(len)
    }
    let lock = Mutex::new(Vec::new());
    for (end, len) in [("break", Some(100)), ("return", Some(200)), ("continue", Some(4)), ("question", None)]
    {
        assert_eq!(walk(&lock, end).await.ok(), len, "{end}");
        assert!(!lock.is_locked(), "{end}");
    }
    let late = with_timeout!(MOMENT => with_lock!(_ = lock => std::future::pending::<()>().await));
    assert!(late.is_err() && !lock.is_locked());
}

#[seastar::test(shards = 1)]
async fn a_lock_gives_the_reference_that_it_is_for() {
    struct Shelf {
        books: Rc<RwLock<(String, u32)>>,
    }
    let shelf = Shelf { books: Rc::new(RwLock::new((String::new(), 0))) };
    with_lock!((name, count) = shelf.books.write() => {
        name.push_str("two");
        *count += 2;
    });
    let both = with_lock!(one = shelf.books.read() => with_lock!(two = shelf.books.read() => one.1 + two.1));
    assert_eq!(both, 4);
    let boxed: Box<dyn Fn() -> u32> = with_lock!((_, count) = shelf.books.read() => {
        let count = *count;
        Box::new(move || count)
    });
    assert_eq!(boxed(), 2);
}

#[seastar::test(shards = 1)]
async fn a_lock_that_is_not_there_in_time() {
    let lock = Mutex::new(1);
    let abort = AbortSource::new();
    let inside = with_lock!(value = lock => {
        let late: Result<(), _> = with_lock!(_ = lock, timeout = MOMENT => unreachable!());
        abort.abort();
        let aborted: Result<(), _> = with_lock!(_ = &lock, abort = abort, timeout = LONG => unreachable!());
        (*value, late, aborted)
    });
    assert_eq!(inside, (1, Err(GaveUp::TimedOut), Err(GaveUp::Aborted)));
    assert_eq!(with_lock!(value = lock, timeout = LONG => { *value += 1; *value }), Ok(2));
}
