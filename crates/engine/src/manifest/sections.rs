//! The tables of a manifest that stand once: `[app]`, `[page]`, `[window]`, `[clock]`, `[limits]`, `[hud]`, and the list of `[[param]]`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::background::Background;
use super::size::ByteSize;

/// `[app]`: who the app is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppInfo {
    /// Short name: lower-case letters, digits, `-` and `_`, beginning with a letter. Names the app's data folder.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9_-]{0,54}$"))]
    pub name: String,
    /// Version of the manifest format and the kernel ABI that the app is written for. This engine runs `"1"`.
    #[schemars(extend("const" = "1"))]
    pub engine: String,
    /// The app's own version, as it likes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What a person reads: window title, lists. The name stands in when it is missing.
    #[serde(default)]
    pub title: String,
    /// A sentence or two on what the app does.
    #[serde(default)]
    pub description: String,
}

/// `[page]`: the document that Servo shows over the surfaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Folder whose files the page may load, relative to the app. It sees nothing else.
    #[serde(default = "Page::default_root")]
    pub root: PathBuf,
    /// The document to open, relative to `root`.
    #[serde(default = "Page::default_index")]
    pub index: PathBuf,
    /// Whether what lies behind the page shows through where the page paints nothing.
    #[serde(default = "yes")]
    pub transparent: bool,
}

impl Page {
    fn default_root() -> PathBuf {
        "page".into()
    }

    fn default_index() -> PathBuf {
        "index.html".into()
    }
}

/// `[window]`: the framebuffer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Window {
    /// Width and height in logical pixels.
    #[schemars(inner(range(min = 1, max = 16384)))]
    pub size: [u32; 2],
    /// Device pixels per logical pixel. Without it the display decides, and headless it is 1.
    #[schemars(range(min = 0.25, max = 8.0))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<f32>,
    /// What lies behind everything: a color, or a gradient.
    pub background: Background,
}

impl Default for Window {
    fn default() -> Self {
        Self { size: [1280, 720], scale: None, background: Background::default() }
    }
}

/// `[clock]`: how time passes for the kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Clock {
    /// Ticks per second of virtual time. A frame shows the newest finished tick.
    #[schemars(range(min = 1, max = 1000))]
    pub rate: u32,
    /// What every random number of the run is derived from; `--seed` overrides it.
    pub seed: u64,
    /// How the kernels are held to their limits.
    pub profile: Profile,
}

impl Default for Clock {
    fn default() -> Self {
        Self { rate: 60, seed: 0, profile: Profile::Interactive }
    }
}

/// How kernels are bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// By instructions (`fuel`), with canonical NaNs: the same run gives the same bits on every machine.
    Deterministic,
    /// By wall-clock time (`deadline_ms`): fastest. Where a kernel is cut off depends on the machine.
    #[default]
    Interactive,
}

/// `[[param]]`: a number that the page moves and the kernels read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// What kernels and page call it.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9_-]{0,54}$"))]
    pub name: String,
    /// Value at the start of a run.
    pub default: f32,
    /// Smallest value; what the page sends is clamped to it.
    #[serde(default)]
    pub min: f32,
    /// Largest value.
    #[serde(default = "one")]
    pub max: f32,
    /// Distance between two values a control offers; without it any value is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<f32>,
    /// What a person reads beside the control. The name stands in when it is missing.
    #[serde(default)]
    pub label: String,
    /// Unit shown after the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// `[limits]`: bounds on what the whole app may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Shared memory of the app. Every buffer counts three times, since it is triple buffered.
    pub region_max: ByteSize,
    /// Bytes of all events that one instance of a kernel may send in one tick. Further ones are refused, which the kernel is told.
    pub event_bytes: ByteSize,
    /// Events that one instance of a kernel may send in one tick. Further ones are refused, which the kernel is told.
    #[schemars(range(min = 0, max = 4096))]
    pub events_per_tick: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { region_max: ByteSize(1 << 30), event_bytes: ByteSize(64 << 10), events_per_tick: 256 }
    }
}

/// `[hud]`: the frame graph and counters that the engine draws on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hud {
    /// Whether it is there from the start; it can be toggled at any time.
    pub shown: bool,
}

fn yes() -> bool {
    true
}

fn one() -> f32 {
    1.0
}
