//! The context page: what the host tells a kernel before each call, as the kernel ABI 1 lays it out.
//!
//! `[ head, 96 bytes | a view per buffer, 32 bytes | a value per parameter, 4 bytes | names ]`, all little-endian. The host keeps
//! its own image, writes from it, and never reads the page back: the guest may have scribbled on it.

use crate::abi::ABI_VERSION;
use crate::limits::{MAX_BUFFERS, MAX_NAME_BYTES, MAX_PARAMS, WASM_PAGE};

/// Bytes of the head.
const HEAD: usize = 96;

/// Bytes of a buffer's view.
const VIEW: usize = 32;

/// Offsets in the head.
mod head {
    pub(super) const ABI_VERSION: usize = 0;
    pub(super) const SIZE: usize = 4;
    pub(super) const TICK: usize = 8;
    pub(super) const SEED: usize = 16;
    pub(super) const TIME: usize = 24;
    pub(super) const DT: usize = 32;
    pub(super) const SHARD: usize = 40;
    pub(super) const SHARDS: usize = 44;
    pub(super) const BUFFERS: usize = 48;
    pub(super) const BUFFERS_PTR: usize = 52;
    pub(super) const PARAMS: usize = 56;
    pub(super) const PARAMS_PTR: usize = 60;
    pub(super) const NAMES_PTR: usize = 64;
    pub(super) const NAMES_LEN: usize = 68;
    pub(super) const POINTER_X: usize = 72;
    pub(super) const POINTER_Y: usize = 76;
    pub(super) const POINTER_BUTTONS: usize = 80;
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

/// What stays the same for a kernel's whole life.
pub(crate) struct Fixed<'a> {
    pub(crate) address: u32,
    pub(crate) seed: u64,
    pub(crate) shard: u32,
    pub(crate) shards: u32,
    pub(crate) buffers: &'a [&'a str],
    pub(crate) params: &'a [&'a str],
}

/// What differs from tick to tick.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) tick: u64,
    pub(crate) time: f64,
    pub(crate) dt: f64,
    pub(crate) pointer: Option<Pointer>,
}

/// One buffer in one tick.
#[derive(Clone, Copy)]
pub(crate) struct View {
    pub(crate) read_ptr: u32,
    pub(crate) write_ptr: u32,
    pub(crate) bytes: u32,
    pub(crate) access: u32,
    pub(crate) generation: u64,
}

/// The host's image of a context page.
pub(crate) struct ContextPage {
    image: Vec<u8>,
    /// Bytes that change from tick to tick: all but the names.
    changing: usize,
    params_at: usize,
}

impl ContextPage {
    /// Lays the page out. The error says what does not fit.
    pub(crate) fn new(fixed: &Fixed<'_>) -> Result<Self, String> {
        let names = fixed.buffers.iter().chain(fixed.params);
        if fixed.buffers.len() > MAX_BUFFERS {
            return Err(format!("{} buffers are granted, and {MAX_BUFFERS} are allowed", fixed.buffers.len()));
        }
        if fixed.params.len() > MAX_PARAMS {
            return Err(format!("{} parameters are given, and {MAX_PARAMS} are allowed", fixed.params.len()));
        }
        if let Some(bad) = names.clone().find(|n| n.is_empty() || n.len() > MAX_NAME_BYTES || n.contains('\0')) {
            return Err(format!("{bad:?} cannot be a name: 1 to {MAX_NAME_BYTES} bytes, none of them zero"));
        }
        let params_at = HEAD + VIEW * fixed.buffers.len();
        let changing = params_at + 4 * fixed.params.len();
        let mut image = vec![0; changing];
        names.for_each(|name| {
            image.extend_from_slice(name.as_bytes());
            image.push(0);
        });
        if image.len() > WASM_PAGE {
            return Err(format!("names and tables take {} bytes, and the context page has {WASM_PAGE}", image.len()));
        }
        let names_len = image.len() - changing;
        let mut page = ContextPage { image, changing, params_at };
        let at = |offset: usize| fixed.address + offset as u32;
        page.put(head::ABI_VERSION, ABI_VERSION.to_le_bytes());
        page.put(head::SIZE, (HEAD as u32).to_le_bytes());
        page.put(head::SEED, fixed.seed.to_le_bytes());
        page.put(head::SHARD, fixed.shard.to_le_bytes());
        page.put(head::SHARDS, fixed.shards.to_le_bytes());
        page.put(head::BUFFERS, (fixed.buffers.len() as u32).to_le_bytes());
        page.put(head::BUFFERS_PTR, at(HEAD).to_le_bytes());
        page.put(head::PARAMS, (fixed.params.len() as u32).to_le_bytes());
        page.put(head::PARAMS_PTR, at(params_at).to_le_bytes());
        page.put(head::NAMES_PTR, at(changing).to_le_bytes());
        page.put(head::NAMES_LEN, (names_len as u32).to_le_bytes());
        Ok(page)
    }

    /// The whole page, for the first call.
    pub(crate) fn whole(&self) -> &[u8] {
        &self.image
    }

    /// What may have changed since the last call.
    pub(crate) fn changing(&self) -> &[u8] {
        self.image.get(..self.changing).unwrap_or_default()
    }

    pub(crate) fn set_moment(&mut self, moment: &Moment) {
        let pointer = moment.pointer.unwrap_or(Pointer { x: f32::NAN, y: f32::NAN, buttons: 0 });
        self.put(head::TICK, moment.tick.to_le_bytes());
        self.put(head::TIME, moment.time.to_le_bytes());
        self.put(head::DT, moment.dt.to_le_bytes());
        self.put(head::POINTER_X, pointer.x.to_le_bytes());
        self.put(head::POINTER_Y, pointer.y.to_le_bytes());
        self.put(head::POINTER_BUTTONS, pointer.buttons.to_le_bytes());
    }

    pub(crate) fn set_view(&mut self, index: usize, view: &View) {
        let at = HEAD + VIEW * index;
        self.put(at, view.read_ptr.to_le_bytes());
        self.put(at + 4, view.write_ptr.to_le_bytes());
        self.put(at + 8, view.bytes.to_le_bytes());
        self.put(at + 12, view.access.to_le_bytes());
        self.put(at + 16, view.generation.to_le_bytes());
    }

    pub(crate) fn set_params(&mut self, values: impl Iterator<Item = f32>) {
        for (index, value) in values.enumerate() {
            self.put(self.params_at + 4 * index, value.to_le_bytes());
        }
    }

    /// Within the image by construction; the head and the tables are as long as `new` made them.
    fn put<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        if let Some(place) = self.image.get_mut(at..at + N) {
            place.copy_from_slice(&bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem::{offset_of, size_of};

    use wasm_engine_guest::abi::{BufferView, RawContext};

    use super::{ContextPage, Fixed, HEAD, VIEW, head};

    #[test]
    fn both_sides_of_the_abi_agree_on_every_offset() {
        assert_eq!((size_of::<RawContext>(), size_of::<BufferView>()), (HEAD, VIEW));
        assert_eq!(wasm_engine_guest::abi::VERSION, crate::abi::ABI_VERSION);
        let pairs = [
            (offset_of!(RawContext, abi_version), head::ABI_VERSION),
            (offset_of!(RawContext, size), head::SIZE),
            (offset_of!(RawContext, tick), head::TICK),
            (offset_of!(RawContext, seed), head::SEED),
            (offset_of!(RawContext, time), head::TIME),
            (offset_of!(RawContext, dt), head::DT),
            (offset_of!(RawContext, shard), head::SHARD),
            (offset_of!(RawContext, shards), head::SHARDS),
            (offset_of!(RawContext, buffers), head::BUFFERS),
            (offset_of!(RawContext, buffers_ptr), head::BUFFERS_PTR),
            (offset_of!(RawContext, params), head::PARAMS),
            (offset_of!(RawContext, params_ptr), head::PARAMS_PTR),
            (offset_of!(RawContext, names_ptr), head::NAMES_PTR),
            (offset_of!(RawContext, names_len), head::NAMES_LEN),
            (offset_of!(RawContext, pointer_x), head::POINTER_X),
            (offset_of!(RawContext, pointer_y), head::POINTER_Y),
            (offset_of!(RawContext, pointer_buttons), head::POINTER_BUTTONS),
            (offset_of!(BufferView, read_ptr), 0),
            (offset_of!(BufferView, write_ptr), 4),
            (offset_of!(BufferView, bytes), 8),
            (offset_of!(BufferView, access), 12),
            (offset_of!(BufferView, generation), 16),
        ];
        assert!(pairs.iter().all(|(guest, host)| guest == host), "{pairs:?}");
    }

    #[test]
    fn a_page_that_does_not_fit_says_why() {
        let fixed = Fixed { address: 0, seed: 0, shard: 0, shards: 1, buffers: &[], params: &[] };
        assert_eq!(ContextPage::new(&fixed).ok().unwrap().whole().len(), HEAD);
        let many = vec!["b"; 65];
        assert!(ContextPage::new(&Fixed { buffers: &many, ..fixed }).is_err());
        assert!(ContextPage::new(&Fixed { buffers: &[""], ..fixed }).is_err());
        assert!(ContextPage::new(&Fixed { params: &["a\0b"], ..fixed }).is_err());
        let long = "x".repeat(256);
        let params = vec![long.as_str(); 1024];
        assert!(ContextPage::new(&Fixed { params: &params, ..fixed }).err().unwrap().contains("context page"));
    }
}
