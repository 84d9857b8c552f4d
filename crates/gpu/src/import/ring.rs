//! A ring of textures that OpenGL writes and wgpu samples, the same memory under both.
//!
//! ```text
//! GlFrame ────────blit────────► slot ──fence──► signalled ──► SharedFrame { texture, guard } ──► compositor
//!                               ▲                                                  │
//!                               └──────────── free when the last guard is dropped ─┘
//! ```
//!
//! The blit is the only copy of a page frame, and the GPU makes it. Nothing here blocks: a frame is handed out when its fence
//! has signalled, and if no slot is free the caller tries again after the next wake.

#![expect(unsafe_code, reason = "blits between framebuffers and waits for fences")]

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use glow::HasContext as _;
use thiserror::Error;

use super::gl::{Bindings, GlContext, GlFrame};
use super::sys;
use crate::device::Gpu;
use crate::lease::{FrameGuard, Lease, OnFree};
use crate::limits::{FENCE_TIMEOUT, MAX_FENCE_WAIT, MAX_SHARED_FRAME_BYTES, RING_SLOTS};

/// Why frames cannot be shared between OpenGL and wgpu. The page then goes through the CPU, and says so with this text.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ShareError {
    /// This operating system has no sharing written for it.
    #[error("sharing frames between OpenGL and {backend:?} is not supported on this system")]
    Platform {
        /// wgpu's backend.
        backend: wgpu::Backend,
    },
    /// The Vulkan driver cannot export memory.
    #[error("the Vulkan driver lacks VK_KHR_external_memory_fd")]
    NoExport,
    /// The OpenGL driver cannot import memory.
    #[error("the OpenGL driver lacks GL_EXT_memory_object_fd")]
    NoImport,
    /// OpenGL and Vulkan run on different devices or drivers.
    #[error("OpenGL and Vulkan run on different devices or drivers")]
    DifferentDevices,
    /// The frame is beyond what one slot may take.
    #[error("a frame of {width}×{height} pixels is too large to be shared")]
    TooLarge {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// A Vulkan call failed.
    #[error("Vulkan failed while {step}: {reason}")]
    Vulkan {
        /// What was being done.
        step: &'static str,
        /// What the driver said.
        reason: String,
    },
    /// An OpenGL call failed.
    #[error("OpenGL failed while {step}: {reason}")]
    OpenGl {
        /// What was being done.
        step: &'static str,
        /// What the driver said.
        reason: String,
    },
}

impl ShareError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Platform { .. } => "SHARE_UNSUPPORTED_SYSTEM",
            Self::NoExport => "SHARE_NO_VULKAN_EXPORT",
            Self::NoImport => "SHARE_NO_OPENGL_IMPORT",
            Self::DifferentDevices => "SHARE_DIFFERENT_DEVICES",
            Self::TooLarge { .. } => "SHARE_FRAME_TOO_LARGE",
            Self::Vulkan { .. } => "SHARE_VULKAN_FAILED",
            Self::OpenGl { .. } => "SHARE_OPENGL_FAILED",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoExport | Self::NoImport => Some("update the graphics driver; Mesa has it since 20.0".to_owned()),
            Self::DifferentDevices => Some(
                "choose the GPU that OpenGL uses, or the software device; with NVIDIA's own driver OpenGL without a window is \
                 Mesa's software one"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

/// A finished frame: what OpenGL drew, as a texture.
#[derive(Debug, Clone)]
pub struct SharedFrame<Stamp> {
    /// RGBA8, not sRGB-typed, the lowest row first, as OpenGL has it. To be sampled or copied from; anything that writes to it would race with OpenGL.
    pub texture: wgpu::Texture,
    /// Keeps the texture's contents.
    pub guard: FrameGuard,
    /// What was given to [`SharedRing::submit`].
    pub stamp: Stamp,
}

struct Slot {
    texture: wgpu::Texture,
    binding: sys::GlBinding,
    lease: Lease,
    /// Between the blit and its fence.
    busy: bool,
}

impl Slot {
    fn is_free(&self) -> bool {
        !self.busy && self.lease.is_free()
    }
}

struct Pending<Stamp> {
    slot: usize,
    fence: glow::Fence,
    since: Instant,
    stamp: Stamp,
}

/// The ring, for frames of one size. A new size takes a new ring; frames of the old one stay valid until they are dropped.
pub struct SharedRing<Stamp> {
    context: Rc<GlContext>,
    slots: Vec<Slot>,
    pending: VecDeque<Pending<Stamp>>,
    size: (u32, u32),
}

impl<Stamp> SharedRing<Stamp> {
    /// Whether `gpu` and `context` can share memory at all, without making anything.
    ///
    /// # Errors
    /// The first reason why not.
    pub fn supported(gpu: &Gpu, context: &GlContext) -> Result<(), ShareError> {
        if !sys::SUPPORTED || gpu.info.backend != wgpu::Backend::Vulkan {
            return Err(ShareError::Platform { backend: gpu.info.backend });
        }
        if !gpu.info.fd_export {
            return Err(ShareError::NoExport);
        }
        let identity = context.identity().ok_or(ShareError::NoImport)?;
        let same_driver = gpu.info.driver_uuid == Some(identity.driver);
        let same_device = gpu.info.device_uuid.is_some_and(|device| identity.devices.contains(&device));
        if same_driver && same_device { Ok(()) } else { Err(ShareError::DifferentDevices) }
    }

    /// Makes the ring's textures. `on_free` is called, on any thread, when a slot becomes free.
    ///
    /// # Errors
    /// Any [`ShareError`]; nothing is left behind.
    pub fn new(gpu: &Gpu, context: &Rc<GlContext>, size: (u32, u32), on_free: &OnFree) -> Result<Self, ShareError> {
        Self::supported(gpu, context)?;
        let bytes = u64::from(size.0) * u64::from(size.1) * 4;
        let longest = size.0.max(size.1);
        if bytes == 0 || bytes > MAX_SHARED_FRAME_BYTES || longest > gpu.info.max_texture_side || longest > context.max_side() {
            return Err(ShareError::TooLarge { width: size.0, height: size.1 });
        }
        let exported = (0..RING_SLOTS).map(|_| sys::export_texture(gpu, size)).collect::<Result<Vec<_>, _>>()?;
        let textures: Vec<&wgpu::Texture> = exported.iter().map(|slot| &slot.texture).collect();
        settle(gpu, &textures)?;
        let slots = exported
            .into_iter()
            .map(|slot| {
                let binding = sys::GlBinding::new(context, slot.memory, size)?;
                Ok(Slot { texture: slot.texture, binding, lease: Lease::new(OnFree::clone(on_free)), busy: false })
            })
            .collect::<Result<Vec<_>, ShareError>>()?;
        Ok(Self { context: Rc::clone(context), slots, pending: VecDeque::new(), size })
    }

    /// Width and height of the frames in pixels.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Whether [`submit`](Self::submit) has a slot to copy into.
    #[must_use]
    pub fn has_free_slot(&self) -> bool {
        self.slots.iter().any(Slot::is_free)
    }

    /// Starts the copy of `frame` into a free slot. `Err` gives the stamp back if no slot is free or the sizes differ.
    ///
    /// # Errors
    /// The stamp; try again after the next wake.
    pub fn submit(&mut self, frame: &GlFrame, stamp: Stamp) -> Result<(), Stamp> {
        if frame.size() != self.size || self.context.make_current().is_err() {
            return Err(stamp);
        }
        let Some(index) = self.slots.iter().position(Slot::is_free) else {
            return Err(stamp);
        };
        let target = self.slots[index].binding.framebuffer();
        // The size fits `i32`: it is within the limits of a texture.
        let (width, height) = (self.size.0.cast_signed(), self.size.1.cast_signed());
        let gl = self.context.glow();
        // SAFETY: the context is current, both framebuffers are alive and of this size, the bindings are restored, and nobody
        // samples the slot's memory meanwhile, because its lease is free.
        let fence = unsafe {
            let _bindings = Bindings::save(&gl);
            gl.disable(glow::SCISSOR_TEST);
            gl.bind_framebuffer(glow::READ_FRAMEBUFFER, Some(frame.name()));
            gl.bind_framebuffer(glow::DRAW_FRAMEBUFFER, Some(target));
            // Not turned over, although wgpu's first row is the highest: like this it is a plain copy, which needs no shader.
            gl.blit_framebuffer(0, 0, width, height, 0, 0, width, height, glow::COLOR_BUFFER_BIT, glow::NEAREST);
            let fence = gl.fence_sync(glow::SYNC_GPU_COMMANDS_COMPLETE, 0);
            gl.flush();
            fence
        };
        let Ok(fence) = fence else {
            return Err(stamp);
        };
        self.slots[index].busy = true;
        self.pending.push_back(Pending { slot: index, fence, since: Instant::now(), stamp });
        Ok(())
    }

    /// Whether a copy is on its way, so that [`poll`](Self::poll) may have something soon.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The newest frame whose copy has finished, if one did since the last call; older ones are passed over. Waits for the
    /// oldest copy up to `wait`, at most [`MAX_FENCE_WAIT`].
    ///
    /// # Errors
    /// [`ShareError::OpenGl`] if a copy will never finish, as after the driver has reset the GPU, or has not in [`FENCE_TIMEOUT`]. Nothing is pending then, and the ring
    /// is of no more use.
    pub fn poll(&mut self, wait: Duration) -> Result<Option<SharedFrame<Stamp>>, ShareError> {
        if self.pending.is_empty() {
            return Ok(None);
        }
        if let Err(error) = self.context.make_current() {
            return Err(self.give_up(format!("{error:?}")));
        }
        let gl = self.context.glow();
        let mut nanoseconds = i32::try_from(wait.min(MAX_FENCE_WAIT).as_nanos()).unwrap_or(i32::MAX);
        let mut newest = None;
        while let Some(front) = self.pending.front() {
            // SAFETY: the context is current and the fence is ours and alive.
            let status = unsafe { gl.client_wait_sync(front.fence, glow::SYNC_FLUSH_COMMANDS_BIT, nanoseconds) };
            match status {
                glow::ALREADY_SIGNALED | glow::CONDITION_SATISFIED => nanoseconds = 0,
                glow::TIMEOUT_EXPIRED if front.since.elapsed() < FENCE_TIMEOUT => break,
                glow::TIMEOUT_EXPIRED => return Err(self.give_up(format!("it takes longer than {FENCE_TIMEOUT:?}"))),
                _ => return Err(self.give_up("the wait for it failed".to_owned())),
            }
            let Some(done) = self.pending.pop_front() else { break };
            // SAFETY: as above; nobody else has the fence.
            unsafe { gl.delete_sync(done.fence) };
            let slot = &mut self.slots[done.slot];
            slot.busy = false;
            newest = Some(SharedFrame { texture: slot.texture.clone(), guard: slot.lease.guard(), stamp: done.stamp });
        }
        Ok(newest)
    }

    /// Forgets all copies on their way.
    fn give_up(&mut self, reason: String) -> ShareError {
        // Their fences go with the context, in which nothing works any more.
        for pending in self.pending.drain(..) {
            self.slots[pending.slot].busy = false;
        }
        ShareError::OpenGl { step: "copying a frame", reason }
    }
}

impl<Stamp> Drop for SharedRing<Stamp> {
    fn drop(&mut self) {
        if self.context.make_current().is_err() {
            return;
        }
        let gl = self.context.glow();
        // SAFETY: the context is current. Not every driver counts memory that was imported: Mesa's llvmpipe takes the mapping away from under a copy that it still
        // makes, so there must be none.
        unsafe { gl.finish() };
        for pending in self.pending.drain(..) {
            // SAFETY: the context is current and the fence is ours.
            unsafe { gl.delete_sync(pending.fence) };
        }
    }
}

/// Brings the new textures into the state in which they are sampled, before OpenGL first writes to them. They are not cleared: what is sampled was blitted before, all over.
///
/// wgpu believes a foreign texture's first state. Were the first use of the texture the compositor's, wgpu would start from
/// "contents undefined", and a driver may then throw away what OpenGL drew.
fn settle(gpu: &Gpu, textures: &[&wgpu::Texture]) -> Result<(), ShareError> {
    let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("settle shared textures") });
    encoder.transition_resources(
        std::iter::empty(),
        textures.iter().map(|texture| wgpu::wgt::TextureTransition {
            texture: *texture,
            selector: None,
            state: wgpu::TextureUses::RESOURCE,
        }),
    );
    let submission = gpu.queue.submit([encoder.finish()]);
    gpu.device
        .poll(wgpu::PollType::Wait { submission_index: Some(submission), timeout: Some(crate::limits::SETTLE_TIMEOUT) })
        .map_err(|error| ShareError::Vulkan { step: "settling the shared textures", reason: error.to_string() })?;
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
