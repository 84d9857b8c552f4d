//! The whole way, as a user types it: an app in, pictures and reports out. Each test is a process of its own, as Servo wants it.

#[path = "harness/harness.rs"]
mod harness;

use std::process::{Command, Stdio};

use harness::{Run, app, engine, json_lines, scratch};

#[test]
fn triangle_goes_the_whole_way_without_a_read_back() {
    let out = scratch("triangle");
    let report = Run::new(&app("triangle")).args(["--ticks", "60", "--size", "640x360"]).out(&out).succeed();
    assert_eq!(report["ticks"], 60);
    assert_eq!(report["page"]["path"], "shared", "{}", report["page"]);
    assert_eq!(report["kernels"][0]["state"], "running");
    assert_eq!(report["kernels"][0]["windows"], "mapped");
    let counters = &report["telemetry"]["counters"];
    assert_eq!(counters["read_backs"], 0, "{counters}");
    assert_eq!(counters["copied_bytes"], 0, "{counters}");
    agree(&report);
    assert_eq!(counters["page_blits"], counters["page_frames"], "one copy a page frame: the blit on the GPU");
    let picture = image::open(out.join("frame.png")).unwrap().to_rgba8();
    assert_eq!(picture.dimensions(), (640, 360));
    assert!(harness::distinct_colors(&picture) > 64, "an empty picture");
}

/// What a report tells of its frames in one place and in another.
fn agree(report: &serde_json::Value) {
    let telemetry = &report["telemetry"];
    let [frames, late, counters] = ["frames", "deadlines", "counters"].map(|section| &telemetry[section]);
    let number = |section: &serde_json::Value, name: &str| section[name].as_u64().unwrap_or_else(|| panic!("{name} is not in {section}"));
    let on_glass = number(frames, "on_glass");
    assert_eq!(number(frames, "finished"), on_glass + number(frames, "unchanged") + number(frames, "undrawn"), "{frames}");
    let counted = on_glass + number(frames, "before");
    assert!(counted > 0, "{frames}");
    assert_eq!([number(counters, "frames_composed"), number(counters, "frames_presented")], [counted; 2], "{frames} {counters}");
    assert_eq!(number(counters, "frames_skipped"), number(frames, "unchanged"), "{frames} {counters}");
    assert_eq!(number(counters, "missed_deadlines"), number(late, "missed") + number(late, "missed_before"), "{late} {counters}");
}

#[test]
fn a_run_without_ticks_has_no_frames_and_one_in_which_nothing_changes_skips_its_ticks() {
    let out = scratch("no-ticks");
    let still = harness::fixture("button");
    agree(&Run::new(&still).args(["--ticks", "0"]).out(&out).succeed());
    let report = Run::new(&still).args(["--ticks", "30"]).out(&out).succeed();
    agree(&report);
    assert!(report["telemetry"]["frames"]["unchanged"].as_u64().unwrap() > 0, "{}", report["telemetry"]["frames"]);
}

#[test]
fn every_stage_of_a_frame_is_stamped() {
    let out = scratch("stages");
    let report = Run::new(&app("triangle")).args(["--ticks", "120"]).out(&out).arg("--trace").path(&out.join("trace.json")).succeed();
    let stages = report["telemetry"]["stages"].as_array().unwrap();
    for name in ["compute", "total_composed", "total_presented"] {
        let stage = stages.iter().find(|stage| stage["name"] == name).unwrap_or_else(|| panic!("{name} is not in {stages:?}"));
        assert!(stage["count"].as_u64().unwrap() > 0, "{stage}");
        assert!(stage["p99_us"].as_f64().unwrap() >= stage["p50_us"].as_f64().unwrap(), "{stage}");
    }
    let trace: serde_json::Value = serde_json::from_slice(&std::fs::read(out.join("trace.json")).unwrap()).unwrap();
    assert!(trace["traceEvents"].as_array().unwrap().len() > 120);
}

#[test]
fn the_same_seed_gives_the_same_buffers() {
    let hashes = |name: &str, seed: &str| {
        let out = scratch(name);
        Run::new(&app("swarm"))
            .args(["--ticks", "20", "--size", "320x180", "--seed", seed])
            .out(&out)
            .arg("--record")
            .path(&out.join("rec"))
            .succeed();
        std::fs::read_to_string(out.join("rec/ticks.jsonl")).unwrap()
    };
    let first = hashes("seed-a", "7");
    assert_eq!(first.lines().count(), 20);
    assert_eq!(first, hashes("seed-b", "7"));
    assert_ne!(first, hashes("seed-c", "8"));
}

#[test]
fn a_slider_reaches_the_kernel_in_the_next_tick() {
    let out = scratch("slider");
    let report = Run::new(&harness::fixture("slider")).args(["--ticks", "240"]).out(&out).arg("--record").path(&out.join("rec")).succeed();
    assert_eq!(report["kernels"][0]["state"], "running");
    let inputs = json_lines(&out.join("rec/inputs.jsonl"));
    assert_eq!(inputs[0]["buffers"], serde_json::json!(["level"]), "what the hashes of a tick are of");
    let moved = inputs.iter().find(|input| input["input"] == "param").unwrap_or_else(|| panic!("no parameter arrived: {inputs:?}"));
    assert_eq!((moved["name"].as_str(), moved["value"].as_f64()), (Some("level"), Some(0.75)));
    // The kernel writes the parameter into its buffer, so its content changes in just that tick.
    let tick = moved["tick"].as_u64().unwrap() as usize;
    let ticks = json_lines(&out.join("rec/ticks.jsonl"));
    let hash = |tick: usize| ticks[tick]["buffers"][0][1].as_str().unwrap().to_owned();
    assert!(tick > 0, "the slider is moved after the first tick");
    assert_ne!(hash(tick - 1), hash(tick));
    assert_eq!(hash(tick), hash(tick + 1));
}

#[test]
fn what_cannot_be_written_is_told_before_the_run_and_no_recording_is_mixed_with_another() {
    let out = scratch("unwritable");
    std::fs::create_dir_all(out.join("rec/frames")).unwrap();
    std::fs::write(out.join("rec/frames/000001.png"), "older").unwrap();
    let slider = harness::fixture("slider");
    Run::new(&slider).args(["--ticks", "1"]).arg("--csv").path(&out).fail(1, "OUTPUT");
    Run::new(&slider).args(["--ticks", "1"]).arg("--record").path(&out.join("rec")).fail(1, "RECORDING_EXISTS");
    let twice = |other: &str| {
        Run::new(&slider).args(["--ticks", "1"]).arg("--report").path(&out.join("x.json")).arg("--trace").path(&out.join(other))
    };
    for same in ["x.json", "./x.json", "rec/../x.json"] {
        let error = twice(same).fail(1, "OUTPUT");
        assert!(error["message"].as_str().unwrap().contains("the trace and the report"), "{error}");
    }
    let socket = out.join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    Run::new(&slider).args(["--ticks", "1"]).arg("--report").path(&socket).fail(1, "OUTPUT");
    let packed = engine().arg("pack").arg(&slider).arg("--out").arg(&socket).output().unwrap();
    assert!(packed.status.code() == Some(1) && socket.exists(), "what is no file is not replaced: {packed:?}");
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 2, "nothing else was made");
}

#[test]
fn what_cannot_be_written_in_the_end_keeps_no_other_file_from_it() {
    let out = scratch("unwritten");
    let (frame, report) = (out.join("frame.png"), out.join("report.json"));
    let mut child = engine()
        .args(["run", "--headless", "--json", "--ticks", "120"])
        .arg(harness::fixture("slider"))
        .args(["--out".as_ref(), frame.as_os_str(), "--report".as_ref(), report.as_os_str()])
        .args(["--record".as_ref(), out.join("rec").as_os_str()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    harness::until(|| out.join("rec/ticks.jsonl").exists().then_some(()));
    std::fs::create_dir(&frame).unwrap();
    let ended = harness::wait(&mut child);
    let printed: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let written: serde_json::Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    for told in [&printed, &written] {
        assert_eq!((&told["faults"][0]["code"], told["ticks"].as_u64()), (&"OUTPUT".into(), Some(120)), "{told}");
    }
    assert_eq!(ended.code, Some(1));
}

#[test]
fn ctrl_c_ends_cleanly() {
    let out = scratch("ctrl-c");
    let mut child = engine()
        .args(["run", "--headless", "--json", "--ticks", "1000000"])
        .arg(app("triangle"))
        .args(["--out".as_ref(), out.join("frame.png").as_os_str()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let live = harness::until(|| {
        let shown = engine().args(["inspect", "--json", "--live", &child.id().to_string()]).output().unwrap();
        let value: serde_json::Value = serde_json::from_slice(&shown.stdout).ok()?;
        (value["buffers"][0]["generation"].as_u64()? > 3).then_some(value)
    });
    assert_eq!(live["app"], "triangle");
    assert!(live["region_bytes"].as_u64().unwrap() > 0);
    harness::interrupt(&child);
    let output = harness::wait(&mut child);
    assert_eq!(output.code, Some(130));
    let report: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(report["ending"], "interrupted");
    assert!(out.join("frame.png").exists());
}

#[test]
fn a_second_ctrl_c_does_not_wait_and_does_not_crash() {
    let (app, out) = (harness::fixture("button"), scratch("ctrl-c-twice"));
    for gap in ["0.002", "0.005", "0.01"] {
        let mut child = engine()
            .args(["run", "--headless", "--ticks", "1000000", "--record"])
            .arg(out.join(gap))
            .args(["--out".as_ref(), out.join("frame.png").as_os_str()])
            .arg(&app)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        harness::until(|| out.join(gap).join("ticks.jsonl").exists().then_some(()));
        // Soon after the first, so that the page's threads are still there.
        let twice = format!("kill -INT {0} && sleep {gap} && kill -INT {0}", child.id());
        assert!(Command::new("sh").args(["-c", &twice]).status().unwrap().success());
        let ended = harness::wait(&mut child);
        assert_eq!(ended.code, Some(130), "{gap}: {}", ended.stdout);
    }
}

#[test]
fn a_new_app_builds_and_runs() {
    let out = scratch("new");
    let folder = out.join("waves");
    harness::succeed(engine().arg("new").arg(&folder));
    harness::succeed(engine().arg("build").arg(&folder));
    let report = Run::new(&folder).args(["--ticks", "30", "--size", "320x200"]).out(&out).succeed();
    assert_eq!(report["kernels"][0]["state"], "running");
    let again = engine().arg("new").arg(&folder).output().unwrap();
    assert_eq!(again.status.code(), Some(1), "a folder that is there is left alone");
}

#[test]
fn a_packed_app_runs_like_its_folder() {
    let out = scratch("packed");
    let pack = |name: &str| {
        let archive = out.join(name);
        let output = harness::succeed(engine().args(["pack", "--json"]).arg(app("triangle")).arg("--out").arg(&archive));
        let packed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (archive, packed["sha256"].as_str().unwrap().to_owned())
    };
    let ((archive, first), (_, second)) = (pack("a.weapp"), pack("b.weapp"));
    assert_eq!(first, second, "the same app gives the same bytes");
    let report = Run::new(&archive).args(["--ticks", "10", "--size", "320x200"]).out(&out).succeed();
    assert_eq!((report["app"].as_str(), report["kernels"][0]["state"].as_str()), (Some("triangle"), Some("running")));
    // Unpacked once; the second run finds it.
    Run::new(&archive).args(["--ticks", "2", "--size", "320x200"]).out(&out).succeed();
}

#[test]
fn a_lost_gpu_leaves_the_guests_running_and_is_told() {
    let run = Run::new(&app("triangle")).args(["--ticks", "60"]).env("WASM_ENGINE_LOSE_GPU", "5");
    let (code, report, stderr) = run.finish();
    assert_eq!(code, Some(5), "{report}\n{stderr}");
    assert_eq!((report["ticks"].as_u64(), &report["ending"]), (Some(60), &serde_json::json!("completed")));
    assert_eq!(report["kernels"][0]["state"], "running");
    assert!(report["faults"].as_array().unwrap().iter().any(|fault| fault["code"] == "GPU_LOST"), "{}", report["faults"]);
}
