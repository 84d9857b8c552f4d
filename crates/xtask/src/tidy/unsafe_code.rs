//! Where `unsafe` may be, and that each use says why it is sound, near enough to be checked.

use super::Finding;
use super::files::File;
use super::lexer::Source;
use super::rules::{SAFETY_REACH, UNSAFE};

pub(super) fn check(file: &File, source: &Source, findings: &mut Vec<Finding>) {
    let allowed = UNSAFE.iter().any(|place| file.path.starts_with(place));
    for at in source.words("unsafe") {
        let line = source.line_of(at);
        if !allowed {
            findings.push(Finding::new(file, line, "unsafe code", "docs/unsafe.md says where it may be; call what is there"));
            continue;
        }
        match Use::at(source, at) {
            Use::Block if !says(source, line, "SAFETY:") => {
                findings.push(Finding::new(file, line, "no SAFETY comment", "say above it why each condition holds: `// SAFETY: …`"));
            }
            Use::Function if !says_in_doc(source, line) => {
                findings.push(Finding::new(
                    file,
                    line,
                    "no `# Safety` section",
                    "say in its documentation what the caller must make sure of",
                ));
            }
            _ => {}
        }
    }
}

enum Use {
    /// A block or an `impl`: here somebody vouches.
    Block,
    /// A function or trait: here somebody asks others to vouch.
    Function,
    /// An attribute, a pointer type, an `extern` block: checked by the compiler's own rules.
    Other,
}

impl Use {
    fn at(source: &Source, at: usize) -> Self {
        let after = source.code()[at + "unsafe".len()..].trim_start();
        let word = |word: &str| after.strip_prefix(word).is_some_and(|rest| rest.starts_with(char::is_whitespace));
        if after.starts_with('{') || word("impl") {
            Self::Block
        } else if word("trait") || (word("fn") && !in_type_position(source, at) && !in_trait_impl(source, at)) {
            Self::Function
        } else {
            Self::Other
        }
    }
}

/// True when `unsafe fn` is the type of a pointer, not the head of a function.
fn in_type_position(source: &Source, at: usize) -> bool {
    let before = source.code()[..at].trim_end();
    before.ends_with([':', '<', ',', '(', '=', '&', '>'])
}

/// True when the function is in `impl … for …`: there the trait says what is asked.
fn in_trait_impl(source: &Source, at: usize) -> bool {
    let before = &source.code()[..at];
    let mut depth = 0_usize;
    for (open, byte) in before.bytes().enumerate().rev() {
        match byte {
            b'}' => depth += 1,
            b'{' if depth > 0 => depth -= 1,
            b'{' => {
                let header = before[..open].rsplit([';', '{', '}']).next().unwrap_or("");
                let mut words = header.split(|c: char| !c.is_alphanumeric() && c != '_');
                return words.by_ref().any(|word| word == "impl") && words.any(|word| word == "for");
            }
            _ => {}
        }
    }
    false
}

/// True when a comment on the line, just inside the block or in the run of lines above says it.
fn says(source: &Source, line: usize, mark: &str) -> bool {
    if source.comment(line).contains(mark) || source.comment(line + 1).contains(mark) {
        return true;
    }
    let mut code_between = 0;
    for above in (1..line).rev() {
        if source.comment(above).contains(mark) {
            return true;
        }
        if !source.line(above).trim().is_empty() {
            code_between += 1;
            if code_between > SAFETY_REACH {
                return false;
            }
        }
    }
    false
}

/// True when the documentation above has a `# Safety` section, or a plain SAFETY comment explains a private one.
fn says_in_doc(source: &Source, line: usize) -> bool {
    let above = (1..line).rev().take_while(|&above| {
        let code = source.line(above).trim();
        code.is_empty() && !source.comment(above).is_empty() || code.starts_with("#[") || code.ends_with(']')
    });
    let mut above = above;
    above.any(|above| source.comment(above).contains("# Safety") || source.comment(above).contains("SAFETY:"))
}

/// A crate without a place in the list forbids unsafe code in its root, where nothing can open it again.
pub(super) fn check_roots(files: &[File], findings: &mut Vec<Finding>) {
    for file in files {
        let Some(krate) = file.krate() else { continue };
        let is_root = ["lib", "main"].iter().any(|root| file.path == format!("crates/{krate}/src/{root}.rs"));
        let may = UNSAFE.iter().any(|place| place.starts_with(&format!("crates/{krate}/")));
        if is_root && !may && !file.text().contains("#![forbid(unsafe_code)]") {
            findings.push(Finding::new(file, 1, "does not forbid unsafe code", "add `#![forbid(unsafe_code)]` below the head"));
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
    fn stays_in_its_places() {
        let text = "// SAFETY: fine.\nunsafe { f() }\n";
        assert_eq!(found("crates/cli/src/main.rs", text), [(2, "unsafe code".to_owned())]);
        assert!(found("crates/exchange/src/a.rs", text).is_empty());
        assert!(found("crates/cli/src/main.rs", "// unsafe\nlet x = \"unsafe\"; let unsafe_x = 1;\n").is_empty());
    }

    #[test]
    fn each_block_says_why() {
        assert_eq!(found("crates/exchange/src/a.rs", "let x = unsafe { f() };\n"), [(1, "no SAFETY comment".to_owned())]);
        assert!(found("crates/exchange/src/a.rs", "unsafe {\n    // SAFETY: fine.\n    f()\n}\n").is_empty());
        let far = format!("// SAFETY: fine.\n{}unsafe {{ f() }}\n", "g();\n".repeat(5));
        assert_eq!(found("crates/exchange/src/a.rs", &far).len(), 1);
        assert_eq!(found("crates/exchange/src/a.rs", "unsafe impl Send for A {}\n").len(), 1);
    }

    #[test]
    fn each_function_says_what_it_asks() {
        assert_eq!(found("crates/exchange/src/a.rs", "pub unsafe fn f() {}\n"), [(1, "no `# Safety` section".to_owned())]);
        assert!(found("crates/exchange/src/a.rs", "/// Does.\n///\n/// # Safety\n/// So.\n#[inline]\npub unsafe fn f() {}\n").is_empty());
        assert!(
            found(
                "crates/exchange/src/a.rs",
                "struct A { f: unsafe fn(u8) }\nimpl<T> B for C<T> { fn a() { x() } unsafe fn b() {} }\n#[unsafe(no_mangle)]\nfn g() {}\n"
            )
            .is_empty()
        );
    }
}
