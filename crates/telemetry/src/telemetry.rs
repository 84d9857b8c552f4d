//! The face of the crate: what the engine's parts hold and call.

use std::io::Write;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::aggregate::{Aggregate, Sample};
use crate::clock::now_nanos;
use crate::counters::{Counter, Counters};
use crate::export::{self, ChromeTrace, ExportError};
use crate::gauges::Gauges;
use crate::limits;
use crate::names::Names;
use crate::report::{GaugeReading, IntervalReport, Report};
use crate::spans::{Span, SpanRings, Track};
use crate::stage::{FrameRecord, Interval, Stage, Token};
use crate::tokens::TokenRing;
use crate::tracy::{Tracy, Zone};

/// How much a [`Telemetry`] may hold. Sizes outside their limits are brought within.
#[derive(Clone, Debug)]
pub struct TelemetryConfig {
    /// What a frame may take from queued to glass before it counts as missed. 8.33 ms unless set.
    pub budget: Duration,
    /// Tokens on their way or waiting for a drain; 64 bytes each.
    pub tokens: usize,
    /// Threads that may record spans at the same time.
    pub span_threads: usize,
    /// Spans that one thread may record between two drains; 24 bytes each.
    pub spans_per_thread: usize,
    /// Newest frames kept for trace, CSV and [`Telemetry::recent`].
    pub kept_frames: usize,
    /// Newest spans kept for the trace.
    pub kept_spans: usize,
    /// Newest samples of gauges and counters kept for the trace.
    pub kept_samples: usize,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        TelemetryConfig {
            budget: limits::DEFAULT_BUDGET,
            tokens: limits::DEFAULT_TOKENS,
            span_threads: limits::DEFAULT_SPAN_THREADS,
            spans_per_thread: limits::DEFAULT_SPANS_PER_THREAD,
            kept_frames: limits::DEFAULT_KEPT_FRAMES,
            kept_spans: limits::DEFAULT_KEPT_SPANS,
            kept_samples: limits::DEFAULT_KEPT_SAMPLES,
        }
    }
}

struct Inner {
    tokens: TokenRing,
    counters: Counters,
    gauges: Gauges,
    span_names: Names,
    spans: SpanRings,
    budget: AtomicU64,
    tracy: Tracy,
    aggregate: Mutex<Aggregate>,
}

/// Measures one engine. Cloning gives another handle to the same measurements.
#[derive(Clone)]
pub struct Telemetry {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telemetry").field("next_token", &self.inner.tokens.next()).finish_non_exhaustive()
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Telemetry::new(TelemetryConfig::default())
    }
}

/// The hot path: no lock, no allocation.
impl Telemetry {
    /// Takes all the memory it will need.
    #[must_use]
    pub fn new(config: TelemetryConfig) -> Self {
        let within = |value: usize, (least, most): (usize, usize)| value.clamp(least, most);
        let kept = |value: usize| value.min(limits::KEPT_MAX);
        let tokens = TokenRing::new(within(config.tokens, limits::TOKENS));
        let aggregate = Aggregate::new(&tokens, kept(config.kept_frames), kept(config.kept_spans), kept(config.kept_samples), now_nanos());
        let threads = within(config.span_threads, limits::SPAN_THREADS);
        let telemetry = Telemetry {
            inner: Arc::new(Inner {
                tokens,
                counters: Counters::new(),
                gauges: Gauges::new(),
                span_names: Names::new(limits::SPAN_NAMES),
                spans: SpanRings::new(threads, within(config.spans_per_thread, limits::SPANS_PER_THREAD)),
                budget: AtomicU64::new(0),
                tracy: Tracy::start(),
                aggregate: Mutex::new(aggregate),
            }),
        };
        telemetry.set_budget(config.budget);
        telemetry
    }

    /// Gives the next token: one per tick or frame.
    #[must_use]
    pub fn token(&self) -> Token {
        self.inner.tokens.claim()
    }

    /// Notes that `token` passes `stage` now. Stamping a stage again replaces the stamp.
    ///
    /// A token that was overrun by a later one is rejected and counted in [`Counter::StampsRejected`]; [`Token::NONE`] is ignored.
    #[inline]
    pub fn stamp(&self, token: Token, stage: Stage) {
        self.stamp_at(token, stage, now_nanos());
    }

    /// Notes that `token` passed `stage` at `nanos` of [`now_nanos`]. One relaxed load and one relaxed store.
    #[inline]
    pub fn stamp_at(&self, token: Token, stage: Stage, nanos: u64) {
        if token != Token::NONE && !self.inner.tokens.stamp(token, stage, nanos) {
            self.add(Counter::StampsRejected, 1);
        }
    }

    /// Says that before this frame there was nothing to draw: its distance from the frame before is not a frame interval.
    pub fn after_idle(&self, token: Token) {
        if token != Token::NONE && !self.inner.tokens.mark_after_idle(token) {
            self.add(Counter::StampsRejected, 1);
        }
    }

    /// Says that nothing had changed, so that no frame is drawn for this token.
    pub fn unchanged(&self, token: Token) {
        if token != Token::NONE && !self.inner.tokens.mark_unchanged(token) {
            self.add(Counter::StampsRejected, 1);
        }
    }

    /// Says that `token` will get no more stamps. Call it for ticks that never reached the glass, too: what they have is counted.
    pub fn frame_done(&self, token: Token) {
        if token == Token::NONE {
            return;
        }
        if !self.inner.tokens.mark_done(token) {
            self.add(Counter::StampsRejected, 1);
        }
        self.inner.tracy.frame_mark();
    }

    /// Opens a span that ends when the guard is dropped, on the same thread. Spans of one track must nest.
    ///
    /// Names read `<part>.<verb>`: `kernel.tick`, `compose.record`. A thread's first span takes one of a fixed number of rings.
    #[inline]
    #[must_use = "the span ends when the guard is dropped"]
    #[track_caller]
    pub fn span(&self, name: &'static str, track: Track) -> SpanGuard<'_> {
        SpanGuard {
            telemetry: self,
            name,
            track,
            _zone: self.inner.tracy.zone(name, std::panic::Location::caller()),
            start: now_nanos(),
            _stays_on_its_thread: PhantomData,
        }
    }

    /// Records a span that was measured elsewhere, in nanoseconds of [`now_nanos`].
    #[inline]
    pub fn span_at(&self, name: &'static str, track: Track, start: u64, end: u64) {
        let number = self.inner.span_names.number(name);
        let recorded = number
            .is_some_and(|number| self.inner.spans.push(Span { name: number as u32, track, start, nanos: end.saturating_sub(start) }));
        if !recorded {
            self.add(Counter::SpansDropped, 1);
        }
    }

    /// Adds to a counter.
    #[inline]
    pub fn add(&self, counter: Counter, amount: u64) {
        self.inner.counters.add(counter, amount);
    }

    /// The value of a counter.
    #[must_use]
    pub fn counter(&self, counter: Counter) -> u64 {
        self.inner.counters.value(counter)
    }

    /// Notes the value of something that rises and falls, such as the depth of a queue. Last and highest value are kept.
    #[inline]
    pub fn gauge(&self, name: &'static str, value: f64) {
        match self.inner.gauges.set(name, value) {
            Some(number) => self.inner.tracy.plot(number, name, value),
            None => self.add(Counter::GaugesDropped, 1),
        }
    }

    /// Sets what a frame may take from queued to glass. Holds for frames drained from now on.
    pub fn set_budget(&self, budget: Duration) {
        let nanos = u64::try_from(budget.as_nanos()).unwrap_or(u64::MAX);
        self.inner.budget.store(nanos, Ordering::Relaxed);
    }

    /// What a frame may take from queued to glass.
    #[must_use]
    pub fn budget(&self) -> Duration {
        Duration::from_nanos(self.inner.budget.load(Ordering::Relaxed))
    }
}

/// Off the hot path: these take a lock, which the hot path never does.
impl Telemetry {
    fn aggregate(&self) -> MutexGuard<'_, Aggregate> {
        // Whatever panicked while it held the lock left counts behind that are at worst incomplete.
        self.inner.aggregate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves finished tokens and spans into histograms and trace, and samples gauges and counters.
    ///
    /// Call it at least once a second, on a thread that may wait; when it comes too late, the oldest tokens and newest spans are lost and counted.
    pub fn drain(&self) {
        self.drain_into(&mut self.aggregate());
    }

    fn drain_into(&self, aggregate: &mut Aggregate) {
        let inner = &*self.inner;
        aggregate.drain_tokens(&inner.tokens, &inner.counters, inner.budget.load(Ordering::Relaxed));
        inner.spans.drain(|span| aggregate.spans.push(span));
        let at = now_nanos();
        for GaugeReading { name, last: value, .. } in inner.gauges.readings() {
            aggregate.samples.push(Sample { at, name, value });
        }
        for counter in Counter::ALL {
            let value = inner.counters.value(*counter);
            if value > 0 {
                let (name, value) = (counter.name(), value as f64);
                aggregate.samples.push(Sample { at, name, value });
            }
        }
    }

    /// Begins to measure anew, for instance after a warm-up. Tokens on their way stay, and counters go on: set back while threads count, those that belong together
    /// would not any more.
    pub fn reset(&self) {
        let mut aggregate = self.aggregate();
        self.drain_into(&mut aggregate);
        aggregate.clear(now_nanos());
        self.inner.gauges.reset();
    }

    /// The newest finished frames, oldest first, as far as they were drained.
    #[must_use]
    pub fn recent(&self, limit: usize) -> Vec<FrameRecord> {
        let mut frames: Vec<_> = self.aggregate().frames.iter().rev().take(limit).copied().collect();
        frames.reverse();
        frames
    }

    /// The newest of the frames that were drained since a caller asked last, oldest first. They come in the order in which they finished, which is not that of their tokens: a slow
    /// one finishes after its successors. `seen` is the caller's own, 0 at first.
    #[must_use]
    pub fn recent_since(&self, seen: &mut u64, limit: usize) -> Vec<FrameRecord> {
        self.aggregate().taken_since(seen, limit).copied().collect()
    }

    /// Drains, then sums up everything since the start or the last [`reset`](Self::reset); counters since the start, and [`FrameCounts::before`](crate::FrameCounts::before)
    /// and [`Deadlines::missed_before`](crate::Deadlines::missed_before) are what separates the two.
    #[must_use]
    pub fn report(&self) -> Report {
        let mut aggregate = self.aggregate();
        self.drain_into(&mut aggregate);
        let interval = |interval: Interval| {
            let (from, to) = interval.ends();
            IntervalReport { name: interval.name(), from, to, stats: aggregate.intervals[interval as usize].stats() }
        };
        Report {
            seconds: now_nanos().saturating_sub(aggregate.since) as f64 / 1e9,
            frames: aggregate.counts(),
            deadlines: aggregate.deadlines(self.inner.budget.load(Ordering::Relaxed)),
            stages: Interval::ALL.map(interval).to_vec(),
            frame_interval: aggregate.frame_interval.stats(),
            frame_interval_buckets: aggregate.frame_interval.buckets(),
            counters: Counter::ALL.iter().map(|counter| (counter.name(), self.counter(*counter))).collect(),
            gauges: self.inner.gauges.readings(),
        }
    }

    /// Drains, then renders everything in the text format that Prometheus scrapes, version 0.0.4.
    #[must_use]
    pub fn prometheus(&self) -> String {
        let mut aggregate = self.aggregate();
        self.drain_into(&mut aggregate);
        export::prometheus::render(&aggregate, &self.inner.counters, &self.inner.gauges.readings())
    }

    /// Drains, then builds a trace of the kept frames, spans and samples; serialize it to JSON and open it in Perfetto.
    #[must_use]
    pub fn chrome_trace(&self) -> ChromeTrace {
        let mut aggregate = self.aggregate();
        self.drain_into(&mut aggregate);
        export::chrome::build(&aggregate, &self.inner.span_names)
    }

    /// Writes [`chrome_trace`](Self::chrome_trace) as JSON.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn write_chrome_trace(&self, out: impl Write) -> Result<(), ExportError> {
        let mut out = std::io::BufWriter::new(out);
        serde_json::to_writer(&mut out, &self.chrome_trace())?;
        Ok(out.flush()?)
    }

    /// Drains, then writes one line per kept token, whether its frame was drawn or not, with the column names of PresentMon where they fit.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn write_csv(&self, out: impl Write) -> Result<(), ExportError> {
        let frames: Vec<_> = {
            let mut aggregate = self.aggregate();
            self.drain_into(&mut aggregate);
            aggregate.frames.iter().copied().collect()
        };
        let mut out = std::io::BufWriter::new(out);
        export::csv::write(&mut out, frames, self.inner.budget.load(Ordering::Relaxed))?;
        Ok(out.flush()?)
    }
}

/// Ends its span when dropped.
pub struct SpanGuard<'a> {
    telemetry: &'a Telemetry,
    name: &'static str,
    track: Track,
    _zone: Zone,
    start: u64,
    /// Zones of a profiler belong to the thread that opened them.
    _stays_on_its_thread: PhantomData<*const ()>,
}

impl Drop for SpanGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.telemetry.span_at(self.name, self.track, self.start, now_nanos());
    }
}
