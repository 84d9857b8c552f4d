//! The framebuffer the page is painted into.
//!
//! One per size, and the same one for every frame of that size: WebRender need not know about the ring behind it, and the newest
//! picture can be handed out again at any time.

#![expect(unsafe_code, reason = "makes and reads an OpenGL framebuffer")]

use std::rc::Rc;

use glow::HasContext as _;

use super::{Bindings, GlContext, GlError};

/// A framebuffer with RGBA8 colour and 24+8 bits of depth and stencil. Its first row is the lowest one of the picture, as is
/// OpenGL's way.
pub struct GlFrame {
    context: Rc<GlContext>,
    framebuffer: glow::Framebuffer,
    colour: glow::Renderbuffer,
    depth: glow::Renderbuffer,
    size: (u32, u32),
}

impl GlFrame {
    /// Makes a framebuffer of `size` pixels, cleared to transparent.
    ///
    /// # Errors
    /// [`GlError::Context`] if the context is lost, [`GlError::Object`] if OpenGL refuses, for example because the size is zero
    /// or beyond [`GlContext::max_side`].
    pub fn new(context: &Rc<GlContext>, size: (u32, u32)) -> Result<Self, GlError> {
        context.make_current().map_err(|reason| GlError::Context { step: "making the context current", reason })?;
        let refused = |what: &'static str, reason: String| GlError::Object { what, width: size.0, height: size.1, reason };
        let (Ok(width), Ok(height)) = (i32::try_from(size.0), i32::try_from(size.1)) else {
            return Err(refused("a framebuffer", "too large".to_owned()));
        };
        let gl = &context.glow;
        // SAFETY: the context is current, and `bindings` restores what is changed.
        unsafe {
            let bindings = Bindings::save(gl);
            let framebuffer = gl.create_framebuffer().map_err(|reason| refused("a framebuffer", reason))?;
            let colour = gl.create_renderbuffer().map_err(|reason| refused("a colour buffer", reason))?;
            let depth = gl.create_renderbuffer().map_err(|reason| refused("a depth buffer", reason))?;
            // From here on the destructor cleans up.
            let frame = Self { context: Rc::clone(context), framebuffer, colour, depth, size };
            gl.bind_renderbuffer(glow::RENDERBUFFER, Some(colour));
            gl.renderbuffer_storage(glow::RENDERBUFFER, glow::RGBA8, width, height);
            gl.bind_renderbuffer(glow::RENDERBUFFER, Some(depth));
            gl.renderbuffer_storage(glow::RENDERBUFFER, glow::DEPTH24_STENCIL8, width, height);
            gl.bind_framebuffer(glow::FRAMEBUFFER, Some(framebuffer));
            gl.framebuffer_renderbuffer(glow::FRAMEBUFFER, glow::COLOR_ATTACHMENT0, glow::RENDERBUFFER, Some(colour));
            gl.framebuffer_renderbuffer(glow::FRAMEBUFFER, glow::DEPTH_STENCIL_ATTACHMENT, glow::RENDERBUFFER, Some(depth));
            let status = gl.check_framebuffer_status(glow::FRAMEBUFFER);
            let errors = context.check();
            if status == glow::FRAMEBUFFER_COMPLETE && errors.is_ok() {
                gl.disable(glow::SCISSOR_TEST);
                gl.clear_buffer_f32_slice(glow::COLOR, 0, &[0.0; 4]);
            }
            drop(bindings);
            errors.map_err(|reason| refused("a framebuffer", reason))?;
            if status != glow::FRAMEBUFFER_COMPLETE {
                return Err(refused("a complete framebuffer", format!("status 0x{status:04x}")));
            }
            Ok(frame)
        }
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Binds the framebuffer for drawing and reading. Not undone.
    pub fn bind(&self) {
        if self.context.make_current().is_ok() {
            // SAFETY: the context is current and the framebuffer is alive.
            unsafe { self.context.glow.bind_framebuffer(glow::FRAMEBUFFER, Some(self.framebuffer)) };
        }
    }

    /// Reads a rectangle back to the CPU: RGBA8, rows from the top of the picture. `origin` counts from the lower left, as
    /// OpenGL does. This waits for the drawing to finish. `false` and unchanged pixels if the rectangle leaves the picture.
    pub fn read(&self, origin: (u32, u32), size: (u32, u32), pixels: &mut Vec<u8>) -> bool {
        let is_read = self.read_upwards(origin, size, pixels);
        if is_read {
            flip_rows(pixels, size.0 as usize * 4);
        }
        is_read
    }

    /// As [`Self::read`], rows from the bottom of the picture.
    pub fn read_upwards(&self, origin: (u32, u32), size: (u32, u32), pixels: &mut Vec<u8>) -> bool {
        let inside = |at: u32, length: u32, limit: u32| at.checked_add(length).is_some_and(|end| end <= limit);
        if !inside(origin.0, size.0, self.size.0) || !inside(origin.1, size.1, self.size.1) || self.context.make_current().is_err() {
            return false;
        }
        let stride = size.0 as usize * 4;
        pixels.clear();
        pixels.resize(stride * size.1 as usize, 0);
        let gl = &self.context.glow;
        // SAFETY: the context is current; the slice is as long as rows × stride, four bytes a pixel are always packed tightly,
        // and without a pack buffer OpenGL writes to the slice. Sizes below `i32::MAX` were checked when the frame was made.
        unsafe {
            let _bindings = Bindings::save(gl);
            gl.bind_framebuffer(glow::READ_FRAMEBUFFER, Some(self.framebuffer));
            gl.bind_buffer(glow::PIXEL_PACK_BUFFER, None);
            gl.read_pixels(
                origin.0.cast_signed(),
                origin.1.cast_signed(),
                size.0.cast_signed(),
                size.1.cast_signed(),
                glow::RGBA,
                glow::UNSIGNED_BYTE,
                glow::PixelPackData::Slice(Some(pixels)),
            );
        }
        true
    }

    pub(crate) fn name(&self) -> glow::Framebuffer {
        self.framebuffer
    }
}

impl Drop for GlFrame {
    fn drop(&mut self) {
        if self.context.make_current().is_ok() {
            let gl = &self.context.glow;
            // SAFETY: the context is current and the names are ours; deleting a bound object unbinds it.
            unsafe {
                gl.delete_framebuffer(self.framebuffer);
                gl.delete_renderbuffer(self.colour);
                gl.delete_renderbuffer(self.depth);
            }
        }
    }
}

/// Turns the picture upside down in place.
fn flip_rows(pixels: &mut [u8], stride: usize) {
    if stride == 0 {
        return;
    }
    let mut rows = pixels.chunks_exact_mut(stride);
    while let (Some(first), Some(last)) = (rows.next(), rows.next_back()) {
        first.swap_with_slice(last);
    }
}

#[cfg(test)]
mod tests {
    use super::flip_rows;

    #[test]
    fn rows_change_places() {
        for (rows, expected) in [(vec![1, 1, 2, 2, 3, 3], vec![3, 3, 2, 2, 1, 1]), (vec![1, 1, 2, 2], vec![2, 2, 1, 1]), (vec![], vec![])] {
            let mut pixels = rows;
            flip_rows(&mut pixels, 2);
            assert_eq!(pixels, expected);
        }
    }
}
