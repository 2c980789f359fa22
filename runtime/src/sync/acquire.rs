//! Waiting for units of a semaphore.

use super::limit::Why;
use super::list::{Host, List, State, Waiter};
use super::semaphore::Handle;
use super::semaphore_error::SemaphoreError;
use super::units::Units;
use super::wait::{self, Wait};

/// What [`Semaphore::acquire`](super::Semaphore::acquire) and [`Semaphore::acquire_owned`](super::Semaphore::acquire_owned) wait for.
pub struct Acquiring<H: Handle> {
    semaphore: H,
    over_capacity: bool,
}

/// The future of [`Semaphore::acquire`](super::Semaphore::acquire) and [`Semaphore::acquire_owned`](super::Semaphore::acquire_owned).
pub type Acquire<H> = Wait<Acquiring<H>>;

impl<H: Handle> Acquiring<H> {
    #[inline]
    pub(super) fn wait(semaphore: H, units: usize, capacity: usize) -> Acquire<H> {
        Wait::new(Acquiring { semaphore, over_capacity: units > capacity }, units)
    }
}

// SAFETY: handles are hosts themselves.
unsafe impl<H: Handle> Host for Acquiring<H> {
    type Value = usize;

    #[inline]
    fn list(&self) -> &List<usize> {
        self.semaphore.list()
    }
}

#[inline]
fn units<H: Handle>(waiter: &Waiter<Acquiring<H>>) -> Units<H> {
    Units::new(waiter.host().semaphore.clone(), waiter.value())
}

impl<H: Handle> wait::Request for Acquiring<H> {
    type Output = Result<Units<H>, SemaphoreError>;
    type Limited = Self::Output;

    #[inline]
    fn take_now(waiter: &Waiter<Self>) -> Option<Self::Output> {
        let Acquiring { semaphore, over_capacity } = waiter.host();
        let taken = !over_capacity && semaphore.core().take(waiter.value());
        taken.then(|| Ok(units(waiter)))
    }

    fn hopeless(waiter: &Waiter<Self>) -> Option<Self::Output> {
        let Acquiring { semaphore, over_capacity } = waiter.host();
        let hopeless = *over_capacity || semaphore.core().is_broken();
        hopeless.then(|| Err(semaphore.core().refusal(waiter.value())))
    }

    fn woken(waiter: &Waiter<Self>, state: State) -> Option<Self::Output> {
        Some(match state {
            State::Granted => Ok(units(waiter)),
            _ => Err(waiter.host().semaphore.core().refusal(waiter.value())),
        })
    }

    #[cold]
    fn hand_on(waiter: &Waiter<Self>, state: State) {
        let semaphore = waiter.host().semaphore.core();
        match state {
            State::Granted => semaphore.give(waiter.value()),
            // Whoever is next may fit where this one did not (ours; unlike SEM-9).
            _ => semaphore.serve(),
        }
    }

    #[inline]
    fn granted(output: Self::Output) -> Self::Output {
        output
    }

    fn given_up(waiter: &Waiter<Self>, why: Why) -> Self::Output {
        let name = waiter.host().semaphore.core().name();
        Err(match why {
            Why::TimedOut => SemaphoreError::TimedOut { name },
            Why::Aborted => SemaphoreError::Aborted { name },
        })
    }
}
