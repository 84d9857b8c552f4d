//! All pipelines and binding layouts, made once at start so that nothing compiles during a frame.

use wgpu::{
    BindGroupLayout, BindGroupLayoutEntry, BindingType, BlendState, BufferBindingType, Device, RenderPipeline, ShaderStages, TextureFormat,
};

use crate::layers::Pass;
use crate::layers::mesh::DEPTH_FORMAT;
use crate::limits::{MESH_SAMPLES, UNIFORM_STRIDE};
use crate::shaders::{self, Shader};
use crate::uniform::Item;

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

/// Pipelines by pass.
pub(crate) struct Pipelines {
    pub(crate) layouts: Layouts,
    background: RenderPipeline,
    points: RenderPipeline,
    lines: RenderPipeline,
    heat_map: RenderPipeline,
    image: RenderPipeline,
    layer: RenderPipeline,
    hud: RenderPipeline,
    mesh_flat: RenderPipeline,
    mesh_deep: RenderPipeline,
}

/// What differs between pipelines.
struct Recipe<'a> {
    shader: &'a Shader,
    groups: &'a [Option<&'a BindGroupLayout>],
    blend: Option<BlendState>,
    strip: bool,
    buffers: &'a [Option<wgpu::VertexBufferLayout<'a>>],
    /// Multisampled with depth; true when depth decides.
    mesh: Option<bool>,
}

impl Pipelines {
    pub(crate) fn new(device: &Device) -> Self {
        let layouts = Layouts::new(device);
        let over = Some(BlendState::PREMULTIPLIED_ALPHA_BLENDING);
        let data = [Some(&layouts.records), Some(&layouts.data)];
        let texture = [Some(&layouts.records), Some(&layouts.texture)];
        let plain = |shader, groups, blend| Recipe { shader, groups, blend, strip: false, buffers: &[], mesh: None };
        let instance = wgpu::VertexBufferLayout {
            array_stride: size_of::<Item>() as u64,
            step_mode: wgpu::VertexStepMode::Instance,
            attributes: &wgpu::vertex_attr_array![0 => Float32x4, 1 => Float32x2, 2 => Uint32, 3 => Uint32],
        };
        let mesh = |deep| Recipe { mesh: Some(deep), ..plain(&shaders::MESH, &data, over) };
        Self {
            background: build(device, &plain(&shaders::BACKGROUND, &data[..1], None)),
            points: build(device, &plain(&shaders::POINTS, &data, over)),
            lines: build(device, &plain(&shaders::LINES, &data, over)),
            heat_map: build(device, &plain(&shaders::HEATMAP, &data, over)),
            image: build(device, &plain(&shaders::IMAGE, &data, over)),
            layer: build(device, &plain(&shaders::LAYER, &texture, over)),
            hud: build(device, &Recipe { strip: true, buffers: &[Some(instance)], ..plain(&shaders::HUD, &texture, over) }),
            mesh_flat: build(device, &mesh(false)),
            mesh_deep: build(device, &mesh(true)),
            layouts,
        }
    }

    /// The pipeline of a pass onto the frame.
    pub(crate) fn of(&self, pass: Pass) -> &RenderPipeline {
        match pass {
            Pass::Background => &self.background,
            Pass::Points => &self.points,
            Pass::Lines => &self.lines,
            Pass::HeatMap => &self.heat_map,
            Pass::Image => &self.image,
            Pass::Layer => &self.layer,
            Pass::Hud => &self.hud,
        }
    }

    /// The pipeline of a mesh into its picture.
    pub(crate) fn mesh(&self, depth: bool) -> &RenderPipeline {
        if depth { &self.mesh_deep } else { &self.mesh_flat }
    }
}

impl Layouts {
    fn new(device: &Device) -> Self {
        let both = ShaderStages::VERTEX_FRAGMENT;
        let storage = |binding| BindGroupLayoutEntry {
            binding,
            visibility: both,
            ty: BindingType::Buffer { ty: BufferBindingType::Storage { read_only: true }, has_dynamic_offset: false, min_binding_size: None },
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
    let module = compile(device, recipe.shader);
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(recipe.shader.name),
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
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(recipe.shader.name),
        layout: Some(&layout),
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some("vertex"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            buffers: recipe.buffers,
        },
        primitive: wgpu::PrimitiveState { topology, ..Default::default() },
        depth_stencil,
        multisample: wgpu::MultisampleState { count: if recipe.mesh.is_some() { MESH_SAMPLES } else { 1 }, ..Default::default() },
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: Some("fragment"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
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

fn compile(device: &Device, shader: &Shader) -> wgpu::ShaderModule {
    device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(shader.name),
        source: wgpu::ShaderSource::Wgsl(shader.source.into()),
    })
}
