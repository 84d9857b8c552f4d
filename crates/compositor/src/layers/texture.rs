//! Layers that come as textures: the page, and the panel.

use std::any::Any;
use std::sync::Arc;

use crate::limits::TEXTURE_BINDINGS_MAX;
use crate::plan::PartialChange;
use crate::uniform::Attribute;

/// Which row of a texture comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rows {
    /// The highest, as everywhere but in OpenGL.
    #[default]
    Down,
    /// The lowest, as OpenGL has it. To turn such a picture over would take a pass of its own.
    Up,
}

/// A layer's newest frame. Texels are premultiplied, sRGB-encoded; one texel is one pixel of the frame.
#[derive(Clone)]
pub struct TextureLayer {
    /// The texels. Its format must be filterable or not, but a float one, e.g. `Rgba8Unorm`.
    pub texture: wgpu::Texture,
    /// Rises with each frame of the layer.
    pub generation: u64,
    /// Which row comes first.
    pub rows: Rows,
    /// Where its left top corner lies on the frame, pixels.
    pub origin: (i32, i32),
    /// Where it changed, if known; otherwise everywhere.
    pub change: Option<PartialChange>,
    /// Kept until the GPU has done with the texture, e.g. a guard of a ring's slot.
    pub hold: Option<Arc<dyn Any + Send + Sync>>,
}

impl std::fmt::Debug for TextureLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextureLayer").field("generation", &self.generation).field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// Which texels lie where, as the shader of layers takes it, for a texture so high whose left top corner is at `origin` on the frame.
pub(crate) fn placed(origin: (i32, i32), rows: Rows, height: u32) -> Attribute {
    let (first, step) = match rows {
        Rows::Down => (-origin.1, 1),
        Rows::Up => (origin.1 + height.cast_signed() - 1, -1),
    };
    Attribute {
        offset: i32::cast_unsigned(-origin.0),
        stride: first.cast_unsigned(),
        step: i32::cast_unsigned(step),
        ..Attribute::default()
    }
}

/// The bindings of textures seen lately.
#[derive(Default)]
pub(crate) struct TextureBindings {
    known: Vec<(wgpu::Texture, wgpu::BindGroup)>,
}

impl TextureBindings {
    /// The binding of `texture`, made on first sight. A ring shows the same few textures again and again.
    pub(crate) fn of(&mut self, device: &wgpu::Device, layout: &wgpu::BindGroupLayout, texture: &wgpu::Texture) -> wgpu::BindGroup {
        if let Some((_, binding)) = self.known.iter().find(|(known, _)| known == texture) {
            return binding.clone();
        }
        if self.known.len() == TEXTURE_BINDINGS_MAX {
            self.known.remove(0);
        }
        let binding = bind(device, layout, &texture.create_view(&wgpu::TextureViewDescriptor::default()));
        self.known.push((texture.clone(), binding.clone()));
        binding
    }
}

/// A binding of one texture.
pub(crate) fn bind(device: &wgpu::Device, layout: &wgpu::BindGroupLayout, view: &wgpu::TextureView) -> wgpu::BindGroup {
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("layer"),
        layout,
        entries: &[wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::TextureView(view) }],
    })
}
