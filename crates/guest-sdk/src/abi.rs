//! The kernel ABI, version 1: what lies on the context page. All fields are little-endian, all pointers are addresses in the
//! kernel's own linear memory.

/// The ABI's version, also the content of the custom section `wasm-engine.abi`.
pub const VERSION: u32 = 1;

/// The most buffers one kernel can be granted.
pub const MAX_BUFFERS: u32 = 64;

/// Bit of [`BufferView::access`]: the last content may be read.
pub const ACCESS_READ: u32 = 1;

/// Bit of [`BufferView::access`]: new content may be written.
pub const ACCESS_WRITE: u32 = 2;

/// The head of the context page. The host rewrites it before every call.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct RawContext {
    /// [`VERSION`].
    pub abi_version: u32,
    /// Bytes of this struct that the host filled, at least 96.
    pub size: u32,
    /// Number of the tick, rising by one.
    pub tick: u64,
    /// Seed of the run.
    pub seed: u64,
    /// Virtual time at this tick, seconds.
    pub time: f64,
    /// Virtual time since the tick before, seconds.
    pub dt: f64,
    /// Which part of the work this instance does.
    pub shard: u32,
    /// Into how many parts the work is divided.
    pub shards: u32,
    /// Length of the table at `buffers_ptr`.
    pub buffers: u32,
    /// Table of [`BufferView`].
    pub buffers_ptr: u32,
    /// Length of the table at `params_ptr`.
    pub params: u32,
    /// Table of `f32`: the parameters' current values, in the manifest's order.
    pub params_ptr: u32,
    /// Names of the buffers, then of the parameters, UTF-8, each ended by a zero byte.
    pub names_ptr: u32,
    /// Bytes at `names_ptr`.
    pub names_len: u32,
    /// Pointer in the kernel's surface, 0 to 1 from the left; NaN when outside.
    pub pointer_x: f32,
    /// Pointer in the kernel's surface, 0 to 1 from the top; NaN when outside.
    pub pointer_y: f32,
    /// Bit 0 primary, bit 1 secondary, bit 2 middle.
    pub pointer_buttons: u32,
    /// Zero in version 1.
    pub flags: u32,
    /// Zero in version 1.
    pub reserved: u64,
}

/// One granted buffer, as it is for this tick.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct BufferView {
    /// The content published last (zeros if none was), or 0 where reading is not granted.
    pub read_ptr: u32,
    /// The content to be published after this tick, or 0 where writing is not granted.
    pub write_ptr: u32,
    /// Size of each content.
    pub bytes: u32,
    /// [`ACCESS_READ`], [`ACCESS_WRITE`] or both.
    pub access: u32,
    /// Number of the content at `read_ptr`; 0 before the first.
    pub generation: u64,
    /// Zero in version 1.
    pub reserved: u64,
}

const _: () = {
    assert!(size_of::<RawContext>() == 96 && size_of::<BufferView>() == 32);
    assert!(core::mem::offset_of!(RawContext, tick) == 8 && core::mem::offset_of!(RawContext, shard) == 40);
    assert!(core::mem::offset_of!(RawContext, names_ptr) == 64 && core::mem::offset_of!(RawContext, reserved) == 88);
};
