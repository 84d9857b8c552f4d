//! What can go wrong, one type per operation, each with a stable code and a remedy.

use thiserror::Error;

/// Surfaces cannot be drawn as described. Nothing has changed then.
#[derive(Clone, PartialEq, Debug, Error)]
#[error("surface `{surface}`: {fault}")]
pub struct ConfigureError {
    /// Name of the surface.
    pub surface: String,
    /// What is wrong with it.
    pub fault: SurfaceFault,
}

/// What is wrong with one surface.
#[derive(Clone, PartialEq, Debug, Error)]
#[non_exhaustive]
pub enum SurfaceFault {
    /// No buffer of that name.
    #[error("there is no buffer `{buffer}`")]
    UnknownBuffer {
        /// The name asked for.
        buffer: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The reading side of the buffer belongs to somebody else.
    #[error("buffer `{buffer}` cannot be read: {reason}")]
    BufferTaken {
        /// The buffer's name.
        buffer: String,
        /// Who has it, in words.
        reason: String,
    },
    /// An offset, stride or step that is not a multiple of 4, or too small for what it steps over.
    #[error("{what} {found} {problem}")]
    Stride {
        /// Which number, e.g. `position.stride`.
        what: String,
        /// Its value, bytes.
        found: u32,
        /// Why it does not do.
        problem: &'static str,
    },
    /// The buffer ends before the data do.
    #[error("{what} needs {needed} bytes, buffer `{buffer}` has {found}")]
    BufferTooSmall {
        /// Which data, e.g. `position`.
        what: String,
        /// The buffer's name.
        buffer: String,
        /// Bytes needed.
        needed: u64,
        /// Bytes there are.
        found: u64,
    },
    /// More or larger than the compositor, or this device, can take.
    #[error("{what} is {found}, the limit is {limit}")]
    Limit {
        /// What is too large.
        what: String,
        /// How large it is.
        found: u64,
        /// How large it may be.
        limit: u64,
    },
    /// A number that makes no sense, or two settings that contradict each other.
    #[error("{0}")]
    Value(String),
    /// Two surfaces of one name.
    #[error("another surface has the same name")]
    NameTaken,
}

impl ConfigureError {
    pub(crate) fn new(surface: &str, fault: SurfaceFault) -> Self {
        Self { surface: surface.to_owned(), fault }
    }

    /// A stable name for this kind of failure.
    pub fn code(&self) -> &'static str {
        match self.fault {
            SurfaceFault::UnknownBuffer { .. } => "SURFACE_BUFFER_UNKNOWN",
            SurfaceFault::BufferTaken { .. } => "SURFACE_BUFFER_TAKEN",
            SurfaceFault::Stride { .. } => "SURFACE_STRIDE",
            SurfaceFault::BufferTooSmall { .. } => "SURFACE_BUFFER_TOO_SMALL",
            SurfaceFault::Limit { .. } => "SURFACE_LIMIT",
            SurfaceFault::Value(_) => "SURFACE_VALUE",
            SurfaceFault::NameTaken => "SURFACE_NAME_TAKEN",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match &self.fault {
            SurfaceFault::UnknownBuffer { known, .. } if known.is_empty() => Some("the app declares no buffers".to_owned()),
            SurfaceFault::UnknownBuffer { known, .. } => Some(format!("the app's buffers are {}", known.join(", "))),
            SurfaceFault::BufferTaken { .. } => Some("one app's surfaces are drawn by one compositor; end the other one".to_owned()),
            SurfaceFault::Stride { .. } => Some("offsets, strides and steps count bytes, in multiples of 4".to_owned()),
            SurfaceFault::BufferTooSmall { needed, buffer, .. } => {
                Some(format!("give buffer `{buffer}` at least {needed} bytes, or draw fewer items"))
            }
            SurfaceFault::Limit { limit, .. } => Some(format!("stay at {limit} or below")),
            SurfaceFault::Value(_) => Some("docs/manifest.md has what each key of a [[surface]] takes".to_owned()),
            SurfaceFault::NameTaken => Some("give each surface its own name".to_owned()),
        }
    }
}

/// A framebuffer of that size cannot be had. The one there was stays.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Error)]
#[error("a frame of {width} × {height} pixels exceeds the device's limit of {limit} a side")]
pub struct SizeError {
    /// Width asked for, pixels.
    pub width: u32,
    /// Height asked for, pixels.
    pub height: u32,
    /// What the device can do, pixels.
    pub limit: u32,
}

impl SizeError {
    /// A stable name for this kind of failure.
    pub fn code(&self) -> &'static str {
        "SIZE_LIMIT"
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(format!("use at most {} pixels a side", self.limit))
    }
}

/// A frame could not be drawn.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// The device is gone. Only a new one draws again.
    #[error("the GPU device is lost")]
    DeviceLost,
    /// The window's surface cannot be used any more.
    #[error("the window's surface is lost")]
    SurfaceLost,
}

impl ComposeError {
    /// A stable name for this kind of failure.
    pub fn code(&self) -> &'static str {
        match self {
            Self::DeviceLost => "GPU_LOST",
            Self::SurfaceLost => "WINDOW_SURFACE_LOST",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::DeviceLost => wasm_engine_gpu::FaultKind::Lost.hint().to_owned(),
            Self::SurfaceLost => "make a new surface for the window and give it to the compositor".to_owned(),
        })
    }
}

/// A frame could not be captured.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// As many captures as the ring holds are on their way.
    #[error("{0} captures are on their way already")]
    Busy(usize),
}

impl CaptureError {
    /// A stable name for this kind of failure.
    pub fn code(&self) -> &'static str {
        "CAPTURE_BUSY"
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some("poll the captures asked for before asking for more".to_owned())
    }
}
