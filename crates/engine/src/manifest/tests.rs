//! Every kind of bad manifest, by name.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;

const GOOD: &str = r##"
[app]
name = "swarm"
engine = "1"

[window]
size = [800, 600]
background = { from = "#0b0e14", to = "#1b2433" }

[clock]
rate = 120
seed = 7

[[buffer]]
name = "boids"
item = "f32x4"
count = 1000

[[buffer]]
name = "cells"
bytes = "64 KiB"

[[kernel]]
name = "flock"
module = "kernels/flock.wasm"
read = ["boids"]
write = ["boids", "cells"]
shards = "workers"
memory_max = "16 MiB"

[[param]]
name = "speed"
default = 2.0
max = 10
step = 0.5

[[surface]]
name = "view"
buffer = "boids"
camera = { kind = "orthographic", left = 0, right = 1, top = 0, bottom = 1 }

[surface.draw]
kind = "points"
position = { stride = 16 }
velocity = { offset = 8, stride = 16 }
shape = "boid"
color = { by = "speed", range = [0, 1] }
"##;

/// The problems of the good manifest with one piece of text replaced, which has to be in it.
fn spoiled(from: &str, to: &str) -> Vec<Problem> {
    assert!(GOOD.contains(from), "{from}");
    problems(&GOOD.replacen(from, to, 1))
}

fn problems(text: &str) -> Vec<Problem> {
    match Manifest::from_text(text) {
        Ok(manifest) => panic!("this was taken:\n{text}\n{manifest:?}"),
        Err(error) => with_remedies(&error),
    }
}

/// The problems, each of which has to say what to do.
fn with_remedies(error: &ManifestError) -> Vec<Problem> {
    let list = error.problems().to_vec();
    assert!(list.iter().all(|problem| problem.hint.is_some()), "{list:#?}");
    list
}

/// The one problem of the spoiled manifest: its code, and the text that is underlined.
fn only(from: &str, to: &str) -> (ProblemCode, String, Problem) {
    let list = spoiled(from, to);
    assert_eq!(list.len(), 1, "{list:#?}");
    let problem = list[0].clone();
    let underlined = GOOD
        .replacen(from, to, 1)
        .lines()
        .nth(problem.line - 1)
        .unwrap_or("")
        .chars()
        .skip(problem.column - 1)
        .take(problem.width)
        .collect();
    (problem.code, underlined, problem)
}

#[test]
fn good_manifest_is_read() {
    let manifest = Manifest::from_text(GOOD).unwrap();
    assert_eq!(manifest.app.title, "swarm", "the name stands in for a title");
    assert_eq!(manifest.param[0].label, "speed");
    assert_eq!(manifest.buffer_named("boids").unwrap().size(), Some(16_000));
    assert_eq!(manifest.kernel[0].shards, Shards::Workers);
    assert_eq!(manifest.kernel[0].shards.on(3), 3);
    assert_eq!(manifest.writer_of("cells").unwrap().name, "flock");
    assert_eq!(manifest.clock, Clock { rate: 120, seed: 7, profile: Profile::Interactive });
    assert_eq!(manifest.page, None);
}

#[test]
fn smallest_manifest_has_defaults() {
    let manifest = Manifest::from_text("[app]\nname = \"a\"\nengine = \"1\"\n").unwrap();
    assert_eq!(manifest.window.size, [1280, 720]);
    assert_eq!(manifest.clock.rate, 60);
    assert!(manifest.kernel.is_empty());
}

#[test]
fn unknown_key_suggests_the_near_one() {
    let (code, underlined, problem) = only("memory_max", "memory_mx");
    assert_eq!((code, underlined.as_str()), (ProblemCode::UnknownKey, "memory_mx"));
    assert_eq!(problem.hint.as_deref(), Some("did you mean `memory_max`?"));
    assert_eq!(problem.message, "unknown key `memory_mx` in [[kernel]]");
}

#[test]
fn unknown_key_far_from_all_lists_them() {
    let (code, _, problem) = only("rate = 120", "rate = 120\ntempo = 3");
    assert_eq!(code, ProblemCode::UnknownKey);
    assert_eq!(problem.hint.as_deref(), Some("it may have `rate`, `seed` or `profile`"));
}

#[test]
fn unknown_key_inside_a_surface_is_underlined_where_it_stands() {
    for (from, to, word) in
        [("shape =", "shap =", "shap"), ("velocity = { offset", "velocity = { ofset", "ofset"), ("left = 0", "lft = 0", "lft")]
    {
        let (code, underlined, _) = only(from, to);
        assert_eq!((code, underlined.as_str()), (ProblemCode::UnknownKey, word));
    }
}

#[test]
fn unknown_table_suggests_the_near_one() {
    let (code, underlined, problem) = only("[clock]", "[clocks]");
    assert_eq!((code, underlined.as_str()), (ProblemCode::UnknownKey, "clocks"));
    assert_eq!(problem.hint.as_deref(), Some("did you mean `[clock]`?"));
}

#[test]
fn wrong_type_says_what_is_expected() {
    let (code, underlined, problem) = only("rate = 120", "rate = \"fast\"");
    assert_eq!((code, underlined.as_str()), (ProblemCode::WrongType, "\"fast\""));
    assert_eq!((problem.line, problem.column), (11, 8));
    assert_eq!(problem.label, "expected a whole number, not negative");
    for (from, to) in [
        ("[800, 600]", "[800]"),
        ("[800, 600]", "800"),
        ("read = [\"boids\"]", "read = \"boids\""),
        ("\"16 MiB\"", "true"),
        ("name = \"view\"", "name = 3"),
    ] {
        assert!([ProblemCode::WrongType, ProblemCode::OutOfRange].contains(&only(from, to).0), "{to}");
    }
}

#[test]
fn hints_show_what_to_write() {
    let many = only("shards = \"workers\"", "shards = \"many\"").2;
    assert_eq!(many.hint.as_deref(), Some("write `shards = \"workers\"`, or a number from 1 to 256"), "{many:?}");
    let short = only("[800, 600]", "[960]").2;
    assert_eq!((short.message.as_str(), short.hint.as_deref()), ("a list of 1 does not fit", Some("write a list of 2")));
    let single = only("read = [\"boids\"]", "read = \"boids\"").2;
    assert_eq!(single.hint.as_deref(), Some("write a list: [\"boids\"]"));
}

#[test]
fn single_and_double_brackets_are_told_apart() {
    assert_eq!(only("[[param]]", "[param]").0, ProblemCode::WrongType);
    assert_eq!(only("[clock]", "[[clock]]").0, ProblemCode::WrongType);
}

#[test]
fn every_mistake_is_shown_in_one_run() {
    let text = GOOD
        .replace("rate = 120", "rate = \"fast\"")
        .replace("shards = \"workers\"", "shards = \"worker\"")
        .replace("step = 0.5", "stop = 1");
    let codes: Vec<_> = problems(&text).iter().map(|problem| problem.code).collect();
    assert_eq!(codes, [ProblemCode::WrongType, ProblemCode::BadValue, ProblemCode::UnknownKey]);
}

#[test]
fn missing_keys_and_tables_are_named() {
    assert_eq!(problems("")[0].code, ProblemCode::MissingKey);
    assert!(only("module = \"kernels/flock.wasm\"", "").2.message.contains("`module`"));
    assert_eq!(only("engine = \"1\"", "").0, ProblemCode::MissingKey);
    assert_eq!(only("kind = \"points\"", "").0, ProblemCode::MissingKey);
    assert_eq!(only("count = 1000", "").0, ProblemCode::MissingKey);
    assert_eq!(only("bytes = \"64 KiB\"", "").0, ProblemCode::MissingKey);
}

#[test]
fn syntax_error_has_its_place() {
    let (code, _, problem) = only("rate = 120", "rate = = 120");
    assert_eq!((code, problem.line), (ProblemCode::Syntax, 11));
    assert_eq!(only("seed = 7", "seed = 7\nseed = 8").0, ProblemCode::Syntax);
}

#[test]
fn another_engine_version_is_refused() {
    assert_eq!(only("engine = \"1\"", "engine = \"2\"").0, ProblemCode::EngineVersion);
}

#[test]
fn duplicate_names_are_found() {
    let list = spoiled("name = \"cells\"", "name = \"boids\"");
    assert_eq!((list[0].code, list[0].line), (ProblemCode::DuplicateName, 20));
    assert_eq!(only("read = [\"boids\"]", "read = [\"boids\", \"boids\"]").0, ProblemCode::DuplicateName);
}

#[test]
fn bad_name_suggests_a_good_one() {
    let (code, _, problem) = only("name = \"swarm\"", "name = \"My Swarm!\"");
    assert_eq!((code, problem.hint.as_deref()), (ProblemCode::BadValue, Some("write `my-swarm`")));
}

#[test]
fn reserved_name_of_a_buffer() {
    let list = spoiled("name = \"cells\"", "name = \"layout\"");
    assert_eq!((list[0].code, list[0].label.as_str()), (ProblemCode::BadValue, "reserved"));
}

#[test]
fn surface_naming_no_buffer() {
    let (code, underlined, problem) = only("buffer = \"boids\"", "buffer = \"boid\"");
    assert_eq!((code, underlined.as_str()), (ProblemCode::UnknownBuffer, "\"boid\""));
    assert_eq!(problem.hint.as_deref(), Some("did you mean `boids`?"));
    assert_eq!(only("position = { stride", "position = { buffer = \"nobody\", stride").0, ProblemCode::UnknownBuffer);
}

#[test]
fn kernel_granted_no_buffer() {
    assert_eq!(only("read = [\"boids\"]", "read = [\"birds\"]").0, ProblemCode::UnknownBuffer);
}

#[test]
fn two_writers_of_one_buffer() {
    let more = "[[kernel]]\nname = \"other\"\nmodule = \"kernels/other.wasm\"\nwrite = [\"cells\"]\n[[param]]";
    assert_eq!(only("[[param]]", more).0, ProblemCode::TwoWriters);
}

#[test]
fn sizes_beyond_the_limits() {
    for (from, to) in [
        ("count = 1000", "count = 0"),
        ("count = 1000", "count = 100_000_000"),
        ("count = 1000", "count = 9_000_000_000_000_000_000"),
        ("count = 1000", "count = 50_000_000"),
        ("bytes = \"64 KiB\"", "bytes = 0"),
        ("memory_max = \"16 MiB\"", "memory_max = \"16 GiB\""),
        ("memory_max = \"16 MiB\"", "memory_max = 1"),
        ("memory_max = \"16 MiB\"", "fuel = 100_000_000_001"),
        ("size = [800, 600]", "size = [800, 0]"),
        ("size = [800, 600]", "size = [800, 600]\nscale = 100.0"),
        ("size = [800, 600]", "size = [800, 600]\nscale = nan"),
        ("rate = 120", "rate = 0"),
        ("seed = 7", "seed = -1"),
    ] {
        assert_eq!(only(from, to).0, ProblemCode::OutOfRange, "{to}");
    }
    assert_eq!(only("shards = \"workers\"", "shards = 0").0, ProblemCode::BadValue);
    let many = format!("{GOOD}{}", "[[buffer]]\nname = \"b\"\nbytes = 1\n".repeat(70));
    assert_eq!(problems(&many)[0].code, ProblemCode::OutOfRange);
}

#[test]
fn the_largest_app_has_a_region_and_a_larger_one_is_told_so() {
    let app = |buffers: usize, region_max: &str| {
        let buffer = |index: usize| format!("[[buffer]]\nname = \"b{index}\"\nbytes = \"1 GiB\"\n");
        let buffers: String = (0..buffers).map(buffer).collect();
        Manifest::from_text(&format!("[app]\nname = \"a\"\nengine = \"1\"\n[limits]\nregion_max = \"{region_max}\"\n{buffers}"))
    };
    let largest = app(21, "63 GiB").unwrap();
    assert!(wasm_engine_exchange::Region::create(&crate::wiring::region_spec(&largest)).is_ok());
    assert_eq!(with_remedies(&app(1, "64 GiB").unwrap_err())[0].code, ProblemCode::OutOfRange);
    let hint = |buffers| with_remedies(&app(buffers, "1 GiB").unwrap_err())[0].hint.clone().unwrap();
    assert!(hint(20).contains("region_max = \"63 GiB\""), "{}", hint(20));
    assert_eq!(hint(22), "make them smaller: an app has at most 63 GiB");
}

#[test]
fn size_given_twice() {
    assert_eq!(only("count = 1000", "count = 1000\nbytes = 3").0, ProblemCode::Conflict);
}

#[test]
fn bad_color_and_bad_gradient() {
    assert_eq!(only("#0b0e14", "#0b0e1").0, ProblemCode::BadValue);
    assert_eq!(only("to = \"#1b2433\"", "too = \"#1b2433\"").0, ProblemCode::UnknownKey);
    assert_eq!(only("{ from = \"#0b0e14\", to = \"#1b2433\" }", "3").0, ProblemCode::WrongType);
}

#[test]
fn param_out_of_range() {
    for (from, to) in [
        ("default = 2.0", "default = 11"),
        ("default = 2.0", "default = nan"),
        ("max = 10", "max = inf"),
        ("max = 10", "max = 0"),
        ("step = 0.5", "step = 0"),
        ("step = 0.5", "step = 11"),
    ] {
        assert_eq!(only(from, to).0, ProblemCode::OutOfRange, "{to}");
    }
}

#[test]
fn surface_of_the_wrong_stride_or_beyond_the_end() {
    assert_eq!(only("position = { stride = 16 }", "position = { stride = 6 }").0, ProblemCode::BadValue);
    assert_eq!(only("position = { stride = 16 }", "position = { stride = 4 }").0, ProblemCode::OutOfRange);
    let (code, _, problem) = only("position = { stride = 16 }", "position = { stride = 16 }\ncount = 1001");
    assert_eq!(code, ProblemCode::OutOfRange);
    assert_eq!(problem.message, "surface `view` needs 16008 bytes of buffer `boids`, which has 16000 bytes");
    assert_eq!(only("velocity = { offset = 8", "velocity = { offset = 16_000").0, ProblemCode::OutOfRange);
}

#[test]
fn planes_are_measured_to_the_last_one() {
    let planes = |step: u32| {
        GOOD.replacen("position = { stride = 16 }", &format!("position = {{ step = {step} }}\ncount = 1000"), 1)
            .replace("velocity = { offset = 8, stride = 16 }\n", "")
    };
    assert!(Manifest::from_text(&planes(4_000)).is_ok());
    assert_eq!(problems(&planes(15_996))[0].code, ProblemCode::OutOfRange);
}

#[test]
fn unknown_kind_of_surface_suggests_the_near_one() {
    let (code, underlined, problem) = only("kind = \"points\"", "kind = \"point\"");
    assert_eq!((code, underlined.as_str()), (ProblemCode::BadValue, "\"point\""));
    assert_eq!(problem.hint.as_deref(), Some("did you mean `points`?"));
}

#[test]
fn example_in_the_documentation_is_good() {
    let page = fs::read_to_string("../../docs/manifest.md").unwrap();
    let example = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    if let Err(error) = Manifest::from_text(example) {
        panic!("{error}");
    }
}

#[test]
fn sample_apps_are_good() {
    let apps = Path::new("../../apps");
    let folders: Vec<_> = fs::read_dir(apps).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    assert!(folders.len() >= 2);
    for folder in folders {
        if let Err(error) = Manifest::load(&folder) {
            panic!("{}\n{error}", folder.display());
        }
    }
}

/// Makes an app on the disk around the good manifest, with a page.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("kernels")).unwrap();
    fs::create_dir_all(root.join("page")).unwrap();
    fs::write(root.join("kernels/flock.wasm"), "").unwrap();
    fs::write(root.join("page/index.html"), "").unwrap();
    fs::write(root.join(FILE_NAME), format!("{GOOD}\n[page]\n")).unwrap();
    folder
}

fn load_with(root: &Path, from: &str, to: &str) -> ManifestError {
    let text = format!("{GOOD}\n[page]\n");
    assert!(text.contains(from), "{from}");
    fs::write(root.join(FILE_NAME), text.replacen(from, to, 1)).unwrap();
    match Manifest::load(root) {
        Ok(app) => panic!("this was taken: {app:?}"),
        Err(error) => {
            with_remedies(&error);
            error
        }
    }
}

/// Mistakes of all kinds, found by each of the steps.
const BAD: &str = r##"
[app]
name = "swarm"
engine = "2"
version = 1

[window]
size = "big"
background = "red"

[page]
index = "nowhere.html"

[[buffer]]
name = "boids"
bytes = 16
count = 4

[[buffer]]
name = "boids"
bytes = "much"

[[buffer]]
name = "Cells"
item = "f32"

[[kernel]]
name = "flock"
module = "../spin.wasm"
read = ["birds"]
shards = 0
deadline_ms = "long"

[[kernel]]
name = "grid"
module = "kernels/grid.wasm"
memory_mx = 3
write = ["boids"]

[[kernel]]
fuel = 0

[[param]]
name = "speed"
default = 2.0
min = 3
max = 1
"##;

#[test]
fn mistakes_of_all_kinds_are_shown_at_once() {
    use ProblemCode::{
        BadValue, Conflict, DuplicateName, EngineVersion, FileMissing, MissingKey, OutOfRange, PathOutside, UnknownBuffer, UnknownKey,
        WrongType,
    };
    let folder = folder();
    fs::write(folder.path().join(FILE_NAME), BAD).unwrap();
    let found: Vec<_> =
        with_remedies(&Manifest::load(folder.path()).unwrap_err()).iter().map(|problem| (problem.line, problem.code)).collect();
    let expected = [
        (4, EngineVersion),
        (5, WrongType),
        (8, WrongType),
        (9, BadValue),
        (12, FileMissing),
        (16, Conflict),
        (20, DuplicateName),
        (21, BadValue),
        (23, MissingKey),
        (24, BadValue),
        (29, PathOutside),
        (30, UnknownBuffer),
        (31, BadValue),
        (32, WrongType),
        (36, FileMissing),
        (37, UnknownKey),
        (40, MissingKey),
        (40, MissingKey),
        (46, OutOfRange),
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_hangs_on_something_that_cannot_be_read_is_no_second_mistake() {
    for (from, to) in [
        ("name = \"boids\"", "nam = \"boids\""),
        ("name = \"boids\"", "name = 3"),
        ("[[buffer]]\nname = \"boids\"", "[[bufer]]\nname = \"boids\""),
        ("count = 1000", "count = \"many\""),
        ("max = 10", "max = \"ten\""),
        ("count = 1000", "count = 30_000_000\n[limits]\nregion_max = \"2 gigs\""),
        ("[surface.draw]", "[surface.drw]"),
        ("orthographic\"", "orthographic\", rigt = 1"),
    ] {
        only(from, to);
    }
    let folder = folder();
    let module = "module = \"kernels/flock.wasm\"";
    for (from, to) in
        [(module, "module = \"kernels/new.wasm\"\nsource = 3"), (module, "module = \"flock.rs\""), ("[page]\n", "[page]\nroot = 3\n")]
    {
        let error = load_with(folder.path(), from, to);
        assert_eq!(error.problems().len(), 1, "{error}");
    }
}

#[test]
fn place_of_a_kernels_key_is_found_again() {
    let folder = folder();
    let app = Manifest::load(folder.path()).unwrap();
    let line = |key| app.kernel_place("flock", key).map(|place| (place.line, place.column));
    assert_eq!(line("module"), Some((25, 10)));
    assert_eq!(line("deadline_ms"), Some((23, 1)), "the table, where the key is not written");
    assert_eq!(app.kernel_place("nobody", "module"), None);
}

#[test]
fn good_app_is_loaded_by_folder_and_by_file() {
    let folder = folder();
    let app = Manifest::load(folder.path()).unwrap();
    assert_eq!(app, Manifest::load(&folder.path().join(FILE_NAME)).unwrap());
    assert_eq!(app.root, folder.path().canonicalize().unwrap());
    assert_eq!(app.page.as_ref().unwrap().index, app.root.join("page/index.html"));
    assert!(app.module_path(&app.manifest.kernel[0]).is_file());
}

#[test]
fn path_leaving_the_app() {
    let folder = folder();
    let module = "module = \"kernels/flock.wasm\"";
    for path in ["../flock.wasm", "kernels/../../flock.wasm", "/etc/flock.wasm", "kernels/../flock.wasm"] {
        let error = load_with(folder.path(), module, &format!("module = \"{path}\""));
        assert_eq!(error.code(), "MANIFEST_PATH_OUTSIDE", "{path}");
    }
    for page in ["root = \"..\"", "root = \"/\"", "index = \"../app.toml\""] {
        assert_eq!(load_with(folder.path(), "[page]\n", &format!("[page]\n{page}\n")).code(), "MANIFEST_PATH_OUTSIDE", "{page}");
    }
    let source = format!("{module}\nsource = \"../guest\"");
    assert_eq!(load_with(folder.path(), module, &source).code(), "MANIFEST_PATH_OUTSIDE");
}

#[cfg(unix)]
#[test]
fn symbolic_link_leaving_the_app() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("flock.wasm"), "").unwrap();
    let folder = folder();
    symlink(outside.path(), folder.path().join("away")).unwrap();
    symlink(outside.path().join("not-yet.wasm"), folder.path().join("kernels/nowhere.wasm")).unwrap();
    symlink("flock.wasm", folder.path().join("kernels/inside.wasm")).unwrap();
    let module = "module = \"kernels/flock.wasm\"";
    for path in ["away/flock.wasm", "kernels/nowhere.wasm"] {
        assert_eq!(load_with(folder.path(), module, &format!("module = \"{path}\"")).code(), "MANIFEST_PATH_OUTSIDE", "{path}");
    }
    fs::write(folder.path().join(FILE_NAME), GOOD.replacen(module, "module = \"kernels/inside.wasm\"", 1)).unwrap();
    assert!(Manifest::load(folder.path()).is_ok(), "a link inside the app is as good as a file");
}

#[test]
fn missing_file_names_its_neighbor() {
    let folder = folder();
    let error = load_with(folder.path(), "kernels/flock.wasm", "kernels/flok.wasm");
    assert_eq!(error.code(), "MANIFEST_FILE_MISSING");
    let error = load_with(folder.path(), "[page]\n", "[page]\nindex = \"indx.html\"\n");
    assert_eq!((error.code(), error.hint().as_deref()), ("MANIFEST_FILE_MISSING", Some("there is `index.html`")));
    let error = load_with(folder.path(), "[page]\n", "[page]\nroot = \"pages\"\n");
    assert_eq!((error.code(), error.hint().as_deref()), ("MANIFEST_FILE_MISSING", Some("there is `page`")));
    let error = load_with(folder.path(), "[page]\n", "[page]\nroot = \"app.toml\"\n");
    assert_eq!(error.code(), "MANIFEST_FILE_MISSING", "a file is no folder");
}

#[test]
fn module_with_a_source_may_be_built_later() {
    let folder = folder();
    let module = "module = \"kernels/flock.wasm\"";
    let text = GOOD.replacen(module, "module = \"kernels/new.wasm\"\nsource = \"guests/flock\"", 1);
    fs::write(folder.path().join(FILE_NAME), &text).unwrap();
    assert_eq!(Manifest::load(folder.path()).unwrap_err().code(), "MANIFEST_FILE_MISSING", "the source is not there");
    fs::create_dir_all(folder.path().join("guests/flock")).unwrap();
    assert_eq!(Manifest::load(folder.path()).unwrap_err().code(), "MANIFEST_FILE_MISSING", "the source is no package");
    fs::write(folder.path().join("guests/flock/Cargo.toml"), "").unwrap();
    let app = Manifest::load(folder.path()).unwrap();
    assert!(app.source_path(&app.manifest.kernel[0]).unwrap().is_dir());
}

#[test]
fn folder_without_a_manifest_and_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Manifest::load(folder.path()).unwrap_err().code(), "MANIFEST_MISSING");
    assert_eq!(Manifest::load(&folder.path().join("nobody")).unwrap_err().code(), "APP_MISSING");
    fs::create_dir(folder.path().join(FILE_NAME)).unwrap();
    assert_eq!(Manifest::load(folder.path()).unwrap_err().code(), "MANIFEST_UNREADABLE");
}

#[test]
fn manifest_that_is_too_large_or_not_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    fs::write(&path, vec![b'#'; limits::MANIFEST_BYTES as usize + 1]).unwrap();
    assert_eq!(Manifest::load(folder.path()).unwrap_err().code(), "MANIFEST_TOO_LARGE");
    fs::write(&path, b"[app]\nname = \"\xff\xfe\"").unwrap();
    let error = Manifest::load(folder.path()).unwrap_err();
    assert_eq!((error.code(), error.problems()[0].line, error.problems()[0].column), ("MANIFEST_SYNTAX", 2, 9));
}

#[test]
fn problem_is_rendered_like_a_compiler_does() {
    let text = "[app]\nname = \"swarm\"\nengine = \"1\"\ntitel = \"Swarm\"\n";
    let shown = problems(text)[0].render(Style::PLAIN);
    let expected = "error[MANIFEST_UNKNOWN_KEY]: unknown key `titel` in [app]\n \
                    --> app.toml:4:1\n  \
                    |\n\
                    4 | titel = \"Swarm\"\n  \
                    | ^^^^^ no such key\n  \
                    = help: did you mean `title`?";
    assert_eq!(shown, expected);
    assert!(problems(text)[0].render(Style::COLOR).contains("\x1b[1;31m"));
}

#[test]
fn long_lines_and_control_characters_do_not_reach_the_terminal() {
    let text = format!("[app]\nname = \"a\"\nengine = \"1\"\n{} = 1\n", "x".repeat(5000));
    let problem = &problems(&text)[0];
    assert!(problem.render(Style::PLAIN).lines().all(|line| line.chars().count() < 350));
    let text = "[app]\nname = \"\u{202e}\u{1b}\"\n";
    assert!(!problems(text)[0].render(Style::PLAIN).contains(['\u{1b}', '\u{202e}']));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn nothing_that_is_written_panics(at in 0..GOOD.len(), remove in 0..40_usize, insert in "\\PC{0,12}|[\\[\\]{}=\",.#\n0-9a-z-]{0,12}") {
        let mut bytes: Vec<u8> = GOOD.bytes().collect();
        let end = (at + remove).min(bytes.len());
        bytes.splice(at..end, insert.bytes());
        let text = String::from_utf8_lossy(&bytes);
        if let Err(error) = Manifest::from_text(&text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
