//! What leaves the crate: report, text, trace, Prometheus, CSV.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use wasm_engine_telemetry::{Counter, Interval, Stage, Telemetry, TelemetryConfig, Token, Track};

const MS: u64 = 1_000_000;

/// Frames of 10 ms, each overlapping the next: queued, wait 1, compute 3, compose 2, present 1 and a page of 2 beside it. Frame 7 is late.
fn measured(frames: u64) -> Telemetry {
    let telemetry = Telemetry::new(TelemetryConfig::default());
    for number in 0..frames {
        let token = telemetry.token();
        let start = 100 * MS + number * 5 * MS;
        let late = if number == 7 { 20 * MS } else { 0 };
        let offsets = [0, MS, 4 * MS, MS, 3 * MS, 6 * MS + late, 7 * MS + late];
        for (stage, offset) in Stage::ALL.into_iter().zip(offsets) {
            telemetry.stamp_at(token, stage, start + offset);
        }
        telemetry.span_at("kernel.tick", Track::Worker((number % 2) as u16), start + MS, start + 4 * MS);
        telemetry.span_at("compose.record", Track::Render, start + 4 * MS, start + 6 * MS);
        telemetry.frame_done(token);
    }
    telemetry.add(Counter::FramesComposed, frames);
    telemetry.add(Counter::UploadBytes, 3 << 20);
    telemetry.gauge("lane.input", 3.0);
    telemetry.gauge("lane.input", 1.0);
    telemetry.gauge("weird \"name\"\\\n", f64::INFINITY);
    telemetry
}

#[test]
fn the_report_counts_stages_deadlines_and_jitter() {
    let telemetry = measured(100);
    let report = telemetry.report();
    let stage = |interval: Interval| report.stages[interval as usize].stats;
    assert_eq!(stage(Interval::Wait).count, 100);
    assert!((stage(Interval::Wait).p50_us - 1_000.0).abs() < 1.0);
    assert!((stage(Interval::Compute).p99_us - 3_000.0).abs() < 3.0);
    assert!((stage(Interval::Page).max_us - 2_000.0).abs() < f64::EPSILON);
    assert!((stage(Interval::TotalPresented).max_us - 27_000.0).abs() < f64::EPSILON);
    assert!((stage(Interval::TotalComposed).jitter.std_dev_us - 2_000.0).abs() < 1.0, "one of 100 is 20 ms off");
    assert_eq!(stage(Interval::Compute).jitter.std_dev_us, 0.0);
    assert_eq!((report.deadlines.frames, report.deadlines.missed, report.deadlines.longest_run), (100, 1, 1));
    assert_eq!((report.frames.finished, report.frames.on_glass, report.frames.presented), (100, 100, 100));
    assert_eq!(report.counters["missed_deadlines"], 1);
    let lane = report.gauges.iter().find(|gauge| gauge.name == "lane.input");
    assert_eq!(lane.map(|gauge| (gauge.last, gauge.max)), Some((1.0, 3.0)));

    let json: Value = serde_json::to_value(&report).unwrap();
    assert_eq!(json["stages"][1]["name"], "compute");
    assert_eq!(json["stages"][1]["from"], "compute_start");
    assert!(json["stages"][1]["p99_us"].as_f64().unwrap() > 2_990.0);
    assert_eq!(json["deadlines"]["missed"], 1);
    assert_eq!(json["counters"]["uploaded_bytes"], 3 << 20);
}

#[test]
fn a_frame_that_finishes_after_its_successors_is_told_as_well_and_each_once() {
    let telemetry = Telemetry::new(TelemetryConfig::default());
    let mut seen = 0;
    let mut fresh = || {
        telemetry.drain();
        telemetry.recent_since(&mut seen, 3).iter().map(|record| record.token.0).collect::<Vec<_>>()
    };
    let (slow, quick) = (telemetry.token(), telemetry.token());
    telemetry.frame_done(quick);
    assert_eq!(fresh(), [quick.0]);
    telemetry.frame_done(slow);
    assert_eq!(fresh(), [slow.0]);
    assert!(fresh().is_empty());
    telemetry.frame_done(telemetry.token());
    telemetry.reset();
    let later: Vec<Token> = (0..5).map(|_| telemetry.token()).collect();
    later.iter().for_each(|token| telemetry.frame_done(*token));
    assert_eq!(fresh(), later[2..].iter().map(|token| token.0).collect::<Vec<_>>(), "the newest, also after measuring has begun anew");
}

#[test]
fn the_budget_can_be_set_and_measuring_begun_anew() {
    let telemetry = measured(10);
    telemetry.set_budget(std::time::Duration::from_millis(30));
    assert_eq!(telemetry.report().deadlines.missed, 0);
    telemetry.reset();
    let report = telemetry.report();
    assert_eq!((report.frames.finished, report.deadlines.frames, report.gauges.len()), (0, 0, 0));
    assert_eq!(report.counters["uploaded_bytes"], 3 << 20, "counters only ever rise");
    let token = telemetry.token();
    telemetry.stamp(token, Stage::Queued);
    telemetry.stamp(token, Stage::Composed);
    telemetry.frame_done(token);
    telemetry.drain();
    assert_eq!(telemetry.report().frames.on_glass, 1);
    assert_eq!(telemetry.recent(5).iter().map(|record| record.token).collect::<Vec<_>>(), [token]);
}

#[test]
fn what_came_to_no_frame_is_told_by_its_reason_and_what_was_before_apart() {
    let telemetry = measured(8);
    telemetry.reset();
    let (still, overtaken) = (telemetry.token(), telemetry.token());
    telemetry.unchanged(still);
    for token in [still, overtaken] {
        telemetry.stamp(token, Stage::Queued);
        telemetry.frame_done(token);
    }
    let report = telemetry.report();
    let frames = report.frames;
    assert_eq!((frames.finished, frames.on_glass, frames.unchanged, frames.undrawn), (2, 0, 1, 1));
    assert_eq!((frames.before, report.deadlines.missed_before, report.deadlines.missed), (8, 1, 0));
    assert_eq!(report.counters["missed_deadlines"], report.deadlines.missed + report.deadlines.missed_before);
    let text = report.to_string();
    for part in [
        "nothing had changed: 1\n",
        "overtaken by a newer one or failed: 1\n",
        "no frame to judge",
        "Counters since the start, with those from before the times above: frames 8, of them late 1\n",
    ] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}

#[test]
fn a_rate_needs_more_than_a_few_frames() {
    assert_eq!(measured(10).report().frames.per_second, 0.0);
    assert!(!measured(10).report().to_string().contains("per second"));
    assert!(measured(100).report().to_string().contains("per second while there was something to draw"));
}

#[test]
fn the_text_is_a_table_that_lines_up() {
    let text = measured(100).report().to_string();
    let lines: Vec<_> = text.lines().collect();
    let title = lines.iter().position(|line| line.starts_with("Where the time went")).unwrap();
    let width = |line: &str| line.chars().count();
    let rows: Vec<_> = lines[title + 1..].iter().take_while(|line| !line.contains("p99:")).collect();
    assert_eq!(rows.len(), 9, "five parts, a rule, two totals, the pace:\n{text}");
    for row in rows {
        assert_eq!(width(row), width(lines[title]), "{row}");
    }
    for part in ["compute start → compute end", "1 of 100 frames late (1.00 %)", "uploaded bytes", "3.00 MiB", "lane.input", "up to"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    let empty = Telemetry::default().report().to_string();
    assert!(empty.contains("nothing was measured"), "{empty}");
}

#[test]
fn the_trace_parses_and_has_every_stage() {
    let telemetry = measured(20);
    telemetry.drain();
    let mut bytes = Vec::new();
    telemetry.write_chrome_trace(&mut bytes).unwrap();
    let trace: Value = serde_json::from_slice(&bytes).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let of = |ph: &'static str| events.iter().filter(move |event| event["ph"] == ph);

    let slices: BTreeSet<_> = of("X").filter_map(|event| event["name"].as_str()).collect();
    for name in ["wait", "compute", "page", "compose", "present", "kernel.tick", "compose.record", "frame 1", "frame 20"] {
        assert!(slices.contains(name), "{name} is missing");
    }
    let frame = of("X").find(|event| event["name"] == "frame 1").unwrap();
    for stage in Stage::ALL {
        assert!(frame["args"][stage.name()].is_number(), "{} is missing", stage.name());
    }
    let named: BTreeSet<_> =
        of("M").filter(|event| event["name"] == "thread_name").filter_map(|event| event["args"]["name"].as_str()).collect();
    assert!(
        ["render", "worker-0", "worker-1", "frame", "frame (2)", "compute", "page"].iter().all(|name| named.contains(name)),
        "{named:?}"
    );
    assert!(of("C").any(|event| event["name"] == "lane.input" && event["args"]["value"] == 1.0));
    assert!(of("C").any(|event| event["name"] == "uploaded_bytes"));

    // Each arrow begins and ends within a slice of its row, and each token has one begin and one end.
    for token in 1..=20 {
        let arrows: Vec<_> = events.iter().filter(|event| event["id"] == token).collect();
        assert_eq!((arrows[0]["ph"].as_str(), arrows[arrows.len() - 1]["ph"].as_str()), (Some("s"), Some("f")));
        assert_eq!(arrows.len(), 5);
        for arrow in arrows {
            let at = arrow["ts"].as_f64().unwrap();
            let around = of("X").any(|slice| {
                let (from, long) = (slice["ts"].as_f64().unwrap(), slice["dur"].as_f64().unwrap());
                slice["tid"] == arrow["tid"]
                    && slice["pid"] == arrow["pid"]
                    && from <= at
                    && at < from + long
                    && slice["args"]["token"] == token
            });
            assert!(around, "{arrow} lies in no slice");
        }
    }
}

#[test]
fn slices_of_one_row_never_overlap_halfway() {
    let trace = serde_json::to_value(measured(40).chrome_trace()).unwrap();
    let mut rows: BTreeMap<(u64, u64), Vec<(f64, f64)>> = BTreeMap::new();
    for event in trace["traceEvents"].as_array().unwrap().iter().filter(|event| event["ph"] == "X") {
        let row = (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap());
        let from = event["ts"].as_f64().unwrap();
        rows.entry(row).or_default().push((from, from + event["dur"].as_f64().unwrap()));
    }
    for (row, mut slices) in rows {
        slices.sort_by(|one, other| one.partial_cmp(other).unwrap());
        for pair in slices.windows(2) {
            assert!(pair[1].0 >= pair[0].1 - 1e-6 || pair[1].1 <= pair[0].1, "{row:?}: {pair:?}");
        }
    }
}

/// One sample line: name, labels, value.
fn sample(line: &str) -> (String, BTreeMap<String, String>, f64) {
    let (series, value) = line.rsplit_once(' ').expect("a value");
    let value = value.replace("+Inf", "inf").replace("-Inf", "-inf").parse().expect("a number");
    let Some((name, labels)) = series.split_once('{') else {
        return (series.to_owned(), BTreeMap::new(), value);
    };
    let labels = labels.strip_suffix('}').expect("a closing brace");
    let pairs = labels.split("\",").map(|pair| {
        let (key, quoted) = pair.split_once("=\"").expect("a quoted label");
        (key.to_owned(), quoted.trim_end_matches('"').to_owned())
    });
    (name.to_owned(), pairs.collect(), value)
}

#[test]
fn prometheus_text_is_valid() {
    let text = measured(50).prometheus();
    assert!(text.ends_with('\n'));
    let mut kinds: BTreeMap<String, String> = BTreeMap::new();
    let mut cumulative: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    let mut last_help = String::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            last_help = help.split(' ').next().unwrap().to_owned();
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(name, last_help, "HELP comes before TYPE");
            assert!(["counter", "gauge", "histogram"].contains(&kind));
            assert_eq!(kinds.insert(name.to_owned(), kind.to_owned()), None, "{name} has two types");
        } else {
            let (name, labels, value) = sample(line);
            assert!(name.starts_with("wasm_engine_") && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{line}");
            let family =
                ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).filter(|family| kinds.contains_key(*family));
            assert!(kinds.contains_key(family.unwrap_or(&name)), "{line} has no TYPE");
            if name.ends_with("_bucket") {
                let edge: f64 = labels["le"].replace("+Inf", "inf").parse().unwrap();
                let key = format!("{name} {:?}", labels.get("interval"));
                let (last_edge, last_count) = cumulative.insert(key, (edge, value)).unwrap_or((0.0, 0.0));
                assert!(edge > last_edge && value >= last_count, "{line}");
            }
        }
    }
    assert!(cumulative.values().all(|(edge, _)| edge.is_infinite()), "every histogram ends in +Inf");
    assert_eq!(kinds["wasm_engine_uploaded_bytes_total"], "counter");
    assert!(text.contains("wasm_engine_uploaded_bytes_total 3145728\n"));
    assert!(text.contains("wasm_engine_stage_seconds_count{interval=\"compute\"} 50\n"));
    assert!(text.contains("wasm_engine_stage_seconds_bucket{interval=\"compute\",le=\"0.002\"} 0\n"));
    assert!(text.contains("wasm_engine_stage_seconds_bucket{interval=\"compute\",le=\"0.004\"} 50\n"));
    assert!(text.contains("wasm_engine_level{name=\"lane.input\"} 1\n"));
    assert!(text.contains("wasm_engine_level{name=\"weird \\\"name\\\"\\\\\\n\"} +Inf\n"));
}

#[test]
fn the_csv_has_one_line_per_token() {
    let telemetry = measured(9);
    let (bare, still) = (telemetry.token(), telemetry.token());
    telemetry.unchanged(still);
    [bare, still].iter().for_each(|token| telemetry.frame_done(*token));
    let mut bytes = Vec::new();
    telemetry.write_csv(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 12);
    assert!(rows.iter().all(|row| row.len() == 13), "{text}");
    assert_eq!(rows[0][..3], ["Token", "CPUStartTime", "MsBetweenPresents"]);
    assert_eq!(
        rows[1][1..],
        ["101.000000", "NA", "1.000000", "3.000000", "2.000000", "2.000000", "1.000000", "6.000000", "7.000000", "0", "0", "shown"]
    );
    assert_eq!(rows[2][2], "5.000000");
    assert_eq!((rows[8][10], rows[8][9]), ("1", "27.000000"));
    assert_eq!(rows[10][1..], ["NA", "NA", "NA", "NA", "NA", "NA", "NA", "NA", "NA", "NA", "0", "undrawn"]);
    assert_eq!(rows[11][12], "unchanged");
}

#[test]
fn a_writer_that_fails_is_reported() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let telemetry = measured(3);
    for error in [telemetry.write_csv(Full).unwrap_err(), telemetry.write_chrome_trace(Full).unwrap_err()] {
        assert_eq!(error.code(), "EXPORT_WRITE");
        assert!(error.hint().is_some() && error.to_string().contains("could not be written"));
    }
}

#[test]
fn no_token_is_ignored_and_an_overrun_one_is_counted() {
    let telemetry = Telemetry::new(TelemetryConfig {
        tokens: 0,
        span_threads: 0,
        spans_per_thread: 0,
        kept_frames: 0,
        kept_spans: 0,
        kept_samples: 0,
        ..TelemetryConfig::default()
    });
    telemetry.stamp(Token::NONE, Stage::Queued);
    telemetry.frame_done(Token::NONE);
    let old = telemetry.token();
    (0..16).for_each(|_| telemetry.frame_done(telemetry.token()));
    telemetry.stamp(old, Stage::Composed);
    telemetry.frame_done(old);
    assert_eq!(telemetry.counter(Counter::StampsRejected), 2);
    (0..20).for_each(|_| drop(telemetry.span("page.paint", Track::Page)));
    telemetry.drain();
    assert_eq!((telemetry.counter(Counter::SpansDropped), telemetry.counter(Counter::TokensLost)), (4, 1));
    assert_eq!(telemetry.report().frames.finished, 16);
    assert!(telemetry.recent(10).is_empty());
}
