//! A value that is read across waits, such as while it is sent.

use std::rc::Rc;

use super::heap::Heap;
use super::item::Parts;
use super::memory::At;

/// A value whose bytes stay, whatever happens to its item meanwhile.
pub struct Value {
    heap: Rc<Heap>,
    at: At,
}

impl Value {
    pub(super) fn new(heap: &Rc<Heap>, at: At) -> Option<Value> {
        heap.pin(at).then(|| Value { heap: heap.clone(), at })
    }

    /// Length of the value.
    pub fn bytes(&self) -> usize {
        self.heap.header(self.at).value_bytes.get() as usize
    }

    /// The value, part by part, none of them empty.
    pub fn parts(&self) -> Parts<'_> {
        Parts::new(&self.heap, self.at)
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.heap.unpin(self.at);
    }
}
