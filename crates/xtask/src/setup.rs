//! Brings what the machine lacks. Quick when nothing is missing: it looks before it asks anybody.

pub(crate) mod debian;
pub(crate) mod rust;

use crate::failure::{Failure, Result};

/// What the machine is wanted for. Each takes in the ones before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Purpose {
    /// Compile and link everything.
    Build,
    /// Run apps: graphics drivers, fonts.
    Run,
    /// Make packages of it, sign and check them.
    Bundle,
    /// Run the tests: a display that is not there, clicks.
    Test,
    /// Run the comparisons: exact counters.
    Bench,
}

pub(crate) fn command(args: &[String]) -> Result<()> {
    let purpose = match args {
        [] => Purpose::Run,
        [all] if all == "--all" => Purpose::Bench,
        _ => {
            return Err(Failure::usage(format!("setup does not know {args:?}"), "`cargo xtask help setup`"));
        }
    };
    ensure(purpose)?;
    eprintln!("xtask: this machine has what it needs");
    Ok(())
}

/// Makes sure that the machine can do `purpose`. Says only what it changes.
pub(crate) fn ensure(purpose: Purpose) -> Result<()> {
    if cfg!(target_os = "linux") {
        debian::ensure(purpose)?;
    } else {
        eprintln!("xtask: setup installs nothing on this system; building needs clang 19, cmake, python 3 and pkg-config on the PATH");
    }
    rust::ensure()?;
    if purpose >= Purpose::Test { rust::ensure_driver() } else { Ok(()) }
}
