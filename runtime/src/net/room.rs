//! The connections that one shard of a server has let in: who is inside, who was idle, who does not leave.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::net::Shutdown;
use std::panic::Location;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::given_away;
use super::server::{ServeOptions, ServeStatistics};
use crate::reactor::{self, Shared};
use crate::sync::{Gate, Limit, OwnedGateHolder};
use crate::task;
use crate::time::{sleep, timeout};

/// How often idle connections are looked for, at most.
const SWEEP_MIN: Duration = Duration::from_millis(5);

/// The connections of one shard. Those who are in it keep it.
pub(super) struct Room {
    gate: Rc<Gate>,
    options: ServeOptions,
    /// By place; free places are `None`.
    inside: RefCell<Vec<Option<Inside>>>,
    free: RefCell<Vec<usize>>,
    accepted: Cell<u64>,
    refused: Cell<u64>,
    idle: Cell<u64>,
    cut_off: Cell<u64>,
}

struct Inside {
    connection: Shared<Connection>,
    /// When something was seen to have come or gone.
    busy_at: Instant,
}

/// A connection that was let in. When this is dropped it leaves as soon as it is closed, which it is when its last answer is sent.
pub(super) struct Pass {
    place: Option<Place>,
}

/// A place in a room.
struct Place {
    room: Rc<Room>,
    index: usize,
    _holder: OwnedGateHolder,
}

impl Room {
    pub(super) fn new(options: ServeOptions) -> Rc<Room> {
        Rc::new(Room {
            gate: Rc::new(Gate::new().named("server")),
            options,
            inside: RefCell::default(),
            free: RefCell::default(),
            accepted: Cell::new(0),
            refused: Cell::new(0),
            idle: Cell::new(0),
            cut_off: Cell::new(0),
        })
    }

    pub(super) fn admit(this: &Rc<Room>, connection: &Shared<Connection>) -> Option<Pass> {
        let connections = this.options.connections;
        let holder = this.gate.hold_owned().ok().filter(|_| this.gate.count() <= connections);
        let Some(holder) = holder else {
            this.refused.set(this.refused.get() + 1);
            return None;
        };
        this.accepted.set(this.accepted.get() + 1);
        let inside = Some(Inside { connection: connection.clone(), busy_at: Instant::now() });
        let mut places = this.inside.borrow_mut();
        let index = match this.free.borrow_mut().pop() {
            Some(index) => {
                places[index] = inside;
                index
            }
            None => {
                places.push(inside);
                places.len() - 1
            }
        };
        Some(Pass { place: Some(Place { room: this.clone(), index, _holder: holder }) })
    }

    pub(super) fn statistics(&self) -> ServeStatistics {
        ServeStatistics {
            accepted: self.accepted.get(),
            refused: self.refused.get(),
            idle: self.idle.get(),
            cut_off: self.cut_off.get(),
            open: self.gate.count(),
        }
    }

    /// Lets nobody in any more, and sees out who is inside; how many do not leave.
    pub(super) async fn close(&self) -> usize {
        let grace = self.options.grace;
        if self.gate.close().within(grace).await.is_err() {
            self.shut_down(|_| true);
            // How many are left counts.
            let _ = self.gate.close().within(grace).await;
        }
        self.gate.count()
    }

    /// Ends the connections that `which` says; how many those are.
    fn shut_down(&self, mut which: impl FnMut(&mut Inside) -> bool) -> u64 {
        let mut inside = self.inside.borrow_mut();
        let ended =
            inside.iter_mut().flatten().filter_map(|inside| which(inside).then_some(&inside.connection));
        ended.map(|connection| connection.shutdown(Shutdown::Both)).count() as u64
    }
}

impl Place {
    fn connection(&self) -> Option<Shared<Connection>> {
        self.room.inside.borrow()[self.index].as_ref().map(|inside| inside.connection.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let left = self.room.inside.borrow_mut()[self.index].take();
        self.room.free.borrow_mut().push(self.index);
        drop(left);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let Some(place) = self.place.take() else { return };
        let Some(connection) = place.connection().filter(|connection| !connection.is_closed()) else {
            return;
        };
        let leaving = linger(place, connection.clone());
        if task::spawn_detached(leaving, Location::caller()).is_err() {
            // Without memory to wait for it, nobody does.
            connection.shutdown(Shutdown::Both);
        }
    }
}

/// Keeps the place of a connection whose handler has ended until it is closed, and sees to it that this happens.
async fn linger(place: Place, connection: Shared<Connection>) {
    given_away::released(&connection).await;
    let room = &place.room;
    let closed = || poll_fn(|context| connection.poll_closed(context));
    if timeout(room.options.linger, closed()).await.is_err() {
        room.cut_off.set(room.cut_off.get() + 1);
        connection.shutdown(Shutdown::Both);
        closed().await;
    }
}

/// Ends connections that are idle for so long, until the program stops.
pub(super) async fn sweep(room: Rc<Room>, idle: Duration) {
    let pause = (idle / 8).max(SWEEP_MIN);
    while !stops_within(pause).await {
        let now = Instant::now();
        let ended = room.shut_down(|inside| {
            if inside.connection.take_activity() {
                inside.busy_at = now;
            }
            let is_idle = now.duration_since(inside.busy_at) >= idle;
            // Once is enough.
            if is_idle {
                inside.busy_at = now;
            }
            is_idle
        });
        room.idle.set(room.idle.get() + ended);
    }
}

/// Whether the program stops before the time is up.
async fn stops_within(pause: Duration) -> bool {
    let mut sleep = pin!(sleep(pause));
    // All fibers are polled when it does.
    let stops = || reactor::with(|reactor| reactor.is_stopping()).unwrap_or(true);
    poll_fn(|context| if stops() { Poll::Ready(true) } else { sleep.as_mut().poll(context).map(|()| false) })
        .await
}
