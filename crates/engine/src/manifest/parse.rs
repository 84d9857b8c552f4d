//! From text to types. Every table and list item is read by itself, so that one mistake does not hide the next.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::places::Places;
use super::problem::{Fault, ProblemCode};
use super::suggest::{nearest, one_of};
use super::surface;
use super::{AppInfo, Manifest, limits};

/// Tables that stand once.
const TABLES: [&str; 6] = ["app", "page", "window", "clock", "limits", "hud"];
/// Tables that stand any number of times.
const LISTS: [&str; 4] = ["buffer", "kernel", "param", "surface"];

/// Reads a manifest's text into its types, and remembers where everything stands.
pub(super) fn parse(text: &str) -> Result<(Manifest, Places<'_>), Vec<Fault>> {
    let root = DeTable::parse(text).map_err(|error| vec![syntax_fault(text, &error)])?;
    let mut reader = Reader { faults: Vec::new() };
    let mut table = root.get_ref().clone();

    let app = reader.section::<AppInfo>(&mut table, "app");
    if app.is_none() && !root.get_ref().contains_key("app") {
        let fault = Fault::new(ProblemCode::MissingKey, 0..0, "the manifest has no table `[app]`");
        reader.faults.push(fault.hint("begin with\n[app]\nname = \"my-app\"\nengine = \"1\""));
    }
    let page = reader.section(&mut table, "page");
    let window = reader.section(&mut table, "window").unwrap_or_default();
    let clock = reader.section(&mut table, "clock").unwrap_or_default();
    let limits_table = reader.section(&mut table, "limits").unwrap_or_default();
    let hud = reader.section(&mut table, "hud").unwrap_or_default();
    let buffer = reader.list(&mut table, "buffer", limits::BUFFERS, plain);
    let kernel = reader.list(&mut table, "kernel", limits::KERNELS, plain);
    let mut param: Vec<super::Param> = reader.list(&mut table, "param", limits::PARAMS, plain);
    let surface = reader.list(&mut table, "surface", limits::SURFACES, surface::read);
    for (key, _) in &table {
        reader.faults.push(unknown_table(key));
    }

    for param in &mut param {
        if param.label.is_empty() {
            param.label.clone_from(&param.name);
        }
    }
    match app {
        Some(mut app) if reader.faults.is_empty() => {
            if app.title.is_empty() {
                app.title.clone_from(&app.name);
            }
            let manifest = Manifest { app, page, window, clock, buffer, kernel, param, surface, limits: limits_table, hud };
            Ok((manifest, Places::new(root)))
        }
        _ => Err(reader.faults),
    }
}

struct Reader {
    faults: Vec<Fault>,
}

impl Reader {
    /// Takes a table that stands once out of the document.
    fn section<T: DeserializeOwned>(&mut self, document: &mut DeTable<'_>, name: &str) -> Option<T> {
        let value = document.remove(name)?;
        if value.get_ref().as_table().is_none() {
            let what = describe(value.get_ref());
            let fault = Fault::new(ProblemCode::WrongType, value.span(), format!("`{name}` is a table, and this is {what}"));
            let hint = if value.get_ref().as_array().is_some() {
                "it stands once, in single brackets"
            } else {
                "put its keys under a line of its own"
            };
            self.faults.push(fault.label("not a table").hint(format!("{hint}: [{name}]")));
            return None;
        }
        plain(value, &format!("[{name}]")).map_err(|fault| self.faults.push(fault)).ok()
    }

    /// Takes a table that stands any number of times out of the document.
    fn list<T>(
        &mut self,
        document: &mut DeTable<'_>,
        name: &str,
        max: usize,
        read: impl Fn(Spanned<DeValue<'_>>, &str) -> Result<T, Fault>,
    ) -> Vec<T> {
        let Some(value) = document.remove(name) else { return Vec::new() };
        let span = value.span();
        let DeValue::Array(items) = value.into_inner() else {
            let fault = Fault::new(ProblemCode::WrongType, span, format!("`{name}` is a list of tables"));
            self.faults.push(fault.label("not a list").hint(format!("begin each one with double brackets: [[{name}]]")));
            return Vec::new();
        };
        if let Some(beyond) = items.get(max) {
            let message = format!("the manifest has {} tables [[{name}]]; an app may have {max}", items.len());
            self.faults.push(Fault::new(ProblemCode::OutOfRange, beyond.span(), message).label("one too many"));
            return Vec::new();
        }
        let mut out = Vec::new();
        for item in items {
            if item.get_ref().as_table().is_none() {
                let what = describe(item.get_ref());
                let fault = Fault::new(ProblemCode::WrongType, item.span(), format!("`{name}` lists tables, and this is {what}"));
                self.faults.push(fault.hint(format!("begin each one with double brackets: [[{name}]]")));
                continue;
            }
            match read(item, &format!("[[{name}]]")) {
                Ok(item) => out.push(item),
                Err(fault) => self.faults.push(fault),
            }
        }
        out
    }
}

/// Reads one table whose type says everything about it.
pub(super) fn plain<T: DeserializeOwned>(value: Spanned<DeValue<'_>>, table: &str) -> Result<T, Fault> {
    T::deserialize(ValueDeserializer::from(value.clone())).map_err(|error| serde_fault(&error, &value, table))
}

/// What serde says, as a fault. Its wording is stable: `unknown field`, `missing field`, `unknown variant`, `invalid type`, each with the
/// names in backquotes.
fn serde_fault(error: &toml::de::Error, value: &Spanned<DeValue<'_>>, table: &str) -> Fault {
    let span = error.span().unwrap_or(value.span());
    let (message, own_hint) = match error.message().split_once('\n') {
        Some((message, hint)) => (message, Some(hint.to_owned())),
        None => (error.message(), None),
    };
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (first, others) = quoted.split_first().map_or(("", &[][..]), |(first, others)| (*first, others));
    // Types that are told apart by a key are read as a whole: the error has the table's place, and the word in it has its own.
    let span = word(value, first).filter(|word| word.start > span.start && word.end < span.end).unwrap_or(span);
    if message.starts_with("unknown field") {
        let hint = match nearest(first, others.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it may have {}", one_of(others.iter().copied())),
        };
        return Fault::new(ProblemCode::UnknownKey, span, format!("unknown key `{first}` in {table}")).label("no such key").hint(hint);
    }
    if message.starts_with("missing field") {
        let fault = Fault::new(ProblemCode::MissingKey, span, format!("{table} has no `{first}`"));
        return fault.label(format!("`{first}` is missing")).hint(format!("add a line `{first} = …`"));
    }
    if message.starts_with("unknown variant") {
        let choices = one_of(others.iter().copied());
        let hint = match nearest(first, others.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it may be {choices}"),
        };
        return Fault::new(ProblemCode::BadValue, span, format!("`{first}` is not one of the choices")).label("not a choice").hint(hint);
    }
    if let Some(rest) = message.strip_prefix("invalid type: ") {
        let (found, wanted) = rest.split_once(", expected ").unwrap_or((rest, "something else"));
        return Fault::new(ProblemCode::WrongType, span, format!("wrong type: {}", in_toml(found)))
            .label(format!("expected {}", plainly(wanted)))
            .maybe_hint(own_hint);
    }
    if let Some(rest) = message.strip_prefix("invalid value: ").or_else(|| message.strip_prefix("invalid length ")) {
        let (found, wanted) = rest.split_once(", expected ").unwrap_or((rest, "something else"));
        return Fault::new(ProblemCode::OutOfRange, span, format!("{} does not fit", in_toml(found)))
            .label(format!("expected {}", plainly(wanted)))
            .maybe_hint(own_hint);
    }
    if message.starts_with("data did not match any variant") {
        let fault = Fault::new(ProblemCode::WrongType, span, "this is nothing that may stand here");
        return fault.hint("docs/manifest.md shows the forms that this key may have");
    }
    Fault::new(ProblemCode::BadValue, span, message).maybe_hint(own_hint)
}

/// Where a word stands as a key or as a text, in this value.
fn word(value: &Spanned<DeValue<'_>>, wanted: &str) -> Option<Range<usize>> {
    match value.get_ref() {
        DeValue::String(text) if text == wanted => Some(value.span()),
        DeValue::Array(list) => list.iter().find_map(|item| word(item, wanted)),
        DeValue::Table(table) => {
            table.iter().find_map(|(key, item)| if key.get_ref() == wanted { Some(key.span()) } else { word(item, wanted) })
        }
        _ => None,
    }
}

/// Rust's name of a type in a reader's words.
fn plainly(wanted: &str) -> String {
    match wanted {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, not negative".to_owned(),
        "i8" | "i16" | "i32" | "i64" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        "path string" => "a path in quotes".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" => "text in quotes".to_owned(),
        _ if wanted.starts_with("struct ") => "a table".to_owned(),
        _ => match wanted.strip_prefix("an array of length ") {
            Some(length) => format!("a list of {length}"),
            None => wanted.to_owned(),
        },
    }
}

/// What serde found, in TOML's words.
fn in_toml(found: &str) -> String {
    match found.split_once(' ') {
        Some(("string", rest)) => format!("the text {rest}"),
        Some(("integer" | "boolean", rest)) => rest.to_owned(),
        Some(("floating", rest)) => rest.trim_start_matches("point ").to_owned(),
        _ => match found {
            "sequence" => "a list".to_owned(),
            "map" => "a table".to_owned(),
            _ => found.to_owned(),
        },
    }
}

pub(super) fn describe(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn unknown_table(key: &Spanned<std::borrow::Cow<'_, str>>) -> Fault {
    let name: String = key.get_ref().chars().take(limits::NAME_CHARS).collect();
    let hint = match nearest(&name, TABLES.into_iter().chain(LISTS)) {
        Some(near) if LISTS.contains(&near) => format!("did you mean `[[{near}]]`?"),
        Some(near) => format!("did you mean `[{near}]`?"),
        None => format!("a manifest has the tables {}", one_of(TABLES.into_iter().chain(LISTS))),
    };
    Fault::new(ProblemCode::UnknownKey, key.span(), format!("unknown table `{name}`")).label("no such table").hint(hint)
}

fn syntax_fault(text: &str, error: &toml::de::Error) -> Fault {
    let span = error.span().unwrap_or(text.len()..text.len());
    let fault = Fault::new(ProblemCode::Syntax, span, format!("this is not TOML: {}", error.message()));
    if error.message().contains("duplicate key") {
        return fault.hint("a key may stand once in a table; tables that repeat have double brackets, [[…]]");
    }
    fault
}
