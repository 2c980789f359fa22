//! Waiting for units of a semaphore.

use super::limit::Why;
use super::list::{Host, List, State, Waiter};
use super::semaphore::Handle;
use super::semaphore_error::SemaphoreError;
use super::units::Units;
use super::wait::{self, Wait};

/// What [`Semaphore::acquire`](super::Semaphore::acquire) and [`Semaphore::acquire_owned`](super::Semaphore::acquire_owned) wait for.
pub struct Acquiring<H: Handle>(H);

/// The future of [`Semaphore::acquire`](super::Semaphore::acquire) and [`Semaphore::acquire_owned`](super::Semaphore::acquire_owned).
pub type Acquire<H> = Wait<Acquiring<H>>;

impl<H: Handle> Acquiring<H> {
    #[inline]
    pub(super) fn wait(semaphore: H, units: usize) -> Acquire<H> {
        Wait::new(Acquiring(semaphore), units)
    }
}

// SAFETY: handles are hosts themselves.
unsafe impl<H: Handle> Host for Acquiring<H> {
    type Value = usize;

    #[inline]
    fn list(&self) -> &List<usize> {
        self.0.list()
    }
}

#[inline]
fn units<H: Handle>(waiter: &Waiter<Acquiring<H>>) -> Units<H> {
    Units::new(waiter.host().0.clone(), waiter.value())
}

#[cold]
#[inline(never)]
fn refused<H: Handle>(waiter: &Waiter<Acquiring<H>>) -> Result<Units<H>, SemaphoreError> {
    Err(waiter.host().0.core().refusal(waiter.value()))
}

impl<H: Handle> wait::Request for Acquiring<H> {
    type Output = Result<Units<H>, SemaphoreError>;
    type Limited = Self::Output;

    #[inline]
    fn take_now(waiter: &Waiter<Self>) -> Option<Self::Output> {
        waiter.host().0.core().try_take(waiter.value()).then(|| Ok(units(waiter)))
    }

    #[inline]
    fn hopeless(waiter: &Waiter<Self>) -> Option<Self::Output> {
        waiter.host().0.core().refuses(waiter.value()).then(|| refused(waiter))
    }

    #[inline]
    fn woken(waiter: &Waiter<Self>, state: State) -> Option<Self::Output> {
        Some(if state == State::Granted { Ok(units(waiter)) } else { refused(waiter) })
    }

    #[cold]
    fn hand_on(waiter: &Waiter<Self>, state: State) {
        let semaphore = waiter.host().0.core();
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
        let name = waiter.host().0.core().name();
        Err(match why {
            Why::TimedOut => SemaphoreError::TimedOut { name },
            Why::Aborted => SemaphoreError::Aborted { name },
        })
    }
}
