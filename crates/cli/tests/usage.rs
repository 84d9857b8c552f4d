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
fn names_of_new_apps() {
    let folder = scratch("names");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let error = refused(&["new", &at("Bad.Name")], 3);
    assert!(error["message"].as_str().unwrap().contains("`Bad.Name`"), "{error}");
    succeed(engine().args(["new", &at("my_app")]));
    succeed(engine().args(["inspect", &at("my_app")]));
}

#[test]
fn packing_and_building() {
    let folder = scratch("packing");
    let source = fixture("slider");
    let archive = folder.join("some/where/slider.weapp");
    succeed(engine().arg("pack").arg(&source).arg("--out").arg(&archive));
    assert_eq!(refused(&["build", archive.to_str().unwrap()], 3)["code"], "NOT_A_FOLDER");
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
