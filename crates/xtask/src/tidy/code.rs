//! The shape of Rust code: heads, lengths, words that have no place here, code for one operating system.

use super::Finding;
use super::files::File;
use super::lexer::Source;
use super::rules::{FUNCTION_LINES_MAX, STAGES, SYS};

pub(super) fn check(file: &File, source: &Source, findings: &mut Vec<Finding>) {
    check_head(file, findings);
    check_words(file, source, findings);
    check_functions(file, source, findings);
    check_systems(file, source, findings);
}

/// Each file opens with a sentence about itself.
fn check_head(file: &File, findings: &mut Vec<Finding>) {
    let first = file.text().lines().find(|line| !line.trim().is_empty());
    if first.is_some_and(|line| !line.starts_with("//!")) {
        findings.push(Finding::new(file, 1, "has no head", "open it with a `//!` sentence that says what it is for"));
    }
}

fn check_words(file: &File, source: &Source, findings: &mut Vec<Finding>) {
    const MACROS: [&str; 3] = ["todo", "unimplemented", "dbg"];
    for name in MACROS {
        for at in source.words(name) {
            if source.code()[at + name.len()..].starts_with('!') {
                findings.push(Finding::new(file, source.line_of(at), format!("{name}!"), "finish it or take it out"));
            }
        }
    }
    for name in ["ignore", "should_panic"] {
        for at in source.words(name) {
            if source.code()[..at].trim_end().ends_with("#[") {
                findings.push(Finding::new(file, source.line_of(at), format!("#[{name}]"), "a test runs always and says what it expects"));
            }
        }
    }
    for line in 1..=source.line_count() {
        let comment = source.comment(line);
        if ["TODO", "FIXME", "XXX", "HACK"].iter().any(|mark| comment.contains(mark)) && !comment.contains("(#") {
            findings.push(Finding::new(file, line, "a note to do it later", "do it, or name the issue: (#123)"));
        }
    }
}

fn check_functions(file: &File, source: &Source, findings: &mut Vec<Finding>) {
    for at in source.words("fn") {
        let Some((name, start, end)) = function_at(source, at) else {
            continue;
        };
        let lines = end - start + 1;
        if lines > FUNCTION_LINES_MAX {
            let what = format!("function `{name}` has {lines} lines, more than {FUNCTION_LINES_MAX}");
            findings.push(Finding::new(file, start, what, "split it into steps that have names"));
        }
    }
}

/// Name, first and last line of the function whose `fn` stands at `at`, unless it is a pointer type or has no body.
fn function_at(source: &Source, at: usize) -> Option<(String, usize, usize)> {
    let code = source.code();
    let after = &code[at + 2..];
    let name: String = after.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    if name.is_empty() {
        return None;
    }
    let open = at + 2 + body_start(after)?;
    let mut depth = 0_usize;
    for (offset, byte) in code.as_bytes()[open..].iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((name, source.line_of(at), source.line_of(open + offset)));
        }
    }
    None
}

/// Where the body opens, unless a semicolon ends the signature first.
fn body_start(signature: &str) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, byte) in signature.bytes().enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' if depth == 0 => return Some(at),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// Code for one operating system lies in its places, so that a port knows where to look. A value that differs (`cfg!`) may stand anywhere.
fn check_systems(file: &File, source: &Source, findings: &mut Vec<Finding>) {
    if file.krate().is_none() || file.path.contains("/tests/") || SYS.iter().any(|place| file.path.starts_with(place)) {
        return;
    }
    for at in source.words("target_os") {
        let line = source.line_of(at);
        let attribute = source.line(line).trim_start().starts_with("#[cfg") || source.line(line).trim_start().starts_with("#![cfg");
        // The line that takes in a `sys` module is what the rule asks for, and a test may be for one system.
        let next: String = (line + 1..=line + 2).map(|line| source.line(line)).collect();
        if attribute && !next.contains("mod sys") && !next.contains("#[test]") {
            let remedy = "put it into the `sys` folder of exchange, topology, gpu or panel";
            findings.push(Finding::new(file, line, "code for one operating system", remedy));
        }
    }
}

/// A crate whose work goes in stages has one file for each.
pub(super) fn check_stages(files: &[File], findings: &mut Vec<Finding>) {
    for (krate, stages) in STAGES {
        for stage in *stages {
            let path = format!("crates/{krate}/src/{stage}.rs");
            if !files.iter().any(|file| file.path == path) {
                let what = format!("stage `{stage}` has no file");
                findings.push(Finding { path, line: 0, what, remedy: "stages are files: docs/architecture.md" });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<(usize, String)> {
        let file = File::fake(path, text);
        let mut findings = Vec::new();
        check(&file, &Source::new(text), &mut findings);
        findings.into_iter().map(|finding| (finding.line, finding.what)).collect()
    }

    #[test]
    fn a_file_has_a_head() {
        assert_eq!(found("a.rs", "fn f() {}\n"), [(1, "has no head".to_owned())]);
        assert!(found("a.rs", "\n//! Head.\n").is_empty());
    }

    #[test]
    fn functions_are_measured_without_strings_and_comments() {
        let long = format!("//! Head.\nfn long<const N: usize>(a: [u8; 2])\nwhere\n    u8: Copy,\n{{\n{}}}\n", "    // {\n".repeat(70));
        assert_eq!(found("a.rs", &long), [(2, "function `long` has 75 lines, more than 70".to_owned())]);
        let short = "//! Head.\ntrait T { fn f(&self); fn g(&self) { let f: fn(u8) = h; } }\n";
        assert!(found("a.rs", short).is_empty());
    }

    #[test]
    fn unfinished_work_is_found_only_in_code() {
        assert_eq!(found("a.rs", "//! Head.\nfn f() { todo!() }\n"), [(2, "todo!".to_owned())]);
        assert_eq!(found("a.rs", "//! Head.\n#[ignore = \"slow\"]\nfn f() {}\n"), [(2, "#[ignore]".to_owned())]);
        assert!(found("a.rs", "//! Head.\nfn f() { g(\"todo!() #[ignore]\", ignore) }\n").is_empty());
    }

    #[test]
    fn systems_have_their_place() {
        let text = "//! Head.\n#[cfg(target_os = \"linux\")]\nfn f() {}\n";
        assert_eq!(found("crates/page/src/a.rs", text).len(), 1);
        assert!(found("crates/gpu/src/sys/linux.rs", text).is_empty());
    }
}
