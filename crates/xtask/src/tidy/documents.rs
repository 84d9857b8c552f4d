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

/// Paths of the repository that a document names in code quotes.
pub(super) fn check_paths(file: &File, files: &[File], findings: &mut Vec<Finding>) {
    for (at, line) in text_lines(file.text()) {
        // Between the first and the second quote, the third and the fourth, and so on.
        for word in line.split('`').skip(1).step_by(2) {
            let path = word.trim_end_matches('/');
            let ours = TOP_LEVEL.iter().any(|top| path.strip_prefix(top).is_some_and(|rest| rest.starts_with('/')));
            let plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
            if ours && plain && lookup(path, files).is_none() && !files.iter().any(|file| file.path.starts_with(&format!("{path}/"))) {
                findings.push(Finding::new(file, at, format!("`{word}` is not there"), "name what is there now"));
            }
        }
    }
}

/// Folders whose names begin a path of the repository.
const TOP_LEVEL: [&str; 7] = ["crates", "docs", "apps", "shaders", "scripts", "models", "fuzz"];

/// The lines outside fenced code, with their numbers.
fn text_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(at, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fence && !fenced).then_some((at + 1, line))
    })
}

/// The targets of all links outside code, with their lines.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (at, line) in text_lines(text) {
        let mut in_code = false;
        for (place, byte) in line.bytes().enumerate() {
            if byte == b'`' {
                in_code = !in_code;
            }
            if !in_code && byte == b']' && line[place + 1..].starts_with('(') {
                let rest = &line[place + 2..];
                let target = rest.split([')', ' ']).next().unwrap_or(rest);
                found.push((at, target));
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

/// Each shader is named by some Rust file, in full or, for a macro that adds the rest, by its stem in quotes.
pub(super) fn check_shaders(files: &[File], findings: &mut Vec<Finding>) {
    for shader in files.iter().filter(|file| file.is_shader()) {
        let stem = format!("\"{}\"", shader.name().trim_end_matches(".wgsl"));
        if !files.iter().any(|file| file.is_rust() && (file.text().contains(shader.name()) || file.text().contains(&stem))) {
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
    fn paths_in_quotes_are_there() {
        let text = "`crates/a/src/lib.rs` `crates/a/` `crates/*/x` `crates/b.rs` `apps/APP/x y` `src/x.rs`\n```\n`docs/none.md`\n```\n`docs/gone.md`\n";
        let files = [File::fake("a.md", text), File::fake("crates/a/src/lib.rs", "")];
        let mut findings = Vec::new();
        check_paths(&files[0], &files, &mut findings);
        let found: Vec<(usize, &str)> = findings.iter().map(|finding| (finding.line, finding.what.as_str())).collect();
        assert_eq!(found, [(1, "`crates/b.rs` is not there"), (5, "`docs/gone.md` is not there")]);
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
