//! What the webview's thread hands in and what the compositor's takes, on a real device.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wasm_engine_gpu::{Gpu, GpuOptions};
use wasm_engine_panel::{Area, Panel as _, PanelFrame, PanelPixels};

/// A panel and the image that it is handed.
struct Rig {
    gpu: Arc<Gpu>,
    pixels: PanelPixels,
    woken: Arc<AtomicU64>,
    size: (u32, u32),
    image: Vec<u8>,
}

impl Rig {
    fn new(size: (u32, u32)) -> Self {
        let gpu = Gpu::new(&GpuOptions::default()).expect("a Vulkan device");
        let woken = Arc::new(AtomicU64::new(0));
        let count = woken.clone();
        let pixels = PanelPixels::new(gpu.clone(), move || {
            count.fetch_add(1, Ordering::Relaxed);
        });
        Self { gpu, pixels, woken, size, image: vec![0; (size.0 * size.1 * 4) as usize] }
    }

    /// Fills an area with one value and hands it in.
    fn draw(&mut self, area: Area, value: u8) {
        for row in area.y..area.y + area.height {
            let start = ((row * self.size.0 + area.x) * 4) as usize;
            self.image[start..start + area.width as usize * 4].fill(value);
        }
        self.pixels.draw(self.size, &self.image, self.size.0 as usize * 4, area);
    }

    /// Takes the newest frame, whose texture has to hold the image.
    fn take(&self, than: u64) -> PanelFrame {
        let frame = self.pixels.newer(than).expect("there is something new");
        assert!(self.read(&frame.texture) == self.image, "the texture of frame {} is not what was drawn", frame.generation);
        frame
    }

    fn read(&self, texture: &wgpu::Texture) -> Vec<u8> {
        let (width, height) = (texture.width(), texture.height());
        let pitch = (width * 4).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
        let buffer = self.gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: u64::from(pitch * height),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(pitch), rows_per_image: None };
        encoder.copy_texture_to_buffer(texture.as_image_copy(), wgpu::TexelCopyBufferInfo { buffer: &buffer, layout }, texture.size());
        encoder.map_buffer_on_submit(&buffer, wgpu::MapMode::Read, .., |mapped| mapped.expect("it can be mapped"));
        self.gpu.queue.submit([encoder.finish()]);
        self.gpu.device.poll(wgpu::PollType::wait_indefinitely()).expect("the device works");
        let mapped = buffer.get_mapped_range(..).expect("it is mapped");
        mapped.chunks_exact(pitch as usize).flat_map(|row| row[..width as usize * 4].to_vec()).collect()
    }
}

const fn area(x: u32, y: u32, width: u32, height: u32) -> Area {
    Area { x, y, width, height }
}

#[test]
fn what_was_not_taken_goes_with_what_is_new_in_one_upload() {
    let mut rig = Rig::new((200, 150));
    assert!(rig.pixels.newer(0).is_none(), "nothing was drawn");
    rig.draw(area(0, 0, 200, 150), 0);
    let first = rig.take(0);
    assert_eq!((first.generation, first.changes), (1, vec![(1, area(0, 0, 200, 150))]));
    assert_eq!(rig.pixels.uploads().frames, 0, "a texture begins as transparent as the image is");
    assert!(rig.pixels.newer(1).is_none());

    let before = rig.pixels.uploads();
    rig.draw(area(10, 10, 20, 10), 9);
    rig.draw(area(10, 10, 20, 10), 10);
    rig.draw(area(150, 100, 8, 8), 11);
    rig.draw(area(150, 100, 8, 8), 11);
    assert_eq!(rig.woken.load(Ordering::Relaxed), 4, "the last one changed nothing");
    let frame = rig.take(1);
    assert_eq!((frame.generation, frame.since), (4, 0));
    assert_eq!(frame.changes[1..], [(2, area(10, 10, 20, 10)), (3, area(10, 10, 20, 10)), (4, area(150, 100, 8, 8))]);
    let uploads = rig.pixels.uploads();
    assert_eq!(
        (uploads.frames - before.frames, uploads.areas - before.areas, uploads.bytes - before.bytes),
        (1, 2, 20 * 10 * 4 + 8 * 8 * 4)
    );
}

#[test]
fn whoever_is_far_behind_is_told_from_where_changes_are_known() {
    let mut rig = Rig::new((64, 64));
    for value in 1..=40 {
        rig.draw(area(0, 0, 4, 4), value);
    }
    let frame = rig.take(0);
    assert_eq!((frame.generation, frame.since), (40, 24));
    assert_eq!(frame.changes.first(), Some(&(25, area(0, 0, 4, 4))));
}

#[test]
fn the_texture_holds_the_image_whatever_is_drawn_and_taken_when() {
    let mut rig = Rig::new((203, 130));
    let mut state = 0x9e37_79b9_u32;
    let mut random = |below: u32| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state % below
    };
    let mut taken = 0;
    for round in 0..900 {
        let (width, height) = (1 + random(60), 1 + random(40));
        let at = area(random(rig.size.0 - width), random(rig.size.1 - height), width, height);
        rig.draw(at, random(256) as u8);
        // At first often, later seldom: then there are more areas than are uploaded one by one.
        if random(if round < 400 { 4 } else { 200 }) == 0 && rig.pixels.newer(taken).is_some() {
            taken = rig.take(0).generation;
        }
    }
    rig.draw(area(0, 0, 1, 1), 77);
    rig.take(taken);
}

#[test]
fn another_size_begins_anew() {
    let mut rig = Rig::new((64, 64));
    rig.draw(area(0, 0, 64, 64), 5);
    rig.take(0);
    rig.draw(area(0, 0, 9, 9), 6);
    rig.size = (100, 40);
    rig.image = vec![0; 100 * 40 * 4];
    rig.draw(area(0, 0, 3, 3), 7);
    let frame = rig.take(1);
    assert_eq!((frame.texture.width(), frame.texture.height()), (100, 40));
    assert_eq!((frame.since, frame.changes), (2, vec![(3, area(0, 0, 100, 40))]));
    rig.pixels.draw((0, 40), &[], 0, area(0, 0, 1, 1));
    rig.pixels.draw((1 << 20, 1), &[], 0, area(0, 0, 1, 1));
    assert!(rig.pixels.newer(3).is_none(), "a size that no texture has is passed over");
}
