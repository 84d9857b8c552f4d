//! The exchange buffers that surfaces read: claimed once, seen by the GPU where they lie, their front slots held while it draws.

use std::collections::HashMap;

use wasm_engine_exchange::{BufferInfo, Reader, Region};
use wasm_engine_gpu::Gpu;
use wasm_engine_gpu::import::host_buffer::import_buffer;
use wasm_engine_telemetry::{Counter, Telemetry};

use crate::error::SurfaceFault;
use crate::limits::BUFFERS_MAX;

/// One buffer.
struct Source {
    reader: Reader,
    info: BufferInfo,
    /// All three slots when `imported`, otherwise a copy of the front.
    gpu: wgpu::Buffer,
    imported: bool,
    /// The last submission that reads the front slot; 0 when none does.
    last_use: u64,
    /// Generation the copy holds.
    copied: u64,
}

/// All buffers of the app's surfaces.
#[derive(Default)]
pub(crate) struct Buffers {
    sources: Vec<Source>,
    by_name: HashMap<String, usize>,
}

impl Buffers {
    /// The buffer called `name`, claimed and made visible to the GPU if it is not yet.
    pub(crate) fn open(&mut self, gpu: &Gpu, region: &Region, name: &str, import: bool) -> Result<usize, SurfaceFault> {
        if let Some(index) = self.by_name.get(name) {
            return Ok(*index);
        }
        let info = region.buffers().find(|info| !info.layout && &*info.name == name).ok_or_else(|| SurfaceFault::UnknownBuffer {
            buffer: name.to_owned(),
            known: region.buffers().filter(|info| !info.layout).map(|info| info.name.to_string()).collect(),
        })?;
        if self.sources.len() == BUFFERS_MAX {
            let found = self.sources.len() as u64 + 1;
            return Err(SurfaceFault::Limit { what: "number of buffers".to_owned(), found, limit: BUFFERS_MAX as u64 });
        }
        let limit = gpu.device.limits().max_storage_buffer_binding_size;
        if info.bytes as u64 > limit {
            return Err(SurfaceFault::Limit { what: format!("buffer `{name}`, bytes,"), found: info.bytes as u64, limit });
        }
        let reader =
            region.reader(info.id).map_err(|error| SurfaceFault::BufferTaken { buffer: name.to_owned(), reason: error.to_string() })?;
        let imported = if import { self::import(gpu, region, &info) } else { None };
        let is_imported = imported.is_some();
        let buffer = imported.unwrap_or_else(|| copy_target(gpu, &info));
        self.by_name.insert(name.to_owned(), self.sources.len());
        self.sources.push(Source { reader, info, gpu: buffer, imported: is_imported, last_use: 0, copied: 0 });
        Ok(self.sources.len() - 1)
    }

    /// Takes the newest content of every buffer whose front slot the GPU has done with. Returns true if a newer one had to wait.
    pub(crate) fn collect(&mut self, finished: u64) -> bool {
        let mut waiting = false;
        for source in &mut self.sources {
            if source.last_use <= finished {
                source.reader.acquire();
            } else {
                waiting |= source.reader.has_fresh();
            }
        }
        waiting
    }

    /// Copies the front of a buffer that is not imported, if the copy is older. Called only for what will be drawn.
    pub(crate) fn upload(&mut self, gpu: &Gpu, telemetry: &Telemetry, index: usize) {
        let source = &mut self.sources[index];
        let generation = source.reader.generation();
        if source.imported || source.copied == generation {
            return;
        }
        let bytes = source.reader.bytes();
        let whole = bytes.len() & !3;
        gpu.queue.write_buffer(&source.gpu, 0, &bytes[..whole]);
        if whole < bytes.len() {
            // Copies go by words; the last one is filled up.
            let mut last = [0; 4];
            last[..bytes.len() - whole].copy_from_slice(&bytes[whole..]);
            gpu.queue.write_buffer(&source.gpu, whole as u64, &last);
        }
        source.copied = generation;
        telemetry.add(Counter::UploadBytes, bytes.len() as u64);
        telemetry.add(Counter::BytesCopied, bytes.len() as u64);
    }

    /// Notes that submission `serial` reads the buffer's front.
    pub(crate) fn used(&mut self, index: usize, serial: u64) {
        let source = &mut self.sources[index];
        // A copy was made when it was queued: the front itself is free.
        if source.imported {
            source.last_use = serial;
        }
    }

    /// Generation of the content held; 0 before the first.
    pub(crate) fn generation(&self, index: usize) -> u64 {
        self.sources[index].reader.generation()
    }

    /// The content held.
    pub(crate) fn bytes(&self, index: usize) -> &[u8] {
        self.sources[index].reader.bytes()
    }

    /// Bytes of the content.
    pub(crate) fn len(&self, index: usize) -> u64 {
        self.sources[index].info.bytes as u64
    }

    /// The buffer's name.
    pub(crate) fn name(&self, index: usize) -> &str {
        &self.sources[index].info.name
    }

    /// True when the GPU reads the exchange's own memory.
    pub(crate) fn is_imported(&self, index: usize) -> bool {
        self.sources[index].imported
    }

    /// Which of [`Self::binding`]'s places holds the content now.
    pub(crate) fn slot(&self, index: usize) -> usize {
        let source = &self.sources[index];
        if source.imported { source.reader.front_slot() } else { 0 }
    }

    /// The binding of a slot.
    pub(crate) fn binding(&self, index: usize, slot: usize) -> wgpu::BindingResource<'_> {
        let source = &self.sources[index];
        let offset = if source.imported { (source.info.stride * slot) as u64 } else { 0 };
        let size = std::num::NonZeroU64::new((source.info.bytes as u64).next_multiple_of(4));
        wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer: &source.gpu, offset, size })
    }
}

/// The three slots as one GPU buffer over the exchange's own memory. None where the driver cannot; the caller copies then.
fn import(gpu: &Gpu, region: &Region, info: &BufferInfo) -> Option<wgpu::Buffer> {
    import_buffer(gpu, region, info, wgpu::BufferUsages::STORAGE)
        .inspect_err(|error| tracing::warn!(code = error.code(), buffer = &*info.name, "surface data are copied: {error}"))
        .ok()
}

fn copy_target(gpu: &Gpu, info: &BufferInfo) -> wgpu::Buffer {
    gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some(&info.name),
        size: (info.bytes as u64).next_multiple_of(4).max(4),
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}
