//! `[[kernel]]`: sandboxed code that runs every tick.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

use super::size::ByteSize;

/// One kernel: its module, what it is granted, how it is bounded.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kernel {
    /// What reports and messages call it.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9_-]{0,54}$"))]
    pub name: String,
    /// The compiled module, relative to the app.
    pub module: PathBuf,
    /// The Cargo package that `wasm-engine build` makes the module from, relative to the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<PathBuf>,
    /// Buffers it may read.
    #[serde(default)]
    pub read: Vec<String>,
    /// Buffers it may write. No buffer has two writers.
    #[serde(default)]
    pub write: Vec<String>,
    /// Instances that share the work of a tick: `"workers"` for one per worker core, or a number.
    #[serde(default)]
    pub shards: Shards,
    /// Largest linear memory of one instance, without the windows onto buffers.
    #[serde(default = "Kernel::default_memory")]
    pub memory_max: ByteSize,
    /// Wall-clock time that one tick may take before the kernel is ended (profile `interactive`).
    #[serde(default = "Kernel::default_deadline")]
    #[schemars(range(min = 1, max = 60000))]
    pub deadline_ms: u32,
    /// Fuel that one tick may burn before the kernel is ended (profile `deterministic`); about one unit per instruction.
    #[serde(default = "Kernel::default_fuel")]
    #[schemars(range(min = 1, max = 100_000_000_000_u64))]
    pub fuel: u64,
    /// Log text kept between two ticks; what is beyond is dropped and counted.
    #[serde(default = "Kernel::default_log")]
    pub log_bytes: ByteSize,
}

impl Kernel {
    fn default_memory() -> ByteSize {
        ByteSize(64 << 20)
    }

    fn default_deadline() -> u32 {
        1000
    }

    fn default_fuel() -> u64 {
        10_000_000_000
    }

    fn default_log() -> ByteSize {
        ByteSize(64 << 10)
    }

    /// Whether the buffer is granted to be read.
    #[must_use]
    pub fn reads(&self, buffer: &str) -> bool {
        self.read.iter().any(|name| name == buffer)
    }

    /// Whether the buffer is granted to be written.
    #[must_use]
    pub fn writes(&self, buffer: &str) -> bool {
        self.write.iter().any(|name| name == buffer)
    }
}

/// How many instances of a kernel share the work of one tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shards {
    /// One per worker core of the machine.
    Workers,
    /// A fixed number.
    Count(u16),
}

impl Default for Shards {
    fn default() -> Self {
        Self::Count(1)
    }
}

impl Shards {
    /// The number on a machine with that many worker cores, at least 1.
    #[must_use]
    pub fn on(self, workers: usize) -> usize {
        match self {
            Self::Workers => workers.clamp(1, usize::from(super::limits::SHARDS)),
            Self::Count(count) => usize::from(count.max(1)),
        }
    }
}

impl Serialize for Shards {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Workers => serializer.serialize_str("workers"),
            Self::Count(count) => serializer.serialize_u16(*count),
        }
    }
}

impl<'de> Deserialize<'de> for Shards {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const MAX: u16 = super::limits::SHARDS;
        /// The message, and in the line below what to write instead.
        fn refusal<E: de::Error>(found: impl fmt::Display) -> E {
            let hint = format!("write `shards = \"workers\"`, or a number from 1 to {MAX}");
            E::custom(format!("a kernel has 1 to {MAX} shards, not {found}\n{hint}"))
        }
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Shards;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"workers\" or a number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Shards, E> {
                if text == "workers" { Ok(Shards::Workers) } else { Err(refusal(format_args!("{text:?}"))) }
            }

            fn visit_i64<E: de::Error>(self, count: i64) -> Result<Shards, E> {
                let sound = u16::try_from(count).ok().filter(|count| (1..=MAX).contains(count));
                sound.map(Shards::Count).ok_or_else(|| refusal(count))
            }

            fn visit_u64<E: de::Error>(self, count: u64) -> Result<Shards, E> {
                self.visit_i64(i64::try_from(count).unwrap_or(i64::MAX))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Shards {
    fn schema_name() -> Cow<'static, str> {
        "Shards".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Instances that share the work: \"workers\" for one per worker core, or a number.",
            "anyOf": [ { "const": "workers" }, { "type": "integer", "minimum": 1, "maximum": 256 } ]
        })
    }
}
