//! The life of one shard, on its thread.

use std::time::Duration;

use super::config::Config;
use super::control::{Control, Phase};
use super::error::StartError;
use super::units::format_memory;
use crate::blocking::{Blocking, Pool};
use crate::mem::{self, Locals, Memory};
use crate::reactor::{Reactor, Setup};
use crate::service::Services;
use crate::smp::{self, Mesh, Neighbour, Seat};
use crate::sys::clock;
use crate::sys::driver::Backend;
use crate::task::{self, Inbox, Tasks};

/// How long operations in flight may take to end by themselves when the shard stops, and then when cancelled.
const FINISH_NANOS: u64 = 500_000_000;
const CANCEL_NANOS: u64 = 1_500_000_000;
/// How often a shard that stops looks whether what blocks has ended.
const BLOCKING_LOOK: Duration = Duration::from_millis(1);

/// Everything that makes a thread a shard, in the order in which it ends.
struct Shard {
    services: Services,
    blocking: Blocking,
    mesh: Box<Mesh>,
    reactor: Box<Reactor>,
    tasks: Tasks,
    locals: Locals,
    memory: Memory,
}

/// What the first shard does besides.
pub(super) trait Lead {
    /// The shard is up: starts the program.
    fn begin(&mut self, reactor: &Reactor);
    /// After each turn: looks whether the program should stop.
    fn look(&mut self, reactor: &Reactor, control: &Control);
    /// The last fiber is gone.
    fn end(&mut self);
}

/// Other shards follow.
pub(super) struct Follow;

impl Lead for Follow {
    fn begin(&mut self, _: &Reactor) {}
    fn look(&mut self, _: &Reactor, _: &Control) {}
    fn end(&mut self) {}
}

/// Makes this thread a shard until the program stops. Returns early if any shard cannot start.
pub(super) fn run(
    config: &Config,
    backend: Backend,
    pool: &Pool,
    control: &Control,
    index: usize,
    seat: Seat,
    lead: &mut impl Lead,
) {
    let placed = config.place_current_thread(index);
    let memory = Memory::enter(config.memory_per_shard as usize);
    let made = placed.and_then(|()| make(config, backend));
    let (own, parts) = match made {
        Ok((locals, tasks, reactor, neighbour)) => (Ok(neighbour), Some((locals, tasks, reactor))),
        Err(error) => (Err(error), None),
    };
    let neighbours = control.introduce(index, own);
    if let (Some(neighbours), Some((locals, tasks, reactor))) = (neighbours, parts) {
        let mesh = Mesh::enter(seat, &neighbours);
        trace_start(config, index, &reactor);
        let blocking = Blocking::enter(pool, index);
        let services = Services::enter(&mesh);
        let shard = Shard { services, blocking, mesh, reactor, tasks, locals, memory };
        lead.begin(&shard.reactor);
        shard.run(control, index, lead);
        shard.stop(control, lead);
    }
}

fn make(config: &Config, backend: Backend) -> Result<(Locals, Tasks, Box<Reactor>, Neighbour), StartError> {
    let locals = Locals::enter().ok_or_else(|| config.reserved_too_large())?;
    let refused = |error| match backend {
        Backend::IoUring(_) => StartError::IoUring(error),
        Backend::Epoll => StartError::Epoll(error),
    };
    let inbox = Inbox::open().map_err(refused)?;
    let tasks = Tasks::enter(inbox).ok_or_else(|| config.reserved_too_large())?;
    let idle_poll = (!config.poll_mode).then_some(config.idle_poll);
    let setup = Setup { backend, task_quota: config.task_quota, idle_poll };
    let reactor = Reactor::enter(setup, inbox).map_err(refused)?;
    let neighbour = Neighbour { inbox, ring: reactor.ring_fd() };
    Ok((locals, tasks, reactor, neighbour))
}

fn trace_start(config: &Config, index: usize, reactor: &Reactor) {
    let (cpu, memory) = (config.cpus[index], format_memory(config.memory_per_shard));
    let bound = if config.pin { "bound to" } else { "not bound to" };
    let features = reactor.driver_features();
    say!(Trace, "Started {bound} CPU {cpu}, with {memory} and {features}");
}

impl Shard {
    fn run(&self, control: &Control, index: usize, lead: &mut impl Lead) {
        loop {
            self.reactor.turn(&*self.mesh);
            lead.look(&self.reactor, control);
            match control.phase() {
                Phase::Running => {}
                Phase::Draining => {
                    self.reactor.begin_stopping();
                    control.report_live(index, task::live(), task::live_but_daemons());
                }
                Phase::Stopping => return,
            }
            self.reactor.rest(&*self.mesh);
        }
    }

    /// Drops what is left, and waits for what others, and the kernel, still have of this shard.
    fn stop(self, control: &Control, lead: &mut impl Lead) {
        self.reactor.begin_stopping();
        task::cancel_all();
        lead.end();
        self.services.end();
        self.mesh.close_dock();
        let mut quiet = false;
        while !control.all_quiet() {
            self.turn_without_fibers();
            if !quiet && smp::outstanding() == 0 {
                quiet = true;
                control.report_quiet();
            }
        }
        // Foreign values that others dropped in the end come home.
        self.turn_without_fibers();
        let start = clock::now();
        while self.reactor.in_flight() > 0 && clock::now() - start < FINISH_NANOS {
            self.turn_without_fibers();
        }
        self.reactor.cancel_everything();
        while self.reactor.in_flight() > 0 && clock::now() - start < CANCEL_NANOS {
            self.turn_without_fibers();
        }
        // Nothing can end these, and they have the shard's memory.
        while self.blocking.left() > 0 && clock::now() < control.deadline() {
            self.turn_without_fibers();
            std::thread::sleep(BLOCKING_LOOK);
        }
        control.add_abandoned(task::abandoned_failures());
        control.wait_for_all();
        let Shard { services, blocking, mesh, reactor, tasks, locals, memory } = self;
        drop(services);
        drop(blocking);
        drop(mesh);
        drop(tasks);
        if reactor.in_flight() > 0 {
            // The kernel keeps what it will not let go of.
            say!(Warn, "{} operations did not end", reactor.in_flight());
            mem::keep();
            reactor.abandon();
        } else {
            drop(reactor);
        }
        drop(locals);
        drop(memory);
    }

    fn turn_without_fibers(&self) {
        self.reactor.turn(&*self.mesh);
        task::cancel_all();
        self.reactor.enter_if_needed();
        std::thread::yield_now();
    }
}
