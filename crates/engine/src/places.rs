//! Where an error of the page is, as its author knows it: Servo names addresses with this run's port, and writes errors as source.

use std::path::Path;

use crate::manifest::PageFiles;

/// Where the page's files are served, and where they lie in the app.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// Address of the page's folder, with a slash at the end.
    url: String,
    /// The page's folder in the app, with a slash at the end unless it is the app's own.
    folder: String,
}

impl Places {
    pub(crate) fn new(url: String, app: &Path, files: &PageFiles) -> Self {
        let path = files.root.strip_prefix(app).unwrap_or(&files.root);
        Self { url, folder: path.components().map(|part| format!("{}/", part.as_os_str().to_string_lossy())).collect() }
    }

    /// What Servo says of an error, with files of the app for addresses, and sentences for source.
    pub(crate) fn in_app(&self, text: &str) -> String {
        sentences(&self.files(text))
    }

    fn files(&self, text: &str) -> String {
        let mut parts = text.split(&self.url);
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            out.push_str(&self.folder);
            // The address of a folder is that of the document in it.
            if !part.starts_with(|first: char| first.is_alphanumeric() || "_-.~%@+".contains(first)) {
                out.push_str("index.html");
            }
            out.push_str(part);
        }
        out
    }
}

/// `TypeError: why (page/app.js:9)` for each `(new TypeError("why", "page/app.js", 9))`.
fn sentences(text: &str) -> String {
    const BEGIN: &str = "(new ";
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, source)) = rest.split_once(BEGIN) {
        out.push_str(before);
        match sentence(source) {
            Some((sentence, after)) => {
                out.push_str(&sentence);
                rest = after;
            }
            None => {
                out.push_str(BEGIN);
                rest = source;
            }
        }
    }
    out + rest
}

/// The sentence for an error's source, and what comes after that. `None` if it is something else.
fn sentence(source: &str) -> Option<(String, &str)> {
    let (name, rest) = source.split_once('(')?;
    let (message, rest) = quoted(rest)?;
    let (file, rest) = quoted(rest.strip_prefix(", ")?)?;
    let (line, rest) = rest.strip_prefix(", ")?.split_once("))")?;
    let is_error = name.chars().all(char::is_alphanumeric) && line.parse::<u32>().is_ok();
    is_error.then(|| (format!("{name}: {message} ({file}:{line})"), rest))
}

fn quoted(text: &str) -> Option<(String, &str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let value = values.next()?.ok()?;
    Some((value, text.get(values.byte_offset()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(folder: &str) -> Places {
        let root = Path::new("/apps/pond").join(folder);
        let files = PageFiles { index: root.join("index.html"), root };
        Places::new("http://127.0.0.1:41057/".to_owned(), Path::new("/apps/pond"), &files)
    }

    #[test]
    fn addresses_are_files_of_the_app() {
        let page = places("page");
        assert_eq!(page.in_app("Error at http://127.0.0.1:41057/js/app.js:9:2 no"), "Error at page/js/app.js:9:2 no");
        assert_eq!(page.in_app("Error at http://127.0.0.1:41057/:9:2 no"), "Error at page/index.html:9:2 no");
        assert_eq!(places("").in_app("http://127.0.0.1:41057/a.js http://127.0.0.1:4105/"), "a.js http://127.0.0.1:4105/");
    }

    #[test]
    fn errors_are_sentences() {
        let page = places("page");
        let told = r#"Unhandled promise rejection: (new ReferenceError("\"x\" is not defined", "http://127.0.0.1:41057/index.html", 9))"#;
        assert_eq!(page.in_app(told), r#"Unhandled promise rejection: ReferenceError: "x" is not defined (page/index.html:9)"#);
        for other in ["(new ", "(new Error(", "(new Date(0))", r#"(new Error("a", "b", c))"#, r#"(new Error("a"#, "({a:1})"] {
            assert_eq!(page.in_app(other), other);
        }
    }
}
