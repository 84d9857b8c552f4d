//! What the engine calls in every frame allocates nothing, and loses nothing when many threads call it.

use wasm_engine_telemetry::{Counter, Interval, Stage, Telemetry, TelemetryConfig, Track};

/// Everything that a frame does to a telemetry.
fn frame(telemetry: &Telemetry) {
    let token = telemetry.token();
    for stage in Stage::ALL {
        let _zone = telemetry.span("test.stage", Track::Worker(1));
        telemetry.stamp(token, stage);
    }
    telemetry.after_idle(token);
    telemetry.add(Counter::FramesComposed, 1);
    telemetry.gauge("test.depth", 2.0);
    telemetry.frame_done(token);
}

// With a profiler built in, its client keeps its own memory.
#[cfg(not(feature = "tracy"))]
#[test]
fn a_frame_allocates_nothing() {
    let telemetry = Telemetry::new(TelemetryConfig::default());
    let first = allocation_counter::measure(|| frame(&telemetry));
    assert_eq!(first.count_total, 0, "not even the first");
    // Far beyond every ring: dropping and rejecting allocate nothing, either.
    let many = allocation_counter::measure(|| (0..10_000).for_each(|_| frame(&telemetry)));
    assert_eq!(many.count_total, 0);
    assert!(telemetry.counter(Counter::SpansDropped) > 0);
    let report = allocation_counter::measure(|| drop(telemetry.report()));
    assert!(report.count_total > 0, "the counting works");
}

#[test]
fn stages_stamped_by_different_threads_meet_in_one_record() {
    const FRAMES: usize = 2_000;
    let telemetry = Telemetry::new(TelemetryConfig::default());
    let tokens: Vec<_> = (0..FRAMES).map(|_| telemetry.token()).collect();
    std::thread::scope(|scope| {
        for stage in Stage::ALL {
            let (telemetry, tokens) = (&telemetry, &tokens);
            scope.spawn(move || {
                for token in tokens {
                    telemetry.stamp_at(*token, stage, token.0 * 1_000 + stage as u64 * 100);
                    telemetry.add(Counter::TicksRun, 1);
                    telemetry.gauge("test.stage", stage as usize as f64);
                }
            });
        }
        // Draining at the same time takes nothing that is not finished.
        scope.spawn(|| (0..50).for_each(|_| telemetry.drain()));
    });
    assert_eq!(telemetry.report().frames.finished, 0);
    tokens.iter().for_each(|token| telemetry.frame_done(*token));
    telemetry.drain();
    let records = telemetry.recent(FRAMES);
    assert_eq!(records.len(), FRAMES);
    for record in records {
        for stage in Stage::ALL {
            assert_eq!(record.stamp(stage), Some(record.token.0 * 1_000 + stage as u64 * 100));
        }
        assert_eq!(record.interval(Interval::TotalPresented), Some(600));
    }
    assert_eq!(telemetry.counter(Counter::TicksRun), (FRAMES * Stage::COUNT) as u64);
}

#[test]
fn frames_of_several_threads_are_all_counted_while_draining() {
    const FRAMES: u64 = 3_000;
    const THREADS: u64 = 4;
    let telemetry = Telemetry::new(TelemetryConfig { tokens: 1 << 14, ..TelemetryConfig::default() });
    std::thread::scope(|scope| {
        let busy: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| (0..FRAMES).for_each(|_| frame(&telemetry)))).collect();
        while !busy.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            telemetry.drain();
            std::thread::yield_now();
        }
    });
    let report = telemetry.report();
    assert_eq!(report.frames.finished, FRAMES * THREADS);
    assert_eq!(report.counters["frames_composed"], FRAMES * THREADS);
    assert_eq!((report.counters["tokens_lost"], report.counters["stamps_rejected"]), (0, 0));
    assert!(report.stages.iter().all(|stage| stage.stats.count == FRAMES * THREADS));
}

#[test]
fn the_clock_never_runs_backwards() {
    let times: Vec<_> = (0..1_000).map(|_| wasm_engine_telemetry::now_nanos()).collect();
    assert!(times.is_sorted());
}
