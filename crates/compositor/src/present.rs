//! Stage five: the frame onto a window. The window's images have an unknown age, so the whole frame is put onto each; the frame
//! itself was drawn by damage.

use wasm_engine_gpu::Gpu;

use crate::error::ComposeError;
use crate::pipelines;
use crate::target::{self, Framebuffer};

/// How frames are given to the display.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum Pace {
    /// One per refresh, in order; composing waits for the display.
    #[default]
    Fifo,
    /// The newest at each refresh, without waiting; `Fifo` where the display cannot.
    Mailbox,
}

/// Formats of a window's images that take what is encoded already, as the frame is, the best first. An sRGB format would encode it once more, a float one takes light.
const ENCODED: [wgpu::TextureFormat; 3] =
    [wgpu::TextureFormat::Bgra8Unorm, wgpu::TextureFormat::Rgba8Unorm, wgpu::TextureFormat::Rgb10a2Unorm];

/// A window to present to.
pub(crate) struct Window {
    surface: wgpu::Surface<'static>,
    config: wgpu::SurfaceConfiguration,
    pipeline: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
    /// Binding of the framebuffer's texture.
    binding: Option<(wgpu::Texture, wgpu::BindGroup)>,
    /// The configuration is not that of the surface.
    outdated: bool,
    /// Nobody can see the window, so it takes no images; an event tells when that is over.
    hidden: bool,
    /// The window does not show the newest frame.
    pub(crate) due: bool,
}

impl Window {
    /// Prepares presenting. None when the device cannot present to the surface at all.
    pub(crate) fn new(gpu: &Gpu, surface: wgpu::Surface<'static>, pace: Pace, size: (u32, u32)) -> Option<Self> {
        let mut config = surface.get_default_config(&gpu.adapter, size.0.max(1), size.1.max(1))?;
        let capabilities = surface.get_capabilities(&gpu.adapter);
        match ENCODED.iter().find(|format| capabilities.formats.contains(format)) {
            Some(format) => config.format = *format,
            None => {
                tracing::warn!(code = "WINDOW_FORMAT", format = ?config.format, "the window takes no plain colors; what it shows is too bright")
            }
        }
        config.present_mode = match pace {
            Pace::Mailbox if capabilities.present_modes.contains(&wgpu::PresentMode::Mailbox) => wgpu::PresentMode::Mailbox,
            _ => wgpu::PresentMode::Fifo,
        };
        let texture = wgpu::BindGroupLayoutEntry {
            binding: 0,
            visibility: wgpu::ShaderStages::FRAGMENT,
            ty: wgpu::BindingType::Texture {
                sample_type: wgpu::TextureSampleType::Float { filterable: false },
                view_dimension: wgpu::TextureViewDimension::D2,
                multisampled: false,
            },
            count: None,
        };
        let entries = &[texture];
        let layout = gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some("present"), entries });
        let pipeline = pipelines::present(&gpu.device, &layout, config.format);
        Some(Self { surface, config, pipeline, layout, binding: None, outdated: true, hidden: false, due: true })
    }

    /// Takes another size; the surface follows at the next image, so that a storm of resizes costs nothing.
    pub(crate) fn resize(&mut self, size: (u32, u32)) {
        if (self.config.width, self.config.height) != size {
            (self.config.width, self.config.height) = size;
            self.outdated = true;
            self.due = true;
        }
    }

    /// Gets the window's images, while there is time for it.
    pub(crate) fn get_ready(&mut self, gpu: &Gpu) {
        if self.outdated {
            self.configure(gpu);
        }
    }

    /// Brings the surface up to its configuration. False when the GPU was too busy for it; a surface that was never configured must not be asked
    /// for an image.
    fn configure(&mut self, gpu: &Gpu) -> bool {
        let scope = gpu.device.push_error_scope(wgpu::ErrorFilter::Validation);
        self.surface.configure(&gpu.device, &self.config);
        let failure = pollster::block_on(scope.pop());
        if let Some(error) = &failure {
            tracing::debug!("the window is configured later: {error}");
        }
        self.outdated = failure.is_some();
        failure.is_none()
    }

    /// The next image to draw to. None when there is none now: the window is hidden, or the display is behind.
    pub(crate) fn image(&mut self, gpu: &Gpu) -> Result<Option<wgpu::SurfaceTexture>, ComposeError> {
        self.hidden = false;
        // Twice: an outdated surface is configured anew and asked once more.
        for _ in 0..2 {
            if self.outdated && !self.configure(gpu) {
                return Ok(None);
            }
            match self.surface.get_current_texture() {
                wgpu::CurrentSurfaceTexture::Success(image) => return Ok(Some(image)),
                wgpu::CurrentSurfaceTexture::Suboptimal(image) => {
                    // Usable now, to be configured before the next one.
                    self.outdated = true;
                    return Ok(Some(image));
                }
                wgpu::CurrentSurfaceTexture::Lost if gpu.health.is_lost() => return Err(ComposeError::DeviceLost),
                // A busy machine can fail to configure in time, which leaves the surface as it was: that is tried again, too.
                wgpu::CurrentSurfaceTexture::Outdated | wgpu::CurrentSurfaceTexture::Lost | wgpu::CurrentSurfaceTexture::Validation => {
                    self.outdated = true;
                }
                wgpu::CurrentSurfaceTexture::Occluded => {
                    self.hidden = true;
                    return Ok(None);
                }
                wgpu::CurrentSurfaceTexture::Timeout => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Whether the window did not get the newest frame though it could have been seen, so that it has to be tried again soon.
    pub(crate) fn is_behind(&self) -> bool {
        self.due && !self.hidden
    }

    /// Records the frame onto the image.
    pub(crate) fn encode(
        &mut self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        frame: &Framebuffer,
        image: &wgpu::SurfaceTexture,
    ) {
        if self.binding.as_ref().is_none_or(|(texture, _)| *texture != frame.texture) {
            let binding = crate::layers::texture::bind(device, &self.layout, &frame.view);
            self.binding = Some((frame.texture.clone(), binding));
        }
        let view = image.texture.create_view(&wgpu::TextureViewDescriptor::default());
        let mut pass = target::pass(encoder, "present", &view, wgpu::LoadOp::Clear(wgpu::Color::BLACK));
        if let Some((_, binding)) = &self.binding {
            pass.set_pipeline(&self.pipeline);
            pass.set_bind_group(0, binding, &[]);
            pass.draw(0..3, 0..1);
        }
    }
}
