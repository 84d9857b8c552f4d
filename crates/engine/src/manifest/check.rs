//! Holds what a manifest says against itself: names, references, sizes, ranges. What is on the disk is for `paths`.

use std::collections::HashMap;
use std::fmt::Display;
use std::ops::RangeInclusive;

use wasm_engine_exchange::limits as exchange;

use super::places::{Places, Step, at};
use super::problem::{Fault, ProblemCode};
use super::suggest::{nearest, one_of};
use super::{Background, Buffer, ByteSize, ENGINE_VERSION, Kernel, Manifest, Param, limits};

/// Buffers are laid out in whole pages of a guest's memory, once for each slot.
const PAGE: u64 = exchange::SLOT_ALIGN as u64;
const SLOTS: u64 = exchange::SLOTS as u64;

/// Everything that does not hold, in no particular order.
pub(super) fn check(manifest: &Manifest, places: &Places<'_>) -> Vec<Fault> {
    let mut checker = Checker { manifest, places, faults: Vec::new() };
    checker.app();
    checker.window();
    checker.clock();
    checker.buffers();
    checker.kernels();
    checker.writers();
    checker.params();
    checker.surfaces();
    checker.faults
}

pub(super) struct Checker<'a> {
    pub(super) manifest: &'a Manifest,
    places: &'a Places<'a>,
    faults: Vec<Fault>,
}

impl Checker<'_> {
    /// Notes a fault at the value that the way leads to.
    pub(super) fn fault(&mut self, code: ProblemCode, way: &[Step<'_>], message: impl Into<String>) -> &mut Fault {
        self.faults.push(Fault::new(code, self.places.value(way), message));
        let last = self.faults.len() - 1;
        &mut self.faults[last]
    }

    /// A number outside its range is a fault.
    pub(super) fn range<T: PartialOrd + Display + Copy>(&mut self, way: &[Step<'_>], value: T, range: RangeInclusive<T>) -> bool {
        let holds = range.contains(&value);
        if !holds {
            let (low, high) = (range.start(), range.end());
            let fault = self.fault(ProblemCode::OutOfRange, way, format!("{value} is out of range"));
            fault.label = format!("from {low} to {high}");
            fault.hint = Some(format!("write a number from {low} to {high}"));
        }
        holds
    }

    fn app(&mut self) {
        if !self.places.has(at!["app"]) {
            return;
        }
        let app = &self.manifest.app;
        self.name(&app.name, at!["app", "name"]);
        if app.engine != ENGINE_VERSION {
            let fault = self.fault(
                ProblemCode::EngineVersion,
                at!["app", "engine"],
                format!("the app is written for engine version `{}`", app.engine),
            );
            fault.label = "this engine has another version".to_owned();
            fault.hint = Some(format!("this engine runs apps with `engine = \"{ENGINE_VERSION}\"`"));
        }
        for (key, text) in [("title", &app.title), ("description", &app.description)] {
            self.text(text, at!["app", key]);
        }
    }

    fn window(&mut self) {
        let window = &self.manifest.window;
        for (i, side) in window.size.into_iter().enumerate() {
            self.range(at!["window", "size", i], side, 1..=limits::SIDE);
        }
        if let Some(scale) = window.scale {
            self.range(at!["window", "scale"], scale, limits::SCALE);
        }
        if let Background::Gradient { angle, .. } = window.background {
            self.range(at!["window", "background", "angle"], angle, -360.0..=360.0);
        }
    }

    fn clock(&mut self) {
        self.range(at!["clock", "rate"], self.manifest.clock.rate, limits::TICK_RATE);
        let limits_table = &self.manifest.limits;
        self.size(at!["limits", "region_max"], limits_table.region_max, PAGE * SLOTS, limits::REGION_BYTES);
        self.size(at!["limits", "event_bytes"], limits_table.event_bytes, 0, limits::LOG_BYTES);
        self.range(at!["limits", "events_per_tick"], limits_table.events_per_tick, 0..=4096);
    }

    fn buffers(&mut self) {
        let manifest = self.manifest;
        self.names("buffer", manifest.buffer.iter().map(|buffer| buffer.name.as_str()));
        let mut region: u64 = 0;
        for (i, buffer) in manifest.buffer.iter().enumerate() {
            if limits::RESERVED_NAMES.contains(&buffer.name.as_str()) {
                let fault =
                    self.fault(ProblemCode::BadValue, at!["buffer", i, "name"], format!("`{}` is a name of the engine's own", buffer.name));
                fault.label = "reserved".to_owned();
                fault.hint = Some(format!("choose another; {} are taken", one_of(limits::RESERVED_NAMES)));
            }
            let Some(bytes) = self.buffer_size(i, buffer) else { continue };
            region = region.saturating_add(bytes.div_ceil(PAGE).saturating_mul(PAGE * SLOTS));
        }
        let max = manifest.limits.region_max;
        if region > max.0 && !self.places.unread(at!["limits"], &["region_max"]) {
            let fault = self.fault(
                ProblemCode::OutOfRange,
                at!["limits", "region_max"],
                format!("the buffers need {}, each being there three times; `[limits] region_max` is {max}", ByteSize(region)),
            );
            fault.hint = Some(if region > limits::REGION_BYTES {
                format!("make them smaller: an app has at most {}", ByteSize(limits::REGION_BYTES))
            } else {
                format!(
                    "make them smaller, or write `region_max = \"{}\"` under [limits]",
                    round_up(region).min(ByteSize(limits::REGION_BYTES))
                )
            });
            if !self.places.has(at!["limits", "region_max"])
                && let Some(last) = manifest.buffer.len().checked_sub(1)
            {
                let span = self.places.key(at!["buffer", last]);
                if let Some(fault) = self.faults.last_mut() {
                    fault.span = span;
                }
            }
        }
    }

    fn buffer_size(&mut self, i: usize, buffer: &Buffer) -> Option<u64> {
        if self.places.unread(at!["buffer", i], &["bytes", "item", "count"]) {
            return None;
        }
        match (buffer.bytes, buffer.item, buffer.count) {
            (Some(_), None, None) | (None, Some(_), Some(_)) => {}
            (Some(_), _, _) => {
                let fault =
                    self.fault(ProblemCode::Conflict, at!["buffer", i, "bytes"], format!("buffer `{}` has its size twice", buffer.name));
                fault.hint = Some("write either `bytes`, or `item` and `count`".to_owned());
                return None;
            }
            (None, item, count) => {
                let missing = match (item, count) {
                    (Some(_), None) => "`count`",
                    (None, Some(_)) => "`item`",
                    _ => "size",
                };
                let fault = self.fault(ProblemCode::MissingKey, at!["buffer", i], format!("buffer `{}` has no {missing}", buffer.name));
                fault.hint = Some("write `item = \"f32x4\"` and `count = 1000`, or `bytes = \"1 MiB\"`".to_owned());
                return None;
            }
        }
        let way: &[Step<'_>] = if buffer.bytes.is_some() { at!["buffer", i, "bytes"] } else { at!["buffer", i, "count"] };
        match buffer.size() {
            Some(bytes) if (1..=limits::BUFFER_BYTES).contains(&bytes) => Some(bytes),
            Some(0) => {
                let fault = self.fault(ProblemCode::OutOfRange, way, format!("buffer `{}` has no bytes", buffer.name));
                fault.hint = Some("give it one item at least".to_owned());
                None
            }
            size => {
                let size = size.map_or("more bytes than there are".to_owned(), |bytes| ByteSize(bytes).to_string());
                let fault = self.fault(ProblemCode::OutOfRange, way, format!("buffer `{}` has {size}", buffer.name));
                fault.label = format!("a buffer may have {}", ByteSize(limits::BUFFER_BYTES));
                fault.hint = Some("make it smaller, or two of it".to_owned());
                None
            }
        }
    }

    fn kernels(&mut self) {
        let manifest = self.manifest;
        self.names("kernel", manifest.kernel.iter().map(|kernel| kernel.name.as_str()));
        for (i, kernel) in manifest.kernel.iter().enumerate() {
            for (key, buffers) in [("read", &kernel.read), ("write", &kernel.write)] {
                for (j, buffer) in buffers.iter().enumerate() {
                    self.buffer_exists(buffer, at!["kernel", i, key, j], &format!("kernel `{}` is granted", kernel.name));
                    if buffers[..j].contains(buffer) {
                        let way = at!["kernel", i, key, j];
                        let fault = self.fault(ProblemCode::DuplicateName, way, format!("`{buffer}` stands twice in `{key}`"));
                        fault.hint = Some("once is enough: leave one out".to_owned());
                    }
                }
            }
            self.kernel_limits(i, kernel);
        }
    }

    fn kernel_limits(&mut self, i: usize, kernel: &Kernel) {
        self.size(at!["kernel", i, "memory_max"], kernel.memory_max, limits::KERNEL_MEMORY_FLOOR, limits::KERNEL_MEMORY_BYTES);
        self.size(at!["kernel", i, "log_bytes"], kernel.log_bytes, 0, limits::LOG_BYTES);
        self.range(at!["kernel", i, "deadline_ms"], kernel.deadline_ms, limits::DEADLINE_MS);
        self.range(at!["kernel", i, "fuel"], kernel.fuel, limits::FUEL);
        if kernel.module.extension().is_none_or(|extension| extension != "wasm") {
            let fault =
                self.fault(ProblemCode::BadValue, at!["kernel", i, "module"], format!("kernel `{}` needs a compiled module", kernel.name));
            fault.label = "not a .wasm file".to_owned();
            fault.hint = Some(format!("write `module = \"kernels/{}.wasm\"`; Rust sources go into `source`", kernel.name));
        }
    }

    /// The exchange lets one writer publish a buffer.
    fn writers(&mut self) {
        let manifest = self.manifest;
        let mut writers: HashMap<&str, &str> = HashMap::new();
        for (i, kernel) in manifest.kernel.iter().enumerate() {
            for (j, buffer) in kernel.write.iter().enumerate() {
                let first = *writers.entry(buffer.as_str()).or_insert(kernel.name.as_str());
                if first != kernel.name {
                    let message = format!("kernels `{first}` and `{}` both write buffer `{buffer}`", kernel.name);
                    let fault = self.fault(ProblemCode::TwoWriters, at!["kernel", i, "write", j], message);
                    fault.label = "a buffer has one writer".to_owned();
                    fault.hint = Some("let one of them write a buffer of its own, which the other reads".to_owned());
                }
            }
        }
    }

    fn params(&mut self) {
        let manifest = self.manifest;
        self.names("param", manifest.param.iter().map(|param| param.name.as_str()));
        for (i, param) in manifest.param.iter().enumerate() {
            self.param(i, param);
        }
    }

    fn param(&mut self, i: usize, param: &Param) {
        if self.places.unread(at!["param", i], &["min", "max", "step"]) {
            return;
        }
        for (key, value) in [("default", param.default), ("min", param.min), ("max", param.max), ("step", param.step.unwrap_or(1.0))] {
            if !value.is_finite() {
                let message = format!("`{key}` of param `{}` is not a finite number", param.name);
                self.fault(ProblemCode::OutOfRange, at!["param", i, key], message).hint = Some("write a number".to_owned());
                return;
            }
        }
        self.text(&param.label, at!["param", i, "label"]);
        if param.min >= param.max {
            let message = format!("param `{}` has no range: its `min` {} is not below its `max` {}", param.name, param.min, param.max);
            let key = if self.places.has(at!["param", i, "min"]) { "min" } else { "max" };
            let fault = self.fault(ProblemCode::OutOfRange, at!["param", i, key], message);
            fault.hint = Some("write a `max` that is larger than `min` (they are 1 and 0 where they are not written)".to_owned());
            return;
        }
        if !(param.min..=param.max).contains(&param.default) {
            let message = format!("the default of param `{}` is out of its range", param.name);
            let fault = self.fault(ProblemCode::OutOfRange, at!["param", i, "default"], message);
            fault.label = format!("from {} to {}", param.min, param.max);
            fault.hint = Some("change it, or `min` and `max` (which are 0 and 1 where they are not written)".to_owned());
        }
        if let Some(step) = param.step
            && !(step > 0.0 && step <= param.max - param.min)
        {
            let fault =
                self.fault(ProblemCode::OutOfRange, at!["param", i, "step"], format!("the step of param `{}` is {step}", param.name));
            fault.label = format!("above 0, and at most {}", param.max - param.min);
            fault.hint = Some("leave it out, and any value is one".to_owned());
        }
    }

    /// A name that other things are called by has to be a buffer's.
    pub(super) fn buffer_exists(&mut self, name: &str, way: &[Step<'_>], who: &str) -> bool {
        let manifest = self.manifest;
        if manifest.buffer_named(name).is_some() {
            return true;
        }
        if self.places.hides_buffers {
            return false;
        }
        let known = || manifest.buffer.iter().map(|buffer| buffer.name.as_str());
        let hint = match nearest(name, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if manifest.buffer.is_empty() => format!("declare it:\n[[buffer]]\nname = \"{}\"\nbytes = \"1 MiB\"", shown(name)),
            None => format!("the buffers are {}", one_of(known())),
        };
        let fault =
            self.fault(ProblemCode::UnknownBuffer, way, format!("{who} buffer `{}`, which the manifest does not have", shown(name)));
        fault.label = "no such buffer".to_owned();
        fault.hint = Some(hint);
        false
    }

    /// Names of one kind: each well formed, no two alike.
    pub(super) fn names<'n>(&mut self, list: &str, names: impl Iterator<Item = &'n str>) {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for (i, name) in names.enumerate() {
            self.name(name, at![list, i, "name"]);
            if let Some(first) = seen.get(name) {
                let line = self.places.value(at![list, *first, "name"]);
                let fault = self.fault(
                    ProblemCode::DuplicateName,
                    at![list, i, "name"],
                    format!("two tables [[{list}]] are named `{}`", shown(name)),
                );
                fault.label = "the second of that name".to_owned();
                fault.hint = Some("give one of them another name".to_owned());
                debug_assert!(line.start <= fault.span.start, "tables are in the order of the text");
            } else {
                seen.insert(name, i);
            }
        }
    }

    fn name(&mut self, name: &str, way: &[Step<'_>]) {
        let good = name.len() <= limits::NAME_CHARS
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if good {
            return;
        }
        let fault = self.fault(ProblemCode::BadValue, way, format!("`{}` is not a name", shown(name)));
        fault.label = "lower-case letters, digits, `-` and `_`, beginning with a letter".to_owned();
        fault.hint = Some(tidy_name(name).map_or_else(|| "write a name such as `app-1`".to_owned(), |tidy| format!("write `{tidy}`")));
    }

    fn text(&mut self, text: &str, way: &[Step<'_>]) {
        if text.chars().count() > limits::TEXT_CHARS {
            let fault = self.fault(ProblemCode::OutOfRange, way, "this text is too long");
            fault.hint = Some(format!("shorten it to {} characters", limits::TEXT_CHARS));
        } else if text.chars().any(char::is_control) {
            let fault = self.fault(ProblemCode::BadValue, way, "this text has control characters");
            fault.hint = Some("write one line of plain text".to_owned());
        }
    }

    fn size(&mut self, way: &[Step<'_>], size: ByteSize, min: u64, max: u64) {
        if !(min..=max).contains(&size.0) {
            let fault = self.fault(ProblemCode::OutOfRange, way, format!("{size} is out of range"));
            fault.label = format!("from {} to {}", ByteSize(min), ByteSize(max));
            fault.hint = Some(format!("write a size from \"{}\" to \"{}\"", ByteSize(min), ByteSize(max)));
        }
    }
}

/// A name cut to what a message bears.
fn shown(name: &str) -> String {
    name.chars().take(limits::NAME_CHARS).collect()
}

/// The name that somebody most likely meant by one with capitals, spaces or accents.
fn tidy_name(name: &str) -> Option<String> {
    let tidy: String = name
        .chars()
        .take(limits::NAME_CHARS)
        .map(|c| c.to_ascii_lowercase())
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' })
        .collect();
    let tidy = tidy.trim_matches(|c: char| c == '-' || c == '_' || c.is_ascii_digit());
    (!tidy.is_empty()).then(|| tidy.to_owned())
}

/// The size rounded up to what one would write.
fn round_up(bytes: u64) -> ByteSize {
    ByteSize(bytes.checked_next_power_of_two().unwrap_or(bytes))
}
