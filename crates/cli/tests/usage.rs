//! Command lines that cannot be, and commands that have nothing to do with what they are given: each says so in the one shape of all errors.

#[path = "harness/harness.rs"]
mod harness;

use harness::{engine, fixture, scratch, succeed};

/// The error of a command, as `--json` prints it.
fn refused(arguments: &[&str], exit: i32) -> serde_json::Value {
    let output = engine().arg("--json").args(arguments).output().unwrap();
    let value: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output:?}"));
    assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {value}");
    value["error"].clone()
}

#[test]
fn options_that_cannot_be() {
    for (arguments, word) in [
        (&["run"][..], "<APP>"),
        (&["rnu"], "rnu"),
        (&[], "no command"),
        (&["run", "a", "--size", "abc"], "1280x720"),
        (&["run", "a", "--ticks", "-5"], "-5"),
        (&["run", "a", "--ticks", "many"], "whole number"),
        (&["inspect", "--live", "abc"], "whole number"),
        (&["inspect"], "--live"),
        (&["inspect", "a", "--live", "0"], "--live"),
    ] {
        let error = refused(arguments, 2);
        assert_eq!(error["code"], "USAGE", "{arguments:?}: {error}");
        assert!(error["message"].as_str().unwrap().contains(word), "{arguments:?}: {error}");
        assert!(error["hint"].is_string(), "{arguments:?}: {error}");
    }
}

#[test]
fn without_json_it_is_text_with_the_code() {
    let output = engine().arg("rnu").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.starts_with("error[USAGE]: ") && text.contains("Usage: ") && output.stdout.is_empty(), "{text}");
    assert_eq!(output.status.code(), Some(2));
    for help in ["--help", "--version"] {
        assert!(!succeed(engine().arg(help)).stdout.is_empty());
    }
}

#[test]
fn without_a_command_it_is_the_help() {
    let output = engine().output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("Usage: ") && text.contains("standard error: -v") && !text.contains("[USAGE]"), "{text}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn completions_are_json_too() {
    let script = succeed(engine().args(["completions", "bash"])).stdout;
    let value: serde_json::Value = serde_json::from_slice(&succeed(engine().args(["completions", "bash", "--json"])).stdout).unwrap();
    assert_eq!(value["shell"], "bash");
    assert_eq!(value["script"].as_str().unwrap().trim_end(), String::from_utf8(script).unwrap().trim_end());
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written() {
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let slider = fixture("slider");
    let app = slider.to_str().unwrap();
    let frame = scratch("unwritable-output").join("frame.png");
    let run = ["run", app, "--headless", "--ticks", "3", "-vv", "--out", frame.to_str().unwrap()];
    for arguments in [&["schema"][..], &["completions", "bash"], &["--help"], &["inspect", app], &["serve", app], &run] {
        let output = engine().args(arguments).stdout(full()).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains("error[OUTPUT]: standard output") && !text.contains("panicked"), "{arguments:?}: {text}");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        // Nobody listens any more: that is the reader's choice.
        let (_, closed) = std::io::pipe().unwrap();
        if arguments[0] != "serve" {
            assert_eq!(engine().args(arguments).stdout(closed).output().unwrap().status.code(), Some(0), "{arguments:?}");
        }
    }
    for (arguments, code) in [(&["run", "nowhere"][..], 4), (&["rnu"], 2), (&run, 0)] {
        assert_eq!(engine().args(arguments).stderr(full()).output().unwrap().status.code(), Some(code), "{arguments:?}");
    }
}

#[test]
fn names_of_new_apps() {
    let folder = scratch("names");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let error = refused(&["new", &at("Bad.Name")], 2);
    assert!(error["message"].as_str().unwrap().contains("`Bad.Name`"), "{error}");
    succeed(engine().args(["new", &at("my_app")]));
    assert_eq!(refused(&["new", &at("my_app")], 1)["code"], "ALREADY_EXISTS");
    succeed(engine().args(["inspect", &at("my_app")]));
}

#[test]
fn packing_and_building() {
    let folder = scratch("packing");
    let source = fixture("slider");
    let archive = folder.join("some/where/slider.weapp");
    succeed(engine().arg("pack").arg(&source).arg("--out").arg(&archive));
    assert_eq!(refused(&["build", archive.to_str().unwrap()], 2)["code"], "NOT_A_FOLDER");
    let nothing = succeed(engine().arg("build").arg(fixture("button")));
    assert!(String::from_utf8(nothing.stdout).unwrap().contains("nothing to build"));
}

#[test]
fn what_inspect_shows_is_the_apps_own() {
    let output = succeed(engine().args(["inspect", "--json"]).arg(fixture("slider")));
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let names: Vec<_> = value["buffers"].as_array().unwrap().iter().map(|buffer| buffer["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["level"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_window_without_a_display_says_its_cause_alone() {
    let source = fixture("slider");
    let error = refused(&["run", "--window", source.to_str().unwrap()], 5);
    let message = error["message"].as_str().unwrap();
    assert!(error["code"] == "NO_DISPLAY" && message.contains("DISPLAY") && !message.contains(".rs:"), "{error}");
}
