//! Which crate may use which, and who may name the engines. Read from the manifests, so that a finding has a line.

use super::Finding;
use super::files::File;
use super::rules::{ENGINES, FOR_TESTS, LAYERS};

/// One line of a manifest's dependency tables.
#[derive(Debug, PartialEq, Eq)]
struct Dependency<'a> {
    /// Counted from 1.
    line: usize,
    package: &'a str,
    for_tests: bool,
    from_workspace: bool,
}

pub(super) fn check(files: &[File], findings: &mut Vec<Finding>) {
    for file in files.iter().filter(|file| file.name() == "Cargo.toml") {
        let Some(krate) = file.krate().filter(|krate| file.path == format!("crates/{krate}/Cargo.toml")) else {
            continue;
        };
        check_manifest(file, krate, findings);
    }
}

fn check_manifest(file: &File, krate: &str, findings: &mut Vec<Finding>) {
    let Some(layer) = LAYERS.iter().find(|layer| layer.name == krate) else {
        findings.push(Finding::new(
            file,
            1,
            format!("crate `{krate}` has no layer"),
            "give it one in crates/xtask/src/tidy/rules.rs and docs/architecture.md",
        ));
        return;
    };
    if !file.text().contains("[lints]\nworkspace = true") {
        findings.push(Finding::new(file, 1, "does not take the workspace's lints", "add `[lints]` with `workspace = true`"));
    }
    for dependency in dependencies(file.text()) {
        let package = dependency.package;
        if !dependency.from_workspace {
            let what = format!("`{package}` has a version of its own");
            findings.push(Finding::new(file, dependency.line, what, "put it into [workspace.dependencies] and write `workspace = true`"));
        }
        if let Some(ours) = our_crate(package) {
            let for_tests = dependency.for_tests && FOR_TESTS.contains(&ours);
            if !layer.may_use.contains(&ours) && !for_tests && ours != krate {
                let what = format!("`{krate}` uses `{ours}`, which its layer does not allow");
                findings.push(Finding::new(file, dependency.line, what, "meet in the exchange instead, or let `engine` join the two"));
            }
        }
        if let Some(engine) = ENGINES.iter().find(|engine| engine.package == package)
            && !engine.crates.contains(&krate)
        {
            let what = format!("`{krate}` names `{package}`, which is for {}", engine.crates.join(", "));
            findings.push(Finding::new(file, dependency.line, what, "ask that crate for what is needed"));
        }
    }
}

/// The folder of one of our packages, or nothing for a foreign one.
fn our_crate(package: &str) -> Option<&str> {
    match package {
        "wasm-engine-guest" => Some("guest-sdk"),
        "xtask" => Some("xtask"),
        _ => package.strip_prefix("wasm-engine-"),
    }
}

/// The dependencies that a manifest names, in all its tables.
fn dependencies(manifest: &str) -> Vec<Dependency<'_>> {
    let mut found = Vec::new();
    let mut table = Table::Other;
    for (at, line) in manifest.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            table = Table::of(header.trim_end_matches(']'));
            if let Table::One { package, for_tests } = table {
                // Its keys follow on lines of their own; a `workspace = true` among them is looked for there.
                let body = manifest.lines().skip(at + 1).take_while(|line| !line.starts_with('['));
                let from_workspace = body.into_iter().any(|line| line.replace(' ', "").starts_with("workspace=true"));
                found.push(Dependency { line: at + 1, package, for_tests, from_workspace });
            }
            continue;
        }
        let Table::Many { for_tests } = table else {
            continue;
        };
        let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let key = key.trim();
        let name = key.split('.').next().unwrap_or(key).trim_matches('"');
        let from_workspace = key.ends_with(".workspace") || value.replace(' ', "").contains("workspace=true");
        found.push(Dependency { line: at + 1, package: renamed(value).unwrap_or(name), for_tests, from_workspace });
    }
    found
}

/// The package behind `name = { package = "…" }`.
fn renamed(value: &str) -> Option<&str> {
    let after = value.split_once("package")?.1.trim_start().strip_prefix('=')?.trim_start();
    after.strip_prefix('"')?.split('"').next()
}

#[derive(Clone, Copy)]
enum Table<'a> {
    /// `[dependencies]` and its kin.
    Many {
        for_tests: bool,
    },
    /// `[dependencies.name]`.
    One {
        package: &'a str,
        for_tests: bool,
    },
    Other,
}

impl<'a> Table<'a> {
    fn of(header: &'a str) -> Self {
        // `target.'cfg(…)'.dependencies` is one of them too; the condition may hold dots.
        for (kind, for_tests) in [("dev-dependencies", true), ("build-dependencies", false), ("dependencies", false)] {
            if header == kind || header.ends_with(&format!("'.{kind}")) {
                return Self::Many { for_tests };
            }
            let after = header.strip_prefix(kind).or_else(|| header.split_once(&format!("'.{kind}")).map(|(_, after)| after));
            if let Some(package) = after.and_then(|after| after.strip_prefix('.')) {
                return Self::One { package, for_tests };
            }
        }
        Self::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, tables: &str) -> Vec<String> {
        let file = File::fake(path, &format!("[lints]\nworkspace = true\n{tables}"));
        let mut findings = Vec::new();
        check(&[file], &mut findings);
        findings.into_iter().map(|finding| format!("{}: {}", finding.line, finding.what)).collect()
    }

    #[test]
    fn a_crate_uses_only_what_lies_above() {
        assert!(found("crates/gpu/Cargo.toml", "[dependencies]\nwasm-engine-telemetry.workspace = true\n").is_empty());
        assert_eq!(
            found("crates/gpu/Cargo.toml", "[dependencies]\nwasm-engine-page.workspace = true\n"),
            ["4: `gpu` uses `page`, which its layer does not allow"]
        );
        assert!(found("crates/gpu/Cargo.toml", "[dev-dependencies]\nwasm-engine-testkit.workspace = true\n").is_empty());
        assert_eq!(found("crates/gpu/Cargo.toml", "[dependencies]\nwasm-engine-testkit.workspace = true\n").len(), 1);
        assert_eq!(found("crates/new/Cargo.toml", "").len(), 1);
    }

    #[test]
    fn an_engine_is_named_by_its_own_crate() {
        assert!(found("crates/page/Cargo.toml", "[dependencies]\nservo.workspace = true\n").is_empty());
        for table in ["[dependencies]\nservo", "[target.'cfg(target_os = \"linux\")'.dependencies]\nservo", "[dev-dependencies]\nx"] {
            let text = format!("{table} = {{ workspace = true, package = \"servo\" }}\n");
            assert_eq!(found("crates/cli/Cargo.toml", &text), ["4: `cli` names `servo`, which is for page"], "{text}");
        }
    }

    #[test]
    fn versions_are_the_workspaces() {
        assert_eq!(found("crates/cli/Cargo.toml", "[dependencies]\nclap = \"4\"\n"), ["4: `clap` has a version of its own"]);
        assert!(found("crates/cli/Cargo.toml", "[dependencies.clap]\nworkspace = true\n").is_empty());
        assert_eq!(found("crates/cli/Cargo.toml", "[dependencies.clap]\nversion = \"4\"\n").len(), 1);
    }

    #[test]
    fn the_layers_point_one_way() {
        for (at, layer) in LAYERS.iter().enumerate() {
            for used in layer.may_use {
                assert!(
                    LAYERS[..at].iter().any(|above| above.name == *used),
                    "{} may use {used}, which does not stand above it",
                    layer.name
                );
            }
        }
    }
}
