//! The capacity of a semaphore as its type tells it, for checks while compiling.

use super::semaphore::{DYNAMIC, Semaphore};
use crate::mem::ShardLocal;

/// Something that may tell a number of units by its type.
pub trait Bounded {
    /// The most units that can ever be asked for; `usize::MAX` if only the value knows.
    const CAPACITY: usize;
}

impl<const UNITS: usize> Bounded for Semaphore<UNITS> {
    const CAPACITY: usize = if UNITS == DYNAMIC { usize::MAX } else { UNITS };
}

impl<T: Bounded> Bounded for ShardLocal<T> {
    const CAPACITY: usize = T::CAPACITY;
}

/// The capacity of a semaphore, of which only the type is looked at; so it may be a `static`.
pub const fn capacity<S: Bounded>(_: &S) -> usize {
    S::CAPACITY
}

#[cfg(test)]
mod tests {
    use super::*;

    const _: () = assert!(capacity(&Semaphore::<3>::new()) == 3);

    #[test]
    fn only_the_type_is_asked() {
        assert_eq!(capacity(&Semaphore::<7>::new()), 7);
        assert_eq!(capacity(&Semaphore::with_units(7)), usize::MAX);
    }
}
