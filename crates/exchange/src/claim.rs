//! Who holds which side of what.
//!
//! A side is held by one process through a lock on one byte of the region's file (an open-file-description lock), and by one handle within the process
//! through a flag. The kernel drops the lock when its holder is gone, however it went and only after its last store, so a killed process never wedges a
//! side. A process id and start time in the region would also do, but can be fooled by process id namespaces, and need `/proc` and a repair protocol.

use crate::primitives::Ordering;
use crate::region::Inner;
use std::sync::Arc;
use thiserror::Error;

/// A side cannot be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// The id is of another region.
    #[error("the region has no such buffer")]
    UnknownBuffer,
    /// No lane has this name.
    #[error("the region has no lane named {name:?}")]
    UnknownLane {
        /// The name.
        name: String,
    },
    /// Another handle holds this side.
    #[error("this side is held by {}", process(*.holder))]
    Taken {
        /// Process that said it holds it; 0 when unknown.
        holder: u32,
    },
    /// Another engine runs in this region.
    #[error("the region is in use by {}", process(*.holder))]
    RegionInUse {
        /// Process that said it holds it; 0 when unknown.
        holder: u32,
    },
    /// The region was attached to look only.
    #[error("the region was attached read-only")]
    ReadOnly,
    /// The type of the items is not what the lane carries.
    #[error("the lane carries items of {item_bytes} bytes, not {asked}")]
    ItemType {
        /// Bytes of its items.
        item_bytes: usize,
        /// Bytes of the type asked for.
        asked: usize,
    },
    /// The lane has several producers, so its receiver is a [`MergedReceiver`](crate::MergedReceiver).
    #[error("the lane has {producers} producers")]
    Merged {
        /// How many.
        producers: usize,
    },
    /// The system refused the lock.
    #[error("the lock on the region failed: {0}")]
    System(#[source] std::io::Error),
}

fn process(holder: u32) -> String {
    if holder == 0 { "another handle".into() } else { format!("process {holder}") }
}

impl ClaimError {
    /// A stable name for this kind of failure.
    pub fn code(&self) -> &'static str {
        match self {
            ClaimError::UnknownBuffer => "UNKNOWN_BUFFER",
            ClaimError::UnknownLane { .. } => "UNKNOWN_LANE",
            ClaimError::Taken { .. } => "CLAIM_TAKEN",
            ClaimError::RegionInUse { .. } => "REGION_IN_USE",
            ClaimError::ReadOnly => "REGION_READ_ONLY",
            ClaimError::ItemType { .. } => "LANE_ITEM_TYPE",
            ClaimError::Merged { .. } => "LANE_MERGED",
            ClaimError::System(_) => "CLAIM_FAILED",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            ClaimError::Taken { .. } => Some("drop the handle that holds it; observers can be had in any number".into()),
            ClaimError::RegionInUse { holder } => Some(format!("stop the engine that runs in it ({})", process(*holder))),
            ClaimError::ReadOnly => Some("attach the region with write access, or use an observer".into()),
            ClaimError::Merged { .. } => Some("use merged_receiver".into()),
            _ => None,
        }
    }
}

/// The two sides of a buffer or ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Writing,
    Reading,
}

/// Holds one side until dropped.
pub(crate) struct Claim {
    region: Arc<Inner>,
    number: usize,
    line: usize,
}

/// Holds the region as a whole until dropped.
pub struct OwnerClaim(#[expect(dead_code, reason = "holding it is its use")] pub(crate) Claim);

impl core::fmt::Debug for OwnerClaim {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("OwnerClaim")
    }
}

impl Claim {
    pub(crate) fn take(region: &Arc<Inner>, number: usize, line: usize) -> Result<Claim, ClaimError> {
        let holder = || region.word(line).load(Ordering::Relaxed);
        if !region.held[number].take() {
            return Err(ClaimError::Taken { holder: holder() });
        }
        match region.locks.try_lock(number as u64) {
            Ok(true) => {
                region.word(line).store(std::process::id(), Ordering::Relaxed);
                Ok(Claim { region: Arc::clone(region), number, line })
            }
            refused => {
                region.held[number].give_back();
                Err(refused.map_or_else(ClaimError::System, |_| ClaimError::Taken { holder: holder() }))
            }
        }
    }

    pub(crate) fn region(&self) -> &Arc<Inner> {
        &self.region
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.region.word(self.line).store(0, Ordering::Relaxed);
        self.region.locks.unlock(self.number as u64);
        self.region.held[self.number].give_back();
    }
}
