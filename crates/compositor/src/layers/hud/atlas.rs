//! The HUD's glyphs: one font, two sizes, rasterized once at start.

use std::collections::HashMap;

use ab_glyph::{Font, FontRef, PxScale, ScaleFont};
use wasm_engine_gpu::Gpu;

/// Texels in a row.
const WIDTH: u32 = 512;
/// Heights of the two sizes, pixels of the page.
const TEXT: f32 = 12.0;
const FIGURES: f32 = 22.0;
/// Glyphs beside those of ASCII.
const EXTRA: &str = "·–µ×…°";
/// Glyphs for what the font set lacks.
const UNKNOWN: char = '?';

/// Which size.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub(super) enum Size {
    Text,
    Figures,
}

/// A glyph in the atlas.
#[derive(Copy, Clone, Debug)]
pub(super) struct Glyph {
    /// Left top in the atlas, texels.
    pub(super) source: (u32, u32),
    /// Width and height.
    pub(super) size: (u32, u32),
    /// From pen and baseline to the left top.
    pub(super) offset: (f32, f32),
}

/// All glyphs, one byte of coverage a texel.
pub(super) struct Atlas {
    /// Pixels per pixel of the page.
    pub(super) scale: f32,
    texels: Vec<u8>,
    height: u32,
    glyphs: HashMap<(Size, char), Glyph>,
    /// The font is monospaced: one advance per size, whole pixels so that columns stand exactly.
    advance: [f32; 2],
    ascent: [f32; 2],
}

/// Places glyphs in rows.
struct Shelf {
    x: u32,
    y: u32,
    height: u32,
}

impl Atlas {
    pub(super) fn new(scale: f32) -> Self {
        let scale = if scale.is_finite() { scale.clamp(0.5, 4.0) } else { 1.0 };
        let mut atlas = Self { scale, texels: Vec::new(), height: 0, glyphs: HashMap::new(), advance: [0.0; 2], ascent: [0.0; 2] };
        // The font is part of the program; were it broken, the HUD would have boxes and no text.
        if let Ok(font) = FontRef::try_from_slice(epaint_default_fonts::HACK_REGULAR) {
            let mut shelf = Shelf { x: 0, y: 0, height: 0 };
            atlas.add(&font, Size::Text, TEXT, (' '..='~').chain(EXTRA.chars()), &mut shelf);
            atlas.add(&font, Size::Figures, FIGURES, "0123456789.,-– mskfp".chars(), &mut shelf);
            atlas.height = shelf.y + shelf.height;
        }
        atlas.height = atlas.height.max(1);
        atlas.texels.resize((WIDTH * atlas.height) as usize, 0);
        atlas
    }

    fn add(&mut self, font: &FontRef<'_>, size: Size, height: f32, characters: impl Iterator<Item = char>, shelf: &mut Shelf) {
        let scaled = PxScale::from((height * self.scale).round());
        let metrics = font.as_scaled(scaled);
        self.advance[size as usize] = metrics.h_advance(font.glyph_id('0')).round();
        self.ascent[size as usize] = metrics.ascent().round();
        for character in characters {
            let glyph = font.glyph_id(character).with_scale(scaled);
            let Some(outline) = font.outline_glyph(glyph) else { continue };
            let bounds = outline.px_bounds();
            let (width, height) = (bounds.width().ceil() as u32, bounds.height().ceil() as u32);
            if shelf.x + width + 1 > WIDTH {
                *shelf = Shelf { x: 0, y: shelf.y + shelf.height, height: 0 };
            }
            // One empty texel between neighbors keeps them apart.
            shelf.height = shelf.height.max(height + 1);
            let source = (shelf.x, shelf.y);
            shelf.x += width + 1;
            self.texels.resize(self.texels.len().max((WIDTH * (shelf.y + shelf.height)) as usize), 0);
            outline.draw(|x, y, coverage| {
                if x < width && y < height {
                    let at = (source.1 + y) * WIDTH + source.0 + x;
                    self.texels[at as usize] = (coverage.clamp(0.0, 1.0) * 255.0).round() as u8;
                }
            });
            let glyph = Glyph { source, size: (width, height), offset: (bounds.min.x, bounds.min.y) };
            self.glyphs.insert((size, character), glyph);
        }
    }

    /// The glyph of a character, or that of a question mark; none for spaces.
    pub(super) fn glyph(&self, size: Size, character: char) -> Option<Glyph> {
        if character == ' ' {
            return None;
        }
        self.glyphs.get(&(size, character)).or_else(|| self.glyphs.get(&(size, UNKNOWN))).copied()
    }

    /// Pixels from one character to the next.
    pub(super) fn advance(&self, size: Size) -> f32 {
        self.advance[size as usize]
    }

    /// Pixels from a line's top to its baseline.
    pub(super) fn ascent(&self, size: Size) -> f32 {
        self.ascent[size as usize]
    }

    /// The atlas as a texture.
    pub(super) fn upload(&self, gpu: &Gpu) -> wgpu::TextureView {
        let size = wgpu::Extent3d { width: WIDTH, height: self.height, depth_or_array_layers: 1 };
        let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("glyphs"),
            size,
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::R8Unorm,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(WIDTH), rows_per_image: None };
        gpu.queue.write_texture(texture.as_image_copy(), &self.texels, layout, size);
        texture.create_view(&wgpu::TextureViewDescriptor::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_printable_character_has_a_glyph_at_every_scale() {
        for scale in [0.0, 1.0, 1.5, 3.0, 100.0, f32::NAN] {
            let atlas = Atlas::new(scale);
            for character in ('!'..='~').chain(EXTRA.chars()) {
                let glyph = atlas.glyph(Size::Text, character).expect("a glyph");
                assert!(glyph.source.0 + glyph.size.0 <= WIDTH && glyph.source.1 + glyph.size.1 <= atlas.height);
            }
            assert!(atlas.advance(Size::Text) >= 1.0 && atlas.glyph(Size::Text, '漢').is_some());
        }
    }
}
