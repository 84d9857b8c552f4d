//! Exit codes, documented in `docs/cli.md`.

use wasm_engine_engine::{Ending, RunReport};

/// Everything went as asked.
pub(crate) const OK: u8 = 0;
/// The work failed.
pub(crate) const FAILED: u8 = 1;
/// An option, a name or a size that cannot be, as clap says it too.
pub(crate) const USAGE: u8 = 2;
/// The app was refused: manifest, module or grant.
pub(crate) const REFUSED: u8 = 3;
/// A file, folder, process or region was not found.
pub(crate) const NOT_FOUND: u8 = 4;
/// The machine lacks something: no GPU device, no memory, no threads, no display.
pub(crate) const LACKING: u8 = 5;
/// The run ended as asked, but a guest failed on the way.
pub(crate) const GUEST_FAILED: u8 = 6;
/// Ended by Ctrl-C or another signal that asks for the end; reports and pictures were still written, unless it was asked for twice.
pub(crate) const INTERRUPTED: u8 = 130;

/// What a run that came to its end means for who has started it.
pub(crate) fn of(report: &RunReport) -> u8 {
    match report.ending {
        Ending::Interrupted => INTERRUPTED,
        _ if report.lacks_output() => FAILED,
        _ if report.lost_gpu() => LACKING,
        _ if report.guests_failed() => GUEST_FAILED,
        _ => OK,
    }
}
