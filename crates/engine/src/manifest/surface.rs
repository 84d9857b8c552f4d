//! `[[surface]]`: what is drawn from the buffers. The types are the compositor's own; here they are read, and held against the buffers.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use wasm_engine_compositor::spec::{
    Camera, ColorFormat, Count, Draw, HeatMap, Image, IndexFormat, Indices, ItemColor, Lines, Mesh, Points, SurfaceSpec, Vector,
};

use super::check::Checker;
use super::parse::{Reader, describe};
use super::places::{Step, at};
use super::problem::{Fault, ProblemCode};
use super::suggest::{nearest, one_of};
use super::{ByteSize, limits};

const KINDS: [&str; 5] = ["points", "lines", "mesh", "heat_map", "image"];

/// A surface without what it draws.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    name: String,
    buffer: String,
    #[serde(default)]
    above: bool,
    #[serde(default)]
    camera: Camera,
    /// Read by itself, by its kind; named here so that a near miss is recognized.
    #[serde(default)]
    draw: (),
}

/// Reads one surface. What it draws is read by its kind, so that a mistake in it is shown where it stands.
pub(super) fn read(reader: &mut Reader, mut value: Spanned<DeValue<'_>>, table: &str) -> Option<SurfaceSpec> {
    let span = value.span();
    let (draw, is_misspelt) = match value.get_mut() {
        DeValue::Table(keys) => (keys.remove("draw"), keys.iter().any(|(key, _)| nearest(key.get_ref(), ["draw"]).is_some())),
        _ => (None, false),
    };
    let head = reader.plain::<Head>(value, table);
    let draw = match draw {
        Some(draw) => read_draw(reader, draw).map_err(|fault| reader.faults.extend(fault)).ok(),
        None => {
            if !is_misspelt {
                let who = head.as_ref().map_or("this surface".to_owned(), |head| format!("surface `{}`", head.name));
                let fault = Fault::new(ProblemCode::MissingKey, span, format!("{who} does not say what to draw"));
                reader.faults.push(
                    fault.label("`draw` is missing").hint(format!("add `draw = {{ kind = \"points\" }}`; the kinds are {}", one_of(KINDS))),
                );
            }
            None
        }
    };
    let Head { name, buffer, above, camera, draw: () } = head?;
    Some(SurfaceSpec { name, buffer, above, camera, draw: draw? })
}

/// What a surface draws. Without one of its keys it would be something else, so it has to be read as a whole; the faults of its keys are with the reader then, and
/// there is none of its own.
fn read_draw(reader: &mut Reader, value: Spanned<DeValue<'_>>) -> Result<Draw, Option<Fault>> {
    let span = value.span();
    let what = describe(value.get_ref());
    let DeValue::Table(mut table) = value.into_inner() else {
        let fault = Fault::new(ProblemCode::WrongType, span, format!("`draw` is a table, and this is {what}"));
        let fault = fault.label("not a table").hint("write `draw = { kind = \"points\" }`, or its keys under a line [surface.draw]");
        return Err(Some(fault));
    };
    let Some(kind) = table.remove("kind") else {
        let fault = Fault::new(ProblemCode::MissingKey, span, "`draw` has no `kind`").label("`kind` is missing");
        return Err(Some(fault.hint(format!("the kinds are {}", one_of(KINDS)))));
    };
    let kind_span = kind.span();
    match kind.get_ref().as_str() {
        Some("points") => draw_of::<Points>(reader, table, span).map(Draw::Points),
        Some("lines") => draw_of::<Lines>(reader, table, span).map(Draw::Lines),
        Some("mesh") => draw_of::<Mesh>(reader, table, span).map(Draw::Mesh),
        Some("heat_map") => draw_of::<HeatMap>(reader, table, span).map(Draw::HeatMap),
        Some("image") => draw_of::<Image>(reader, table, span).map(Draw::Image),
        Some(other) => {
            let hint = match nearest(other, KINDS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the kinds are {}", one_of(KINDS)),
            };
            let shown: String = other.chars().take(limits::NAME_CHARS).collect();
            let fault = Fault::new(ProblemCode::BadValue, kind_span, format!("`{shown}` is not a kind of surface"));
            Err(Some(fault.label("no such kind").hint(hint)))
        }
        None => {
            let what = describe(kind.get_ref());
            let fault = Fault::new(ProblemCode::WrongType, kind_span, format!("`kind` is text, and this is {what}"));
            Err(Some(fault.hint(format!("the kinds are {}", one_of(KINDS)))))
        }
    }
}

fn draw_of<T: DeserializeOwned>(reader: &mut Reader, table: DeTable<'_>, span: std::ops::Range<usize>) -> Result<T, Option<Fault>> {
    let before = reader.faults.len();
    let read = reader.plain(Spanned::new(span, DeValue::Table(table)), "[surface.draw]");
    read.filter(|_| reader.faults.len() == before).ok_or(None)
}

/// Something that lies in a buffer, item after item.
struct Data<'a> {
    /// Key in `draw`.
    key: &'a str,
    /// Its own buffer, if not the surface's.
    buffer: Option<&'a String>,
    offset: u32,
    stride: Option<u32>,
    /// Bytes of one item, and the smallest stride.
    item: u64,
    /// Bytes from an item's first to its last; more than `item` where its components lie in planes.
    reach: u64,
    /// How many there are at least; `None` for as many as fit.
    count: Option<u64>,
}

impl Checker<'_> {
    pub(super) fn surfaces(&mut self) {
        let manifest = self.manifest;
        self.names("surface", manifest.surface.iter().map(|surface| surface.name.as_str()));
        for (i, surface) in manifest.surface.iter().enumerate() {
            let who = format!("surface `{}` draws", surface.name);
            if !self.buffer_exists(&surface.buffer, at!["surface", i, "buffer"], &who) {
                continue;
            }
            // One fault for each surface: the next would mostly be the same once more.
            let _ = parts(&surface.draw).iter().all(|data| self.data(i, surface, data));
        }
    }

    /// What a surface draws has to lie in its buffer. False after a fault.
    fn data(&mut self, i: usize, surface: &SurfaceSpec, data: &Data<'_>) -> bool {
        // Keys of a heat map or an image stand in `draw` itself.
        let way = |key: &'static str| -> Vec<Step<'_>> {
            let mut way = at!["surface", i, "draw"].to_vec();
            way.extend((!data.key.is_empty()).then_some(Step::Key(data.key)));
            way.push(Step::Key(key));
            way
        };
        let buffer = data.buffer.unwrap_or(&surface.buffer);
        if data.buffer.is_some() && !self.buffer_exists(buffer, &way("buffer"), &format!("surface `{}` draws", surface.name)) {
            return false;
        }
        // A buffer whose size is at fault was told of before.
        let sound = |bytes: &u64| (1..=limits::BUFFER_BYTES).contains(bytes);
        let Some(room) = self.manifest.buffer_named(buffer).and_then(super::Buffer::size).filter(sound) else { return false };
        for (key, value) in [("offset", data.offset), ("stride", data.stride.unwrap_or(0))] {
            if !value.is_multiple_of(4) {
                let fault = self.fault(ProblemCode::BadValue, &way(key), format!("`{key}` {value} is not a multiple of 4"));
                fault.label = "bytes, in fours".to_owned();
                fault.hint = Some(format!("write {}", value.next_multiple_of(4)));
                return false;
            }
        }
        if let Some(stride) = data.stride
            && u64::from(stride) < data.item
        {
            let message = format!("`stride` {stride} is smaller than the {} bytes it steps over", data.item);
            let fault = self.fault(ProblemCode::OutOfRange, &way("stride"), message);
            fault.hint = Some(format!("write {} or more", data.item));
            return false;
        }
        let stride = data.stride.map_or(data.item, u64::from);
        let count = data.count.unwrap_or(1);
        let needed = u64::from(data.offset) + stride.saturating_mul(count.saturating_sub(1)).saturating_add(data.reach);
        if count > 0 && needed > room {
            let message = format!("surface `{}` needs {} of buffer `{buffer}`, which has {}", surface.name, exact(needed), exact(room));
            let fault = self.fault(ProblemCode::OutOfRange, &way("offset"), message);
            fault.label = "reaches beyond the end".to_owned();
            fault.hint = Some("make the buffer larger, or draw fewer items".to_owned());
            return false;
        }
        true
    }
}

/// A size that a reader compares to the byte.
fn exact(bytes: u64) -> String {
    if bytes < 1 << 20 { format!("{bytes} bytes") } else { format!("{bytes} bytes ({})", ByteSize(bytes)) }
}

/// Everything that a surface takes from buffers.
fn parts(draw: &Draw) -> Vec<Data<'_>> {
    match draw {
        Draw::Points(points) => {
            let count = fixed(points.count);
            let velocity = points.velocity.iter().map(|velocity| vector("velocity", velocity, count));
            std::iter::once(vector("position", &points.position, count)).chain(velocity).chain(color(&points.color, count)).collect()
        }
        Draw::Lines(lines) => {
            let count = fixed(lines.count);
            std::iter::once(vector("position", &lines.position, count)).chain(color(&lines.color, count)).collect()
        }
        Draw::Mesh(mesh) => {
            let count = fixed(mesh.count);
            let normal = mesh.normal.iter().map(|normal| vector("normal", normal, count));
            let indices = mesh.indices.iter().map(indices);
            std::iter::once(vector("position", &mesh.position, count))
                .chain(normal)
                .chain(indices)
                .chain(color(&mesh.color, count))
                .collect()
        }
        Draw::HeatMap(HeatMap { width, height, offset, stride, .. }) | Draw::Image(Image { width, height, offset, stride, .. }) => {
            // Each cell and each pixel has four bytes; an item is a row.
            let row = u64::from(*width) * 4;
            vec![Data { key: "", buffer: None, offset: *offset, stride: *stride, item: row, reach: row, count: Some(u64::from(*height)) }]
        }
    }
}

fn fixed(count: Option<Count>) -> Option<u64> {
    match count {
        Some(Count::Fixed(count)) => Some(u64::from(count)),
        _ => None,
    }
}

fn vector<'a>(key: &'a str, vector: &'a Vector, count: Option<u64>) -> Data<'a> {
    let components = u64::from(vector.format.components());
    let (item, reach) = match vector.step {
        Some(step) => (4, u64::from(step) * (components - 1) + 4),
        None => (components * 4, components * 4),
    };
    Data { key, buffer: vector.buffer.as_ref(), offset: vector.offset, stride: vector.stride, item, reach, count }
}

fn indices(indices: &Indices) -> Data<'_> {
    let item = match indices.format {
        IndexFormat::U16 => 2,
        IndexFormat::U32 => 4,
    };
    Data {
        key: "indices",
        buffer: indices.buffer.as_ref(),
        offset: indices.offset,
        stride: None,
        item,
        reach: item,
        count: Some(u64::from(indices.count)),
    }
}

fn color(color: &ItemColor, count: Option<u64>) -> Option<Data<'_>> {
    match color {
        ItemColor::Items { format, buffer, offset, stride } => {
            let item = match format {
                ColorFormat::Rgba8 => 4,
                ColorFormat::F32x3 => 12,
                ColorFormat::F32x4 => 16,
            };
            Some(Data { key: "color", buffer: buffer.as_ref(), offset: *offset, stride: *stride, item, reach: item, count })
        }
        ItemColor::Value { buffer, offset, stride, .. } => {
            Some(Data { key: "color", buffer: buffer.as_ref(), offset: *offset, stride: *stride, item: 4, reach: 4, count })
        }
        _ => None,
    }
}
