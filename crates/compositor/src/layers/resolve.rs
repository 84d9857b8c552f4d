//! Checking what a surface says about its buffers: names, strides, sizes.

use std::sync::Arc;

use wasm_engine_exchange::Region;
use wasm_engine_gpu::Gpu;

use super::CountPlace;
use super::range::RangeSource;
use crate::buffers::Buffers;
use crate::error::SurfaceFault;
use crate::limits::ITEMS_MAX;
use crate::spec::{ColorFormat, ColorMap, Count, ItemColor, Vector};
use crate::uniform::{self, Attribute, flag};

/// Looks things up for one surface.
pub(crate) struct Resolver<'a> {
    pub(crate) gpu: &'a Arc<Gpu>,
    pub(crate) region: &'a Region,
    pub(crate) buffers: &'a mut Buffers,
    /// Name of the surface's own buffer.
    pub(crate) own: &'a str,
    /// Whether to try to have the GPU read the exchange's memory.
    pub(crate) import: bool,
}

/// Where per-item data lie, and for how many items.
pub(crate) struct Located {
    pub(crate) buffer: usize,
    pub(crate) attribute: Attribute,
    /// Items that fit.
    pub(crate) fits: u32,
    what: &'static str,
    /// Bytes from the buffer's start to the first item's end, and from one item to the next.
    first: u64,
    each: u64,
}

impl Located {
    /// Bytes that `items` need.
    fn needed(&self, items: u32) -> u64 {
        self.first + u64::from(items.saturating_sub(1)) * self.each
    }
}

impl Resolver<'_> {
    /// The buffer called `name`, or the surface's own.
    pub(crate) fn buffer(&mut self, name: Option<&str>) -> Result<usize, SurfaceFault> {
        self.buffers.open(self.gpu, self.region, name.unwrap_or(self.own), self.import)
    }

    /// A vector per item.
    pub(crate) fn vector(&mut self, what: &'static str, vector: &Vector) -> Result<Located, SurfaceFault> {
        let components = vector.format.components();
        let step = vector.step.unwrap_or(4);
        let planar = step != 4;
        let own_bytes = if planar { 4 } else { 4 * components };
        let stride = vector.stride.unwrap_or(own_bytes);
        let parts = [("offset", vector.offset), ("stride", stride), ("step", step)];
        for (name, value) in parts {
            aligned(what, name, value)?;
        }
        let stride_fault = |found, problem| SurfaceFault::Stride { what: format!("{what}.stride"), found, problem };
        if stride < 4 || (!planar && stride < own_bytes) {
            return Err(stride_fault(stride, "is less than one item"));
        }
        if step < 4 || (planar && step < stride) && step.saturating_mul(components) > stride {
            return Err(SurfaceFault::Stride {
                what: format!("{what}.step"),
                found: step,
                problem: "makes the components of two items overlap",
            });
        }
        let buffer = self.buffer(vector.buffer.as_deref())?;
        let first = u64::from(vector.offset) + u64::from(components - 1) * u64::from(step) + 4;
        let mut fits = fitting(self.buffers.len(buffer), first, stride);
        if step >= stride && planar {
            fits = fits.min(step / stride);
        }
        let attribute = Attribute { offset: vector.offset / 4, stride: stride / 4, step: step / 4, format: components };
        Ok(Located { buffer, attribute, fits, what, first, each: stride.into() })
    }

    /// Plain values per item, of `size` bytes each.
    fn values(
        &mut self,
        what: &'static str,
        place: (Option<&str>, u32, Option<u32>),
        size: u32,
        format: u32,
    ) -> Result<Located, SurfaceFault> {
        let (name, offset, stride) = place;
        let stride = stride.unwrap_or(size);
        aligned(what, "offset", offset)?;
        aligned(what, "stride", stride)?;
        if stride < size {
            return Err(SurfaceFault::Stride { what: format!("{what}.stride"), found: stride, problem: "is less than one item" });
        }
        let buffer = self.buffer(name)?;
        let first = u64::from(offset) + u64::from(size);
        let fits = fitting(self.buffers.len(buffer), first, stride);
        let attribute = Attribute { offset: offset / 4, stride: stride / 4, step: 1, format };
        Ok(Located { buffer, attribute, fits, what, first, each: stride.into() })
    }

    /// What colors each item, and the range to look for, if one is to be looked for.
    pub(crate) fn color(
        &mut self,
        color: &ItemColor,
        record: &mut uniform::Surface,
    ) -> Result<(Option<Located>, Option<RangeSource>), SurfaceFault> {
        match color {
            ItemColor::Constant => Ok((None, None)),
            ItemColor::Items { format, buffer, offset, stride } => {
                let (size, code) = match format {
                    ColorFormat::Rgba8 => (4, flag::COLOR_RGBA8),
                    ColorFormat::F32x3 => (12, flag::COLOR_F32X3),
                    ColorFormat::F32x4 => (16, flag::COLOR_F32X4),
                };
                let located = self.values("color", (buffer.as_deref(), *offset, *stride), size, code)?;
                record.color = located.attribute;
                Ok((Some(located), None))
            }
            ItemColor::Value { buffer, offset, stride, map, range } => {
                let located = self.values("color", (buffer.as_deref(), *offset, *stride), 4, flag::COLOR_SCALAR)?;
                record.color = located.attribute;
                set_map(record, *map, *range)?;
                let source = range.is_none().then(|| RangeSource::items(located.buffer, located.attribute));
                Ok((Some(located), source))
            }
            ItemColor::Speed { map, range } => {
                record.color.format = flag::COLOR_SPEED;
                set_map(record, *map, Some(*range))?;
                Ok((None, None))
            }
        }
    }

    /// How many items to draw at most, given what each attribute has room for; and where the count is, if the data say it.
    pub(crate) fn count(
        &mut self,
        count: Option<Count>,
        least: u32,
        parts: &[&Located],
    ) -> Result<(u32, Option<CountPlace>), SurfaceFault> {
        let fits = parts.iter().map(|part| part.fits).min().unwrap_or(0);
        let (wanted, at) = match count {
            Some(Count::Fixed(wanted)) => (wanted, None),
            Some(Count::At { at }) => {
                aligned("count", "at", at)?;
                let buffer = self.buffer(None)?;
                self.enough("count", buffer, u64::from(at) + 4)?;
                (fits, Some(CountPlace { buffer, at }))
            }
            None => (fits.max(least), None),
        };
        if wanted > ITEMS_MAX {
            return Err(SurfaceFault::Limit { what: "count".to_owned(), found: wanted.into(), limit: ITEMS_MAX.into() });
        }
        for part in parts {
            if part.fits < wanted {
                self.enough(part.what, part.buffer, part.needed(wanted))?;
                // The bytes are there, so the planes are what is too short.
                let problem = "leaves less room in a plane than there are items";
                return Err(SurfaceFault::Stride { what: format!("{}.step", part.what), found: part.attribute.step * 4, problem });
            }
        }
        Ok((wanted, at))
    }

    /// Refuses a buffer that has fewer bytes.
    pub(crate) fn enough(&self, what: &str, buffer: usize, needed: u64) -> Result<(), SurfaceFault> {
        let found = self.buffers.len(buffer);
        if needed <= found {
            return Ok(());
        }
        Err(SurfaceFault::BufferTooSmall { what: what.to_owned(), buffer: self.buffers.name(buffer).to_owned(), needed, found })
    }
}

/// Items that fit, when the first ends at byte `first` and each next one `stride` bytes later.
fn fitting(bytes: u64, first: u64, stride: u32) -> u32 {
    let Some(room) = bytes.checked_sub(first) else { return 0 };
    (room / u64::from(stride) + 1).min(ITEMS_MAX.into()) as u32
}

/// Refuses what is no multiple of 4: shaders read words.
pub(crate) fn aligned(what: &str, part: &str, found: u32) -> Result<(), SurfaceFault> {
    if found.is_multiple_of(4) {
        return Ok(());
    }
    Err(SurfaceFault::Stride { what: format!("{what}.{part}"), found, problem: "is no multiple of 4" })
}

/// A color map and its range, checked.
pub(crate) fn set_map(record: &mut uniform::Surface, map: ColorMap, range: Option<[f32; 2]>) -> Result<(), SurfaceFault> {
    record.map = ColorMap::ALL.iter().position(|known| *known == map).unwrap_or(0) as u32;
    if let Some([low, high]) = range {
        if !(low.is_finite() && high.is_finite() && low < high && (high - low).is_finite()) {
            return Err(SurfaceFault::Value(format!("range [{low}, {high}] does not go from a smaller to a larger number")));
        }
        record.range = [low, high];
    }
    Ok(())
}

/// A width or diameter, checked.
pub(crate) fn checked_size(what: &str, size: f32) -> Result<f32, SurfaceFault> {
    if size.is_finite() && (0.0..=crate::limits::ITEM_PIXELS_MAX).contains(&size) {
        return Ok(size);
    }
    Err(SurfaceFault::Value(format!("{what} {size} is not between 0 and {}", crate::limits::ITEM_PIXELS_MAX)))
}
