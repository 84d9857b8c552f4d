//! Who still looks at a slot of a ring.
//!
//! A ring of textures has one writer and readers that it knows nothing of: a compositor may hold a frame while the GPU draws from
//! it. Each slot has a [`Lease`]; every frame handed out carries a [`FrameGuard`] of it. The writer touches the slot again only
//! when no guard is left, and is woken when the last one goes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Called on the thread that drops the last guard of a slot.
pub type OnFree = Arc<dyn Fn() + Send + Sync>;

struct Shared {
    guards: AtomicUsize,
    on_free: OnFree,
}

/// The writer's side of one slot.
pub struct Lease(Arc<Shared>);

impl Lease {
    /// A lease without guards.
    #[must_use]
    pub fn new(on_free: OnFree) -> Self {
        Self(Arc::new(Shared { guards: AtomicUsize::new(0), on_free }))
    }

    /// Whether nobody holds a guard, so that the slot may be written.
    #[must_use]
    pub fn is_free(&self) -> bool {
        // Acquire: what the last holder did with the slot happened before what the writer does next.
        self.0.guards.load(Ordering::Acquire) == 0
    }

    /// A guard to travel with a frame.
    #[must_use]
    pub fn guard(&self) -> FrameGuard {
        self.0.guards.fetch_add(1, Ordering::Relaxed);
        FrameGuard(Arc::clone(&self.0))
    }
}

/// Keeps the slot of a frame from being written. Hold it until the GPU has finished every submission that reads the frame: move a
/// clone into [`wgpu::Queue::on_submitted_work_done`].
pub struct FrameGuard(Arc<Shared>);

impl Clone for FrameGuard {
    fn clone(&self) -> Self {
        self.0.guards.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&self.0))
    }
}

impl Drop for FrameGuard {
    fn drop(&mut self) {
        if self.0.guards.fetch_sub(1, Ordering::AcqRel) == 1 {
            (self.0.on_free)();
        }
    }
}

impl fmt::Debug for FrameGuard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FrameGuard").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_writer_is_woken_once_when_the_last_guard_goes() {
        let woken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&woken);
        let lease = Lease::new(Arc::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
        }));
        assert!(lease.is_free());
        let first = lease.guard();
        let second = first.clone();
        drop(first);
        assert!(!lease.is_free());
        assert_eq!(woken.load(Ordering::Relaxed), 0);
        drop(second);
        assert!(lease.is_free());
        assert_eq!(woken.load(Ordering::Relaxed), 1);
    }
}
