//! All pipelines and binding layouts, made at start and when surfaces are configured: nothing compiles during a frame.

use std::collections::HashMap;

use wgpu::{
    BindGroupLayout, BindGroupLayoutEntry, BindingType, BlendState, BufferBindingType, Device, RenderPipeline, ShaderModule, ShaderStages,
    TextureFormat,
};

use crate::layers::mesh::DEPTH_FORMAT;
use crate::limits::{MESH_SAMPLES, UNIFORM_STRIDE};
use crate::shaders::{self, Shader};
use crate::uniform::{Item, flag};

/// What is drawn on the frame.
pub(crate) const FRAME_FORMAT: TextureFormat = TextureFormat::Rgba8Unorm;

/// Binding layouts.
pub(crate) struct Layouts {
    /// Records with a dynamic offset, and the color maps.
    pub(crate) records: BindGroupLayout,
    /// Four data buffers.
    pub(crate) data: BindGroupLayout,
    /// One texture.
    pub(crate) texture: BindGroupLayout,
}

/// What a surface's pipeline is specialized for: what never changes is no branch in a shader.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub(crate) struct Variant {
    pub(crate) kind: SurfaceKind,
    pub(crate) flags: u32,
    /// Components of positions.
    pub(crate) position: u32,
    /// Components of velocities or normals.
    pub(crate) direction: u32,
    /// One of the `COLOR_` formats.
    pub(crate) color: u32,
}

/// Which shader draws a surface.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub(crate) enum SurfaceKind {
    Points,
    Lines,
    HeatMap,
    Image,
    /// Into its picture; with a depth buffer that decides, or painting in order.
    Mesh {
        depth: bool,
    },
}

/// All pipelines.
pub(crate) struct Pipelines {
    pub(crate) layouts: Layouts,
    pub(crate) background: RenderPipeline,
    pub(crate) layer: RenderPipeline,
    pub(crate) hud: RenderPipeline,
    shaped_layer: Option<RenderPipeline>,
    layer_module: ShaderModule,
    /// Of surfaces, by the passes' names.
    modules: HashMap<&'static str, ShaderModule>,
    variants: HashMap<Variant, RenderPipeline>,
}

/// What differs between pipelines.
struct Recipe<'a> {
    name: &'a str,
    module: &'a ShaderModule,
    constants: &'a [(&'a str, f64)],
    groups: &'a [Option<&'a BindGroupLayout>],
    blend: Option<BlendState>,
    strip: bool,
    buffers: &'a [Option<wgpu::VertexBufferLayout<'a>>],
    /// Multisampled with depth; true when depth decides.
    mesh: Option<bool>,
}

const OVER: Option<BlendState> = Some(BlendState::PREMULTIPLIED_ALPHA_BLENDING);

impl Pipelines {
    /// The pipelines that every app needs. What else there is waits for a surface that is drawn with it: an app's start has no time for it.
    pub(crate) fn new(device: &Device) -> Self {
        let layouts = Layouts::new(device);
        let texture = [Some(&layouts.records), Some(&layouts.texture)];
        let instance = wgpu::VertexBufferLayout {
            array_stride: size_of::<Item>() as u64,
            step_mode: wgpu::VertexStepMode::Instance,
            attributes: &wgpu::vertex_attr_array![0 => Float32x4, 1 => Float32x2, 2 => Uint32, 3 => Uint32],
        };
        let build_one = |name, module: &ShaderModule, groups, blend, buffers: &[Option<wgpu::VertexBufferLayout<'_>>]| {
            build(device, &Recipe { name, module, constants: &[], groups, blend, strip: !buffers.is_empty(), buffers, mesh: None })
        };
        let [background, layer, hud] = [&shaders::BACKGROUND, &shaders::LAYER, &shaders::HUD].map(|shader| compile(device, shader));
        Self {
            background: build_one("background", &background, &texture[..1], None, &[]),
            layer: build_one("layer", &layer, &texture, OVER, &[]),
            hud: build_one("hud", &hud, &texture, OVER, &[Some(instance)]),
            shaped_layer: None,
            layer_module: layer,
            modules: HashMap::new(),
            variants: HashMap::new(),
            layouts,
        }
    }

    /// A layer with opacity and an outline, as the pictures of meshes are. Made when the first mesh is configured.
    pub(crate) fn shaped_layer(&mut self, device: &Device) -> RenderPipeline {
        let groups = [Some(&self.layouts.records), Some(&self.layouts.texture)];
        let constants = [("FLAGS", f64::from(flag::FLAG_EDGES))];
        let (name, module, constants, groups, blend) = ("layer", &self.layer_module, &constants, &groups, OVER);
        let recipe = Recipe { name, module, constants, groups, blend, strip: false, buffers: &[], mesh: None };
        self.shaped_layer.get_or_insert_with(|| build(device, &recipe)).clone()
    }

    /// The pipeline of a surface. Made when the surface is configured, and kept for the next of the same kind.
    pub(crate) fn surface(&mut self, device: &Device, variant: Variant) -> RenderPipeline {
        if let Some(known) = self.variants.get(&variant) {
            return known.clone();
        }
        let (shader, mesh) = match variant.kind {
            SurfaceKind::Points => (&shaders::POINTS, None),
            SurfaceKind::Lines => (&shaders::LINES, None),
            SurfaceKind::HeatMap => (&shaders::HEATMAP, None),
            SurfaceKind::Image => (&shaders::IMAGE, None),
            SurfaceKind::Mesh { depth } => (&shaders::MESH, Some(depth)),
        };
        if mesh.is_some() {
            self.shaped_layer(device);
        }
        let (name, module) = (shader.name, &*self.modules.entry(shader.name).or_insert_with(|| compile(device, shader)));
        let constants = [
            ("FLAGS", f64::from(variant.flags)),
            ("POSITION_COMPONENTS", f64::from(variant.position)),
            ("DIRECTION_COMPONENTS", f64::from(variant.direction)),
            ("COLOR_FORMAT", f64::from(variant.color)),
        ];
        let groups = [Some(&self.layouts.records), Some(&self.layouts.data)];
        let (blend, constants) = (OVER, &constants);
        let pipeline = build(device, &Recipe { name, module, constants, groups: &groups, blend, strip: false, buffers: &[], mesh });
        self.variants.insert(variant, pipeline.clone());
        pipeline
    }
}

impl Layouts {
    fn new(device: &Device) -> Self {
        let both = ShaderStages::VERTEX_FRAGMENT;
        let storage = |binding| BindGroupLayoutEntry {
            binding,
            visibility: both,
            ty: BindingType::Buffer {
                ty: BufferBindingType::Storage { read_only: true },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        };
        let record = BindGroupLayoutEntry {
            binding: 0,
            visibility: both,
            ty: BindingType::Buffer {
                ty: BufferBindingType::Uniform,
                has_dynamic_offset: true,
                min_binding_size: std::num::NonZeroU64::new(UNIFORM_STRIDE),
            },
            count: None,
        };
        let texture = BindGroupLayoutEntry {
            binding: 0,
            visibility: ShaderStages::FRAGMENT,
            ty: BindingType::Texture {
                sample_type: wgpu::TextureSampleType::Float { filterable: false },
                view_dimension: wgpu::TextureViewDimension::D2,
                multisampled: false,
            },
            count: None,
        };
        let layout = |label, entries: &[BindGroupLayoutEntry]| {
            device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(label), entries })
        };
        Self {
            records: layout("records", &[record, storage(1)]),
            data: layout("data", &[storage(0), storage(1), storage(2), storage(3)]),
            texture: layout("texture", &[texture]),
        }
    }
}

fn build(device: &Device, recipe: &Recipe<'_>) -> RenderPipeline {
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(recipe.name),
        bind_group_layouts: recipe.groups,
        immediate_size: 0,
    });
    let depth_stencil = recipe.mesh.map(|deep| wgpu::DepthStencilState {
        format: DEPTH_FORMAT,
        depth_write_enabled: Some(deep),
        depth_compare: Some(if deep { wgpu::CompareFunction::Less } else { wgpu::CompareFunction::Always }),
        stencil: wgpu::StencilState::default(),
        bias: wgpu::DepthBiasState::default(),
    });
    let topology = if recipe.strip { wgpu::PrimitiveTopology::TriangleStrip } else { wgpu::PrimitiveTopology::TriangleList };
    let options = || wgpu::PipelineCompilationOptions { constants: recipe.constants, ..Default::default() };
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(recipe.name),
        layout: Some(&layout),
        vertex: wgpu::VertexState {
            module: recipe.module,
            entry_point: Some("vertex"),
            compilation_options: options(),
            buffers: recipe.buffers,
        },
        primitive: wgpu::PrimitiveState { topology, ..Default::default() },
        depth_stencil,
        multisample: wgpu::MultisampleState { count: if recipe.mesh.is_some() { MESH_SAMPLES } else { 1 }, ..Default::default() },
        fragment: Some(wgpu::FragmentState {
            module: recipe.module,
            entry_point: Some("fragment"),
            compilation_options: options(),
            targets: &[Some(wgpu::ColorTargetState { format: FRAME_FORMAT, blend: recipe.blend, write_mask: wgpu::ColorWrites::ALL })],
        }),
        multiview_mask: None,
        cache: None,
    })
}

/// The pipeline that puts the frame onto a window's image.
pub(crate) fn present(device: &Device, layout: &BindGroupLayout, format: TextureFormat) -> RenderPipeline {
    let module = compile(device, &shaders::PRESENT);
    let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some("present"),
        bind_group_layouts: &[Some(layout)],
        immediate_size: 0,
    });
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some("present"),
        layout: Some(&pipeline_layout),
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some("vertex"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            buffers: &[],
        },
        primitive: wgpu::PrimitiveState::default(),
        depth_stencil: None,
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: Some("fragment"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            targets: &[Some(wgpu::ColorTargetState { format, blend: None, write_mask: wgpu::ColorWrites::ALL })],
        }),
        multiview_mask: None,
        cache: None,
    })
}

fn compile(device: &Device, shader: &Shader) -> ShaderModule {
    device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(shader.name),
        source: wgpu::ShaderSource::Wgsl(shader.source.into()),
    })
}
