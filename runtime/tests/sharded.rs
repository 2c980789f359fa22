//! What the calls of a `#[seastar::sharded]` service do, beyond what all services do.
#![allow(missing_docs)]

use std::cell::{Cell, RefCell};

use std::time::Duration;

use seastar::sync::SemaphoreError;
use seastar::{
    Call, CallError, CallOptions, NotRunning, ServiceGroup, shard_count, sleep, spawn, submit_to, this_shard,
    yield_now,
};

static VISITS: ServiceGroup = ServiceGroup::new("visits", 3);

/// Knows who is here.
struct House {
    guests: Cell<usize>,
    most: Cell<usize>,
    closing: Cell<bool>,
}

#[seastar::sharded(group = VISITS)]
impl House {
    async fn start() -> Self {
        House { guests: Cell::new(0), most: Cell::new(0), closing: Cell::new(false) }
    }

    #[on(shard)]
    async fn visit(&self, shard: usize) {
        self.guests.set(self.guests.get() + 1);
        self.most.set(self.most.get().max(self.guests.get()));
        for _ in 0..100 {
            yield_now().await;
        }
        self.guests.set(self.guests.get() - 1);
    }

    #[on(shard)]
    async fn stay(&self, shard: usize) {
        let _guest = Guest::enters(self);
        while !self.closing.get() {
            sleep(Duration::from_millis(1)).await;
        }
    }

    #[on(shard)]
    fn most(&self, shard: usize) -> usize {
        self.most.get()
    }

    #[on(shard)]
    fn guests(&self, shard: usize) -> usize {
        self.guests.get()
    }
}

/// Somebody who is here.
struct Guest<'a>(&'a House);

impl Guest<'_> {
    fn enters(house: &House) -> Guest<'_> {
        house.guests.set(house.guests.get() + 1);
        Guest(house)
    }
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        self.0.guests.set(self.0.guests.get() - 1);
    }
}

#[seastar::test(shards = 2)]
async fn a_group_bounds_the_calls_to_another_shard() -> Result<(), NotRunning> {
    let house = House::start_sharded().await;
    for shard in [0, 1] {
        let visits: Vec<_> = (0..10).map(|_| spawn(house.visit(shard))).collect();
        for visit in visits {
            visit.await.unwrap()?;
        }
    }
    assert!(house.most(1).await? <= 3);
    // Nobody is kept from the own shard.
    assert_eq!(house.most(0).await?, 10);
    assert!(house.visit(2).await.is_err());
    house.stop().await;
    assert!(house.visit(1).await.is_err());
    Ok(())
}

const SHORT: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(3600);

#[seastar::test(shards = 2)]
async fn a_deadline_goes_along_with_a_call() -> Result<(), NotRunning> {
    let house = House::start_sharded().await;
    for shard in [0, 1] {
        assert_eq!(house.guests(shard).within(LONG).await, Ok(0));
        assert_eq!(house.stay(shard).within(SHORT).await, Err(CallError::TimedOut));
        while house.guests(shard).await? > 0 {
            sleep(Duration::from_millis(1)).await;
        }
        // Too late from the start.
        assert_eq!(house.visit(shard).within(Duration::ZERO).await, Err(CallError::TimedOut));
    }
    assert!(matches!(house.visit(2).within(LONG).await, Err(CallError::NotRunning(_))));
    house.stop().await;
    assert!(matches!(house.visit(1).within(LONG).await, Err(CallError::NotRunning(_))));
    Ok(())
}

#[seastar::test(shards = 2)]
async fn a_call_with_a_deadline_stays_in_the_group_of_its_service_unless_it_has_another()
-> Result<(), NotRunning> {
    static OTHERS: ServiceGroup = ServiceGroup::new("others", 1);
    let house = House::start_sharded().await;
    let staying: Vec<_> = (0..VISITS.share()).map(|_| spawn(house.stay(1))).collect();
    while submit_to(1, async move || house.local().unwrap().guests.get()).await < VISITS.share() {
        sleep(Duration::from_millis(1)).await;
    }
    let late = house.guests(1).within(SHORT).await;
    assert!(matches!(late, Err(CallError::Group(SemaphoreError::TimedOut { .. }))), "{late:?}");
    let options = CallOptions::new().timeout(LONG).group(&OTHERS);
    assert_eq!(house.guests(1).with(options).await, Ok(VISITS.share()));
    submit_to(1, async move || house.local().unwrap().closing.set(true)).await;
    for guest in staying {
        guest.await.unwrap()?;
    }
    Ok(())
}

/// Writes down what happens.
struct Diary {
    house: HouseHandle,
    pages: RefCell<Vec<u32>>,
}

#[seastar::sharded]
impl Diary {
    async fn start(house: HouseHandle) -> Self {
        Diary { house, pages: RefCell::default() }
    }

    #[on(shard)]
    async fn write(&self, shard: usize, page: u32) -> usize {
        self.pages.borrow_mut().push(page);
        this_shard()
    }

    #[on(shard)]
    async fn write_later(&self, shard: usize, page: u32) {
        yield_now().await;
        self.pages.borrow_mut().push(page);
    }

    #[on(shard)]
    fn pages(&self, shard: usize) -> Vec<u32> {
        self.pages.borrow().clone()
    }

    #[on(shard)]
    async fn burn(&self, shard: usize, page: u32) -> u32 {
        panic!("page {page} of shard {shard} burns")
    }

    #[route(by = number)]
    fn place(&self, number: usize) -> usize {
        this_shard()
    }

    #[route(name)]
    async fn owner(&self, name: String) -> usize {
        this_shard()
    }

    #[broadcast]
    async fn check(&self, page: u32) -> Result<(), usize> {
        if self.pages.borrow().contains(&page) { Err(this_shard()) } else { Ok(()) }
    }

    #[broadcast(reduce = |mut all, mut next| { all.append(&mut next); all })]
    fn shards(&self) -> Vec<usize> {
        vec![this_shard()]
    }

    async fn stop(&self) -> Result<(), NotRunning> {
        // Whom it uses runs longer than it.
        self.house.most(0).await.map(|_| ())
    }
}

async fn diary() -> (HouseHandle, DiaryHandle) {
    let house = House::start_sharded().await;
    (house, Diary::start_sharded(house).await)
}

#[seastar::test(shards = 2)]
async fn a_call_runs_where_it_should() -> Result<(), NotRunning> {
    let (_house, diary) = diary().await;
    for shard in 0..shard_count() {
        assert_eq!(diary.write(shard, 1).await?, shard);
        let from_there = submit_to(1, async move || diary.write(shard, 2).await).await;
        assert_eq!(from_there?, shard);
        for number in [shard, shard + 2, shard + 100] {
            assert_eq!(diary.place(number).await?, shard);
        }
    }
    let mut counts = [0, 0];
    for n in 0..100 {
        let name = format!("name {n}");
        let owner = diary.shard_of(&name);
        counts[owner] += 1;
        assert_eq!(diary.owner(name).await?, owner);
    }
    assert!(counts.iter().all(|count| *count > 20), "{counts:?}");
    assert_eq!(diary.shards().await?, [0, 1]);
    Ok(())
}

#[seastar::test(shards = 2)]
async fn calls_to_a_shard_begin_in_the_order_in_which_they_were_made() -> Result<(), NotRunning> {
    let (_house, diary) = diary().await;
    let calls: Vec<_> = (0..100).map(|page| spawn(diary.write(1, page))).collect();
    for call in calls {
        call.await.unwrap()?;
    }
    assert_eq!(diary.pages(1).await?, (0..100).collect::<Vec<_>>());
    Ok(())
}

#[seastar::test(shards = 2)]
async fn a_call_begins_when_it_is_awaited_and_goes_on_elsewhere_when_it_is_dropped() -> Result<(), NotRunning>
{
    let (_house, diary) = diary().await;
    for shard in 0..shard_count() {
        drop(diary.write(shard, 1));
        let begun = spawn(diary.write_later(shard, 2));
        yield_now().await;
        begun.cancel();
        let _ = begun.await;
        diary.write_later(shard, 3).await?;
    }
    assert_eq!(diary.pages(0).await?, [3], "here, dropping a future ends what it does");
    assert_eq!(diary.pages(1).await?, [2, 3]);
    Ok(())
}

#[seastar::test(shards = 2)]
async fn what_is_routed_can_have_a_deadline_too() -> Result<(), NotRunning> {
    let (_house, diary) = diary().await;
    for n in 0..20 {
        let name = format!("name {n}");
        let owner = diary.shard_of(&name);
        assert_eq!(diary.owner(name).within(LONG).await, Ok(owner));
        assert_eq!(diary.place(n).with(CallOptions::new()).await, Ok(n % 2));
    }
    let late = diary.write(1, 1).within(Duration::ZERO).await;
    assert_eq!(late, Err(CallError::TimedOut));
    assert_eq!(diary.pages(1).await?, [0; 0], "it did not begin");
    // Limits belong to whoever calls.
    let panic = spawn(async move { diary.burn(1, 7).within(LONG).await }).await.unwrap_err();
    assert!(panic.to_string().contains("page 7 of shard 1 burns"), "{panic}");
    Ok(())
}

#[seastar::test(shards = 2)]
async fn a_panic_goes_on_where_it_was_called_from_and_the_service_lives_on() -> Result<(), NotRunning> {
    let (_house, diary) = diary().await;
    for shard in 0..shard_count() {
        let panic = spawn(diary.burn(shard, 7)).await.unwrap_err();
        assert!(panic.to_string().contains(&format!("page 7 of shard {shard} burns")), "{panic}");
        assert_eq!(diary.write(shard, 8).await?, shard);
    }
    Ok(())
}

#[seastar::test(shards = 2)]
async fn the_failure_of_the_lowest_shard_is_that_of_all() -> Result<(), NotRunning> {
    let (_house, diary) = diary().await;
    assert_eq!(diary.check(1).await?, Ok(()));
    diary.write(1, 1).await?;
    assert_eq!(diary.check(1).await?, Err(1));
    diary.write(0, 1).await?;
    assert_eq!(diary.check(1).await?, Err(0));
    Ok(())
}

#[seastar::test(shards = 2)]
async fn a_handle_is_that_of_one_start() -> Result<(), NotRunning> {
    let (house, first) = diary().await;
    assert_eq!(first.stop().await, Ok(()));
    let second = Diary::start_sharded(house).await;
    second.write(1, 1).await?;
    assert!(first.pages(1).await.is_err() && first.local().is_err());
    assert_eq!(second.pages(1).await?, [1]);
    assert_eq!(second.stop().await, Ok(()));
    let third = Diary::start_sharded(house).await;
    house.stop().await;
    assert!(third.stop().await.is_err(), "it needed the other one to stop");
    Ok(())
}
