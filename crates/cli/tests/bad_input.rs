//! What users get wrong, and what the machine lacks: each gives a coded error with a remedy, or a degraded but running engine.

#[path = "harness/harness.rs"]
mod harness;

use std::path::{Path, PathBuf};

use harness::{Run, app, engine, scratch};

/// An app made of the slider fixture's page and kernel, with another manifest.
fn app_with(name: &str, edit: impl FnOnce(String) -> String) -> PathBuf {
    variant("slider", name, edit)
}

/// An app made of a fixture's page and kernels, with another manifest.
fn variant(fixture: &str, name: &str, edit: impl FnOnce(String) -> String) -> PathBuf {
    let source = harness::fixture(fixture);
    let folder = scratch(name);
    copy(&source.join("page"), &folder.join("page"));
    copy(&source.join("kernels"), &folder.join("kernels"));
    let manifest = std::fs::read_to_string(source.join("app.toml")).unwrap();
    let manifest: String = manifest.split_inclusive('\n').filter(|line| !line.starts_with("source =")).collect();
    std::fs::write(folder.join("app.toml"), edit(manifest)).unwrap();
    folder
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

fn page(folder: &Path, html: &str) {
    std::fs::write(folder.join("page/index.html"), html).unwrap();
}

#[test]
fn no_such_app() {
    let error = Run::new(Path::new("/nonexistent/app")).fail(4, "APP_MISSING");
    assert!(error["hint"].as_str().unwrap().contains("wasm-engine new"), "{error}");
}

#[test]
fn unknown_key_suggests_the_near_one() {
    let folder = app_with("unknown-key", |manifest| manifest.replace("title =", "titel ="));
    let error = Run::new(&folder).fail(3, "MANIFEST_UNKNOWN_KEY");
    assert!(error["hint"].as_str().unwrap().contains("title"), "{error}");
    assert_eq!(error["location"]["line"], 4, "{error}");
}

#[test]
fn wrong_type_names_the_line() {
    let folder = app_with("wrong-type", |manifest| manifest.replace("count = 16", "count = \"many\""));
    let error = Run::new(&folder).fail(3, "MANIFEST_WRONG_TYPE");
    assert!(error["location"]["line"].as_u64().unwrap() > 10, "{error}");
}

#[test]
fn a_path_that_leaves_the_app() {
    let folder = app_with("outside", |manifest| manifest.replace("kernels/level.wasm", "../level.wasm"));
    Run::new(&folder).fail(3, "MANIFEST_PATH_OUTSIDE");
}

#[test]
fn a_module_that_is_not_there() {
    let folder = app_with("missing", |manifest| manifest.replace("kernels/level.wasm", "kernels/other.wasm"));
    Run::new(&folder).fail(3, "MANIFEST_FILE_MISSING");
}

#[test]
fn a_surface_that_names_no_buffer() {
    let folder =
        app_with("no-buffer", |manifest| manifest + "\n[[surface]]\nname = \"dots\"\nbuffer = \"levle\"\ndraw = { kind = \"points\" }\n");
    let error = Run::new(&folder).fail(3, "MANIFEST_UNKNOWN_BUFFER");
    assert!(error["hint"].as_str().unwrap_or_default().contains("level"), "{error}");
}

#[test]
fn truncated_and_random_modules() {
    let folder = app_with("truncated", |manifest| manifest);
    let module = folder.join("kernels/level.wasm");
    let whole = std::fs::read(&module).unwrap();
    std::fs::write(&module, &whole[..whole.len() / 2]).unwrap();
    let (code, value, _) = Run::new(&folder).finish();
    assert_eq!(code, Some(3), "{value}");
    std::fs::write(&module, (0..4096_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<_>>()).unwrap();
    let (code, value, _) = Run::new(&folder).finish();
    assert_eq!(code, Some(3), "{value}");
    let message = value["error"]["message"].as_str().unwrap();
    assert!(message.contains("level") && message.contains("does not begin with") && !message.contains('\n'), "{value}");
    let manifest = std::fs::read_to_string(folder.join("app.toml")).unwrap();
    let line = 1 + manifest.lines().position(|line| line.starts_with("module =")).unwrap();
    assert_eq!((&value["error"]["code"], &value["error"]["location"]["line"]), (&"MODULE_MALFORMED".into(), &line.into()), "{value}");
    let packed = engine().arg("pack").arg(&folder).arg("--out").arg(folder.join("x.weapp")).output().unwrap();
    assert_eq!(packed.status.code(), Some(3), "{packed:?}");
    assert!(!folder.join("x.weapp").exists());
}

#[test]
fn a_module_larger_than_the_memory_is_refused_unread() {
    let folder = app_with("large-module", |manifest| manifest);
    // Of zeros that take no place on the disk.
    std::fs::File::create(folder.join("kernels/level.wasm")).unwrap().set_len(1 << 40).unwrap();
    Run::new(&folder).fail(3, "MODULE_TOO_LARGE");
    let inspected = harness::succeed(engine().args(["inspect", "--json"]).arg(&folder));
    let value: serde_json::Value = serde_json::from_slice(&inspected.stdout).unwrap();
    assert!(value["kernels"][0]["state"].as_str().unwrap().starts_with("MODULE_TOO_LARGE"), "{value}");
    assert_eq!(value["kernels"][0]["bytes"], 1_u64 << 40);
    let packed = engine().args(["pack", "--json"]).arg(&folder).arg("--out").arg(folder.join("x.weapp")).output().unwrap();
    let error: serde_json::Value = serde_json::from_slice(&packed.stdout).unwrap();
    assert_eq!(error["error"]["code"], "MODULE_TOO_LARGE", "{error}");
}

#[cfg(unix)]
#[test]
fn pipes_in_place_of_files_hold_nothing_up() {
    let inspect = |folder: &Path| {
        let mut child = engine().args(["inspect", "--json"]).arg(folder).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let ended = harness::wait(&mut child);
        (ended.code, serde_json::from_str::<serde_json::Value>(&ended.stdout).unwrap())
    };
    let pipe = |path: &Path| {
        std::fs::remove_file(path).unwrap();
        harness::succeed(std::process::Command::new("mkfifo").arg(path));
    };
    let folder = app_with("pipes", |manifest| manifest.replace("module =", "source = \"guest\"\nmodule ="));
    std::fs::create_dir(folder.join("guest")).unwrap();
    std::fs::write(folder.join("guest/Cargo.toml"), "").unwrap();
    pipe(&folder.join("kernels/level.wasm"));
    let (code, value) = inspect(&folder);
    assert_eq!((code, value["kernels"][0]["state"].as_str()), (Some(0), Some("cannot be read: this is not a regular file")), "{value}");
    Run::new(&folder).fail(3, "MODULE_MISSING");
    pipe(&folder.join("app.toml"));
    let (code, value) = inspect(&folder);
    assert_eq!((code, value["error"]["code"].as_str()), (Some(3), Some("MANIFEST_UNREADABLE")), "{value}");
}

#[test]
fn a_module_that_wants_more_memory_than_it_may_have() {
    let folder = app_with("memory", |manifest| manifest.replace("write = [\"level\"]", "write = [\"level\"]\nmemory_max = \"128 KiB\""));
    let error = Run::new(&folder).fail(3, "MEMORY_LIMIT");
    let line = std::fs::read_to_string(folder.join("app.toml")).unwrap().lines().position(|line| line.starts_with("memory_max")).unwrap();
    assert_eq!(error["location"]["line"], line + 1, "{error}");
    assert!(error["hint"].as_str().unwrap().contains("memory_max"), "{error}");
}

#[test]
fn no_vulkan_device_says_which_package_brings_one() {
    let (code, value, _) =
        Run::new(&harness::fixture("slider")).env("VK_DRIVER_FILES", "/nonexistent").env("VK_ICD_FILENAMES", "/nonexistent").finish();
    assert_eq!((code, value["error"]["code"].as_str()), (Some(5), Some("NO_VULKAN_DEVICE")), "{value}");
    assert!(value["error"]["hint"].as_str().unwrap().contains("mesa-vulkan-drivers"), "{value}");
}

#[test]
fn sizes_at_the_edge() {
    let out = scratch("sizes");
    let fixture = harness::fixture("slider");
    Run::new(&fixture).args(["--size", "0x0", "--ticks", "2"]).fail(2, "SIZE_OUT_OF_RANGE");
    Run::new(&fixture).args(["--size", "99999x1", "--ticks", "2"]).fail(2, "SIZE_OUT_OF_RANGE");
    for (size, dimensions) in [("1x1", (1, 1)), ("16384x1", (16_384, 1))] {
        Run::new(&fixture).args(["--size", size, "--ticks", "5"]).out(&out).succeed();
        assert_eq!(image::image_dimensions(out.join("frame.png")).unwrap(), dimensions);
    }
}

#[test]
fn a_page_that_throws_leaves_the_guests_running() {
    let folder = app_with("throws", |manifest| manifest);
    page(&folder, "<script>throw new Error('as tests do')</script>");
    let out = scratch("throws-out");
    let report = Run::new(&folder).args(["--ticks", "30"]).out(&out).succeed();
    assert_eq!((&report["ticks"], report["kernels"][0]["state"].as_str()), (&30.into(), Some("running")));
    let faults = report["faults"].as_array().unwrap();
    assert!(faults.iter().any(|fault| fault["part"] == "page" && fault["message"].as_str().unwrap().contains("as tests do")), "{faults:?}");
}

#[test]
fn a_page_that_loops_for_ever_leaves_the_guests_running() {
    let folder = app_with("loops", |manifest| manifest);
    page(&folder, "<body>still here<script>addEventListener('load', () => setTimeout(() => { for (;;); }, 50))</script>");
    let out = scratch("loops-out");
    // The engine gives a silent page five seconds before it says so.
    let report = Run::new(&folder).args(["--ticks", "600"]).out(&out).succeed();
    assert_eq!((&report["ticks"], report["kernels"][0]["state"].as_str()), (&600.into(), Some("running")));
    let faults = report["faults"].as_array().unwrap();
    assert!(faults.iter().any(|fault| fault["code"] == "PAGE_UNRESPONSIVE"), "{faults:?}");
}

#[test]
fn a_page_that_complains_for_ever_is_known_to_be_silent() {
    let folder = app_with("complains", |manifest| manifest);
    page(
        &folder,
        "<body>still here<script>addEventListener('load', () => setTimeout(() => { for (;;) console.error('again') }, 50))</script>",
    );
    let out = scratch("complains-out");
    let report = Run::new(&folder).args(["--ticks", "600"]).out(&out).succeed();
    assert_eq!((&report["ticks"], report["kernels"][0]["state"].as_str()), (&600.into(), Some("running")));
    let faults = report["faults"].as_array().unwrap();
    assert!(faults.iter().any(|fault| fault["code"] == "PAGE_UNRESPONSIVE"), "{faults:?}");
    let again: Vec<_> = faults.iter().filter(|fault| fault["code"] == "PAGE_ERROR").collect();
    assert!(again.len() == 1 && again[0]["message"].as_str().unwrap().ends_with(" times)"), "{again:?}");
}

#[test]
fn mistakes_in_a_page_are_named_once_with_a_place_and_a_remedy() {
    let surface = "[[surface]]\nname = \"level\"\nbuffer = \"level\"\ndraw = { kind = \"heat_map\", width = 4, height = 4, map = \"gray\", range = [0, 1] }\n";
    let folder = app_with("mistakes", |manifest| manifest + surface);
    page(
        &folder,
        r#"<!doctype html><body style="height: 3000px">
<script src="gone.js"></script>
<link rel="stylesheet" href="gone.css">
<img src="http://127.0.0.1:9/outside.png">
<div data-surface="typo" style="height: 100px"></div>
<input type="range" data-param="nope">
<script>
  addEventListener("load", () => setTimeout(() => engine.emit("a\n", 1)));
  engine.on("engine:stats", () => missing());
  engine.ready.then(() => {
    engine.emit("engine:hud", !engine.app.surfaces.includes("level"));
    Promise.resolve().then(() => undefinedFn());
    for (let time = 0; time < 3; time++) console.error("again");
    engine.param("neither").value = 1;
    let step = 0;
    const scroll = () => {
      scrollTo(0, ++step);
      engine.param("neither").value = step;
      engine.emit("clicked", step);
      if (step < 30) requestAnimationFrame(scroll);
    };
    scroll();
  });
</script>"#,
    );
    let out = scratch("mistakes-out");
    let (code, report, log) = Run::new(&folder).args(["--ticks", "240"]).out(&out).finish();
    assert_eq!(code, Some(0), "{report}\n{log}");
    let named = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    for once in [
        "\"/gone.js\"",
        "\"/gone.css\"",
        "CSP_REFUSED: the page may not load http://127.0.0.1:9/outside.png",
        "SURFACE_WITHOUT_ELEMENT",
        "SURFACE_UNKNOWN",
        "data-param=\"nope\" names no parameter",
        "\"neither\"",
        "TOPIC_UNHEARD",
    ] {
        assert_eq!(named(once), 1, "{once}\n{log}");
    }
    let emitted = &report["telemetry"]["counters"]["events_emitted"];
    assert!(emitted.as_u64().unwrap() >= 2, "the page's events count: {emitted}");
    let faults: Vec<_> = report["faults"].as_array().unwrap().iter().map(|fault| fault["message"].as_str().unwrap()).collect();
    let one = |begin: &str, end: &str| faults.iter().filter(|fault| fault.contains(begin) && fault.contains(end)).count();
    assert_eq!(one("Error at page/index.html:8:", "a topic must be"), 1, "{faults:?}");
    assert_eq!(one("undefinedFn is not defined", "page/index.html:12)"), 1, "{faults:?}");
    assert_eq!(one("missing is not defined (page/index.html:9)", ""), 1, "{faults:?}");
    assert_eq!(one("again (3 times)", ""), 1, "{faults:?}");
    assert!(faults.iter().all(|fault| !fault.contains("127.0.0.1")), "{faults:?}");
}

#[test]
fn what_a_page_sets_early_stays_and_a_text_goes_back_to_the_number() {
    let folder = app_with("sets", |manifest| manifest);
    page(
        &folder,
        r#"<script>
  const level = engine.param("level");
  const heard = [];
  level.on((value) => heard.push(value));
  level.value = 0.75;
  engine.ready.then(() => setTimeout(() => (level.value = "high"), 300));
  engine.ready.then(() => setTimeout(() => console.warn(`heard ${heard.join(", ")}; ${level.value}`), 1000));
</script>"#,
    );
    let (code, report, log) = Run::new(&folder).args(["--ticks", "180"]).out(&scratch("sets-out")).finish();
    assert_eq!(code, Some(0), "{report}\n{log}");
    assert!(log.contains("heard 0.75, high, 0.75; 0.75"), "{log}");
}

#[test]
fn the_surfaces_of_a_page_go_with_it() {
    let surface = "[[surface]]\nname = \"level\"\nbuffer = \"level\"\ndraw = { kind = \"heat_map\", width = 4, height = 4, map = \"gray\", range = [0, 1] }\n";
    let folder = app_with("leaves", |manifest| manifest.replace("default = 0.0", "default = 1.0") + surface);
    let leave = "engine.ready.then(() => setTimeout(() => location.replace('/empty.html'), 300))";
    page(&folder, &format!("<div data-surface='level' style='width: 60px; height: 60px'></div><script>{leave}</script>"));
    std::fs::write(folder.join("page/empty.html"), "<!doctype html><body></body>").unwrap();
    let out = scratch("leaves-out");
    let colors = |ticks: &str| {
        Run::new(&folder).args(["--ticks", ticks]).out(&out).succeed();
        harness::distinct_colors(&image::open(out.join("frame.png")).unwrap().to_rgba8())
    };
    assert_eq!((colors("10"), colors("180")), (2, 1), "the surface on the background, and then the background");
}

#[test]
fn a_lost_device_ends_a_recording_but_not_the_run() {
    let folder = app_with("lost", |manifest| manifest.replace("[page]\n", ""));
    let out = scratch("lost-out");
    let run = Run::new(&folder).env("WASM_ENGINE_LOSE_GPU", "1").args(["--ticks", "60"]);
    let (_, report, _) = run.out(&out).arg("--record").path(&out.join("rec")).finish();
    assert_eq!(report["ticks"], 60, "{report}");
    let faults = report["faults"].as_array().unwrap();
    assert!(faults.iter().any(|fault| fault["code"] == "GPU_LOST"), "{faults:?}");
    assert!(std::fs::read_dir(out.join("rec/frames")).unwrap().count() >= 1, "what was drawn until then is kept");
}

#[test]
fn a_page_that_navigates_away_stays() {
    let folder = app_with("navigates", |manifest| manifest);
    page(&folder, "<body>here<script>addEventListener('load', () => { location.href = 'http://127.0.0.1:9/elsewhere' })</script>");
    let out = scratch("navigates-out");
    let report = Run::new(&folder).args(["--ticks", "60"]).out(&out).succeed();
    let faults = report["faults"].as_array().unwrap();
    assert!(faults.iter().any(|fault| fault["code"] == "NAVIGATION_DENIED"), "{faults:?}");
}

#[test]
fn a_page_that_asks_for_a_file_outside_gets_none() {
    let folder = app_with("asks", |manifest| manifest);
    // What the page learns goes into the parameter, and so into the recording.
    page(
        &folder,
        "<script>engine.ready.then(async () => {
            const answers = await Promise.all(['../app.toml', '/%2e%2e/app.toml', '/..%2fapp.toml', '/index.html'].map(path => fetch(path).then(r => r.status, () => 0)));
            engine.param('level').value = answers.slice(0, 3).every(status => status >= 400) && answers[3] === 200 ? 0.5 : 0.25;
        })</script>",
    );
    let out = scratch("asks-out");
    Run::new(&folder).args(["--ticks", "120"]).out(&out).arg("--record").path(&out.join("rec")).succeed();
    let inputs = harness::json_lines(&out.join("rec/inputs.jsonl"));
    assert!(inputs.iter().any(|input| input["input"] == "param" && input["value"] == 0.5), "{inputs:?}");
}

#[test]
fn a_guest_that_fails_is_ended_and_the_run_goes_on() {
    let folder = harness::fixture("trap");
    let out = scratch("trap-out");
    let (code, report, _) = Run::new(&folder).args(["--ticks", "30"]).out(&out).finish();
    assert_eq!(code, Some(6), "{report}");
    assert_eq!(report["ticks"], 30);
    let kernel = |name: &str| report["kernels"].as_array().unwrap().iter().find(|kernel| kernel["name"] == name).unwrap()["state"].clone();
    assert_eq!((kernel("bad").as_str(), kernel("good").as_str()), (Some("TRAP"), Some("running")), "{report}");
    assert_eq!(report["faults"][0]["tick"], 3, "{report}");
    let message = report["faults"][0]["message"].as_str().unwrap();
    assert!(!message.contains("kernel `bad`") && !message.contains("in tick 3"), "who and when have their own fields: {message}");
    let text = engine().args(["run", "--headless", "--ticks", "5"]).arg(&folder).arg("--out").arg(out.join("f.png")).output().unwrap();
    let (shown, log) = (String::from_utf8_lossy(&text.stdout), String::from_utf8_lossy(&text.stderr));
    assert!(shown.contains("error[TRAP]: bad at tick 3: ") && !shown.contains("kernel `bad`"), "{shown}");
    assert!(shown.contains("1 x TRAP, windows mapped, faults 1\n") && shown.contains("1 x running, windows mapped\n"), "{shown}");
    assert!(!shown.contains("surfaces "), "it has none: {shown}");
    assert!(log.contains("TRAP") && !log.contains('\u{1b}'), "no color in a pipe: {log}");
}

#[test]
fn a_guest_that_fails_at_its_shutdown_has_failed() {
    let out = scratch("shutdown-out");
    let (code, report, _) = Run::new(&harness::fixture("trap")).args(["--ticks", "2", "--seed", "14"]).out(&out).finish();
    assert_eq!(code, Some(6), "{report}");
    let kernels = &report["kernels"];
    assert_eq!((&kernels[0]["state"], &kernels[0]["faults"]), (&"TRAP".into(), &1.into()), "{kernels}");
    assert_eq!((&kernels[1]["state"], &kernels[1]["faults"]), (&"running".into(), &0.into()), "{kernels}");
    let fault = &report["faults"][0];
    let message = fault["message"].as_str().unwrap();
    assert!(message.starts_with("at its shutdown: ") && message.contains("seed 14") && fault["tick"].is_null(), "{fault}");
}

#[test]
fn instances_whose_shutdown_does_not_end_are_waited_for_together() {
    let folder = variant("trap", "shutdowns", |manifest| {
        manifest.replace("write = [\"bad\"]", "write = [\"bad\"]\nshards = 8\ndeadline_ms = 300").replace("[page]\n", "")
    });
    let (code, report, _) = Run::new(&folder).args(["--ticks", "0", "--seed", "15"]).out(&folder).finish();
    assert_eq!((code, &report["kernels"][0]["state"]), (Some(6), &"DEADLINE".into()), "{report}");
    assert!(!report["faults"][0]["message"].as_str().unwrap().contains("shard"), "the first of them is told: {report}");
    let seconds = report["seconds"].as_f64().unwrap();
    assert!(report["workers"] == 1 || seconds < 7.0 * 0.3, "one after the other: {report}");
}

#[test]
fn inspect_says_what_an_app_may_do() {
    let output = harness::succeed(engine().args(["inspect", "--json"]).arg(app("triangle")));
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["name"], "triangle");
    assert!(value["kernels"][0]["state"].as_str().unwrap().starts_with("ABI version"), "{value}");
    let none = engine().args(["inspect", "--live", "999999999"]).output().unwrap();
    assert_eq!(none.status.code(), Some(4));
}

#[test]
fn an_app_is_inspected_without_the_memory_of_its_buffers() {
    let buffers: String = (0..20).map(|index| format!("[[buffer]]\nname = \"b{index}\"\nbytes = \"1 GiB\"\n")).collect();
    let folder = app_with("inspect-large", |manifest| format!("{manifest}\n{buffers}\n[limits]\nregion_max = \"61 GiB\"\n"));
    let output = harness::succeed(engine().args(["inspect", "--json"]).arg(&folder));
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(value["region_bytes"].as_u64().unwrap() > 60 << 30, "{value}");
    assert_eq!(value["buffers"][20]["mapped"], 3_u64 << 30, "{value}");
}

/// An archive of these entries; what comes after the `>` in a name is where a link leads.
fn archive(name: &str, entries: &[(&str, &[u8])]) -> PathBuf {
    let path = scratch(name).join("app.weapp");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    for (name, content) in entries {
        match name.split_once('>') {
            Some((name, goal)) => zip.add_symlink(name, goal, options).unwrap(),
            None => {
                zip.start_file(*name, options).unwrap();
                std::io::Write::write_all(&mut zip, content).unwrap();
            }
        }
    }
    zip.finish().unwrap();
    path
}

#[test]
fn archives_that_leave_the_app() {
    for (place, entry) in ["../app.toml", "page/../../x", "/etc/x", "page>/etc", "C:x", "a\\b"].into_iter().enumerate() {
        let path = archive(&format!("archive-outside-{place}"), &[("app.toml", b""), (entry, b"x")]);
        let error = Run::new(&path).fail(3, "ARCHIVE_ENTRY_REFUSED");
        assert!(error["message"].as_str().unwrap().contains(entry.split('>').next().unwrap()), "{error}");
    }
}

#[test]
fn an_archive_that_is_none() {
    let path = scratch("archive-none").join("app.weapp");
    std::fs::write(&path, b"PK but not really").unwrap();
    Run::new(&path).fail(3, "ARCHIVE_DAMAGED");
}

/// Makes the directory of an archive say that every entry but the first one is so long.
fn claim(archive: &Path, length: u32) {
    let mut bytes = std::fs::read(archive).unwrap();
    let heads: Vec<usize> = (0..bytes.len() - 4).filter(|at| bytes[*at..].starts_with(b"PK\x01\x02")).collect();
    for head in &heads[1..] {
        bytes[head + 24..head + 28].copy_from_slice(&length.to_le_bytes());
    }
    std::fs::write(archive, bytes).unwrap();
}

#[test]
fn an_archive_of_ten_gigabytes_of_zeros() {
    let zeros = vec![0; 1 << 20];
    let path = archive("archive-zeros", &[("app.toml", b""), ("a", &zeros), ("b", &zeros), ("c", &zeros)]);
    // To write them takes a minute; what the directory says of them is enough to be refused.
    claim(&path, 3_579_139_414);
    let error = Run::new(&path).fail(3, "ARCHIVE_TOO_LARGE");
    assert!(error["message"].as_str().unwrap().contains("10737418242 bytes"), "{error}");
}

#[test]
fn an_archive_that_unpacks_to_far_more_than_it_is() {
    let zeros = vec![0; 80 << 20];
    Run::new(&archive("archive-ratio", &[("app.toml", b""), ("zeros", &zeros)])).fail(3, "ARCHIVE_TOO_LARGE");
}

#[test]
fn an_archive_whose_entry_is_longer_than_it_says() {
    let zeros = vec![0; 256 << 20];
    let path = archive("archive-lies", &[("app.toml", b""), ("zeros", &zeros)]);
    claim(&path, 16);
    let cache = scratch("archive-lies-cache");
    let error = Run::new(&path).env("WASM_ENGINE_CACHE", cache.to_str().unwrap()).fail(3, "ARCHIVE_ENTRY_REFUSED");
    assert!(error["message"].as_str().unwrap().contains("not as long as it says"), "{error}");
    assert_eq!(std::fs::read_dir(cache.join("apps")).unwrap().count(), 0, "nothing of it is left");
}

#[test]
fn an_archive_without_a_manifest() {
    Run::new(&archive("archive-empty", &[("page/index.html", b"x")])).fail(4, "MANIFEST_MISSING");
}
