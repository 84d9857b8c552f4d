//! Points: checks and record. Drawn by `shaders/points.wgsl`.

use super::resolve::checked_size;
use super::{Resolved, Resolver};
use crate::error::SurfaceFault;
use crate::pipelines::SurfaceKind;
use crate::spec::{Blend, ItemColor, Points, Shape};
use crate::uniform::{self, flag};

/// Diameter when none is given, pixels of the page.
const SIZE: f32 = 4.0;
/// Length of a dart when none is given.
const BOID_SIZE: f32 = 10.0;

pub(crate) fn resolve(points: &Points, resolver: &mut Resolver<'_>) -> Result<Resolved, SurfaceFault> {
    let mut record = uniform::Surface { tint: points.tint.0, ..Default::default() };
    let position = resolver.vector("position", &points.position)?;
    let velocity = points.velocity.as_ref().map(|velocity| resolver.vector("velocity", velocity)).transpose()?;
    if velocity.is_none() {
        if points.shape == Shape::Boid {
            return Err(SurfaceFault::Value("shape \"boid\" needs `velocity`".to_owned()));
        }
        if matches!(points.color, ItemColor::Speed { .. }) {
            return Err(SurfaceFault::Value("color by \"speed\" needs `velocity`".to_owned()));
        }
    }
    let (color, range) = resolver.color(&points.color, &mut record)?;
    let parts: Vec<_> = [Some(&position), velocity.as_ref(), color.as_ref()].into_iter().flatten().collect();
    let (count, count_at) = resolver.count(points.count, 1, &parts)?;
    record.position = position.attribute;
    record.direction = velocity.as_ref().map(|located| located.attribute).unwrap_or_default();
    record.count = count;
    record.flags = match points.shape {
        Shape::Round => flag::FLAG_ROUND,
        Shape::Square => 0,
        Shape::Boid => flag::FLAG_ORIENTED,
    };
    if points.blend == Blend::Additive {
        record.flags |= flag::FLAG_ADDITIVE;
    }
    let usual = if points.shape == Shape::Boid { BOID_SIZE } else { SIZE };
    let own = position.buffer;
    let buffer_of = |located: &Option<super::resolve::Located>| located.as_ref().map_or(own, |located| located.buffer);
    Ok(Resolved {
        kind: SurfaceKind::Points,
        template: record,
        buffers: [own, buffer_of(&color), buffer_of(&velocity), own],
        vertices_per_item: 3,
        count_at,
        items_of: |count| count,
        range,
        size: checked_size("size", points.size.unwrap_or(usual))?,
        opaque: false,
    })
}
