//! Programs that end without having stopped their services.

use seastar::{Local, Service, Sharded, StartError, sleep, this_shard};
use std::cell::RefCell;
use std::time::Duration;

use crate::run::{options, run};
use crate::{Life, Living, Story};

struct Floor {
    name: &'static str,
    below: Option<Sharded<Floor>>,
    story: Story,
    held: RefCell<Option<Local<Floor>>>,
    _life: Life,
}

impl Service for Floor {
    type Stopped = ();

    async fn stop(&self) {
        // What was started before is still there.
        if let Some(below) = self.below {
            below.invoke_on_all(async |_: &Floor| ()).await.unwrap();
        }
        self.held.take();
        sleep(Duration::from_millis(1)).await;
        self.story.tell(format!("stop {}", self.name));
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        self.story.tell(format!("drop {}", self.name));
    }
}

async fn floor(
    name: &'static str,
    below: Option<Sharded<Floor>>,
    story: &Story,
    living: &Living,
) -> Sharded<Floor> {
    let (story, living) = (story.clone(), living.clone());
    Sharded::start(async move |_| {
        let held = RefCell::new(below.map(|below| below.local().unwrap()));
        Floor { name, below, story, held, _life: living.one() }
    })
    .await
}

const IN_ORDER: [&str; 8] = [
    "stop upper",
    "stop upper",
    "drop upper",
    "drop upper",
    "stop lower",
    "stop lower",
    "drop lower",
    "drop lower",
];

#[test]
fn services_are_stopped_in_the_reverse_order_of_their_start_when_main_returns() {
    let (story, living) = (Story::default(), Living::default());
    let (theirs, lives) = (story.clone(), living.clone());
    run(2, async move || {
        let lower = floor("lower", None, &theirs, &lives).await;
        floor("upper", Some(lower), &theirs, &lives).await;
    });
    assert_eq!((story.told(), living.count()), (IN_ORDER.map(String::from).to_vec(), 0));
}

#[test]
fn so_they_are_when_main_panics() {
    let (story, living) = (Story::default(), Living::default());
    let (theirs, lives) = (story.clone(), living.clone());
    let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        run(2, async move || {
            let lower = floor("lower", None, &theirs, &lives).await;
            floor("upper", Some(lower), &theirs, &lives).await;
            panic!("main");
        })
    }));
    assert!(ran.is_err());
    assert_eq!((story.told(), living.count()), (IN_ORDER.map(String::from).to_vec(), 0));
}

#[test]
fn a_stop_that_never_ends_has_the_grace_period() {
    struct Stuck(#[expect(dead_code)] Life);

    impl Service for Stuck {
        type Stopped = ();

        async fn stop(&self) {
            std::future::pending().await
        }
    }

    let living = Living::default();
    let lives = living.clone();
    let ran = seastar::run(options(2).grace_period_ms(50), async move || {
        Sharded::start(async move |_| Stuck(lives.one())).await;
        7
    });
    assert_eq!(ran.unwrap(), 7);
    assert_eq!(living.count(), 0);
}

#[test]
fn a_program_that_is_asked_to_stop_stops_its_services_though_fibers_hang() {
    let (story, living) = (Story::default(), Living::default());
    let (theirs, lives) = (story.clone(), living.clone());
    let ran = seastar::run(options(2).grace_period_ms(400), async move || {
        let lower = floor("lower", None, &theirs, &lives).await;
        floor("upper", Some(lower), &theirs, &lives).await;
        seastar::background!(gate = none, on_error = stop => async { Err::<(), _>("enough") }).unwrap();
        std::future::pending::<()>().await;
    });
    assert!(matches!(ran, Err(StartError::Stopped)), "{ran:?}");
    assert_eq!((story.told(), living.count()), (IN_ORDER.map(String::from).to_vec(), 0));
}

#[test]
fn what_is_left_of_calls_and_instances_is_dropped_on_its_shard() {
    struct Here(usize, #[expect(dead_code)] Life);

    impl Service for Here {
        type Stopped = ();
    }

    impl Drop for Here {
        fn drop(&mut self) {
            assert_eq!(this_shard(), self.0);
        }
    }

    let living = Living::default();
    let lives = living.clone();
    run(2, async move || {
        let here = Sharded::start(async move |_| Here(this_shard(), lives.one())).await;
        for shard in 0..2 {
            drop(seastar::spawn(here.invoke_on(shard, async |_: &Here| std::future::pending::<()>().await)));
        }
        here.invoke_on_all(async |_: &Here| ()).await.unwrap();
    });
    assert_eq!(living.count(), 0);
}
