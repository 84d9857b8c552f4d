//! Heat maps and images: checks and record. Drawn by `shaders/heatmap.wgsl` and `shaders/image.wgsl`.

use super::range::RangeSource;
use super::resolve::{aligned, set_map};
use super::{Resolved, Resolver};
use crate::error::SurfaceFault;
use crate::pipelines::SurfaceKind;
use crate::spec::{Color, Filter, HeatMap, Image};
use crate::uniform::{self, Attribute, flag};

/// Cells in a row and rows, the first cell's byte, bytes from row to row.
struct Grid {
    width: u32,
    height: u32,
    offset: u32,
    stride: Option<u32>,
}

impl Grid {
    /// Checks the grid and enters it into the record. Returns the buffer.
    fn resolve(&self, resolver: &mut Resolver<'_>, record: &mut uniform::Surface) -> Result<usize, SurfaceFault> {
        let limit = 16_384;
        for (what, found) in [("width", self.width), ("height", self.height)] {
            if found == 0 {
                return Err(SurfaceFault::Value(format!("{what} is 0")));
            }
            if found > limit {
                return Err(SurfaceFault::Limit { what: what.to_owned(), found: found.into(), limit: limit.into() });
            }
        }
        let row = 4 * self.width;
        let stride = self.stride.unwrap_or(row);
        aligned("grid", "offset", self.offset)?;
        aligned("grid", "stride", stride)?;
        if stride < row {
            return Err(SurfaceFault::Stride { what: "stride".to_owned(), found: stride, problem: "is less than one row" });
        }
        let buffer = resolver.buffer(None)?;
        let needed = u64::from(self.offset) + u64::from(self.height - 1) * u64::from(stride) + u64::from(row);
        resolver.enough("grid", buffer, needed)?;
        record.position = Attribute { offset: self.offset / 4, stride: stride / 4, step: 1, format: 1 };
        (record.width, record.height) = (self.width, self.height);
        Ok(buffer)
    }
}

fn resolved(kind: SurfaceKind, template: uniform::Surface, buffer: usize, range: Option<RangeSource>, opaque: bool) -> Resolved {
    Resolved {
        kind,
        template: uniform::Surface { count: 1, ..template },
        buffers: [buffer; 4],
        vertices_per_item: 6,
        count_at: None,
        items_of: |_| 1,
        range,
        size: 0.0,
        opaque,
    }
}

pub(crate) fn resolve_heat_map(map: &HeatMap, resolver: &mut Resolver<'_>) -> Result<Resolved, SurfaceFault> {
    let mut record = uniform::Surface { tint: Color::WHITE.0, ..Default::default() };
    set_map(&mut record, map.map, map.range)?;
    let grid = Grid { width: map.width, height: map.height, offset: map.offset, stride: map.stride };
    let buffer = grid.resolve(resolver, &mut record)?;
    if map.filter == Filter::Linear {
        record.flags |= flag::FLAG_LINEAR;
    }
    let looked_for = || RangeSource::grid(buffer, record.position.offset, record.position.stride, map.width, map.height);
    // Not opaque: cells that are not finite let the background through.
    Ok(resolved(SurfaceKind::HeatMap, record, buffer, map.range.is_none().then(looked_for), false))
}

pub(crate) fn resolve_image(image: &Image, resolver: &mut Resolver<'_>) -> Result<Resolved, SurfaceFault> {
    let mut record = uniform::Surface { tint: Color::WHITE.0, ..Default::default() };
    let grid = Grid { width: image.width, height: image.height, offset: image.offset, stride: image.stride };
    let buffer = grid.resolve(resolver, &mut record)?;
    if image.filter == Filter::Linear {
        record.flags |= flag::FLAG_LINEAR;
    }
    if image.premultiplied {
        record.flags |= flag::FLAG_PREMULTIPLIED;
    }
    if image.opaque {
        record.flags |= flag::FLAG_OPAQUE;
    }
    Ok(resolved(SurfaceKind::Image, record, buffer, None, image.opaque))
}
