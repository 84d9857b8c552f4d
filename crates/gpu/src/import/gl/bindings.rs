//! OpenGL state that our calls change, put back as it was.
//!
//! WebRender keeps its own idea of what is bound and skips calls that would change nothing; a binding left behind shows up as a
//! wrong frame much later.

#![expect(unsafe_code, reason = "reads and restores OpenGL state")]

use glow::HasContext as _;

/// The state at the time of [`save`](Self::save), restored on drop.
pub(crate) struct Bindings<'a> {
    gl: &'a glow::Context,
    draw: Option<glow::Framebuffer>,
    read: Option<glow::Framebuffer>,
    renderbuffer: Option<glow::Renderbuffer>,
    texture: Option<glow::Texture>,
    pack_buffer: Option<glow::Buffer>,
    scissor: bool,
}

impl<'a> Bindings<'a> {
    /// Notes the state.
    ///
    /// # Safety
    /// The context of `gl` is current on this thread and stays so until the value is dropped.
    pub(crate) unsafe fn save(gl: &'a glow::Context) -> Self {
        // SAFETY: the caller says that the context is current; all of these are plain queries of OpenGL 3.0.
        unsafe {
            Self {
                draw: gl.get_parameter_framebuffer(glow::DRAW_FRAMEBUFFER_BINDING),
                read: gl.get_parameter_framebuffer(glow::READ_FRAMEBUFFER_BINDING),
                renderbuffer: gl.get_parameter_renderbuffer(glow::RENDERBUFFER_BINDING),
                texture: gl.get_parameter_texture(glow::TEXTURE_BINDING_2D),
                pack_buffer: gl.get_parameter_buffer(glow::PIXEL_PACK_BUFFER_BINDING),
                scissor: gl.is_enabled(glow::SCISSOR_TEST),
                gl,
            }
        }
    }
}

impl Drop for Bindings<'_> {
    fn drop(&mut self) {
        let gl = self.gl;
        // SAFETY: `save`'s caller keeps the context current for as long as this value lives; the names were bound before.
        unsafe {
            gl.bind_framebuffer(glow::DRAW_FRAMEBUFFER, self.draw);
            gl.bind_framebuffer(glow::READ_FRAMEBUFFER, self.read);
            gl.bind_renderbuffer(glow::RENDERBUFFER, self.renderbuffer);
            gl.bind_texture(glow::TEXTURE_2D, self.texture);
            gl.bind_buffer(glow::PIXEL_PACK_BUFFER, self.pack_buffer);
            if self.scissor {
                gl.enable(glow::SCISSOR_TEST);
            } else {
                gl.disable(glow::SCISSOR_TEST);
            }
        }
    }
}
