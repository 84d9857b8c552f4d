//! What is wrong with a manifest, told the way a compiler tells it: the place, the line, what to write instead.

use std::fmt::{self, Write as _};
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use serde::Serialize;
use thiserror::Error;

use super::limits;
use crate::archive::ArchiveError;

/// Why an app could not be loaded.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// There is no such folder.
    #[error("there is no app at {folder}: {source}", folder = folder.display())]
    Missing {
        /// The folder that was asked for.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder has no manifest.
    #[error("{folder} is not an app: it has no {name}", folder = folder.display(), name = super::FILE_NAME)]
    NoManifest {
        /// The folder that was asked for.
        folder: PathBuf,
    },
    /// The manifest is there and cannot be read.
    #[error("{path} cannot be read: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The manifest is longer than any manifest needs to be.
    #[error("{name} has {bytes} bytes; a manifest may have {max}", name = super::FILE_NAME, max = limits::MANIFEST_BYTES)]
    TooLarge {
        /// Its length.
        bytes: u64,
    },
    /// The app is an archive that was refused.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The manifest says something that does not hold.
    #[error("{0}")]
    Invalid(#[from] Problems),
}

impl ManifestError {
    /// Stable code; of the first problem when there are several.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "APP_MISSING",
            Self::NoManifest { .. } => "MANIFEST_MISSING",
            Self::Unreadable { .. } => "MANIFEST_UNREADABLE",
            Self::TooLarge { .. } => "MANIFEST_TOO_LARGE",
            Self::Archive(error) => error.code(),
            Self::Invalid(problems) => problems.first().map_or("MANIFEST_INVALID", |problem| problem.code.as_str()),
        }
    }

    /// What to do about it; of the first problem when there are several.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => Some("give the path of a folder with an app.toml; `wasm-engine new NAME` makes one".to_owned()),
            Self::NoManifest { .. } => Some("`wasm-engine new NAME` makes an app to start from".to_owned()),
            Self::Unreadable { .. } => Some("see that it is a regular file, and that you may read it".to_owned()),
            Self::TooLarge { .. } => Some("move data into files of the app".to_owned()),
            Self::Archive(error) => error.hint(),
            Self::Invalid(problems) => problems.first().and_then(|problem| problem.hint.clone()),
        }
    }

    /// The problems in the text, empty when the text was not reached.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid(problems) => &problems.list,
            _ => &[],
        }
    }
}

/// What kind of mistake a [`Problem`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "&'static str")]
pub enum ProblemCode {
    /// Not TOML.
    Syntax,
    /// A key or table that no manifest has.
    UnknownKey,
    /// A key that has to be there is not.
    MissingKey,
    /// Text where a number belongs, and the like.
    WrongType,
    /// The type is right, the content is not: a color that is none, a name with a space.
    BadValue,
    /// A number or a size beyond what is allowed.
    OutOfRange,
    /// Two of a kind have one name.
    DuplicateName,
    /// A surface or kernel names a buffer that the manifest does not have.
    UnknownBuffer,
    /// Two kernels write one buffer.
    TwoWriters,
    /// Keys that do not go together.
    Conflict,
    /// A path that leaves the app's folder.
    PathOutside,
    /// A file or folder that is not there.
    FileMissing,
    /// The app is written for another engine version.
    EngineVersion,
}

impl ProblemCode {
    /// The stable code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "MANIFEST_SYNTAX",
            Self::UnknownKey => "MANIFEST_UNKNOWN_KEY",
            Self::MissingKey => "MANIFEST_MISSING_KEY",
            Self::WrongType => "MANIFEST_WRONG_TYPE",
            Self::BadValue => "MANIFEST_BAD_VALUE",
            Self::OutOfRange => "MANIFEST_OUT_OF_RANGE",
            Self::DuplicateName => "MANIFEST_DUPLICATE_NAME",
            Self::UnknownBuffer => "MANIFEST_UNKNOWN_BUFFER",
            Self::TwoWriters => "MANIFEST_TWO_WRITERS",
            Self::Conflict => "MANIFEST_CONFLICT",
            Self::PathOutside => "MANIFEST_PATH_OUTSIDE",
            Self::FileMissing => "MANIFEST_FILE_MISSING",
            Self::EngineVersion => "MANIFEST_ENGINE_VERSION",
        }
    }
}

impl From<ProblemCode> for &'static str {
    fn from(code: ProblemCode) -> Self {
        code.as_str()
    }
}

/// A mistake as the steps find it: a place in the text, not yet a line and a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    pub(super) code: ProblemCode,
    pub(super) message: String,
    pub(super) span: Range<usize>,
    pub(super) label: String,
    pub(super) hint: Option<String>,
}

impl Fault {
    pub(super) fn new(code: ProblemCode, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), span, label: String::new(), hint: None }
    }

    /// Words beside the caret.
    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// What to do.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// One mistake in a manifest and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind of mistake.
    pub code: ProblemCode,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The file, relative to the app.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Characters of the line that the mistake covers, at least 1.
    pub width: usize,
    /// The line itself, cut to what a terminal shows, tabs and control characters replaced.
    pub snippet: String,
    /// Words beside the caret.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Column of the caret in `snippet`, from 0.
    #[serde(skip)]
    caret: usize,
}

impl Problem {
    fn new(file: &str, text: &str, fault: Fault) -> Self {
        let start = floor_boundary(text, fault.span.start);
        let end = floor_boundary(text, fault.span.end.max(start));
        let (line_number, column) = line_and_column(text, start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line = text[line_start..line_end].trim_end_matches('\r');
        let before = column - 1;
        let width = text[start..end.min(line_start + line.len()).max(start)].chars().count().max(1);

        // A long line is shown from a little before the mistake.
        let skip = if before + width.min(40) > limits::SNIPPET_CHARS { before - 20.min(before) } else { 0 };
        let mut snippet: String = line.chars().skip(skip).take(limits::SNIPPET_CHARS).map(printable).collect();
        let mut caret = before - skip;
        if skip > 0 {
            snippet.insert(0, '…');
            caret += 1;
        }
        if line.chars().count() > skip + limits::SNIPPET_CHARS {
            snippet.push('…');
        }
        Self {
            code: fault.code,
            message: shortened(&fault.message),
            file: file.to_owned(),
            line: line_number,
            column,
            width,
            snippet,
            label: fault.label.chars().map(printable).collect(),
            hint: fault.hint.map(|hint| hint.chars().map(|c| if c == '\n' { c } else { printable(c) }).collect()),
            caret,
        }
    }

    /// The problem as a terminal shows it, without a line break at the end.
    #[must_use]
    pub fn render(&self, style: Style) -> String {
        let Style { error, accent, note, strong, reset } = style;
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        let carets = "^".repeat(self.width.min(self.snippet.chars().count().saturating_sub(self.caret)).max(1));
        let pad = " ".repeat(self.caret);
        let label = if self.label.is_empty() { String::new() } else { format!(" {}", self.label) };
        let mut out = String::new();
        // Writing into a string cannot fail.
        let _ = write!(
            out,
            "{error}error[{code}]{reset}{strong}: {message}{reset}\n\
             {gutter}{accent}-->{reset} {file}:{line}:{column}\n\
             {gutter} {accent}|{reset}\n\
             {accent}{number} |{reset} {snippet}\n\
             {gutter} {accent}|{reset} {pad}{error}{carets}{label}{reset}",
            code = self.code.as_str(),
            message = self.message,
            file = self.file,
            line = self.line,
            column = self.column,
            snippet = self.snippet,
        );
        if let Some(hint) = &self.hint {
            let _ = write!(out, "\n{gutter} {accent}={reset} {note}help{reset}: {}", hint.replace('\n', &format!("\n{gutter}         ")));
        }
        out
    }
}

/// Terminal codes around the parts of a rendered problem.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    error: &'static str,
    accent: &'static str,
    note: &'static str,
    strong: &'static str,
    reset: &'static str,
}

impl Style {
    /// No codes: for files, pipes and pages.
    pub const PLAIN: Self = Self { error: "", accent: "", note: "", strong: "", reset: "" };
    /// The colors that rustc uses.
    pub const COLOR: Self = Self { error: "\x1b[1;31m", accent: "\x1b[1;34m", note: "\x1b[1;36m", strong: "\x1b[1m", reset: "\x1b[0m" };
}

/// Every mistake found in one manifest, in the order of the text. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Error)]
pub struct Problems {
    /// The first [`limits::PROBLEMS`] of them.
    pub list: Vec<Problem>,
    /// How many more there are.
    pub more: usize,
}

impl Problems {
    pub(super) fn new(file: &str, text: &str, mut faults: Vec<Fault>) -> Self {
        faults.sort_by_key(|fault| fault.span.start);
        let more = faults.len().saturating_sub(limits::PROBLEMS);
        let list = faults.into_iter().take(limits::PROBLEMS).map(|fault| Problem::new(file, text, fault)).collect();
        Self { list, more }
    }

    /// The first mistake in the text.
    #[must_use]
    pub fn first(&self) -> Option<&Problem> {
        self.list.first()
    }

    /// All of them as a terminal shows them.
    #[must_use]
    pub fn render(&self, style: Style) -> String {
        let mut out = self.list.iter().map(|problem| problem.render(style)).collect::<Vec<_>>().join("\n\n");
        if self.more > 0 {
            let _ = write!(out, "\n\nand {} more", self.more);
        }
        out
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Style::PLAIN))
    }
}

/// The character as a terminal can show it in one column; a manifest must not be able to send it control codes.
fn printable(c: char) -> char {
    if c == '\t' {
        ' '
    } else if c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}') {
        '\u{fffd}'
    } else {
        c
    }
}

/// A message cut to what a person reads; the manifest's own words in it may be any length.
fn shortened(message: &str) -> String {
    let mut out: String = message.chars().take(limits::MESSAGE_CHARS).map(printable).collect();
    if message.chars().count() > limits::MESSAGE_CHARS {
        out.push('…');
    }
    out
}

/// Line and column of a place in a text, both from 1, the column in characters.
pub(super) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..floor_boundary(text, at)];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// The nearest place at or before `at` where a character begins.
fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
