//! OpenGL draws, wgpu reads: on whatever devices the machine has, software ones included.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::*;
use crate::device::GpuOptions;
use crate::readback;

const RED: [f32; 4] = [1.0, 0.0, 0.0, 1.0];
const GREEN: [f32; 4] = [0.0, 1.0, 0.0, 1.0];
const BLUE: [f32; 4] = [0.0, 0.0, 1.0, 1.0];
/// Premultiplied half-transparent white.
const MIST: [f32; 4] = [0.5, 0.5, 0.5, 0.5];

struct Scene {
    gpu: Arc<Gpu>,
    context: Rc<GlContext>,
    woken: Arc<AtomicUsize>,
}

/// `None` where the machine's OpenGL and Vulkan cannot share, which is itself a legal outcome.
fn scene() -> Option<Scene> {
    let gpu = Gpu::new(&GpuOptions::default()).expect("a Vulkan device");
    let context = GlContext::open(gpu.info.software).expect("an OpenGL context");
    if let Err(reason) = SharedRing::<()>::supported(&gpu, &context) {
        assert!(!gpu.info.software, "software drivers of one Mesa can share: {reason}");
        return None;
    }
    Some(Scene { gpu, context, woken: Arc::new(AtomicUsize::new(0)) })
}

impl Scene {
    fn on_free(&self) -> OnFree {
        let woken = Arc::clone(&self.woken);
        Arc::new(move || {
            woken.fetch_add(1, Ordering::Relaxed);
        })
    }

    /// Colours the quadrants: top left, top right, bottom left, bottom right.
    fn paint(&self, frame: &GlFrame, colours: [[f32; 4]; 4]) {
        frame.bind();
        let (width, height) = (frame.size().0.cast_signed(), frame.size().1.cast_signed());
        let (left, low) = (width / 2, height / 2);
        let gl = self.context.glow();
        let boxes =
            [(0, low, left, height - low), (left, low, width - left, height - low), (0, 0, left, low), (left, 0, width - left, low)];
        // SAFETY: `bind` made the context current and bound a complete framebuffer.
        unsafe {
            gl.enable(glow::SCISSOR_TEST);
            for ((x, y, w, h), [r, g, b, a]) in boxes.into_iter().zip(colours) {
                gl.scissor(x, y, w, h);
                gl.clear_color(r, g, b, a);
                gl.clear(glow::COLOR_BUFFER_BIT);
            }
        }
    }
}

fn finish<Stamp>(ring: &mut SharedRing<Stamp>) -> SharedFrame<Stamp> {
    let start = Instant::now();
    loop {
        if let Some(frame) = ring.poll(MAX_FENCE_WAIT).expect("a copy") {
            return frame;
        }
        assert!(start.elapsed().as_secs() < 20, "the fence never signalled");
    }
}

#[test]
fn what_opengl_drew_is_what_wgpu_reads() {
    let Some(scene) = scene() else { return };
    for size in [(1, 1), (2, 2), (64, 64), (333, 217), (1920, 1080), (4096, 1)] {
        let frame = GlFrame::new(&scene.context, size).expect("a framebuffer");
        let mut ring = SharedRing::new(&scene.gpu, &scene.context, size, &scene.on_free()).expect("a ring");
        scene.paint(&frame, [RED, GREEN, BLUE, MIST]);
        ring.submit(&frame, 7).expect("a free slot");
        let shared = finish(&mut ring);
        assert_eq!(shared.stamp, 7);
        let mut expected = Vec::new();
        assert!(frame.read_upwards((0, 0), size, &mut expected));
        let seen = readback::texture(&scene.gpu, &shared.texture);
        assert!(seen == expected, "every pixel of {size:?}");
        if size.0 > 1 && size.1 > 1 {
            assert_eq!(seen[..4], [0, 0, 255, 255], "the lower left of {size:?} comes first");
            assert_eq!(seen[seen.len() - 4..], [0, 255, 0, 255], "the upper right of {size:?} comes last");
            let row = size.0 as usize * 4;
            assert_eq!(seen[row - 4..row], [128, 128, 128, 128], "alpha survives");
            assert_eq!(seen[seen.len() - row..][..4], [255, 0, 0, 255], "the upper left of {size:?} begins the last row");
        }
    }
    assert_eq!(scene.gpu.health.count(), 0, "{:?}", scene.gpu.health.faults());
}

#[test]
fn a_held_frame_keeps_its_contents_and_a_dropped_one_frees_its_slot() {
    let Some(scene) = scene() else { return };
    let size = (32, 16);
    let frame = GlFrame::new(&scene.context, size).expect("a framebuffer");
    let mut ring = SharedRing::new(&scene.gpu, &scene.context, size, &scene.on_free()).expect("a ring");
    let mut held = Vec::new();
    for colour in [RED, GREEN, BLUE] {
        scene.paint(&frame, [colour; 4]);
        ring.submit(&frame, ()).expect("a free slot");
        held.push(finish(&mut ring));
    }
    scene.paint(&frame, [MIST; 4]);
    assert!(ring.submit(&frame, ()).is_err(), "three frames are held, so there is no slot");
    for (shared, colour) in held.iter().zip([[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255]]) {
        assert_eq!(readback::texture(&scene.gpu, &shared.texture)[..4], colour);
    }
    assert_eq!(scene.woken.load(Ordering::Relaxed), 0);
    held.remove(0);
    assert_eq!(scene.woken.load(Ordering::Relaxed), 1);
    ring.submit(&frame, ()).expect("the slot is free again");
    let newest = finish(&mut ring);
    assert_eq!(readback::texture(&scene.gpu, &newest.texture)[..4], [128, 128, 128, 128]);
    drop(ring);
    assert_eq!(readback::texture(&scene.gpu, &held[0].texture)[..4], [0, 255, 0, 255], "frames outlive their ring");
    assert_eq!(scene.gpu.health.count(), 0, "{:?}", scene.gpu.health.faults());
}

#[test]
fn the_blit_leaves_the_state_of_opengl_alone() {
    let Some(scene) = scene() else { return };
    let frame = GlFrame::new(&scene.context, (8, 8)).expect("a framebuffer");
    let mut ring = SharedRing::new(&scene.gpu, &scene.context, (8, 8), &scene.on_free()).expect("a ring");
    frame.bind();
    let gl = scene.context.glow();
    // SAFETY: the context is current on this thread.
    let state = || unsafe {
        (
            gl.get_parameter_framebuffer(glow::DRAW_FRAMEBUFFER_BINDING),
            gl.get_parameter_framebuffer(glow::READ_FRAMEBUFFER_BINDING),
            gl.get_parameter_texture(glow::TEXTURE_BINDING_2D),
            gl.get_parameter_renderbuffer(glow::RENDERBUFFER_BINDING),
            gl.is_enabled(glow::SCISSOR_TEST),
            gl.get_error(),
        )
    };
    // SAFETY: the context is current on this thread.
    unsafe { gl.enable(glow::SCISSOR_TEST) };
    let before = state();
    ring.submit(&frame, ()).expect("a free slot");
    assert_eq!(state(), before);
    finish(&mut ring);
    assert!(frame.read((0, 0), (8, 8), &mut Vec::new()));
    drop(SharedRing::<()>::new(&scene.gpu, &scene.context, (4, 4), &scene.on_free()).expect("another ring"));
    assert_eq!(state(), before);
}

#[test]
fn impossible_sizes_are_refused() {
    let Some(scene) = scene() else { return };
    for size in [(0, 0), (0, 5), (u32::MAX, 1), (16_384, 16_384), (scene.gpu.info.max_texture_side + 1, 1)] {
        let error = SharedRing::<()>::new(&scene.gpu, &scene.context, size, &scene.on_free()).err().expect("too large");
        assert_eq!(error.code(), "SHARE_FRAME_TOO_LARGE", "{size:?}");
    }
    for size in [(0, 0), (u32::MAX, 1), (1 << 20, 1 << 20)] {
        let error = GlFrame::new(&scene.context, size).err().expect("no such framebuffer");
        assert_eq!(error.code(), "OPENGL_OBJECT_FAILED", "{size:?}");
    }
    assert_eq!(scene.gpu.health.count(), 0);
}

#[test]
fn reading_outside_the_frame_is_refused() {
    let Some(scene) = scene() else { return };
    let frame = GlFrame::new(&scene.context, (4, 4)).expect("a framebuffer");
    let mut pixels = vec![9];
    for (origin, size) in [((0, 0), (5, 4)), ((4, 0), (1, 1)), ((u32::MAX, 0), (2, 1))] {
        assert!(!frame.read(origin, size, &mut pixels));
    }
    assert_eq!(pixels, [9]);
    assert!(frame.read((1, 1), (2, 2), &mut pixels));
    assert_eq!(pixels, [0; 16]);
}

#[test]
fn a_copy_that_will_never_finish_is_given_up() {
    let Some(scene) = scene() else { return };
    let size = (16, 16);
    let frame = GlFrame::new(&scene.context, size).expect("a framebuffer");
    let mut ring = SharedRing::new(&scene.gpu, &scene.context, size, &scene.on_free()).expect("a ring");
    scene.paint(&frame, [RED; 4]);
    for _ in 0..2 {
        ring.submit(&frame, ()).expect("a free slot");
    }
    // What a reset of the GPU leaves of a fence: one that cannot be waited for.
    let fence = ring.pending[0].fence;
    // SAFETY: the context is current and the fence is ours.
    unsafe { scene.context.glow().delete_sync(fence) };
    let error = ring.poll(MAX_FENCE_WAIT).expect_err("no copy");
    assert_eq!(error.code(), "SHARE_OPENGL_FAILED", "{error}");
    assert!(!ring.is_pending(), "nothing is waited for");
    assert!(ring.slots.iter().all(Slot::is_free));
    assert!(ring.poll(MAX_FENCE_WAIT).expect("nothing to fail").is_none());
}
