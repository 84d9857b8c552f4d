//! Host memory read by shaders in place.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::device::GpuOptions;
use crate::readback;

/// Page-aligned memory that says when it is freed.
struct Pages {
    start: NonNull<u8>,
    layout: Layout,
    freed: Arc<AtomicBool>,
}

// SAFETY: the memory is owned, and the tests write to it only between submissions.
unsafe impl Send for Pages {}
// SAFETY: as above.
unsafe impl Sync for Pages {}

impl Pages {
    fn new(bytes: usize) -> (Arc<Self>, Arc<AtomicBool>) {
        let layout = Layout::from_size_align(bytes, 65_536).expect("a legal layout");
        // SAFETY: the layout is not empty.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) }).expect("memory");
        let freed = Arc::new(AtomicBool::new(false));
        (Arc::new(Self { start, layout, freed: Arc::clone(&freed) }), freed)
    }

    fn write(&self, numbers: impl Iterator<Item = u32>) {
        for (index, number) in numbers.take(self.layout.size() / 4).enumerate() {
            // SAFETY: the index is within the allocation, which is aligned for `u32`, and the GPU is idle.
            unsafe { self.start.cast::<u32>().add(index).write_volatile(number) };
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.freed.store(true, Ordering::Release);
        // SAFETY: allocated with this layout.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

const BYTES: usize = 65_536;

fn import(gpu: &Gpu, pages: &Arc<Pages>, offset: usize, bytes: usize, usage: wgpu::BufferUsages) -> Result<wgpu::Buffer, HostImportError> {
    let owner: Arc<dyn Any + Send + Sync> = pages.clone();
    // SAFETY: the offsets of the tests stay within the pages, which the owner keeps; all access is volatile.
    unsafe { import_raw(gpu, pages.start.add(offset), bytes, usage, owner) }
}

/// Doubles every number of `input` on the GPU.
fn doubled(gpu: &Gpu, input: &wgpu::Buffer) -> Vec<u32> {
    let shader = gpu.device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(
            "@group(0) @binding(0) var<storage, read> input: array<u32>;
             @group(0) @binding(1) var<storage, read_write> output: array<u32>;
             @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { output[id.x] = input[id.x] * 2u; }"
                .into(),
        ),
    });
    let pipeline = gpu.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: None,
        module: &shader,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    });
    let output = gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: input.size(),
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: false,
    });
    let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &[
            wgpu::BindGroupEntry { binding: 0, resource: input.as_entire_binding() },
            wgpu::BindGroupEntry { binding: 1, resource: output.as_entire_binding() },
        ],
    });
    let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &group, &[]);
        pass.dispatch_workgroups(u32::try_from(input.size() / 256).expect("small"), 1, 1);
    }
    gpu.queue.submit([encoder.finish()]);
    readback::buffer(gpu, &output).chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect()
}

#[test]
fn shaders_see_what_the_cpu_writes_without_any_copy() {
    let gpu = Gpu::new(&GpuOptions::default()).expect("a Vulkan device");
    if !gpu.info.host_import {
        return;
    }
    let (pages, _) = Pages::new(2 * BYTES);
    // The second half, so that the offset matters too.
    let buffer = import(&gpu, &pages, BYTES, BYTES, wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC).expect("imported");
    assert_eq!(buffer.size(), BYTES as u64);
    for round in [3, 1_000_003_u32] {
        // No call on the buffer between the rounds: the second shader can only see the new numbers in the memory itself.
        pages.write((0..).map(|index: u32| index.wrapping_mul(round)));
        let words = u32::try_from(BYTES / 4).expect("small");
        let expected: Vec<u32> = (words..2 * words).map(|index| index.wrapping_mul(round).wrapping_mul(2)).collect();
        assert!(doubled(&gpu, &buffer) == expected);
    }
    assert_eq!(readback::buffer(&gpu, &buffer)[..4], (BYTES as u32 / 4).wrapping_mul(1_000_003).to_le_bytes());
    assert_eq!(gpu.health.count(), 0, "{:?}", gpu.health.faults());
}

#[test]
fn the_memory_is_kept_until_the_gpu_is_done_with_it() {
    let gpu = Gpu::new(&GpuOptions::default()).expect("a Vulkan device");
    if !gpu.info.host_import {
        return;
    }
    let (pages, freed) = Pages::new(BYTES);
    pages.write(0..);
    let buffer = import(&gpu, &pages, 0, BYTES, wgpu::BufferUsages::COPY_SRC).expect("imported");
    drop(pages);
    assert!(!freed.load(Ordering::Acquire), "the buffer keeps its memory");
    assert_eq!(readback::buffer(&gpu, &buffer)[4..8], [1, 0, 0, 0]);
    drop(buffer);
    gpu.device.poll(wgpu::PollType::wait_indefinitely()).expect("the device works");
    assert!(freed.load(Ordering::Acquire), "nothing uses it any more");
}

#[test]
fn bad_ranges_and_usages_are_refused() {
    let gpu = Gpu::new(&GpuOptions::default()).expect("a Vulkan device");
    if !gpu.info.host_import {
        return;
    }
    let (pages, _) = Pages::new(BYTES);
    let storage = wgpu::BufferUsages::STORAGE;
    let code = |offset, bytes, usage| import(&gpu, &pages, offset, bytes, usage).expect_err("refused").code();
    assert_eq!(code(4, 4096, storage), "HOST_IMPORT_MISALIGNED");
    assert_eq!(code(0, 4095, storage), "HOST_IMPORT_MISALIGNED");
    assert_eq!(code(0, 0, storage), "HOST_IMPORT_BAD_RANGE");
    assert_eq!(code(0, 4096, storage | wgpu::BufferUsages::COPY_DST), "HOST_IMPORT_BAD_USAGE");
    assert_eq!(code(0, 4096, wgpu::BufferUsages::MAP_READ), "HOST_IMPORT_BAD_USAGE");
    assert_eq!(code(0, 4096, wgpu::BufferUsages::empty()), "HOST_IMPORT_BAD_USAGE");
    assert_eq!(gpu.health.count(), 0);
}

#[test]
fn a_slot_that_a_writer_published_is_read_in_place() {
    let gpu = Gpu::new(&GpuOptions::default()).expect("a Vulkan device");
    if !gpu.info.host_import {
        return;
    }
    let spec = wasm_engine_exchange::RegionSpec::new().buffer("other", 100).buffer("numbers", 1000);
    for region in [Region::create(&spec), Region::anonymous(&spec)] {
        let region = region.expect("a region");
        let id = region.buffer("numbers").expect("its buffer");
        let info = region.buffer_info(id).expect("its description");
        let (mut writer, mut reader) = (region.writer(id).expect("the writer"), region.reader(id).expect("the reader"));
        let buffer = import_buffer(&gpu, &region, &info, wgpu::BufferUsages::STORAGE).expect("imported");
        for round in 1..=4_u8 {
            writer.bytes_mut().fill(round);
            writer.publish();
            assert!(reader.acquire());
            let doubled = doubled(&gpu, &buffer);
            let first = reader.front_slot() * info.stride / 4;
            let expected = u32::from_le_bytes([round; 4]) * 2;
            assert!(doubled[first..first + 250].iter().all(|word| *word == expected), "round {round}");
        }
        let bad = info.offset..region.len() + 65_536;
        assert_eq!(import_region(&gpu, &region, bad, wgpu::BufferUsages::STORAGE).expect_err("outside").code(), "HOST_IMPORT_BAD_RANGE");
    }
    assert_eq!(gpu.health.count(), 0, "{:?}", gpu.health.faults());
}
