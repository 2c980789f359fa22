//! The instances of one shard, by the words of their handles.

use std::cell::{Cell, RefCell};
use std::ptr;

use super::group::Lanes;
use super::instance::{Held, Local};
use super::registry::Registry;
use super::word::Word;
use super::{Service, Sharded, options};
use crate::smp::Mesh;
use crate::task::guarded;

thread_local! {
    /// Null on threads that are no shard.
    static TABLE: Cell<*const Table> = const { Cell::new(ptr::null()) };
}

/// The services of one shard. While it lives, they can be called on its thread.
pub(crate) struct Services {
    table: Box<Table>,
}

struct Table {
    /// By the place that the word names.
    instances: RefCell<Vec<Option<(Word, Held)>>>,
    /// All services of the program; only used on the shard that leads.
    registry: Registry,
    lanes: RefCell<Lanes>,
    /// Nothing begins any more.
    closed: Cell<bool>,
}

impl Services {
    pub(crate) fn enter(mesh: &Mesh) -> Services {
        mesh.tell_returns(options::call_returned);
        let instances = RefCell::new(Vec::with_capacity(64));
        let table = Box::new(Table {
            instances,
            registry: Registry::new(),
            lanes: RefCell::new(Vec::new()),
            closed: Cell::new(false),
        });
        TABLE.set(&*table);
        Services { table }
    }

    /// The shard ends: drops what is left, those that were started last first.
    pub(crate) fn end(&self) {
        self.table.closed.set(true);
        while let Some(instance) = self.table.take_last() {
            guarded("The drop of a service", || drop(instance));
        }
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        self.end();
        TABLE.set(ptr::null());
    }
}

impl Table {
    fn take_last(&self) -> Option<Held> {
        let mut instances = self.instances.borrow_mut();
        let last = instances.iter_mut().max_by_key(|entry| entry.as_ref().map(|(word, _)| *word))?;
        last.take().map(|(_, instance)| instance)
    }
}

#[inline]
fn with<R>(act: impl FnOnce(&Table) -> R) -> Option<R> {
    // SAFETY: set by `enter` and cleared before the table is dropped, which no `act` can do.
    unsafe { TABLE.get().as_ref() }.map(act)
}

/// The list of all services, on the shard that leads.
pub(super) fn with_registry<R>(act: impl FnOnce(&Registry) -> R) -> Option<R> {
    with(|table| act(&table.registry))
}

/// The lanes of this shard's calls.
pub(super) fn with_lanes<R>(act: impl FnOnce(&mut Lanes) -> R) -> Option<R> {
    with(|table| act(&mut table.lanes.borrow_mut()))
}

/// This shard's instance of a service.
#[inline]
pub(super) fn find<S: Service>(service: Sharded<S>) -> Option<Local<S>> {
    with(|table| {
        let instances = table.instances.borrow();
        let (word, instance) = instances.get(service.word.place())?.as_ref()?;
        // SAFETY: the word says which service it is: only `insert` pairs the two.
        (*word == service.word).then(|| unsafe { instance.local() })
    })?
}

/// Makes `instance` the one of this shard, unless the shard ends: then it is dropped.
pub(super) fn insert<S: Service>(service: Sharded<S>, instance: Local<S>) {
    let instance = instance.erase();
    let other = with(|table| {
        if table.closed.get() {
            return Some(instance);
        }
        let mut instances = table.instances.borrow_mut();
        let place = service.word.place();
        if instances.len() <= place {
            instances.resize_with(place + 1, || None);
        }
        let before = instances[place].replace((service.word, instance));
        debug_assert!(before.is_none(), "a place is used again when all shards have let go of it");
        before.map(|(_, instance)| instance)
    });
    drop(other);
}

/// Ends the calls to this shard's instance of a service, and returns it.
pub(super) fn remove(word: Word) -> Option<Held> {
    with(|table| {
        let mut instances = table.instances.borrow_mut();
        let (_, instance) = instances.get_mut(word.place())?.take_if(|(found, _)| *found == word)?;
        Some(instance)
    })?
}
