//! Just enough of Rust's lexical grammar to tell code from comments and from text between quotes.

/// A source file with its comments and its quoted text apart.
pub(super) struct Source {
    /// The code, byte for byte in its place; comments and quoted text are blanks.
    code: String,
    /// The start of each line in `code`.
    lines: Vec<usize>,
    /// The text of each line's comments, empty where there is none.
    comments: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    Quoted,
}

impl Source {
    pub(super) fn new(text: &str) -> Self {
        let kinds = classify(text.as_bytes());
        let mut code = Vec::with_capacity(text.len());
        let mut comments = vec![Vec::new()];
        let mut lines = vec![0];
        for (at, (&byte, &kind)) in text.as_bytes().iter().zip(&kinds).enumerate() {
            if byte == b'\n' {
                lines.push(at + 1);
                comments.push(Vec::new());
                code.push(byte);
                continue;
            }
            if kind == Kind::Comment
                && let Some(comment) = comments.last_mut()
            {
                comment.push(byte);
            }
            // Bytes beyond ASCII would make half a character where only a part of it is code; none of the rules looks for them.
            code.push(if kind == Kind::Code && byte.is_ascii() { byte } else { b' ' });
        }
        let comments = comments.into_iter().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect();
        Self { code: String::from_utf8_lossy(&code).into_owned(), lines, comments }
    }

    pub(super) fn code(&self) -> &str {
        &self.code
    }

    /// The line, counted from 1, of a place in the code.
    pub(super) fn line_of(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at)
    }

    /// The code of a line counted from 1.
    pub(super) fn line(&self, line: usize) -> &str {
        let start = self.lines.get(line.wrapping_sub(1)).copied().unwrap_or(self.code.len());
        let end = self.lines.get(line).map_or(self.code.len(), |next| next.saturating_sub(1));
        self.code.get(start..end.max(start)).unwrap_or("")
    }

    /// The comments on a line counted from 1.
    pub(super) fn comment(&self, line: usize) -> &str {
        self.comments.get(line.wrapping_sub(1)).map_or("", String::as_str)
    }

    pub(super) fn line_count(&self) -> usize {
        self.comments.len()
    }

    /// Where `word` stands in the code as a word of its own.
    pub(super) fn words<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.code.match_indices(word).map(|(at, _)| at).filter(move |&at| is_word(&self.code, at, word.len()))
    }
}

/// True when the bytes `at..at + len` are not part of a longer word.
fn is_word(code: &str, at: usize, len: usize) -> bool {
    let bytes = code.as_bytes();
    let part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    !part(at.checked_sub(1).and_then(|before| bytes.get(before))) && !part(bytes.get(at + len))
}

fn classify(text: &[u8]) -> Vec<Kind> {
    let mut kinds = vec![Kind::Code; text.len()];
    let mut at = 0;
    while at < text.len() {
        let (kind, end) = match text[at] {
            b'/' if text.get(at + 1) == Some(&b'/') => (Kind::Comment, line_end(text, at)),
            b'/' if text.get(at + 1) == Some(&b'*') => (Kind::Comment, block_end(text, at)),
            b'"' => (Kind::Quoted, string_end(text, at)),
            b'r' | b'b' | b'c' => match prefixed_end(text, at) {
                Some(end) => (Kind::Quoted, end),
                None => (Kind::Code, word_end(text, at)),
            },
            b'\'' => match char_end(text, at) {
                Some(end) => (Kind::Quoted, end),
                None => (Kind::Code, at + 1),
            },
            byte if byte.is_ascii_alphanumeric() || byte == b'_' => (Kind::Code, word_end(text, at)),
            _ => (Kind::Code, at + 1),
        };
        let end = end.min(text.len());
        kinds[at..end].fill(kind);
        at = end;
    }
    kinds
}

fn line_end(text: &[u8], at: usize) -> usize {
    text[at..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |found| at + found)
}

fn word_end(text: &[u8], at: usize) -> usize {
    let rest = text[at..].iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'));
    rest.map_or(text.len(), |found| at + found)
}

/// The end of a block comment; they nest.
fn block_end(text: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while at < text.len() {
        match (text[at], text.get(at + 1)) {
            (b'/', Some(b'*')) => {
                depth += 1;
                at += 2;
            }
            (b'*', Some(b'/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

/// The end of a string that starts with the quote at `at`.
fn string_end(text: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// The end of a string or character with a prefix (`r"`, `br#"`, `c"`, `b'`), or nothing if this is a plain word.
fn prefixed_end(text: &[u8], at: usize) -> Option<usize> {
    let word = &text[at..word_end(text, at)];
    let after = at + word.len();
    match (word, text.get(after)) {
        (b"b" | b"c", Some(b'"')) => Some(string_end(text, after)),
        (b"b", Some(b'\'')) => char_end(text, after),
        (b"r" | b"br" | b"cr", Some(b'"' | b'#')) => raw_string_end(text, after),
        _ => None,
    }
}

fn raw_string_end(text: &[u8], at: usize) -> Option<usize> {
    let hashes = text[at..].iter().take_while(|byte| **byte == b'#').count();
    let open = at + hashes;
    // `r#name` is a word, not a string.
    (text.get(open) == Some(&b'"')).then_some(())?;
    let mut close = vec![b'"'];
    close.resize(hashes + 1, b'#');
    let found = text[open + 1..].windows(close.len()).position(|window| window == close);
    Some(found.map_or(text.len(), |found| open + 1 + found + close.len()))
}

/// The end of a character literal, or nothing if the quote begins a lifetime.
fn char_end(text: &[u8], at: usize) -> Option<usize> {
    if text.get(at + 1) == Some(&b'\\') {
        let close = text.get(at + 3..)?.iter().position(|byte| *byte == b'\'')?;
        return Some(at + 3 + close + 1);
    }
    // A character has at most four bytes; a lifetime is not followed by a quote after one character.
    let character = std::str::from_utf8(text.get(at + 1..(at + 5).min(text.len()))?);
    let width = match character {
        Ok(text) => text.chars().next()?.len_utf8(),
        Err(error) if error.valid_up_to() > 0 => text[at + 1..].first().map_or(1, |byte| utf8_width(*byte)),
        Err(_) => return None,
    };
    (text.get(at + 1 + width) == Some(&b'\'')).then_some(at + width + 2)
}

fn utf8_width(first: u8) -> usize {
    match first {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        Source::new(text).code().to_owned()
    }

    #[test]
    fn keeps_code_and_blanks_the_rest() {
        assert_eq!(code("a // b\nc"), "a     \nc");
        assert_eq!(code("a /* b /* c */ d */ e"), "a                   e");
        assert_eq!(code(r#"f("unsafe \" {") }"#), "f(             ) }");
        assert_eq!(code("x = r#\"a \" b\"#; y"), "x =           ; y");
        assert_eq!(code("b'\\'' b\"q\" r#fn"), "               r#fn".replace("               ", "           "));
    }

    #[test]
    fn tells_characters_from_lifetimes() {
        assert_eq!(code("fn f<'a>(x: &'a str) { '{' }"), "fn f<'a>(x: &'a str) {     }");
        assert_eq!(
            code("['\\'', '\\u{1F600}', 'é', '\"']"),
            format!("[{}, {}, {}, {}]", " ".repeat(4), " ".repeat(11), " ".repeat(4), " ".repeat(3))
        );
    }

    #[test]
    fn knows_the_lines_of_comments() {
        let source = Source::new("let a = 1; // one\n/* two\nthree */ b");
        assert_eq!(source.comment(1), "// one");
        assert_eq!(source.comment(2), "/* two");
        assert_eq!(source.comment(3), "three */");
        assert_eq!(source.line(3).trim(), "b");
        assert_eq!(source.line_of(source.code().find('b').expect("b is code")), 3);
    }

    #[test]
    fn survives_what_does_not_end() {
        for text in ["\"", "/*", "r#\"", "'", "b'", "'\\", "r#", "\"\\"] {
            assert_eq!(code(text).len(), text.len());
        }
    }
}
