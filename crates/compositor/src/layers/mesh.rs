//! Meshes: checks, record, and the picture each is drawn into. Drawn by `shaders/mesh.wgsl`.
//!
//! A mesh is drawn multisampled with a depth buffer into a texture of its own, only when its data or its place change, and put on
//! the frame as a layer. So its edges are smooth, its opacity applies to it as a whole, and damage elsewhere costs it nothing.

use super::resolve::aligned;
use super::{Resolved, Resolver};
use crate::error::SurfaceFault;
use crate::limits::{ITEMS_MAX, MESH_SAMPLES};
use crate::matrix::unit;
use crate::pipelines::SurfaceKind;
use crate::spec::{Camera, IndexFormat, Indices, ItemColor, Mesh};
use crate::uniform::{self, flag};

/// Share of light that comes from everywhere.
const AMBIENT: f32 = 0.15;
/// Format of a mesh's depth.
pub(crate) const DEPTH_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Depth32Float;

pub(crate) fn resolve(mesh: &Mesh, camera: Camera, resolver: &mut Resolver<'_>) -> Result<Resolved, SurfaceFault> {
    if matches!(mesh.color, ItemColor::Speed { .. }) {
        return Err(SurfaceFault::Value("color by \"speed\" is for points".to_owned()));
    }
    let mut record = uniform::Surface { tint: mesh.tint.0, ..Default::default() };
    let position = resolver.vector("position", &mesh.position)?;
    let normal = mesh.normal.as_ref().map(|normal| resolver.vector("normal", normal)).transpose()?;
    let (color, range) = resolver.color(&mesh.color, &mut record)?;
    let parts: Vec<_> = [Some(&position), normal.as_ref(), color.as_ref()].into_iter().flatten().collect();
    let (count, count_at) = resolver.count(mesh.count, 3, &parts)?;
    let own = position.buffer;
    let mut index_buffer = own;
    record.width = count;
    if let Some(indices) = &mesh.indices {
        index_buffer = resolve_indices(indices, resolver, &mut record)?;
    }
    record.position = position.attribute;
    record.count = count;
    if let Some(normal) = &normal {
        record.direction = normal.attribute;
        record.flags |= flag::FLAG_NORMALS;
    }
    if let Some(light) = mesh.light {
        let direction = unit(light).ok_or_else(|| SurfaceFault::Value("light has no direction".to_owned()))?;
        record.light = [direction[0], direction[1], direction[2], AMBIENT];
        record.flags |= flag::FLAG_LIT;
    }
    // Indexed: the indices decide how many triangles there are, and the count of vertices which indices are good.
    let items_of: fn(u32) -> u32 = |count| count / 3;
    let buffer_of = |located: &Option<super::resolve::Located>| located.as_ref().map_or(own, |located| located.buffer);
    Ok(Resolved {
        kind: SurfaceKind::Mesh { depth: camera.has_depth() },
        template: record,
        buffers: [own, buffer_of(&color), buffer_of(&normal), index_buffer],
        vertices_per_item: 3,
        count_at,
        items_of,
        range,
        size: 0.0,
        opaque: false,
    })
}

/// Checks the indices and enters them into the record. The shader reads whole words, and the first index begins one.
fn resolve_indices(indices: &Indices, resolver: &mut Resolver<'_>, record: &mut uniform::Surface) -> Result<usize, SurfaceFault> {
    aligned("indices", "offset", indices.offset)?;
    if indices.count > ITEMS_MAX {
        return Err(SurfaceFault::Limit { what: "indices.count".to_owned(), found: indices.count.into(), limit: ITEMS_MAX.into() });
    }
    let size = match indices.format {
        IndexFormat::U16 => 2,
        IndexFormat::U32 => 4,
    };
    let buffer = resolver.buffer(indices.buffer.as_deref())?;
    resolver.enough("indices", buffer, u64::from(indices.offset) + size * u64::from(indices.count))?;
    record.width = indices.count;
    record.height = indices.offset / 4;
    record.flags |= flag::FLAG_INDEXED;
    if indices.format == IndexFormat::U16 {
        record.flags |= flag::FLAG_INDEX_U16;
    }
    Ok(buffer)
}

/// A mesh as drawn, and what it was drawn for.
pub(crate) struct Picture {
    pub(crate) view: wgpu::TextureView,
    pub(crate) samples: wgpu::TextureView,
    pub(crate) depth: wgpu::TextureView,
    pub(crate) binding: wgpu::BindGroup,
    pub(crate) size: (u32, u32),
    /// Content and record it shows; none before it was drawn.
    pub(crate) shows: Option<(u64, uniform::Surface)>,
}

impl Picture {
    pub(crate) fn new(device: &wgpu::Device, layout: &wgpu::BindGroupLayout, size: (u32, u32), format: wgpu::TextureFormat) -> Self {
        let texture = |label, format, sample_count, usage| {
            device
                .create_texture(&wgpu::TextureDescriptor {
                    label: Some(label),
                    size: wgpu::Extent3d { width: size.0, height: size.1, depth_or_array_layers: 1 },
                    mip_level_count: 1,
                    sample_count,
                    dimension: wgpu::TextureDimension::D2,
                    format,
                    usage,
                    view_formats: &[],
                })
                .create_view(&wgpu::TextureViewDescriptor::default())
        };
        let drawn = wgpu::TextureUsages::RENDER_ATTACHMENT;
        let view = texture("mesh", format, 1, drawn | wgpu::TextureUsages::TEXTURE_BINDING);
        let binding = super::texture::bind(device, layout, &view);
        Self {
            samples: texture("mesh samples", format, MESH_SAMPLES, drawn),
            depth: texture("mesh depth", DEPTH_FORMAT, MESH_SAMPLES, drawn),
            view,
            binding,
            size,
            shows: None,
        }
    }
}
