//! The rules of the house, checked. Each rule is a function from the files to findings; `rules.rs` holds the tables.

mod code;
mod dependencies;
mod documents;
mod files;
mod lexer;
mod rules;
mod unsafe_code;

use crate::failure::{Failure, Result};
use crate::process;
use files::File;
use std::fmt;

/// One breach of a rule, with what to do about it.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: String,
    /// Counted from 1; 0 when it concerns the whole file.
    line: usize,
    what: String,
    remedy: &'static str,
}

impl Finding {
    fn new(file: &File, line: usize, what: impl Into<String>, remedy: &'static str) -> Self {
        Self { path: file.path.clone(), line, what: what.into(), remedy }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.path)?;
        if self.line > 0 {
            write!(f, "{}:", self.line)?;
        }
        write!(f, " {} ({})", self.what, self.remedy)
    }
}

pub(crate) fn command(args: &[String]) -> Result<()> {
    if !args.is_empty() {
        return Err(Failure::usage(format!("tidy does not know {args:?}"), "`cargo xtask help tidy`"));
    }
    check()
}

/// Checks all rules over all files of the work tree that git does not ignore.
pub(crate) fn check() -> Result<()> {
    let files = files::collect(&process::root())?;
    let findings = findings(&files);
    for finding in &findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => {
            eprintln!("tidy: {} files keep the rules", files.len());
            Ok(())
        }
        1 => Err(Failure::new("one finding")),
        n => Err(Failure::new(format!("{n} findings"))),
    }
}

fn findings(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        files::check(file, &mut findings);
        if file.is_rust() {
            let source = lexer::Source::new(file.text());
            code::check(file, &source, &mut findings);
            unsafe_code::check(file, &source, &mut findings);
        }
        if file.is_markdown() {
            documents::check_links(file, files, &mut findings);
            documents::check_paths(file, files, &mut findings);
        }
    }
    dependencies::check(files, &mut findings);
    unsafe_code::check_roots(files, &mut findings);
    documents::check_readmes(files, &mut findings);
    documents::check_shaders(files, &mut findings);
    code::check_stages(files, &mut findings);
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_tree_is_tidy() {
        let files = files::collect(&process::root()).expect("the work tree can be read");
        let findings: Vec<String> = findings(&files).iter().map(Finding::to_string).collect();
        assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
    }
}
