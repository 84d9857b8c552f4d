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
#![forbid(unsafe_code)]

mod aggregate;
mod clock;
mod counters;
mod export;
mod gauges;
mod limits;
mod names;
mod report;
mod series;
mod spans;
mod stage;
mod telemetry;
mod tokens;
mod tracy;

pub use clock::now_nanos;
pub use counters::{Counter, Unit};
pub use export::{ChromeTrace, ExportError};
pub use limits::DEFAULT_BUDGET;
pub use report::{Bucket, Deadlines, FrameCounts, GaugeReading, IntervalReport, Jitter, Report, Stats};
pub use spans::Track;
pub use stage::{FrameRecord, Interval, Stage, Token};
pub use telemetry::{SpanGuard, Telemetry, TelemetryConfig};
