//! A rig that runs a kernel on the host, for unit tests.
//!
//! ```
//! use wasm_engine_guest::{Context, Error, Kernel, testing::Rig};
//!
//! struct Double;
//! impl Kernel for Double {
//!     fn init(_: &Context) -> Result<Self, Error> { Ok(Double) }
//!     fn tick(&mut self, ctx: &mut Context) -> Result<(), Error> {
//!         let (last, new) = ctx.read_write::<f32>("values")?;
//!         for (new, last) in new.iter_mut().zip(last) { *new = last * 2.0; }
//!         Ok(())
//!     }
//! }
//!
//! let mut rig = Rig::new().buffer("values", &[1.0f32, 2.0]);
//! let mut kernel = rig.init::<Double>().unwrap();
//! rig.tick(&mut kernel).unwrap();
//! assert_eq!(rig.content::<f32>("values"), [2.0, 4.0]);
//! ```
#![expect(unsafe_code, reason = "the rig plays the host and builds a context page")]

use std::cell::RefCell;

use crate::abi::{ACCESS_READ, ACCESS_WRITE, BufferView, RawContext, VERSION};
use crate::context::Memory;
use crate::{Context, Error, Kernel, Level, Pod, bytes_of, zeroed};

thread_local! {
    pub(crate) static LOGGED: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
    pub(crate) static SENT: RefCell<Vec<(String, Vec<u8>)>> = const { RefCell::new(Vec::new()) };
}

/// Alignment of everything that the rig places, as generous as a page's start would be for any item.
const ALIGN: usize = 64;

/// A memory with buffers and parameters, and a clock.
#[derive(Clone, Debug)]
pub struct Rig {
    buffers: Vec<RigBuffer>,
    params: Vec<(&'static str, f32)>,
    raw: RawContext,
}

#[derive(Clone, Debug)]
struct RigBuffer {
    name: &'static str,
    access: u32,
    content: Vec<u8>,
    generation: u64,
}

impl Default for Rig {
    fn default() -> Self {
        Self::new()
    }
}

impl Rig {
    /// No buffers, no parameters, tick 0, seed 0, one shard, the pointer outside.
    pub fn new() -> Self {
        let raw = RawContext {
            abi_version: VERSION,
            size: size_of::<RawContext>() as u32,
            tick: 0,
            seed: 0,
            time: 0.0,
            dt: 1.0 / 60.0,
            shard: 0,
            shards: 1,
            buffers: 0,
            buffers_ptr: 0,
            params: 0,
            params_ptr: 0,
            names_ptr: 0,
            names_len: 0,
            pointer_x: f32::NAN,
            pointer_y: f32::NAN,
            pointer_buttons: 0,
            flags: 0,
            reserved: 0,
        };
        Rig { buffers: Vec::new(), params: Vec::new(), raw }
    }

    /// Grants a buffer for reading and writing, with its first content.
    pub fn buffer<T: Pod>(self, name: &'static str, content: &[T]) -> Self {
        self.granted(name, content, ACCESS_READ | ACCESS_WRITE)
    }

    /// Grants a buffer for reading only.
    pub fn read_only<T: Pod>(self, name: &'static str, content: &[T]) -> Self {
        self.granted(name, content, ACCESS_READ)
    }

    fn granted<T: Pod>(mut self, name: &'static str, content: &[T], access: u32) -> Self {
        self.buffers.push(RigBuffer { name, access, content: bytes_of(content).to_vec(), generation: 0 });
        self
    }

    /// Declares a parameter, or changes one.
    pub fn param(mut self, name: &'static str, value: f32) -> Self {
        self.params.retain(|(known, _)| *known != name);
        self.params.push((name, value));
        self
    }

    /// Sets seed and shards.
    pub fn shard(mut self, shard: u32, shards: u32) -> Self {
        (self.raw.shard, self.raw.shards) = (shard, shards);
        self
    }

    /// Sets the seed of the run.
    pub fn seed(mut self, seed: u64) -> Self {
        self.raw.seed = seed;
        self
    }

    /// Puts the pointer somewhere.
    pub fn pointer(mut self, x: f32, y: f32, buttons: u32) -> Self {
        (self.raw.pointer_x, self.raw.pointer_y, self.raw.pointer_buttons) = (x, y, buttons);
        self
    }

    /// Makes the kernel.
    pub fn init<K: Kernel>(&mut self) -> Result<K, Error> {
        self.with_context(|ctx| K::init(ctx))
    }

    /// Runs one tick and publishes what it wrote.
    pub fn tick<K: Kernel>(&mut self, kernel: &mut K) -> Result<(), Error> {
        self.with_context(|ctx| kernel.tick(ctx))?;
        for buffer in &mut self.buffers {
            buffer.generation += u64::from(buffer.access & ACCESS_WRITE != 0);
        }
        self.raw.tick += 1;
        self.raw.time += self.raw.dt;
        Ok(())
    }

    /// Calls `body` with the context of the tick to come; what it wrote becomes the buffers' content if it succeeds.
    pub fn with_context<R>(&mut self, body: impl FnOnce(&mut Context) -> Result<R, Error>) -> Result<R, Error> {
        let mut image = Image::default();
        let head = image.place(size_of::<RawContext>());
        let mut views = Vec::new();
        for buffer in &self.buffers {
            let read_ptr = image.place_bytes(&buffer.content);
            let write_ptr = if buffer.access & ACCESS_WRITE != 0 { image.place_bytes(&buffer.content) } else { 0 };
            let bytes = buffer.content.len() as u32;
            let view = BufferView { read_ptr, write_ptr, bytes, access: buffer.access, generation: buffer.generation, reserved: 0 };
            views.push(view);
        }
        let mut raw = self.raw;
        raw.buffers = views.len() as u32;
        raw.params = self.params.len() as u32;
        raw.buffers_ptr = image.place(size_of::<BufferView>() * views.len());
        raw.params_ptr = image.place_bytes(bytes_of(&self.params.iter().map(|(_, value)| *value).collect::<Vec<_>>()));
        let names: Vec<&str> = self.buffers.iter().map(|b| b.name).chain(self.params.iter().map(|p| p.0)).collect();
        let names: String = names.iter().flat_map(|name| [*name, "\0"]).collect();
        (raw.names_ptr, raw.names_len) = (image.place_bytes(names.as_bytes()), names.len() as u32);

        let base = image.lines.as_mut_ptr().cast::<u8>();
        // SAFETY: both places were reserved above with room for what is written, at a multiple of `ALIGN`.
        unsafe {
            base.add(head as usize).cast::<RawContext>().write(raw);
            base.add(raw.buffers_ptr as usize).cast::<BufferView>().copy_from_nonoverlapping(views.as_ptr(), views.len());
        }
        // SAFETY: the page at `head` was just filled; the image is neither moved nor touched while the context is used.
        let mut ctx = unsafe { Context::in_memory(Memory(base), head) }?;
        let result = body(&mut ctx)?;
        for (buffer, view) in self.buffers.iter_mut().zip(&views).filter(|(_, view)| view.write_ptr != 0) {
            let written = image.bytes().skip(view.write_ptr as usize);
            buffer.content.iter_mut().zip(written).for_each(|(to, from)| *to = from);
        }
        Ok(result)
    }

    /// A buffer's content as published last; empty if there is no such buffer.
    pub fn content<T: Pod>(&self, name: &str) -> Vec<T> {
        let Some(buffer) = self.buffers.iter().find(|buffer| buffer.name == name) else {
            return Vec::new();
        };
        let mut items = vec![zeroed::<T>(); buffer.content.len() / size_of::<T>().max(1)];
        let bytes = size_of_val(items.as_slice()).min(buffer.content.len());
        // SAFETY: `items` has room for `bytes` bytes, any bytes are a `T`, and the two do not overlap.
        unsafe { items.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(buffer.content.as_ptr(), bytes) };
        items
    }

    /// Takes the lines logged on this thread so far.
    pub fn take_log(&mut self) -> Vec<(Level, String)> {
        LOGGED.take()
    }

    /// Takes the events sent on this thread so far: topic and data.
    pub fn take_events(&mut self) -> Vec<(String, Vec<u8>)> {
        SENT.take()
    }
}

/// The memory image that a context's addresses count in.
#[derive(Default)]
struct Image {
    lines: Vec<Line>,
}

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; ALIGN]);

impl Image {
    /// Reserves `bytes` bytes. Address 0 stays unused, as in a real module.
    fn place(&mut self, bytes: usize) -> u32 {
        if self.lines.is_empty() {
            self.lines.push(Line([0; ALIGN]));
        }
        let at = self.lines.len() * ALIGN;
        self.lines.resize(self.lines.len() + bytes.div_ceil(ALIGN), Line([0; ALIGN]));
        at as u32
    }

    fn place_bytes(&mut self, content: &[u8]) -> u32 {
        let at = self.place(content.len());
        let lines = self.lines.iter_mut().skip(at as usize / ALIGN);
        for (line, chunk) in lines.zip(content.chunks(ALIGN)) {
            line.0.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        }
        at
    }

    fn bytes(&self) -> impl Iterator<Item = u8> {
        self.lines.iter().flat_map(|line| line.0)
    }
}
