//! Formats in which measurements leave the engine.

pub(crate) mod chrome;
pub(crate) mod csv;
pub(crate) mod prometheus;

pub use chrome::ChromeTrace;

/// Why an export could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The output took no more.
    #[error("the measurements could not be written: {0}")]
    Write(#[from] std::io::Error),
}

impl ExportError {
    /// Stable name of the error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ExportError::Write(_) => "EXPORT_WRITE",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            ExportError::Write(_) => Some("check that the folder exists, may be written and has space left".to_owned()),
        }
    }
}

impl From<serde_json::Error> for ExportError {
    fn from(error: serde_json::Error) -> Self {
        // Nothing that is exported fails to serialize, so this is the writer's error, which keeps its kind on the way.
        ExportError::Write(error.into())
    }
}
