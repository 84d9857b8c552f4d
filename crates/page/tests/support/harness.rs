//! A real page for tests: an app folder, its server, Servo, and the frames on the GPU of the machine, software or not.
//!
//! One process has one page, so every file under `tests/` that uses this has one test.

#![allow(dead_code, reason = "each test file uses a part of this")]

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use wasm_engine_gpu::{Gpu, GpuOptions};
pub(crate) use wasm_engine_page::Pixels;
use wasm_engine_page::bridge::Bridge;
use wasm_engine_page::server::{AppServer, ServerOptions};
use wasm_engine_page::{FramePath, Page, PageEvent, PageFrame, PageOptions, Wish};
use wasm_engine_telemetry::{Counter, Telemetry, TelemetryConfig};

/// Nothing that is waited for takes this long, even on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running page with everything around it.
pub(crate) struct App {
    pub(crate) page: Page,
    pub(crate) gpu: Arc<Gpu>,
    pub(crate) telemetry: Telemetry,
    pub(crate) options: PageOptions,
    frames: Receiver<()>,
    wishes: Receiver<Wish>,
    _server: AppServer,
    _bridge: Bridge,
    _stop: oneshot::Sender<()>,
    _folder: TempDir,
}

/// Starts a page of 320×200 pixels with this document.
pub(crate) fn open(html: &str, change: impl FnOnce(&mut PageOptions)) -> App {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("index.html"), html).expect("a file");
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (bridge, port) = Bridge::pair();
    let root = folder.path().to_owned();
    let server = AppServer::start(runtime.handle(), ServerOptions { root, bridge: port }).expect("a server");
    let (stop, stopped) = oneshot::channel::<()>();
    std::thread::spawn(move || runtime.block_on(stopped));
    let gpu = Gpu::new(&GpuOptions::default()).expect("a Vulkan device");
    let telemetry = Telemetry::new(TelemetryConfig::default());
    let (sender, frames) = channel();
    let (wish, wishes) = channel();
    let mut options = PageOptions {
        gpu: Arc::clone(&gpu).into(),
        url: server.url(),
        size: (320, 200),
        scale: 1.0,
        transparent: false,
        user_script: server.user_script(),
        frame_path: FramePath::Auto,
        telemetry: telemetry.clone(),
        on_frame: Some(Arc::new(move || {
            let _ = sender.send(());
        })),
        on_wish: Some(Arc::new(move |wanted| {
            let _ = wish.send(wanted);
        })),
    };
    change(&mut options);
    let page = Page::spawn(options.clone()).expect("a page");
    App { page, gpu, telemetry, options, frames, wishes, _server: server, _bridge: bridge, _stop: stop, _folder: folder }
}

impl App {
    /// The folder that the page may read.
    pub(crate) fn folder(&self) -> &Path {
        self._folder.path()
    }

    /// Waits until `find` finds something, asking again after every frame and ten times a second.
    pub(crate) fn wait_for<T>(&self, what: &str, mut find: impl FnMut(&Self) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = find(self) {
                return found;
            }
            assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
            let _ = self.frames.recv_timeout(Duration::from_millis(100));
        }
    }

    /// Waits for an event, and drops those before it.
    pub(crate) fn wait_event<T>(&self, what: &str, mut find: impl FnMut(PageEvent) -> Option<T>) -> T {
        self.wait_for(what, |app| std::iter::from_fn(|| app.page.next_event()).find_map(&mut find))
    }

    /// Waits for a wish, and drops those before it.
    pub(crate) fn wait_wish<T>(&self, what: &str, mut find: impl FnMut(Wish) -> Option<T>) -> T {
        self.wait_for(what, |app| app.wishes.try_iter().find_map(&mut find))
    }

    /// Whether no frame comes for as long as `time`.
    pub(crate) fn is_still(&self, time: Duration) -> bool {
        while self.frames.try_recv().is_ok() {}
        self.frames.recv_timeout(time) == Err(RecvTimeoutError::Timeout)
    }

    /// Runs a script and waits for its result.
    pub(crate) fn run(&self, script: &str) -> Value {
        let (sender, receiver) = channel();
        self.page.evaluate(script, move |result| drop(sender.send(result))).expect("the page takes scripts");
        receiver.recv_timeout(PATIENCE).expect("the page answers").expect("the script works")
    }

    /// Waits until a script's result is true.
    pub(crate) fn until(&self, script: &str) {
        self.wait_for(script, |app| {
            let (sender, receiver) = channel();
            app.page.evaluate(script, move |result| drop(sender.send(result))).expect("the page takes scripts");
            (receiver.recv_timeout(PATIENCE).expect("the page answers") == Ok(Value::Bool(true))).then_some(())
        });
    }

    /// Waits for the document and all it needs.
    pub(crate) fn loaded(&self) {
        self.wait_event("the document", |event| (event == PageEvent::Loaded).then_some(()));
    }

    /// Waits for a frame whose pixels are as wanted.
    pub(crate) fn wait_frame(&self, what: &str, mut wanted: impl FnMut(&PageFrame, &Pixels) -> bool) -> (PageFrame, Pixels) {
        let mut seen = 0;
        self.wait_for(what, |app| {
            let frame = app.page.latest_frame().filter(|frame| frame.generation != seen)?;
            seen = frame.generation;
            let pixels = texture_pixels(&app.gpu, &frame.texture);
            wanted(&frame, &pixels).then_some((frame, pixels))
        })
    }

    /// What OpenGL holds, read back by Servo's own way.
    pub(crate) fn painted(&self) -> Pixels {
        let (sender, receiver) = channel();
        self.page.read_pixels(move |pixels| drop(sender.send(pixels))).expect("the page takes commands");
        receiver.recv_timeout(PATIENCE).expect("the page answers").expect("the pixels can be read")
    }

    pub(crate) fn count(&self, counter: Counter) -> u64 {
        self.telemetry.counter(counter)
    }

    /// Ends the page, and checks that nothing went wrong on the GPU.
    pub(crate) fn close(self) {
        assert!(self.page.shutdown(PATIENCE), "Servo ends");
        assert_eq!(self.gpu.health.count(), 0, "{:?}", self.gpu.health.faults());
    }
}

/// The pixel at `x`, `y`.
pub(crate) fn at(pixels: &Pixels, x: u32, y: u32) -> [u8; 4] {
    let index = ((y * pixels.size.0 + x) * 4) as usize;
    pixels.rgba[index..index + 4].try_into().expect("four bytes")
}

/// Reads a page's frame back, whose first row is the lowest.
pub(crate) fn texture_pixels(gpu: &Gpu, texture: &wgpu::Texture) -> Pixels {
    let (width, height) = (texture.width(), texture.height());
    let stride = (width * 4).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
    let staging = gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: u64::from(stride) * u64::from(height),
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_texture_to_buffer(
        texture.as_image_copy(),
        wgpu::TexelCopyBufferInfo {
            buffer: &staging,
            layout: wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(stride), rows_per_image: None },
        },
        texture.size(),
    );
    gpu.queue.submit([encoder.finish()]);
    staging.slice(..).map_async(wgpu::MapMode::Read, |result| result.expect("mapping a staging buffer"));
    gpu.device.poll(wgpu::PollType::wait_indefinitely()).expect("the device works");
    let mapped = staging.slice(..).get_mapped_range().expect("it is mapped");
    let rgba = mapped.chunks_exact(stride as usize).rev().flat_map(|row| row[..width as usize * 4].to_vec()).collect();
    Pixels { size: (width, height), rgba }
}
