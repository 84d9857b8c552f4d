//! Tokens, stage stamps, histograms, jitter and their exporters.
//!
//! A [`Token`] follows one tick or frame through the [`Stage`]s of the engine. The hot path (stamps, spans, counters, gauges) works on memory
//! that is fixed once [`Telemetry::new`] returns: it takes no lock and allocates nothing. Everything else (percentiles, traces, text) happens in
//! [`Telemetry::drain`] and in the exports, off the frame's path.
//!
//! ```
//! use wasm_engine_telemetry::{Counter, Stage, Telemetry, TelemetryConfig, Track};
//!
//! let telemetry = Telemetry::new(TelemetryConfig::default());
//! let token = telemetry.token();
//! telemetry.stamp(token, Stage::Queued);
//! {
//!     let _zone = telemetry.span("kernel.tick", Track::Worker(0));
//!     telemetry.stamp(token, Stage::ComputeStart);
//!     telemetry.stamp(token, Stage::ComputeEnd);
//! }
//! telemetry.stamp(token, Stage::Composed);
//! telemetry.add(Counter::FramesComposed, 1);
//! telemetry.frame_done(token);
//!
//! telemetry.drain();
//! println!("{}", telemetry.report());
//! ```
//!
//! Two protocols work without a lock: the ring of token records and the rings of spans. Both consist of atomic words alone, so what loom has to show is
//! order, not safety: `RUSTFLAGS="--cfg wasm_engine_loom" cargo test --release -p wasm-engine-telemetry --lib` runs their models, and compiles nothing
//! else.
#![forbid(unsafe_code)]
#![cfg_attr(wasm_engine_loom, allow(dead_code, reason = "the models use a part of each protocol"))]

#[cfg(not(wasm_engine_loom))]
mod aggregate;
#[cfg(not(wasm_engine_loom))]
mod clock;
#[cfg(not(wasm_engine_loom))]
mod counters;
#[cfg(not(wasm_engine_loom))]
mod export;
#[cfg(not(wasm_engine_loom))]
mod gauges;
#[cfg(not(wasm_engine_loom))]
mod limits;
#[cfg(all(test, wasm_engine_loom))]
mod models;
#[cfg(not(wasm_engine_loom))]
mod names;
mod primitives;
#[cfg(not(wasm_engine_loom))]
mod report;
#[cfg(not(wasm_engine_loom))]
mod series;
mod spans;
mod stage;
#[cfg(not(wasm_engine_loom))]
mod telemetry;
mod tokens;
#[cfg(not(wasm_engine_loom))]
mod tracy;

pub use spans::Track;
pub use stage::{FrameRecord, Interval, Stage, Token};
#[cfg(not(wasm_engine_loom))]
pub use {
    clock::now_nanos,
    counters::{Counter, Unit},
    export::{ChromeTrace, ExportError},
    limits::DEFAULT_BUDGET,
    report::{Bucket, Deadlines, FrameCounts, GaugeReading, IntervalReport, Jitter, Report, Stats},
    telemetry::{SpanGuard, Telemetry, TelemetryConfig},
};
