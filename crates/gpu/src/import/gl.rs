//! An OpenGL context without a window.
//!
//! The context is surfman's, because Servo hands WebGL canvases over as surfman surfaces. On Linux it is opened on Mesa's
//! surfaceless platform, so it needs neither a display server nor a GPU. The context is bound to the thread that made it; the
//! type is `!Send`, and every entry point of this module makes it current first, so no caller can get that wrong.

#![expect(unsafe_code, reason = "OpenGL's functions are loaded and called here")]

mod bindings;
mod frame;
pub(crate) mod memory;

use std::cell::RefCell;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use euclid::default::Size2D;
use glow::HasContext as _;
use surfman::{ContextAttributeFlags, ContextAttributes, GLApi, GLVersion};
use thiserror::Error;

pub(crate) use bindings::Bindings;
pub use frame::GlFrame;
pub use memory::GlIdentity;
use memory::MemoryFunctions;

/// Why there is no OpenGL context.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GlError {
    /// The library itself is missing, or it failed while starting.
    #[error("OpenGL could not be started: {0}")]
    Library(String),
    /// surfman could not open a device or make a context.
    #[error("no OpenGL context could be made ({step}): {reason:?}")]
    Context {
        /// What was being done.
        step: &'static str,
        /// What surfman said.
        reason: surfman::Error,
    },
    /// OpenGL refused to make an object.
    #[error("OpenGL failed to make {what} of {width}×{height} pixels: {reason}")]
    Object {
        /// The object.
        what: &'static str,
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
        /// OpenGL's error or status.
        reason: String,
    },
}

impl GlError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Library(_) => "NO_OPENGL",
            Self::Context { .. } => "OPENGL_CONTEXT_FAILED",
            Self::Object { .. } => "OPENGL_OBJECT_FAILED",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Library(_) | Self::Context { .. } if cfg!(target_os = "linux") => {
                Some("install OpenGL: on Debian and Ubuntu `apt install libegl1 libgl1-mesa-dri`".to_owned())
            }
            Self::Library(_) | Self::Context { .. } => Some("update the graphics driver".to_owned()),
            Self::Object { .. } => Some("make the page smaller".to_owned()),
        }
    }
}

/// An OpenGL context without a window, current on the thread that made it.
pub struct GlContext {
    gleam: Rc<dyn gleam::gl::Gl>,
    glow: Arc<glow::Context>,
    memory: Option<MemoryFunctions>,
    description: String,
    device: RefCell<surfman::Device>,
    context: RefCell<surfman::Context>,
}

impl GlContext {
    /// Opens a context, in software beside a Vulkan in software, on the hardware otherwise.
    ///
    /// Side effect: on Linux surfman sets or removes the environment variables `LIBGL_ALWAYS_SOFTWARE` and `DRI_PRIME`. Choose
    /// the GPU device first, and read no environment on other threads meanwhile.
    ///
    /// # Errors
    /// [`GlError::Library`] if there is no OpenGL on the machine, [`GlError::Context`] if it has none for us.
    pub fn open(software: bool) -> Result<Rc<Self>, GlError> {
        // surfman panics where it cannot load the system's EGL library.
        catch_unwind(AssertUnwindSafe(|| Self::open_with(software))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Err(GlError::Library(text.unwrap_or_else(|| "unknown reason".to_owned())))
        })
    }

    fn open_with(software: bool) -> Result<Rc<Self>, GlError> {
        let step = |step| move |reason| GlError::Context { step, reason };
        let connection = connect().map_err(step("connecting"))?;
        let adapter = if software {
            connection.create_software_adapter()
        } else {
            // Not the "hardware" adapter: that one asks for the second GPU of a laptop through `DRI_PRIME`, which is rarely the
            // one that Vulkan chose.
            connection.create_low_power_adapter()
        }
        .map_err(step("choosing the adapter"))?;
        let device = connection.create_device(&adapter).map_err(step("opening the device"))?;
        let api = connection.gl_api();
        let version = match api {
            GLApi::GL => GLVersion::new(3, 2),
            GLApi::GLES => GLVersion::new(3, 0),
        };
        let flags = ContextAttributeFlags::ALPHA | ContextAttributeFlags::DEPTH | ContextAttributeFlags::STENCIL;
        let descriptor =
            device.create_context_descriptor(&ContextAttributes { version, flags }).map_err(step("choosing the configuration"))?;
        let mut context = device.create_context(&descriptor, None).map_err(step("making the context"))?;
        if let Err(reason) = device.make_context_current(&context) {
            let _ = device.destroy_context(&mut context);
            return Err(GlError::Context { step: "making the context current", reason });
        }
        let load = |name: &str| -> *const c_void { device.get_proc_address(&context, name) };
        // SAFETY: the addresses come from the context that is current on this thread; the tables are used only while it is.
        let (gleam, glow, memory) = unsafe {
            let gleam = match api {
                GLApi::GL => gleam::gl::GlFns::load_with(load),
                GLApi::GLES => gleam::gl::GlesFns::load_with(load),
            };
            let glow = glow::Context::from_loader_function(load);
            let memory = MemoryFunctions::load(&glow, load);
            (gleam, glow, memory)
        };
        // SAFETY: the context is current.
        let description =
            unsafe { format!("{}, OpenGL {}", glow.get_parameter_string(glow::RENDERER), glow.get_parameter_string(glow::VERSION)) };
        Ok(Rc::new(Self { gleam, glow: Arc::new(glow), memory, description, device: RefCell::new(device), context: RefCell::new(context) }))
    }

    /// Renderer and version, for people.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Makes the context current on this thread.
    ///
    /// # Errors
    /// surfman's, if the context is lost.
    pub fn make_current(&self) -> Result<(), surfman::Error> {
        self.device.borrow().make_context_current(&self.context.borrow())
    }

    /// The function table that Servo's painting uses.
    #[must_use]
    pub fn gleam(&self) -> Rc<dyn gleam::gl::Gl> {
        Rc::clone(&self.gleam)
    }

    /// The function table that our own code uses.
    #[must_use]
    pub fn glow(&self) -> Arc<glow::Context> {
        Arc::clone(&self.glow)
    }

    /// The connection on which WebGL contexts are made.
    #[must_use]
    pub fn connection(&self) -> surfman::Connection {
        self.device.borrow().connection()
    }

    /// Wraps a WebGL canvas' surface as a texture of this context: the surfman object, the OpenGL name and the size in pixels.
    /// `None` if the surface belongs to another device.
    #[must_use]
    pub fn create_texture(&self, surface: surfman::Surface) -> Option<(surfman::SurfaceTexture, u32, Size2D<i32>)> {
        let device = self.device.borrow();
        let mut context = self.context.borrow_mut();
        let size = device.surface_info(&surface).size;
        let texture = match device.create_surface_texture(&mut context, surface) {
            Ok(texture) => texture,
            Err((error, mut surface)) => {
                tracing::warn!("a WebGL canvas could not be shown: {error:?}");
                // surfman panics on a surface that is dropped alive.
                let _ = device.destroy_surface(&mut context, &mut surface);
                return None;
            }
        };
        let name = device.surface_texture_object(&texture).map_or(0, |texture| texture.0.get());
        Some((texture, name, size))
    }

    /// Undoes [`create_texture`](Self::create_texture) and returns the surface.
    #[must_use]
    pub fn destroy_texture(&self, texture: surfman::SurfaceTexture) -> Option<surfman::Surface> {
        let device = self.device.borrow();
        let mut context = self.context.borrow_mut();
        match device.destroy_surface_texture(&mut context, texture) {
            Ok(surface) => Some(surface),
            Err((error, texture)) => {
                tracing::warn!("a WebGL canvas' texture could not be released: {error:?}");
                // Leaking it is the lesser evil: surfman panics on a texture that is dropped alive.
                std::mem::forget(texture);
                None
            }
        }
    }

    /// The largest side of a framebuffer, in pixels.
    #[must_use]
    pub fn max_side(&self) -> u32 {
        if self.make_current().is_err() {
            return 0;
        }
        // SAFETY: the context is current.
        let side =
            unsafe { self.glow.get_parameter_i32(glow::MAX_TEXTURE_SIZE).min(self.glow.get_parameter_i32(glow::MAX_RENDERBUFFER_SIZE)) };
        u32::try_from(side).unwrap_or(0)
    }

    /// Which device and driver this context runs on; `None` if it cannot share memory.
    #[must_use]
    pub fn identity(&self) -> Option<GlIdentity> {
        self.make_current().ok()?;
        self.memory.as_ref().map(|functions| functions.identity())
    }

    pub(crate) fn memory(&self) -> Option<&MemoryFunctions> {
        self.memory.as_ref()
    }

    /// Takes the oldest error off OpenGL's list; `Ok` if there is none.
    pub(crate) fn check(&self) -> Result<(), String> {
        // SAFETY: callers have made the context current.
        match unsafe { self.glow.get_error() } {
            glow::NO_ERROR => Ok(()),
            code => Err(format!("OpenGL error 0x{code:04x}")),
        }
    }
}

impl Drop for GlContext {
    fn drop(&mut self) {
        // surfman panics on a context that is dropped alive.
        let _ = self.device.get_mut().destroy_context(self.context.get_mut());
    }
}

#[cfg(target_os = "linux")]
fn connect() -> Result<surfman::Connection, surfman::Error> {
    // Not `surfman::Connection::new`: it prefers X11 and Wayland, which need a display and assert that it works.
    Ok(surfman::Connection::Alternate(surfman::mesa_surfaceless::connection::Connection::new()?))
}

#[cfg(not(target_os = "linux"))]
fn connect() -> Result<surfman::Connection, surfman::Error> {
    surfman::Connection::new()
}
