//! What can go wrong when a region is made or attached.

use std::io;
use thiserror::Error;

/// A region cannot be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CreateError {
    /// A name is empty, too long or has a zero byte in it.
    #[error("{name:?} cannot be the name of a buffer or lane")]
    Name {
        /// The name.
        name: String,
    },
    /// A name is used twice for the same kind of thing.
    #[error("{name:?} is named twice")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// A size or count is zero or above its limit.
    #[error("{name:?}: {what} is {value}, which is not within 1..={max}")]
    Size {
        /// The buffer or lane.
        name: String,
        /// Which size.
        what: &'static str,
        /// What was asked.
        value: usize,
        /// What may be asked.
        max: usize,
    },
    /// Too many buffers and rings, or too many bytes together.
    #[error("the region would have {value} {what}, more than {max}")]
    TooLarge {
        /// Which sum.
        what: &'static str,
        /// What it came to.
        value: usize,
        /// What it may come to.
        max: usize,
    },
    /// The heap has not so much memory.
    #[error("no memory for a region of {bytes} bytes")]
    NoMemory {
        /// Length of the region.
        bytes: usize,
    },
    /// The system refused the memory.
    #[error("the system gives no shared memory: {0}")]
    System(#[source] io::Error),
    /// The plan failed its own check.
    #[error("the plan of the region is inconsistent: {0}")]
    Plan(#[source] AttachError),
}

impl CreateError {
    /// A stable name for this kind of failure.
    pub fn code(&self) -> &'static str {
        match self {
            CreateError::Name { .. } => "REGION_NAME",
            CreateError::Duplicate { .. } => "REGION_DUPLICATE",
            CreateError::Size { .. } => "REGION_SIZE",
            CreateError::TooLarge { .. } => "REGION_TOO_LARGE",
            CreateError::NoMemory { .. } | CreateError::System(_) => "REGION_NO_MEMORY",
            CreateError::Plan(_) => "REGION_PLAN",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            CreateError::Name { .. } => Some(format!("names have 1 to {} bytes of UTF-8", crate::limits::NAME_BYTES_MAX)),
            CreateError::Duplicate { name } => Some(format!("rename one of the two called {name:?}")),
            CreateError::Size { .. } | CreateError::TooLarge { .. } => Some("ask for less".into()),
            CreateError::NoMemory { .. } | CreateError::System(_) => Some("free memory, or make the buffers smaller".into()),
            CreateError::Plan(_) => None,
        }
    }
}

/// Something is not a region that can be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AttachError {
    /// Too short, too long, or not starting like a region.
    #[error("this is not a region")]
    NotARegion,
    /// Made by another version.
    #[error("the region has format {found}, this build reads {ours}", ours = super::format::VERSION)]
    Version {
        /// Its format.
        found: u32,
    },
    /// The file is not as long as the header says.
    #[error("the region says it has {stated} bytes and has {real}")]
    Length {
        /// What the header says.
        stated: u64,
        /// What the file has.
        real: u64,
    },
    /// More entries than a region may have.
    #[error("the directory claims {found} entries")]
    TooMany {
        /// How many.
        found: u32,
    },
    /// Something lies outside the region or is misaligned.
    #[error("the {what} does not lie in the region as it should")]
    Span {
        /// What.
        what: &'static str,
    },
    /// An entry of the directory makes no sense.
    #[error("entry {index} of the directory is impossible: {reason}")]
    Directory {
        /// Which one.
        index: usize,
        /// Why.
        reason: &'static str,
    },
    /// Two things share bytes.
    #[error("parts of the region overlap")]
    Overlap,
    /// The file could be made shorter under us.
    #[error("the file of the region is not sealed against shrinking")]
    NotSealed,
    /// Write access was asked for a descriptor that cannot write.
    #[error("the descriptor of the region is read-only")]
    NotWritable,
    /// The file could not be opened a second time.
    #[error("the file of the region cannot be opened again: {0}")]
    Reopen(#[source] io::Error),
    /// Regions cannot be shared between processes on this system.
    #[error("this system has no shared regions")]
    Unsupported,
    /// The system refused.
    #[error("the region cannot be mapped: {0}")]
    System(#[source] io::Error),
}

impl AttachError {
    /// A stable name for this kind of failure.
    pub fn code(&self) -> &'static str {
        match self {
            AttachError::NotARegion => "NOT_A_REGION",
            AttachError::Version { .. } => "REGION_VERSION",
            AttachError::NotSealed => "REGION_NOT_SEALED",
            AttachError::NotWritable => "REGION_READ_ONLY",
            AttachError::Reopen(_) | AttachError::System(_) => "REGION_SYSTEM",
            AttachError::Unsupported => "REGION_UNSUPPORTED",
            AttachError::Length { .. }
            | AttachError::TooMany { .. }
            | AttachError::Span { .. }
            | AttachError::Directory { .. }
            | AttachError::Overlap => "REGION_CORRUPT",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            AttachError::NotARegion => Some("pass the descriptor of a region made by a running engine".into()),
            AttachError::Version { .. } => Some("use the same version of wasm-engine on both sides".into()),
            AttachError::NotSealed => Some("regions are memfds sealed with F_SEAL_SHRINK".into()),
            AttachError::NotWritable => Some("attach it read-only".into()),
            AttachError::Reopen(_) => Some("write access needs /proc to be mounted".into()),
            _ => None,
        }
    }
}
