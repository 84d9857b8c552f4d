//! What a run writes when it is over, each file by itself: one that cannot be written keeps no other from it.

use std::fs::File;
use std::path::{Path, PathBuf};

use wasm_engine_compositor::Picture;
use wasm_engine_telemetry::Telemetry;

use crate::error::Diagnostic;
use crate::kept;
use crate::options::RunOptions;
use crate::recording::{self, save_png};
use crate::run_report::{Fault, RunReport};

/// Whether all that was asked for can be written, so that nobody learns it after the run.
///
/// # Errors
/// `OUTPUT` for the first path that cannot be written or is given twice, `RECORDING_EXISTS` for a folder that has a recording.
pub(crate) fn check(options: &RunOptions) -> Result<(), Diagnostic> {
    let files = [
        ("the last frame", &options.out),
        ("the trace", &options.trace),
        ("the frames' times", &options.csv),
        ("the report", &options.report),
    ];
    let mut places: Vec<(&str, PathBuf)> = Vec::new();
    for (what, path) in files.iter().filter_map(|(what, path)| Some((what, path.as_deref()?))) {
        let place = check_file(path).map_err(|error| unwritable(path, error))?;
        if let Some((other, _)) = places.iter().find(|(_, taken)| *taken == place) {
            return Err(Diagnostic::new("OUTPUT", format!("{} cannot be {other} and {what}", path.display()))
                .with_hint(Some("give each of them a file of its own".to_owned())));
        }
        places.push((what, place));
    }
    options.record.as_deref().map_or(Ok(()), recording::check)
}

/// Whether a file can be written there, and its one path of all that lead to it.
fn check_file(path: &Path) -> std::io::Result<PathBuf> {
    kept::replaceable(path)?;
    kept::make_folder_of(path)?;
    let partial = kept::partial(path);
    File::create(&partial)?;
    let place = partial.canonicalize();
    std::fs::remove_file(&partial)?;
    place
}

/// A file that cannot be written, and why.
pub(crate) fn unwritable(path: &Path, why: impl std::fmt::Display) -> Diagnostic {
    Diagnostic::new("OUTPUT", format!("{} cannot be written: {why}", path.display()))
        .with_hint(Some("choose a path in a folder that you may write to, on a disk with room".to_owned()))
}

/// Writes what was asked for. What could not be written is a fault of the report, which is written last.
pub(crate) fn write(options: &RunOptions, telemetry: &Telemetry, last: Option<&Picture>, recorded: u64, report: &mut RunReport) {
    if let (Some(path), Some(image)) = (&options.out, last) {
        note(report, path, save_png(image, path));
    }
    if let Some(folder) = &options.record {
        report.files.push(format!("{} ({recorded} frames)", folder.display()));
    }
    if let Some(path) = &options.trace {
        let trace = serde_json::to_string(&telemetry.chrome_trace()).map_err(|error| unwritable(path, error));
        note(report, path, trace.and_then(|trace| save_text(path, trace.as_bytes())));
    }
    if let Some(path) = &options.csv {
        let mut csv = Vec::new();
        let written = telemetry.write_csv(&mut csv).map_err(|error| unwritable(path, error));
        note(report, path, written.and_then(|()| save_text(path, &csv)));
    }
    if let Some(path) = &options.report {
        report.files.push(path.display().to_string());
        let json = serde_json::to_string_pretty(&*report).map_err(|error| unwritable(path, error));
        if let Err(problem) = json.and_then(|json| save_text(path, json.as_bytes())) {
            report.files.pop();
            report.faults.push(Fault::of_engine(&problem));
        }
    }
}

/// Notes that a file was written, or was not.
fn note(report: &mut RunReport, path: &Path, written: Result<(), Diagnostic>) {
    match written {
        Ok(()) => report.files.push(path.display().to_string()),
        Err(problem) => report.faults.push(Fault::of_engine(&problem)),
    }
}

fn save_text(path: &Path, text: &[u8]) -> Result<(), Diagnostic> {
    kept::make_folder_of(path).and_then(|()| kept::replace(path, text)).map_err(|error| unwritable(path, error))
}
