//! Documents: links that lead somewhere, a README for each folder that a reader meets, shaders that somebody uses.

use super::Finding;
use super::files::File;
use std::collections::BTreeSet;

/// Links from one file of the repository to another, and to headings.
pub(super) fn check_links(file: &File, files: &[File], findings: &mut Vec<Finding>) {
    for (line, link) in links(file.text()) {
        if link.contains("://") || link.starts_with("mailto:") {
            continue;
        }
        let (path, heading) = link.split_once('#').map_or((link, None), |(path, heading)| (path, Some(heading)));
        let target = if path.is_empty() { Some(file) } else { resolve(&file.path, path).and_then(|path| lookup(&path, files)) };
        let remedy = "name a file of the repository, relative to this one";
        match (target, heading) {
            (None, _) if path.is_empty() || !is_folder(&file.path, path, files) => {
                findings.push(Finding::new(file, line, format!("`{link}` leads nowhere"), remedy));
            }
            (Some(target), Some(heading)) if target.is_markdown() && !headings(target.text()).contains(heading) => {
                findings.push(Finding::new(file, line, format!("`{link}` names no heading there"), "headings are lower case with dashes"));
            }
            _ => {}
        }
    }
}

/// The targets of all links outside code, with their lines.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            continue;
        }
        let mut in_code = false;
        for (place, byte) in line.bytes().enumerate() {
            if byte == b'`' {
                in_code = !in_code;
            }
            if !in_code && byte == b']' && line[place + 1..].starts_with('(') {
                let rest = &line[place + 2..];
                let target = rest.split([')', ' ']).next().unwrap_or(rest);
                found.push((at + 1, target));
            }
        }
    }
    found
}

/// `link` as seen from the file at `from`, from the root of the repository; nothing if it leaves it.
fn resolve(from: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = if link.starts_with('/') { Vec::new() } else { from.split('/').collect() };
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn lookup<'a>(path: &str, files: &'a [File]) -> Option<&'a File> {
    files.iter().find(|file| file.path == path)
}

fn is_folder(from: &str, link: &str, files: &[File]) -> bool {
    resolve(from, link).is_some_and(|path| path.is_empty() || files.iter().any(|file| file.path.starts_with(&format!("{path}/"))))
}

/// The anchors of a document's headings.
fn headings(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let anchor = |heading: &str| -> String {
        let kept = heading.to_lowercase();
        kept.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c)).map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

/// Each top-level folder and each crate says what belongs there.
pub(super) fn check_readmes(files: &[File], findings: &mut Vec<Finding>) {
    let mut folders = BTreeSet::new();
    for file in files {
        let mut parts = file.path.split('/');
        let (Some(top), Some(second)) = (parts.next(), parts.next()) else {
            continue;
        };
        if top.starts_with('.') {
            continue;
        }
        folders.insert(top.to_owned());
        if top == "crates" && parts.next().is_some() {
            folders.insert(format!("{top}/{second}"));
        }
    }
    for folder in folders {
        let path = format!("{folder}/README.md");
        if lookup(&path, files).is_none() {
            findings.push(Finding {
                path,
                line: 0,
                what: "is not there".to_owned(),
                remedy: "say in a few lines what belongs there and what does not",
            });
        }
    }
}

/// Each shader is named by some Rust file.
pub(super) fn check_shaders(files: &[File], findings: &mut Vec<Finding>) {
    for shader in files.iter().filter(|file| file.is_shader()) {
        if !files.iter().any(|file| file.is_rust() && file.text().contains(shader.name())) {
            findings.push(Finding::new(shader, 0, "no Rust file names it", "use it or remove it"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[File]) -> Vec<String> {
        let mut findings = Vec::new();
        for file in files.iter().filter(|file| file.is_markdown()) {
            check_links(file, files, &mut findings);
        }
        findings.into_iter().map(|finding| format!("{}:{}: {}", finding.path, finding.line, finding.what)).collect()
    }

    #[test]
    fn links_lead_to_files_folders_and_headings() {
        let text = "[a](b/c.md) [b](b/) [c](b/c.md#two-words) [d](#one) [e](https://x.y/z) `[f](g)`\n# One\n```\n[x](y)\n```\n";
        let files = [File::fake("a.md", text), File::fake("b/c.md", "# Two words\n[up](../a.md)\n")];
        assert!(found(&files).is_empty(), "{:?}", found(&files));
    }

    #[test]
    fn broken_links_are_told() {
        let files = [File::fake("d/a.md", "[a](b.md)\n[b](../../c.md) [c](#no) ![d](x.png \"title\")\n")];
        assert_eq!(
            found(&files),
            [
                "d/a.md:1: `b.md` leads nowhere",
                "d/a.md:2: `../../c.md` leads nowhere",
                "d/a.md:2: `#no` names no heading there",
                "d/a.md:2: `x.png` leads nowhere"
            ]
        );
    }

    #[test]
    fn folders_have_readmes_and_shaders_users() {
        let files = [
            File::fake("crates/a/src/lib.rs", "x.wgsl"),
            File::fake("crates/README.md", ""),
            File::fake("shaders/x.wgsl", ""),
            File::fake("shaders/y.wgsl", ""),
        ];
        let mut findings = Vec::new();
        check_readmes(&files, &mut findings);
        check_shaders(&files, &mut findings);
        let paths: Vec<&str> = findings.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(paths, ["crates/a/README.md", "shaders/README.md", "shaders/y.wgsl"]);
    }
}
