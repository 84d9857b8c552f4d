//! Reading a texture or a buffer back to the CPU, for the tests of this crate.

use crate::device::Gpu;

/// The bytes of `buffer`, which must have `COPY_SRC`.
pub(crate) fn buffer(gpu: &Gpu, buffer: &wgpu::Buffer) -> Vec<u8> {
    let staging = staging(gpu, buffer.size());
    let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_buffer_to_buffer(buffer, 0, &staging, 0, buffer.size());
    gpu.queue.submit([encoder.finish()]);
    map(gpu, &staging)
}

/// The pixels of an RGBA8 `texture`, which must have `COPY_SRC`; rows from the top, tightly packed.
pub(crate) fn texture(gpu: &Gpu, texture: &wgpu::Texture) -> Vec<u8> {
    let (width, height) = (texture.width(), texture.height());
    let stride = (width * 4).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
    let staging = staging(gpu, u64::from(stride) * u64::from(height));
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
    map(gpu, &staging).chunks_exact(stride as usize).flat_map(|row| row[..width as usize * 4].to_vec()).collect()
}

fn staging(gpu: &Gpu, size: u64) -> wgpu::Buffer {
    gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size,
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}

fn map(gpu: &Gpu, staging: &wgpu::Buffer) -> Vec<u8> {
    staging.slice(..).map_async(wgpu::MapMode::Read, |result| result.expect("mapping a staging buffer"));
    gpu.device.poll(wgpu::PollType::wait_indefinitely()).expect("the device works");
    staging.slice(..).get_mapped_range().expect("it is mapped").to_vec()
}
