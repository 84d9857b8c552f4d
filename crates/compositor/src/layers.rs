//! The layers: how each kind of surface is checked against its buffers and turned into the record its shader reads.

pub(crate) mod grid;
pub(crate) mod hud;
pub(crate) mod lines;
pub(crate) mod mesh;
pub(crate) mod points;
mod range;
mod resolve;
pub(crate) mod texture;

use wasm_engine_exchange::layout::SurfaceRect;

use crate::buffers::Buffers;
use crate::error::SurfaceFault;
use crate::matrix::Matrix;
use crate::pipelines::{Pipelines, SurfaceKind, Variant};
use crate::rect::Rect;
use crate::spec::{Camera, Draw, SurfaceSpec};
use crate::uniform::{self, flag};
use range::RangeSource;
pub(crate) use resolve::Resolver;

/// What a kind of surface adds to the common part.
pub(crate) struct Resolved {
    /// Which shader draws it.
    pub(crate) kind: SurfaceKind,
    /// All of the shader's record that does not depend on the layout.
    pub(crate) template: uniform::Surface,
    /// Buffers behind the four data bindings: position, color, direction, index.
    pub(crate) buffers: [usize; 4],
    /// Vertices per counted item.
    pub(crate) vertices_per_item: u32,
    /// Where the data say how many there are.
    pub(crate) count_at: Option<CountPlace>,
    /// From a count of positions to items.
    pub(crate) items_of: fn(u32) -> u32,
    /// Where the range of a color map is looked for, when it is not given.
    pub(crate) range: Option<RangeSource>,
    /// Pixels of the page that points or lines are wide.
    pub(crate) size: f32,
    /// True when it covers its rectangle wholly.
    pub(crate) opaque: bool,
}

/// Where a count lies.
#[derive(Copy, Clone)]
pub(crate) struct CountPlace {
    pub(crate) buffer: usize,
    /// Byte of it.
    pub(crate) at: u32,
}

/// A surface, checked and ready to be drawn.
pub(crate) struct Surface {
    pub(crate) name: String,
    pub(crate) above: bool,
    pub(crate) camera: Camera,
    pub(crate) is_mesh: bool,
    /// Without and with an outline that is worked out per pixel.
    pub(crate) pipelines: [wgpu::RenderPipeline; 2],
    pub(crate) resolved: Resolved,
    /// A mesh's multisampled picture, once drawn.
    pub(crate) picture: Option<mesh::Picture>,
    /// Content for which count and range were last taken from the data.
    measured: u64,
    count: u32,
    value_range: [f32; 2],
}

impl Surface {
    /// Checks `spec` against the buffers.
    pub(crate) fn resolve(spec: &SurfaceSpec, resolver: &mut Resolver<'_>, pipelines: &mut Pipelines) -> Result<Self, SurfaceFault> {
        if let Some(fault) = spec.camera.fault() {
            return Err(SurfaceFault::Value(fault.to_owned()));
        }
        let resolved = match &spec.draw {
            Draw::Points(points) => points::resolve(points, resolver)?,
            Draw::Lines(lines) => lines::resolve(lines, resolver)?,
            Draw::Mesh(mesh) => mesh::resolve(mesh, spec.camera, resolver)?,
            Draw::HeatMap(map) => grid::resolve_heat_map(map, resolver)?,
            Draw::Image(image) => grid::resolve_image(image, resolver)?,
        };
        let count = resolved.template.count;
        let value_range = resolved.template.range;
        let template = &resolved.template;
        let variant = Variant {
            kind: resolved.kind,
            flags: template.flags,
            position: template.position.format,
            direction: template.direction.format,
            color: template.color.format,
        };
        let shaped = Variant { flags: variant.flags | flag::FLAG_EDGES, ..variant };
        let made = [variant, shaped].map(|variant| pipelines.surface(&resolver.gpu.device, variant));
        let is_mesh = matches!(resolved.kind, SurfaceKind::Mesh { .. });
        Ok(Self {
            name: spec.name.clone(),
            above: spec.above,
            camera: spec.camera,
            is_mesh,
            pipelines: made,
            resolved,
            picture: None,
            measured: 0,
            count,
            value_range,
        })
    }

    /// One number for the content of all its buffers: each generation rises, so the sum changes when any does.
    /// 0 until every one of them was published.
    pub(crate) fn content(&self, buffers: &Buffers) -> u64 {
        let counted = self.resolved.count_at.map(|place| place.buffer);
        let generations = self.resolved.buffers.into_iter().chain(counted).map(|index| buffers.generation(index));
        let all = generations.map(|generation| (generation > 0).then_some(generation));
        all.sum::<Option<u64>>().unwrap_or(0)
    }

    /// Takes count and range from the data, once per content. Numbers from the data are cut to what fits.
    pub(crate) fn measure(&mut self, buffers: &Buffers, content: u64) {
        if self.measured == content {
            return;
        }
        self.measured = content;
        let resolved = &self.resolved;
        let most = resolved.template.count;
        let mut count = most;
        if let Some(CountPlace { buffer, at }) = resolved.count_at {
            let bytes = buffers.bytes(buffer).get(at as usize..at as usize + 4);
            count = bytes.map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).min(most);
        }
        self.count = count;
        if let Some(source) = &resolved.range {
            self.value_range = source.find(buffers, count);
        }
    }

    /// Vertices to draw.
    pub(crate) fn vertices(&self) -> u32 {
        self.items().saturating_mul(self.resolved.vertices_per_item)
    }

    /// Points, segments or triangles to draw. An indexed mesh has as many as it has indices for.
    fn items(&self) -> u32 {
        let template = &self.resolved.template;
        if template.flags & flag::FLAG_INDEXED != 0 { template.width / 3 } else { (self.resolved.items_of)(self.count) }
    }

    /// The record for drawing the surface's data onto a target of `size` whose left top corner is at `origin` on the frame.
    pub(crate) fn record(&self, place: &Placement, origin: (u32, u32), size: (u32, u32)) -> uniform::Surface {
        let (x, y) = (origin.0 as f32, origin.1 as f32);
        let [left, top, width, height] = place.rect;
        let mut record = self.resolved.template;
        record.rect = [left - x, top - y, width, height];
        let camera = self.camera.matrix(width, height, place.scale);
        record.transform = Matrix::pixels_from_ndc(record.rect).times(&camera).0;
        record.clip = [place.clip[0] - x, place.clip[1] - y, place.clip[2] - x, place.clip[3] - y];
        record.ndc_per_pixel = ndc_per_pixel(size);
        record.window = [0.0, 0.0, size.0 as f32, size.1 as f32];
        record.range = self.value_range;
        record.size = (self.resolved.size * place.scale).min(crate::limits::ITEM_PIXELS_MAX);
        if !self.is_mesh {
            record.count = self.items();
        } else {
            record.count = self.count;
            if record.flags & flag::FLAG_INDEXED == 0 {
                record.width = self.count;
            }
        }
        record.radius = place.radius;
        record.clip_radius = place.clip_radius;
        record.opacity = place.opacity;
        record
    }
}

/// Where a surface is on the frame.
#[derive(Copy, Clone, PartialEq, Debug)]
pub(crate) struct Placement {
    /// Left, top, width, height, pixels.
    pub(crate) rect: [f32; 4],
    /// Left, top, right, bottom, pixels.
    pub(crate) clip: [f32; 4],
    /// Of the clip's corners: top left, top right, bottom right, bottom left.
    pub(crate) clip_radius: [f32; 4],
    pub(crate) opacity: f32,
    pub(crate) radius: f32,
    /// Pixels per pixel of the page.
    pub(crate) scale: f32,
    /// The pixels it may touch.
    pub(crate) bounds: Rect,
}

impl Placement {
    /// Where the page put a surface. Empty bounds when nothing of it is to be seen.
    pub(crate) fn of(rect: &SurfaceRect, scale: f32, frame: (u32, u32)) -> Self {
        let clip = [rect.clip_x, rect.clip_y, rect.clip_x + rect.clip_w, rect.clip_y + rect.clip_h];
        let (left, top) = (rect.x.max(clip[0]), rect.y.max(clip[1]));
        let (right, bottom) = ((rect.x + rect.w).min(clip[2]), (rect.y + rect.h).min(clip[3]));
        let shown = rect.flags & wasm_engine_exchange::layout::VISIBLE != 0 && rect.opacity > 0.0;
        let bounds = if shown { Rect::touched(left, top, right - left, bottom - top, frame) } else { Rect::default() };
        // A radius of more than half the shorter side makes a capsule, as in CSS.
        let radius = rect.radius.clamp(0.0, 0.5 * rect.w.min(rect.h).max(0.0));
        Self {
            rect: [rect.x, rect.y, rect.w, rect.h],
            clip,
            clip_radius: rect.clip_radius,
            opacity: rect.opacity.clamp(0.0, 1.0),
            radius,
            scale,
            bounds,
        }
    }

    /// True when the outline must be worked out per pixel: it is rounded or does not lie on pixel boundaries.
    pub(crate) fn needs_edges(&self) -> bool {
        let [x, y, w, h] = self.rect;
        let edges = [x, y, x + w, y + h, self.clip[0], self.clip[1], self.clip[2], self.clip[3]];
        let is_rounded = self.radius > 0.0 || self.clip_radius != [0.0; 4];
        is_rounded || edges.iter().any(|edge| edge.fract() != 0.0)
    }

    /// Everything that decides the pixels besides the content.
    pub(crate) fn look(&self) -> crate::plan::Look {
        let mut look = [0; 16];
        let numbers = self.rect.iter().chain(&self.clip).chain(&self.clip_radius).chain([&self.opacity, &self.radius, &self.scale]);
        look.iter_mut().zip(numbers).for_each(|(bits, number)| *bits = number.to_bits());
        look
    }
}

/// A record for layers that are no surface: only place, opacity and target matter.
pub(crate) fn plain_record(size: (u32, u32)) -> uniform::Surface {
    uniform::Surface {
        transform: Matrix::IDENTITY.0,
        rect: [0.0, 0.0, size.0 as f32, size.1 as f32],
        clip: [0.0, 0.0, size.0 as f32, size.1 as f32],
        ndc_per_pixel: ndc_per_pixel(size),
        opacity: 1.0,
        ..Default::default()
    }
}

fn ndc_per_pixel(size: (u32, u32)) -> [f32; 2] {
    [2.0 / size.0.max(1) as f32, 2.0 / size.1.max(1) as f32]
}
