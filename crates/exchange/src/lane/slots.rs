//! Where the items of a ring lie: small ones side by side, larger ones each behind its stamp.

use crate::primitives::AtomicU64;
use crate::protocol::ring::Slots;
use bytemuck::Pod;
#[cfg(all(target_arch = "x86_64", not(miri)))]
use core::arch::asm;
use core::{marker::PhantomData, ptr};

const LINE_BYTES: usize = 64;
const STAMP_BYTES: usize = size_of::<u64>();
/// Items up to this size come in streams, where a stamp each would cost more than it saves.
const SMALL_BYTES: usize = 16;
/// Lines of small items that are made ready at once: with so many the cost of it disappears, and the nearest cache and its fetches in flight suffice.
const BLOCK_LINES: usize = 16;

/// How items of one size are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) is_stamped: bool,
    /// From one item to the next, in bytes.
    pub(crate) stride: usize,
}

impl Shape {
    /// No item that fits a line together with its stamp lies across two.
    pub(crate) const fn of(item_bytes: usize) -> Shape {
        let stamped = STAMP_BYTES + item_bytes;
        if item_bytes <= SMALL_BYTES {
            Shape { is_stamped: false, stride: item_bytes }
        } else if stamped <= LINE_BYTES {
            Shape { is_stamped: true, stride: stamped.next_power_of_two() }
        } else {
            Shape { is_stamped: true, stride: stamped.next_multiple_of(LINE_BYTES) }
        }
    }
}

/// Items of a type in memory that someone else keeps.
pub(super) struct InMemory<T> {
    base: *mut u8,
    mask: u64,
    _items: PhantomData<T>,
}

impl<T: Pod> InMemory<T> {
    const SHAPE: Shape = Shape::of(size_of::<T>());

    /// # Safety
    /// `base` is aligned to 64, and `len` items laid out as [`Shape::of`] says lie there for as long as this value is used; `len` is a power of two.
    /// At most one sender and one receiver use the items.
    pub(super) unsafe fn new(base: *mut u8, len: u64) -> Self {
        debug_assert!(len.is_power_of_two());
        InMemory { base, mask: len - 1, _items: PhantomData }
    }

    #[inline(always)]
    fn place(&self, number: u64) -> *mut u8 {
        self.base.wrapping_add((number & self.mask) as usize * Self::SHAPE.stride)
    }

    /// Places from this one to the end of the ring.
    #[inline(always)]
    fn before_end(&self, number: u64) -> usize {
        (self.mask - (number & self.mask)) as usize + 1
    }

    /// Aligned: places are aligned to 64 or to the size of the item, and items to at most 8 and to a divisor of their size.
    #[inline(always)]
    fn item(&self, number: u64) -> *mut T {
        self.place(number).wrapping_add(if Self::SHAPE.is_stamped { STAMP_BYTES } else { 0 }).cast()
    }
}

impl<T: Pod> Slots<T> for InMemory<T> {
    const STAMPED: bool = Self::SHAPE.is_stamped;
    const BLOCK: u64 = match (BLOCK_LINES * LINE_BYTES / Self::SHAPE.stride).checked_ilog2() {
        Some(bits) => 1 << bits,
        None => 1,
    };

    #[inline(always)]
    fn len(&self) -> u64 {
        self.mask + 1
    }

    #[inline(always)]
    fn stamp(&self, number: u64) -> Option<&AtomicU64> {
        // SAFETY: the mask keeps it within the memory promised to `new`; strides are multiples of 8 where there are stamps. Any bytes are a valid word.
        Self::STAMPED.then(|| unsafe { &*self.place(number).cast() })
    }

    /// Brings the lines here to be written, so that the sender need not wait for each of them when it comes to it.
    #[inline(always)]
    fn fetch_to_write(&self, number: u64) {
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        {
            let block = self.place(number);
            macro_rules! fetch {
                ($($line:literal)*) => {$(
                    if !Self::STAMPED && $line * LINE_BYTES < Self::BLOCK as usize * size_of::<T>() {
                        // SAFETY: a hint, which changes no memory and faults at no address.
                        unsafe { asm!("prefetchw [{} + {}]", in(reg) block, const $line * LINE_BYTES, options(nostack, preserves_flags, readonly)) };
                    }
                )*};
            }
            fetch!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        }
        #[cfg(not(all(target_arch = "x86_64", not(miri))))]
        let _ = number;
    }

    /// Has the lines come all at once, where the receiver would wait for one after the other.
    #[inline(always)]
    fn fetch_to_read(&self, number: u64, items: u64) {
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        for item in (0..items).step_by((LINE_BYTES / Self::SHAPE.stride).max(1)) {
            // SAFETY: a hint, which changes no memory and faults at no address.
            unsafe { core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(self.place(number + item).cast()) };
        }
        #[cfg(not(all(target_arch = "x86_64", not(miri))))]
        let _ = (number, items);
    }

    #[inline(always)]
    unsafe fn write(&self, number: u64, item: T) {
        // SAFETY: the mask keeps it in the ring; the caller alone may touch an item that is not announced.
        unsafe { self.item(number).write(item) };
    }

    #[inline(always)]
    unsafe fn read(&self, number: u64) -> T {
        // SAFETY: as for `write`, with an item that is announced; any bytes are a valid `T`.
        unsafe { self.item(number).read() }
    }

    #[inline(always)]
    unsafe fn write_many(&self, number: u64, items: &[T]) {
        let (place, room) = (self.item(number), self.before_end(number));
        // SAFETY: what does not fit before the end of the ring goes to its beginning; the caller promised that the ring holds all, and that it is its own to write.
        unsafe {
            if items.len() <= room {
                ptr::copy_nonoverlapping(items.as_ptr(), place, items.len());
            } else {
                ptr::copy_nonoverlapping(items.as_ptr(), place, room);
                ptr::copy_nonoverlapping(items.as_ptr().add(room), self.item(0), items.len() - room);
            }
        }
    }

    #[inline(always)]
    unsafe fn read_many(&self, number: u64, items: &mut [T]) {
        let (place, room) = (self.item(number), self.before_end(number));
        // SAFETY: as in `write_many`, in the other direction.
        unsafe {
            if items.len() <= room {
                ptr::copy_nonoverlapping(place, items.as_mut_ptr(), items.len());
            } else {
                ptr::copy_nonoverlapping(place, items.as_mut_ptr(), room);
                ptr::copy_nonoverlapping(self.item(0), items.as_mut_ptr().add(room), items.len() - room);
            }
        }
    }
}

/// The stamps alone, for who does not know the type of the items.
pub(super) struct Stamps {
    base: *const u8,
    mask: u64,
    shape: Shape,
}

impl Stamps {
    /// # Safety
    /// As [`InMemory::new`], with items laid out as `shape`.
    pub(super) unsafe fn new(base: *const u8, len: u64, shape: Shape) -> Self {
        Stamps { base, mask: len - 1, shape }
    }

    pub(super) fn stamp(&self, number: u64) -> Option<&AtomicU64> {
        let at = self.base.wrapping_add((number & self.mask) as usize * self.shape.stride);
        // SAFETY: as in `InMemory::stamp`.
        self.shape.is_stamped.then(|| unsafe { &*at.cast() })
    }
}
