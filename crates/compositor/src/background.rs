//! The lowest layer.

use crate::rect::Rect;
use crate::spec::Color;
use crate::target::{self, Framebuffer};
use crate::uniform;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One color, or a gradient between two.
#[derive(Copy, Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Background {
    /// The color, or that of the gradient's start.
    pub color: Color,
    /// The gradient's end.
    #[serde(default)]
    pub to: Option<Color>,
    /// The gradient's direction in degrees as in CSS: 0 up, 90 to the right; 180, down, when absent.
    #[serde(default)]
    pub angle: Option<f32>,
}

impl Default for Background {
    fn default() -> Self {
        Self::from(Color::BLACK)
    }
}

impl From<Color> for Background {
    fn from(color: Color) -> Self {
        Self { color, to: None, angle: None }
    }
}

impl Background {
    /// The color to clear to, premultiplied; none for a gradient.
    pub(crate) fn plain(&self) -> Option<wgpu::Color> {
        let [r, g, b, a] = self.color.0.map(f64::from);
        self.to.is_none().then_some(wgpu::Color { r: r * a, g: g * a, b: b * a, a })
    }

    pub(crate) fn record(&self, size: (u32, u32)) -> uniform::Background {
        let Some(end) = self.to else {
            return uniform::Background { start: self.color.0, end: self.color.0, axis: [0.0; 4] };
        };
        let angle = self.angle.filter(|angle| angle.is_finite()).unwrap_or(180.0).rem_euclid(360.0).to_radians();
        let (dx, dy) = (angle.sin(), -angle.cos());
        let (width, height) = (size.0 as f32, size.1 as f32);
        // As in CSS, the gradient is just so long that its ends' colors reach the corners.
        let length = (width * dx.abs() + height * dy.abs()).max(1.0);
        let axis = [dx / length, dy / length, 0.5 - 0.5 * (width * dx + height * dy) / length, 0.0];
        uniform::Background { start: self.color.0, end: end.0, axis }
    }
}

/// A gradient, drawn once. Frames copy from it what they need, which costs far less than drawing it anew.
pub(crate) struct Backdrop {
    picture: Framebuffer,
    record: uniform::Background,
}

impl Backdrop {
    /// A picture of this size that is yet to be drawn.
    pub(crate) fn new(device: &wgpu::Device, size: (u32, u32), record: uniform::Background) -> Self {
        Self { picture: Framebuffer::new(device, size), record }
    }

    /// Whether it shows this gradient at this size.
    pub(crate) fn shows(&self, size: (u32, u32), record: &uniform::Background) -> bool {
        self.picture.size == size && self.record == *record
    }

    /// Begins the pass that draws it.
    pub(crate) fn begin<'a>(&self, encoder: &'a mut wgpu::CommandEncoder) -> wgpu::RenderPass<'a> {
        target::pass(encoder, "backdrop", &self.picture.view, wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT))
    }

    /// Copies a part of it to the same place of a frame of its size.
    pub(crate) fn copy(&self, encoder: &mut wgpu::CommandEncoder, frame: &wgpu::Texture, part: &Rect) {
        let origin = wgpu::Origin3d { x: part.x, y: part.y, z: 0 };
        let place = |texture| wgpu::TexelCopyTextureInfo { texture, mip_level: 0, origin, aspect: wgpu::TextureAspect::All };
        let size = wgpu::Extent3d { width: part.width, height: part.height, depth_or_array_layers: 1 };
        encoder.copy_texture_to_texture(place(&self.picture.texture), place(frame), size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gradient_reaches_its_ends_at_the_edges() {
        let at = |angle, x: f32, y: f32| {
            let background = Background { color: Color::BLACK, to: Some(Color::WHITE), angle };
            let axis = background.record((200, 100)).axis;
            x * axis[0] + y * axis[1] + axis[2]
        };
        let near = |a: f32, b: f32| (a - b).abs() < 1e-5;
        assert!(near(at(None, 50.0, 0.0), 0.0) && near(at(None, 50.0, 100.0), 1.0));
        assert!(near(at(Some(90.0), 0.0, 50.0), 0.0) && near(at(Some(90.0), 200.0, 50.0), 1.0));
        assert!(near(at(Some(135.0), 0.0, 0.0), 0.0) && near(at(Some(135.0), 200.0, 100.0), 1.0));
    }
}
