//! Lines: checks and record. Drawn by `shaders/lines.wgsl`.

use super::resolve::checked_size;
use super::{Resolved, Resolver};
use crate::error::SurfaceFault;
use crate::pipelines::SurfaceKind;
use crate::spec::{Blend, ItemColor, Lines};
use crate::uniform::{self, flag};

pub(crate) fn resolve(lines: &Lines, resolver: &mut Resolver<'_>) -> Result<Resolved, SurfaceFault> {
    if matches!(lines.color, ItemColor::Speed { .. }) {
        return Err(SurfaceFault::Value("color by \"speed\" is for points".to_owned()));
    }
    let mut record = uniform::Surface { tint: lines.tint.0, ..Default::default() };
    let position = resolver.vector("position", &lines.position)?;
    let (color, range) = resolver.color(&lines.color, &mut record)?;
    let parts: Vec<_> = [Some(&position), color.as_ref()].into_iter().flatten().collect();
    let (count, count_at) = resolver.count(lines.count, 2, &parts)?;
    record.position = position.attribute;
    record.count = count;
    if lines.strip {
        record.flags |= flag::FLAG_STRIP;
    }
    if lines.blend == Blend::Additive {
        record.flags |= flag::FLAG_ADDITIVE;
    }
    let own = position.buffer;
    Ok(Resolved {
        kind: SurfaceKind::Lines,
        template: record,
        buffers: [own, color.as_ref().map_or(own, |located| located.buffer), own, own],
        vertices_per_item: 6,
        count_at,
        items_of: if lines.strip { |ends| ends.saturating_sub(1) } else { |ends| ends / 2 },
        range,
        size: checked_size("width", lines.width.unwrap_or(1.0))?,
        opaque: false,
    })
}
