//! The helper threads and their queue.
//!
//! Threads start when there is work and none of them is idle, and stay until the program ends, so that nothing is allocated
//! once there are enough.

use std::io;
use std::ptr::NonNull;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread::{self, JoinHandle};

use super::job::{self, Header, Queue, Stage};
use crate::sys::clock;
use crate::sys::cpuset::{self, CpuSet};
use crate::task::{self, guarded};

/// The pool of a program, which ends with this.
pub(crate) struct Pool(Arc<Shared>);

/// What shards and helpers share.
pub(super) struct Shared {
    state: Mutex<State>,
    /// There is work, or an end.
    news: Condvar,
    threads_max: usize,
    /// Where helpers run: a shard that starts one is bound to a CPU, and new threads would be too.
    cpus: CpuSet,
}

struct State {
    queue: Queue,
    /// By shard.
    shards: Vec<OfShard>,
    threads: Vec<JoinHandle<()>>,
    idle: usize,
    running: usize,
    finished: u64,
    longest_wait: u64,
    closed: bool,
}

#[derive(Default)]
struct OfShard {
    /// Jobs that run, and nobody waits for.
    abandoned: usize,
    /// Those that have ended, whose blocks the shard is to free.
    ended: Queue,
}

// SAFETY: queues hold jobs, whose closures and results are `Send`; what else is in a job is only looked at under the lock.
unsafe impl Send for State {}

/// How a pool is doing.
pub(super) struct Statistics {
    pub(super) threads: usize,
    pub(super) queued: usize,
    pub(super) running: usize,
    pub(super) finished: u64,
    /// In nanoseconds.
    pub(super) longest_wait: u64,
}

impl Pool {
    /// A pool for so many shards, without any thread yet.
    pub(crate) fn new(shards: usize, threads_max: usize, cpus: CpuSet) -> Pool {
        let state = State {
            queue: Queue::default(),
            shards: (0..shards).map(|_| OfShard::default()).collect(),
            threads: Vec::with_capacity(threads_max),
            idle: 0,
            running: 0,
            finished: 0,
            longest_wait: 0,
            closed: false,
        };
        Pool(Arc::new(Shared { state: Mutex::new(state), news: Condvar::new(), threads_max, cpus }))
    }

    pub(super) fn shared(&self) -> Arc<Shared> {
        self.0.clone()
    }
}

impl Drop for Pool {
    /// Threads that still run something are left to it: nothing can end them.
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        let (threads, running) = (std::mem::take(&mut state.threads), state.running);
        drop(state);
        self.0.news.notify_all();
        if running > 0 {
            say!(Warn, "Calls of `unblock` that still run: {running}; their threads are left alone");
            return;
        }
        threads.into_iter().for_each(|thread| drop(thread.join()));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a job, and sees to it that there is a thread for it. Fails, with the job as it was, if there is none at all.
    ///
    /// # Safety
    ///
    /// The job is alive, and new.
    pub(super) unsafe fn submit(self: &Arc<Self>, job: NonNull<Header>) -> io::Result<()> {
        let mut state = self.lock();
        // SAFETY: promised by the caller; it stays until it has left the queue.
        unsafe {
            job.as_ref().queued_at.set(clock::now());
            state.queue.push(job);
        }
        if state.idle >= state.queue.len() || state.threads.len() >= self.threads_max {
            drop(state);
            self.news.notify_one();
            return Ok(());
        }
        let (helper, name) = (self.clone(), format!("unblock-{}", state.threads.len()));
        match thread::Builder::new().name(name).spawn(move || helper.help()) {
            Ok(thread) => state.threads.push(thread),
            // Those that there are will come to it.
            Err(_) if !state.threads.is_empty() => {}
            Err(error) => {
                // SAFETY: pushed above, under the same lock.
                unsafe { state.queue.remove(job) };
                return Err(error);
            }
        }
        Ok(())
    }

    /// Whether a job is done. If not, `waker` is woken when it is.
    ///
    /// # Safety
    ///
    /// The job is alive, and of this pool.
    pub(super) unsafe fn is_done(&self, job: NonNull<Header>, waker: &Waker) -> bool {
        // Dropped after the lock, because it may be of any executor.
        let mut before = None;
        let state = self.lock();
        // SAFETY: promised by the caller, and under the lock.
        let header = unsafe { job.as_ref() };
        let is_done = header.stage.get() == Stage::Done;
        if !is_done {
            before = header.waker.take();
            let same = before.take_if(|before| before.will_wake(waker));
            header.waker.set(same.or_else(|| Some(waker.clone())));
        }
        drop(state);
        drop(before);
        is_done
    }

    /// Nobody waits for a job any more. True if its body is the caller's now; if not, its block comes back by
    /// [`collect`](Self::collect).
    ///
    /// # Safety
    ///
    /// As for [`is_done`](Self::is_done).
    pub(super) unsafe fn leave(&self, job: NonNull<Header>) -> bool {
        let mut state = self.lock();
        // SAFETY: promised by the caller, and under the lock.
        let header = unsafe { job.as_ref() };
        let waker = header.waker.take();
        let is_ours = match header.stage.get() {
            Stage::Queued => {
                // SAFETY: what is queued is in the queue.
                unsafe { state.queue.remove(job) };
                true
            }
            Stage::Running => {
                header.stage.set(Stage::Abandoned);
                state.shards[header.shard].abandoned += 1;
                false
            }
            Stage::Abandoned => false,
            Stage::Done => true,
        };
        drop(state);
        drop(waker);
        is_ours
    }

    /// Frees the blocks of a shard's jobs that ended when nobody waited for them; on that shard.
    pub(super) fn collect(&self, shard: usize) {
        let mut ended = std::mem::take(&mut self.lock().shards[shard].ended);
        while let Some(job) = ended.pop() {
            // SAFETY: of this shard, and its helper has put it aside.
            unsafe { job::free(job) };
        }
    }

    /// How many jobs of a shard run that nobody waits for.
    pub(super) fn abandoned(&self, shard: usize) -> usize {
        self.lock().shards[shard].abandoned
    }

    pub(super) fn statistics(&self) -> Statistics {
        let state = self.lock();
        Statistics {
            threads: state.threads.len(),
            queued: state.queue.len(),
            running: state.running,
            finished: state.finished,
            longest_wait: state.longest_wait,
        }
    }

    /// What a helper does until the pool is closed.
    fn help(&self) {
        let _ = cpuset::set_affinity(&self.cpus);
        let mut state = self.lock();
        loop {
            if let Some(job) = state.queue.pop() {
                state = self.work(state, job);
            } else if state.closed {
                return;
            } else {
                state.idle += 1;
                state = self.news.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
            }
        }
    }

    /// Runs a job that has just left the queue.
    fn work<'a>(&'a self, mut state: MutexGuard<'a, State>, job: NonNull<Header>) -> MutexGuard<'a, State> {
        // SAFETY: who left the queue stays until it is done and the shard has seen that, or until it is put aside here.
        let header = unsafe { job.as_ref() };
        header.stage.set(Stage::Running);
        state.longest_wait = state.longest_wait.max(clock::now().saturating_sub(header.queued_at.get()));
        state.running += 1;
        drop(state);
        // SAFETY: the body of a running job is its helper's.
        unsafe { job::run(job) };
        let mut state = self.lock();
        state.running -= 1;
        state.finished += 1;
        if header.stage.get() == Stage::Running {
            header.stage.set(Stage::Done);
            let waker = header.waker.take();
            drop(state);
            // From here on the block may be gone.
            waker.into_iter().for_each(task::wake);
            return self.lock();
        }
        drop(state);
        // SAFETY: as above; nobody waits for it.
        guarded("The drop of a result of `unblock` that nobody read", || unsafe { job::discard(job) });
        let mut state = self.lock();
        let shard = &mut state.shards[header.shard];
        shard.abandoned -= 1;
        // SAFETY: alive, and in no queue since it left the other.
        unsafe { shard.ended.push(job) };
        state
    }
}
