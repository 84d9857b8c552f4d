//! The view that a kernel has of one tick.
//!
//! How the borrows work: the last content of a buffer and its new content are different memory, so any number of `&[T]` of the
//! former and one `&mut [T]` of the latter may live side by side. All views borrow the context and end with the tick. A new
//! content is handed out once per tick, which a bit per buffer remembers: so two mutable views never overlap.
#![expect(unsafe_code, reason = "addresses on the context page become slices here, after their bounds and types were checked")]

use core::cell::Cell;
use core::ops::Range;

use crate::abi::{ACCESS_READ, ACCESS_WRITE, BufferView, MAX_BUFFERS, RawContext, VERSION};
use crate::{Error, Pod, Rng, host};

/// One tick, as a kernel sees it.
pub struct Context {
    raw: RawContext,
    memory: Memory,
    /// Bit per buffer whose new content was handed out.
    taken: Cell<u64>,
}

/// Where the pointer is, in the kernel's surface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pointer {
    /// 0 at the left edge, 1 at the right.
    pub x: f32,
    /// 0 at the top edge, 1 at the bottom.
    pub y: f32,
    /// Bit 0 primary, bit 1 secondary, bit 2 middle.
    pub buttons: u32,
}

impl Context {
    /// Copies the head of the context page.
    ///
    /// # Safety
    ///
    /// `address` is that of a context page which the host filled according to the ABI, and the memory it describes is touched by
    /// nobody else, apart from other shards' parts of write slots, for as long as the context lives.
    #[cfg(target_arch = "wasm32")]
    pub(crate) unsafe fn from_page(address: u32) -> Result<Self, Error> {
        // SAFETY: forwarded to the caller.
        unsafe { Self::in_memory(Memory(()), address) }
    }

    /// As `from_page`, in a given memory.
    ///
    /// # Safety
    ///
    /// As above, with addresses counted from the start of `memory`.
    pub(crate) unsafe fn in_memory(memory: Memory, address: u32) -> Result<Self, Error> {
        // SAFETY: the caller vouches that the page is there; it is aligned because pages are.
        let raw = unsafe { memory.at::<RawContext>(address).read() };
        if raw.abi_version != VERSION || (raw.size as usize) < size_of::<RawContext>() || raw.buffers > MAX_BUFFERS {
            return Err(Error::BadContext);
        }
        Ok(Context { raw, memory, taken: Cell::new(0) })
    }

    /// The content of a buffer that was published last; all zeros if none was yet.
    pub fn read<T: Pod>(&self, name: &'static str) -> Result<&[T], Error> {
        let (_, view) = self.view(name)?;
        if view.access & ACCESS_READ == 0 || view.read_ptr == 0 {
            return Err(Error::NotReadable(name));
        }
        let len = items::<T>(view.read_ptr, view.bytes).ok_or(Error::WrongLayout(name))?;
        // SAFETY: the host mapped `bytes` bytes at `read_ptr`, which nobody writes during the call: the writer's new content is
        // another slot. Alignment and length were checked, any bytes are a `T`, and the slice cannot outlive the context.
        Ok(unsafe { core::slice::from_raw_parts(self.memory.at(view.read_ptr), len) })
    }

    /// The whole new content of a buffer, once per tick. What it holds before is some older content (in the profile `deterministic` the one published last): write every
    /// item that matters.
    ///
    /// Where the kernel runs in several shards, use [`write_share`](Self::write_share) or [`write_range`](Self::write_range).
    pub fn write<T: Pod>(&self, name: &'static str) -> Result<&mut [T], Error> {
        if self.raw.shards > 1 {
            return Err(Error::Sharded(name));
        }
        self.write_part(name, |len| Some(0..len))
    }

    /// This shard's share of the first `len` items of a buffer's new content, once per tick: the items
    /// [`shard_range`](Self::shard_range)`(len)`. All shards must ask with the same `len`.
    pub fn write_share<T: Pod>(&self, name: &'static str, len: usize) -> Result<&mut [T], Error> {
        let range = self.shard_range(len);
        self.write_part(name, |capacity| (len <= capacity).then_some(range))
    }

    /// A range of items of a buffer's new content, once per tick. Shards must not overlap: where they do, the content is whatever
    /// was written last.
    pub fn write_range<T: Pod>(&self, name: &'static str, range: Range<usize>) -> Result<&mut [T], Error> {
        self.write_part(name, |_| Some(range))
    }

    /// Both contents of one buffer: the last for reading, the new for writing, as a simulation steps its state.
    pub fn read_write<T: Pod>(&self, name: &'static str) -> Result<(&[T], &mut [T]), Error> {
        Ok((self.read(name)?, self.write(name)?))
    }

    #[expect(clippy::mut_from_ref, reason = "a bit per buffer sees to it that each content is handed out once")]
    fn write_part<T: Pod>(&self, name: &'static str, part: impl FnOnce(usize) -> Option<Range<usize>>) -> Result<&mut [T], Error> {
        let (index, view) = self.view(name)?;
        if view.access & ACCESS_WRITE == 0 || view.write_ptr == 0 {
            return Err(Error::NotWritable(name));
        }
        if view.read_ptr == view.write_ptr {
            return Err(Error::BadContext);
        }
        let capacity = items::<T>(view.write_ptr, view.bytes).ok_or(Error::WrongLayout(name))?;
        let range = part(capacity).filter(|range| range.start <= range.end && range.end <= capacity).ok_or(Error::OutOfRange(name))?;
        let bit = 1 << index;
        if self.taken.get() & bit != 0 {
            return Err(Error::InUse(name));
        }
        self.taken.set(self.taken.get() | bit);
        // SAFETY: the host mapped `bytes` bytes at `write_ptr`, of which `range` is a part. The bit above makes this the only view
        // of that content in this instance; it differs from the content being read; other shards write outside of the range, and
        // any bytes are a `T` if they do not. The slice cannot outlive the context.
        Ok(unsafe { core::slice::from_raw_parts_mut(self.memory.at::<T>(view.write_ptr).add(range.start), range.len()) })
    }

    /// Number of the content that [`read`](Self::read) gives; 0 if none was published since the run began, or began anew.
    pub fn generation(&self, name: &'static str) -> Result<u64, Error> {
        self.view(name).map(|(_, view)| view.generation)
    }

    /// Size of a buffer's content in bytes.
    pub fn bytes(&self, name: &'static str) -> Result<usize, Error> {
        self.view(name).map(|(_, view)| view.bytes as usize)
    }

    /// A parameter's current value. It changes between ticks only.
    pub fn param(&self, name: &'static str) -> Result<f32, Error> {
        let index = self.names().skip(self.raw.buffers as usize).position(|n| n == name.as_bytes());
        let index = index.filter(|index| *index < self.raw.params as usize).ok_or(Error::NoParam(name))?;
        // SAFETY: the host wrote `params` values at `params_ptr`, and the index is below.
        Ok(unsafe { self.memory.at::<f32>(self.raw.params_ptr).add(index).read() })
    }

    /// Number of this tick.
    pub fn tick(&self) -> u64 {
        self.raw.tick
    }

    /// Virtual time at this tick, seconds since the start of the run.
    pub fn time(&self) -> f64 {
        self.raw.time
    }

    /// Virtual time since the tick before, seconds.
    pub fn dt(&self) -> f64 {
        self.raw.dt
    }

    /// Seed of the run.
    pub fn seed(&self) -> u64 {
        self.raw.seed
    }

    /// Which part of the work this instance does, from 0.
    pub fn shard(&self) -> usize {
        self.raw.shard as usize
    }

    /// Into how many parts the work is divided, at least 1.
    pub fn shards(&self) -> usize {
        self.raw.shards.max(1) as usize
    }

    /// This shard's part of `0..len`. The parts of all shards are disjoint, cover everything, and differ by one item at most.
    pub fn shard_range(&self, len: usize) -> Range<usize> {
        let (shard, shards) = (self.shard() as u64, self.shards() as u64);
        let cut = |k: u64| (u128::from(k.min(shards)) * len as u128 / u128::from(shards)) as usize;
        cut(shard)..cut(shard + 1)
    }

    /// Where the pointer is in the kernel's surface; `None` when outside.
    pub fn pointer(&self) -> Option<Pointer> {
        let (x, y) = (self.raw.pointer_x, self.raw.pointer_y);
        (!x.is_nan() && !y.is_nan()).then_some(Pointer { x, y, buttons: self.raw.pointer_buttons })
    }

    /// Random numbers decided by seed, tick and shard: the same at every call within a tick. See [`Rng::new`] for further streams.
    pub fn rng(&self) -> Rng {
        Rng::new(self.raw.seed, self.raw.tick.wrapping_mul(0x1_0000_0001).wrapping_add(u64::from(self.raw.shard)))
    }

    /// Sends an event to the page, which hears it under `topic` as an `ArrayBuffer`, at the end of a tick that succeeds.
    /// A topic has 1 to 128 bytes and no control characters, and does not begin with `engine:`.
    pub fn emit(&self, topic: &str, data: &[u8]) -> Result<(), Error> {
        if host::emit(topic, data) { Ok(()) } else { Err(Error::EventRefused) }
    }

    fn view(&self, name: &'static str) -> Result<(usize, BufferView), Error> {
        let buffers = self.raw.buffers as usize;
        let index = self.names().take(buffers).position(|n| n == name.as_bytes()).ok_or(Error::NoBuffer(name))?;
        // SAFETY: the host wrote `buffers` views at `buffers_ptr`, and the index is below.
        Ok((index, unsafe { self.memory.at::<BufferView>(self.raw.buffers_ptr).add(index).read() }))
    }

    fn names(&self) -> impl Iterator<Item = &[u8]> {
        // SAFETY: the host wrote `names_len` bytes at `names_ptr` and does not change them during the call.
        let names = unsafe { core::slice::from_raw_parts(self.memory.at::<u8>(self.raw.names_ptr), self.raw.names_len as usize) };
        names.split(|byte| *byte == 0)
    }
}

/// How many items of type `T` there are in `bytes` bytes at `address`, if they fit without a rest and are aligned.
fn items<T: Pod>(address: u32, bytes: u32) -> Option<usize> {
    let (size, align) = (size_of::<T>(), align_of::<T>());
    let fits = size != 0 && (bytes as usize).is_multiple_of(size) && (address as usize).is_multiple_of(align);
    fits.then(|| bytes as usize / size)
}

/// The linear memory in which the context's addresses count. Inside a guest that is all there is.
#[cfg(target_arch = "wasm32")]
pub(crate) struct Memory(());

/// The linear memory in which the context's addresses count: on the host, the start of a rig's memory.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) struct Memory(pub(crate) *mut u8);

impl Memory {
    #[cfg(target_arch = "wasm32")]
    #[inline]
    fn at<T>(&self, address: u32) -> *mut T {
        core::ptr::with_exposed_provenance_mut(address as usize)
    }

    #[cfg(not(target_arch = "wasm32"))]
    #[inline]
    fn at<T>(&self, address: u32) -> *mut T {
        self.0.wrapping_add(address as usize).cast()
    }
}
