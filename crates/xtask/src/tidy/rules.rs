//! The tables of the rules. `docs/architecture.md` explains them; a change here is a change of the design and belongs there too.

/// A crate of ours (its folder under `crates/`) and the ones it may use.
pub(super) struct Layer {
    pub(super) name: &'static str,
    pub(super) may_use: &'static [&'static str],
}

const fn layer(name: &'static str, may_use: &'static [&'static str]) -> Layer {
    Layer { name, may_use }
}

/// Which crate may use which. Read from top to bottom: a crate uses only crates above it.
pub(super) const LAYERS: &[Layer] = &[
    layer("exchange", &[]),
    layer("guest-sdk", &[]),
    layer("xtask", &[]),
    layer("loopback", &[]),
    layer("telemetry", &["exchange"]),
    layer("topology", &["telemetry"]),
    layer("sandbox", &["exchange", "telemetry"]),
    layer("gpu", &["exchange", "telemetry"]),
    layer("page", &["exchange", "loopback", "telemetry", "gpu"]),
    layer("serve", &["loopback", "telemetry"]),
    layer("compositor", &["exchange", "telemetry", "gpu"]),
    layer("panel", &["telemetry", "gpu"]),
    layer("testkit", &["exchange", "telemetry", "topology", "sandbox", "gpu", "page", "compositor"]),
    layer("engine", &["exchange", "telemetry", "topology", "sandbox", "gpu", "page", "serve", "compositor", "panel"]),
    layer("cli", &["engine"]),
    layer("bench", &["exchange", "guest-sdk", "telemetry", "topology", "sandbox", "gpu", "page", "compositor", "testkit", "engine"]),
];

/// May be used by the tests of every crate.
pub(super) const FOR_TESTS: &[&str] = &["testkit", "guest-sdk"];

/// A package from outside that only some crates may name, so that its upgrade touches only them.
pub(super) struct Engine {
    pub(super) package: &'static str,
    pub(super) crates: &'static [&'static str],
}

const fn engine(package: &'static str, crates: &'static [&'static str]) -> Engine {
    Engine { package, crates }
}

pub(super) const ENGINES: &[Engine] = &[
    engine("wasmtime", &["sandbox", "handlers", "bench"]),
    engine("servo", &["page"]),
    engine("surfman", &["gpu", "page"]),
    engine("glow", &["page", "gpu"]),
    engine("ash", &["gpu"]),
    engine("ort", &["inference"]),
    engine("wgpu", &["gpu", "compositor", "page", "panel", "bench"]),
    engine("wgpu-hal", &["gpu"]),
    engine("winit", &["engine", "compositor"]),
    engine("tauri", &["src-tauri", "panel"]),
    engine("wry", &["src-tauri", "panel"]),
];

/// Where `unsafe` may be written, as path prefixes, and why. `docs/unsafe.md` is the ledger.
pub(super) const UNSAFE: &[&str] = &[
    "crates/exchange/",
    "crates/gpu/src/import",
    "crates/sandbox/src/window",
    "crates/guest-sdk/",
    "crates/panel/src/sys/linux/cover/",
    "crates/panel/src/sys/linux/environment.rs",
    "crates/panel/src/sys/linux/exit.rs",
    "crates/panel/src/sys/linux/late",
];

/// Files that a crate with stages must have, in the order of the work.
pub(super) const STAGES: &[(&str, &[&str])] =
    &[("compositor", &["collect", "plan", "record", "submit", "present"]), ("sandbox", &["load", "link", "run", "publish"])];

/// Where code for one operating system may lie, as path prefixes.
pub(super) const SYS: &[&str] = &[
    "crates/exchange/src/sys",
    // The façade over atomics and futexes, which loom replaces.
    "crates/exchange/src/primitives.rs",
    // Chooses between a memfd and the heap.
    "crates/exchange/src/region.rs",
    // Has its own `sys`, so that the unsafe code stays in one file.
    "crates/sandbox/src/window.rs",
    "crates/topology/src/sys",
    "crates/gpu/src/sys",
    "crates/gpu/src/import",
    "crates/panel/src/sys",
    // Its tests are of one system.
    "crates/panel/tests/",
    "src-tauri/src/sys",
];

/// Lines in a file.
pub(super) const FILE_LINES_MAX: usize = 800;
/// Lines in a function, from `fn` to its closing brace.
pub(super) const FUNCTION_LINES_MAX: usize = 70;
/// Bytes in a file that git keeps.
pub(super) const FILE_BYTES_MAX: u64 = 256 * 1024;
/// Files that may be larger, because a tool writes them.
pub(super) const LARGE_FILES: &[&str] = &["Cargo.lock"];
/// How many lines may stand between the end of a SAFETY comment and what it vouches for.
pub(super) const SAFETY_REACH: usize = 4;
