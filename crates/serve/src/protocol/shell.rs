//! What the desktop shell says of itself, beside the messages about the run. It travels over the shell's IPC alone.

use serde::{Deserialize, Serialize};

use super::Problem;

/// What the panel asks of the shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum ShellAsk {
    /// Opens an app.
    Open {
        /// Its folder or archive.
        path: String,
    },
    /// Lets the person choose an app, and opens it.
    Choose {
        /// Whether an archive is wanted, and not a folder.
        archive: bool,
    },
    /// Takes an app out of those opened last.
    Forget {
        /// Its folder or archive.
        path: String,
    },
    /// Starts the shell when the person logs in, or no longer.
    Autostart {
        /// Whether it is to be started.
        on: bool,
    },
}

/// The shell's state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ShellState {
    /// The app that is open; none while there is none.
    pub app: Option<ShellApp>,
    /// The apps that were opened last, newest first; the open one is among them.
    pub recent: Vec<RecentApp>,
    /// Whether the shell starts when the person logs in.
    pub autostart: bool,
    /// Whether something is being dragged over the window that could be opened.
    pub dropping: bool,
    /// What the shell failed at last: an app that could not be opened, an autostart that could not be set.
    pub problem: Option<Problem>,
}

/// The open app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ShellApp {
    /// Its folder or archive.
    pub path: String,
    /// What a person reads.
    pub title: String,
}

/// An app that was opened before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RecentApp {
    /// Its folder or archive.
    pub path: String,
    /// What a person reads.
    pub title: String,
}
