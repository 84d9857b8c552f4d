//! What a run writes when it is over, each file by itself: one that cannot be written keeps no other from it.

use std::fs::File;
use std::path::Path;

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
/// `OUTPUT` for the first path that cannot be written, `RECORDING_EXISTS` for a folder that has a recording.
pub(crate) fn check(options: &RunOptions) -> Result<(), Diagnostic> {
    let files = [&options.out, &options.trace, &options.csv, &options.report];
    files.into_iter().flatten().try_for_each(|path| check_file(path))?;
    options.record.as_deref().map_or(Ok(()), recording::check)
}

fn check_file(path: &Path) -> Result<(), Diagnostic> {
    if path.is_dir() {
        return Err(unwritable(path, "it is a folder"));
    }
    let partial = kept::partial(path);
    kept::make_folder_of(path)
        .and_then(|()| File::create(&partial))
        .and_then(|_| std::fs::remove_file(&partial))
        .map_err(|error| unwritable(path, error))
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
