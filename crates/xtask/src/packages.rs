//! The one selection of packages that everything is built with.
//!
//! Cargo merges the features of what is selected together, so another selection gives Servo's dependencies other features, and Servo is
//! built a second time (half an hour on two cores). The program and the desktop shell stand on everything, so every selection with both of them in it is the
//! same; the benchmarks bring peers whose build dependencies change the set, so they are never in it and have a target folder of their own.

/// The package with the program.
pub(crate) const CLI: &str = "wasm-engine-cli";

/// The package with the desktop shell.
pub(crate) const DESKTOP: &str = "wasm-engine-desktop";

/// The package of the comparisons, never selected together with the rest.
pub(crate) const BENCH: &str = "wasm-engine-bench";

/// The packages whose lock-free protocols have loom models.
pub(crate) const MODELLED: [&str; 2] = ["wasm-engine-exchange", "wasm-engine-telemetry"];

/// The package whose unit tests run under Miri.
pub(crate) const UNDER_MIRI: &str = "wasm-engine-exchange";

/// Cargo's arguments that select all but the benchmarks.
pub(crate) const ALL_BUT_BENCH: [&str; 3] = ["--workspace", "--exclude", BENCH];

/// Cargo's arguments that select what people run.
pub(crate) const PROGRAMS: [&str; 4] = ["--package", CLI, "--package", DESKTOP];

/// Cargo's features with which they tell a Tracy profiler what happens.
pub(crate) const FOR_TRACY: &str = "wasm-engine-cli/tracy,wasm-engine-desktop/tracy";

/// The package that has the profiler's client.
pub(crate) const TELEMETRY: &str = "wasm-engine-telemetry";

/// File name of the desktop shell.
pub(crate) fn desktop_name() -> String {
    format!("wasm-engine-desktop{}", std::env::consts::EXE_SUFFIX)
}

/// File name of the program.
pub(crate) fn program_name() -> String {
    format!("wasm-engine{}", std::env::consts::EXE_SUFFIX)
}
