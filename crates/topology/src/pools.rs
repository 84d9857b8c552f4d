//! Thread pools built from the plan.

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

use crate::core_set::CoreSet;
use crate::pin::{PinError, pin_current};
use crate::plan::Plan;

/// The pool that guests run on.
#[derive(Debug)]
pub struct WorkerPool {
    /// Threads `worker-0`, `worker-1`, …; thread *i* belongs to `plan.workers[i]`.
    pub pool: ThreadPool,
    /// Workers that could not be pinned, by number, and why. They work all the same.
    pub unpinned: Vec<(usize, PinError)>,
}

/// Why a pool could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// The system gave no more threads.
    #[error("the worker threads could not be started: {0}")]
    Threads(#[from] ThreadPoolBuildError),
}

impl PoolError {
    /// Stable name of the error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            PoolError::Threads(_) => "POOL_THREADS",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            PoolError::Threads(_) => Some("raise the limit on threads (`ulimit -u`, or `TasksMax` of the service)".to_owned()),
        }
    }
}

/// Starts one worker per entry of `plan.workers`, at most `cap` of them (`usize::MAX` for no cap), each pinned unless the plan is shared.
///
/// # Errors
/// When the threads cannot be started. A worker that cannot be pinned is told in the result.
pub fn worker_pool(plan: &Plan, cap: usize) -> Result<WorkerPool, PoolError> {
    let count = plan.workers.len().min(cap).max(1);
    let pool = ThreadPoolBuilder::new().num_threads(count).thread_name(|number| format!("worker-{number}")).build()?;
    if plan.shared {
        let unpinned = Vec::new();
        return Ok(WorkerPool { pool, unpinned });
    }
    // Runs once on every thread of the pool before anything else does, and waits for all.
    let outcomes = pool.broadcast(|context| {
        let core = plan.workers.get(context.index()).map(|worker| CoreSet::from(worker.core));
        pin_current(&core.unwrap_or_default())
    });
    let failed = |(number, outcome): (usize, Result<(), PinError>)| Some((number, outcome.err()?));
    let unpinned = outcomes.into_iter().enumerate().filter_map(failed).collect();
    Ok(WorkerPool { pool, unpinned })
}
