//! From text to types. Every table and list item is read by itself, and without the keys at fault, so that one mistake does not hide the next.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, ValueDeserializer};

use super::places::Places;
use super::problem::{Fault, ProblemCode};
use super::suggest::{nearest, one_of};
use super::surface;
use super::{AppInfo, ENGINE_VERSION, Manifest, limits};

/// Tables that stand once.
const TABLES: [&str; 6] = ["app", "page", "window", "clock", "limits", "hud"];
/// Tables that stand any number of times.
const LISTS: [&str; 4] = ["buffer", "kernel", "param", "surface"];

/// What there is to be checked of a manifest.
pub(super) struct Parsed<'t> {
    /// What could be read. A key at fault has its default, a table that cannot do without it is left out; of `[app]` there is an empty one then.
    pub(super) manifest: Manifest,
    /// Where it stands.
    pub(super) places: Places<'t>,
    /// What could not be read.
    pub(super) faults: Vec<Fault>,
}

/// Reads a manifest's text into its types, and remembers where everything stands.
///
/// # Errors
/// The text is not TOML.
pub(super) fn parse(text: &str) -> Result<Parsed<'_>, Fault> {
    let mut root = DeTable::parse(text).map_err(|error| syntax_fault(text, &error))?;
    let mut reader = Reader::default();
    let table = root.get_mut();

    let app = reader.section::<AppInfo>(table, "app");
    if app.is_none() && reader.faults.is_empty() {
        let fault = Fault::new(ProblemCode::MissingKey, 0..0, "the manifest has no table `[app]`");
        reader.faults.push(fault.hint("begin with\n[app]\nname = \"my-app\"\nengine = \"1\""));
    }
    let page = reader.section(table, "page");
    let window = reader.section(table, "window").unwrap_or_default();
    let clock = reader.section(table, "clock").unwrap_or_default();
    let limits_table = reader.section(table, "limits").unwrap_or_default();
    let hud = reader.section(table, "hud").unwrap_or_default();
    let buffer = reader.list(table, "buffer", limits::BUFFERS, Reader::plain);
    let kernel = reader.list(table, "kernel", limits::KERNELS, Reader::plain);
    let mut param: Vec<super::Param> = reader.list(table, "param", limits::PARAMS, Reader::plain);
    let surface = reader.list(table, "surface", limits::SURFACES, surface::read);
    for (key, _) in table.iter() {
        if !TABLES.into_iter().chain(LISTS).any(|known| known == key.get_ref()) {
            reader.unknown_table(key);
        }
    }

    for param in &mut param {
        if param.label.is_empty() {
            param.label.clone_from(&param.name);
        }
    }
    let nobody = || AppInfo {
        name: String::new(),
        engine: ENGINE_VERSION.to_owned(),
        version: None,
        title: String::new(),
        description: String::new(),
    };
    let mut app = app.unwrap_or_else(nobody);
    if app.title.is_empty() {
        app.title.clone_from(&app.name);
    }
    let manifest = Manifest { app, page, window, clock, buffer, kernel, param, surface, limits: limits_table, hud };
    let Reader { faults, unread, hides_buffers } = reader;
    Ok(Parsed { manifest, places: Places::new(root, unread, hides_buffers), faults })
}

/// Reads what a manifest's tables say, and collects what they say wrongly.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) faults: Vec<Fault>,
    /// Places of the keys that could not be read.
    unread: Vec<Range<usize>>,
    /// Whether there may be buffers of any name among what could not be read.
    hides_buffers: bool,
}

impl Reader {
    /// Reads a table that stands once. One that cannot be read goes out of the document.
    fn section<T: DeserializeOwned>(&mut self, document: &mut DeTable<'_>, name: &str) -> Option<T> {
        let value = document.get(name)?.clone();
        let read = if value.get_ref().as_table().is_none() {
            let what = describe(value.get_ref());
            let fault = Fault::new(ProblemCode::WrongType, value.span(), format!("`{name}` is a table, and this is {what}"));
            let hint = if value.get_ref().as_array().is_some() {
                "it stands once, in single brackets"
            } else {
                "put its keys under a line of its own"
            };
            self.faults.push(fault.label("not a table").hint(format!("{hint}: [{name}]")));
            None
        } else {
            self.plain(value, &format!("[{name}]"))
        };
        if read.is_none() {
            document.remove(name);
        }
        read
    }

    /// Reads a table that stands any number of times. Those that cannot be read go out of the document.
    fn list<T>(
        &mut self,
        document: &mut DeTable<'_>,
        name: &str,
        max: usize,
        read: impl Fn(&mut Self, Spanned<DeValue<'_>>, &str) -> Option<T>,
    ) -> Vec<T> {
        let Some(value) = document.get_mut(name) else { return Vec::new() };
        let span = value.span();
        let items = match value.get_mut() {
            DeValue::Array(items) if items.len() <= max => items,
            other => {
                self.faults.push(not_a_list(other, span, name, max));
                self.hides_buffers |= name == "buffer";
                document.remove(name);
                return Vec::new();
            }
        };
        let mut out = Vec::new();
        let sound = std::mem::replace(items, DeArray::new()).into_iter().filter(|item| {
            let item = if item.get_ref().as_table().is_none() {
                let what = describe(item.get_ref());
                let fault = Fault::new(ProblemCode::WrongType, item.span(), format!("`{name}` lists tables, and this is {what}"));
                self.faults.push(fault.hint(format!("begin each one with double brackets: [[{name}]]")));
                None
            } else {
                read(self, item.clone(), &format!("[[{name}]]"))
            };
            self.hides_buffers |= name == "buffer" && item.is_none();
            let is_read = item.is_some();
            out.extend(item);
            is_read
        });
        *items = sound.collect();
        out
    }

    /// Reads one table whose type says everything about it, as often as it takes without the key that is at fault. `None` if it has to have one of these.
    pub(super) fn plain<T: DeserializeOwned>(&mut self, mut value: Spanned<DeValue<'_>>, table: &str) -> Option<T> {
        // Keys that were taken out, each with whether the type knows it; and those that stand in for missing ones.
        let (mut taken, mut added): (Vec<(String, bool)>, Vec<String>) = (Vec::new(), Vec::new());
        for _ in 0..limits::PROBLEMS {
            let error = match T::deserialize(ValueDeserializer::from(value.clone())) {
                Ok(_) if !added.is_empty() => return None,
                Ok(read) => return Some(read),
                Err(error) => error,
            };
            let span = error.span();
            let fault = serde_fault(&error, &value, table);
            let DeValue::Table(keys) = value.get_mut() else {
                self.faults.push(fault);
                return None;
            };
            let at_fault = keys.iter().find(|(key, value)| span.as_ref().is_some_and(|span| covers(key, value, span)));
            let Some((key, name)) = at_fault.map(|(key, _)| (key.span(), key.get_ref().to_string())) else {
                let Some(missing) = missing_key(&error) else {
                    self.faults.push(fault);
                    return None;
                };
                let was_meant =
                    |(key, is_known): &(String, bool)| *key == missing || !is_known && nearest(key, [missing.as_str()]).is_some();
                if !taken.iter().any(was_meant) {
                    self.faults.push(fault);
                }
                // Something in its place, to find what else is missing.
                let stand_in = DeValue::String(String::new().into());
                keys.insert(Spanned::new(0..0, missing.clone().into()), Spanned::new(0..0, stand_in));
                added.push(missing);
                continue;
            };
            keys.remove(name.as_str());
            if added.contains(&name) {
                return None;
            }
            let is_known = span != Some(key.clone());
            self.faults.push(fault);
            self.unread.push(key);
            taken.push((name, is_known));
        }
        None
    }

    fn unknown_table(&mut self, key: &Spanned<Cow<'_, str>>) {
        let name: String = key.get_ref().chars().take(limits::NAME_CHARS).collect();
        let near = nearest(&name, TABLES.into_iter().chain(LISTS));
        self.hides_buffers |= near == Some("buffer");
        let hint = match near {
            Some(near) if LISTS.contains(&near) => format!("did you mean `[[{near}]]`?"),
            Some(near) => format!("did you mean `[{near}]`?"),
            None => format!("a manifest has the tables {}", one_of(TABLES.into_iter().chain(LISTS))),
        };
        let fault = Fault::new(ProblemCode::UnknownKey, key.span(), format!("unknown table `{name}`"));
        self.faults.push(fault.label("no such table").hint(hint));
    }
}

/// What is wrong with what should be a list of so many tables.
fn not_a_list(value: &DeValue<'_>, span: Range<usize>, name: &str, max: usize) -> Fault {
    let DeValue::Array(items) = value else {
        let fault = Fault::new(ProblemCode::WrongType, span, format!("`{name}` is a list of tables"));
        return fault.label("not a list").hint(format!("begin each one with double brackets: [[{name}]]"));
    };
    let message = format!("the manifest has {} tables [[{name}]]; an app may have {max}", items.len());
    let span = items.get(max).map_or(span, Spanned::span);
    Fault::new(ProblemCode::OutOfRange, span, message).label("one too many").hint("leave some out, or make one of several")
}

/// The key that serde misses in the table itself.
fn missing_key(error: &toml::de::Error) -> Option<String> {
    error.message().strip_prefix("missing field `")?.strip_suffix('`').map(str::to_owned)
}

/// Whether the place is that of the key, of its value, or of something within.
fn covers(key: &Spanned<Cow<'_, str>>, value: &Spanned<DeValue<'_>>, place: &Range<usize>) -> bool {
    let around = |span: Range<usize>| span.start <= place.start && place.end <= span.end;
    around(key.span())
        || around(value.span())
        || match value.get_ref() {
            DeValue::Array(items) => items.iter().any(|item| covers(key, item, place)),
            DeValue::Table(table) => table.iter().any(|(key, value)| covers(key, value, place)),
            _ => false,
        }
}
/// What serde says, as a fault. Its wording is stable: `unknown field`, `missing field`, `unknown variant`, `invalid type`, each with the
/// names in backquotes.
fn serde_fault(error: &toml::de::Error, value: &Spanned<DeValue<'_>>, table: &str) -> Fault {
    let span = error.span().unwrap_or(value.span());
    let (message, own_hint) = match (error.message().split_once('\n'), error.message().split_once(": write ")) {
        (Some((message, hint)), _) => (message, Some(hint.to_owned())),
        (None, Some((message, hint))) => (message, Some(format!("write {hint}"))),
        (None, None) => (error.message(), None),
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
        let (found, wanted) = found_and_wanted(rest);
        let hint = match found.strip_prefix("string ") {
            Some(text) if wanted == "a sequence" => format!("write a list: [{text}]"),
            _ => format!("write {}", plainly(wanted)),
        };
        return Fault::new(ProblemCode::WrongType, span, format!("wrong type: {}", in_toml(found)))
            .label(format!("expected {}", plainly(wanted)))
            .hint(own_hint.unwrap_or(hint));
    }
    let value = message.strip_prefix("invalid value: ").map(|rest| (rest, ""));
    if let Some((rest, list)) = value.or_else(|| Some((message.strip_prefix("invalid length ")?, "a list of "))) {
        let (found, wanted) = found_and_wanted(rest);
        return Fault::new(ProblemCode::OutOfRange, span, format!("{list}{} does not fit", in_toml(found)))
            .label(format!("expected {}", plainly(wanted)))
            .hint(own_hint.unwrap_or_else(|| format!("write {}", plainly(wanted))));
    }
    if message.starts_with("data did not match any variant") {
        let fault = Fault::new(ProblemCode::WrongType, span, "this is nothing that may stand here");
        return fault.hint("docs/manifest.md shows the forms that this key may have");
    }
    let hint = own_hint.unwrap_or_else(|| "docs/manifest.md shows the forms that this key may have".to_owned());
    Fault::new(ProblemCode::BadValue, span, message).hint(hint)
}

fn found_and_wanted(message: &str) -> (&str, &str) {
    message.split_once(", expected ").unwrap_or((message, "something else"))
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

fn syntax_fault(text: &str, error: &toml::de::Error) -> Fault {
    let span = error.span().unwrap_or(text.len()..text.len());
    let fault = Fault::new(ProblemCode::Syntax, span, format!("this is not TOML: {}", error.message()));
    if error.message().contains("duplicate key") {
        return fault.hint("a key may stand once in a table; tables that repeat have double brackets, [[…]]");
    }
    fault
        .hint("write `key = value`, texts in quotes, lists in brackets, one key a line; what comes behind is looked at when this is mended")
}
