//! Where the items of a ring lie: groups of one or a few cache lines, each with a header of eight bytes.

use crate::primitives::AtomicU64;
use crate::protocol::ring::Groups;
use bytemuck::Pod;
use core::{marker::PhantomData, ptr};

const HEADER_BYTES: usize = 8;
const GROUP_BYTES: [usize; 4] = [64, 128, 256, 512];
/// Items up to this size come in streams rather than one by one, so they get the largest groups.
const SMALL_BYTES: usize = 16;
/// The count in a header has eight bits.
const PER_GROUP_MAX: usize = 255;

/// How items of one size are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) per_group: u64,
    pub(crate) group_bytes: usize,
}

impl Shape {
    /// The smallest group that wastes no more than a quarter, because what shares a line with the header costs no second transfer; one item per group when it is large.
    pub(crate) const fn of(item_bytes: usize) -> Shape {
        let mut index = if item_bytes <= SMALL_BYTES { GROUP_BYTES.len() - 1 } else { 0 };
        while index < GROUP_BYTES.len() {
            let group_bytes = GROUP_BYTES[index];
            let fit = (group_bytes - HEADER_BYTES) / item_bytes;
            let per_group = if fit < PER_GROUP_MAX { fit } else { PER_GROUP_MAX };
            if (HEADER_BYTES + per_group * item_bytes) * 4 >= group_bytes * 3 {
                return Shape { per_group: per_group as u64, group_bytes };
            }
            index += 1;
        }
        Shape { per_group: 1, group_bytes: (HEADER_BYTES + item_bytes).next_multiple_of(64) }
    }
}

/// Groups of items of a type in memory that someone else keeps.
pub(super) struct InMemory<T> {
    base: *mut u8,
    mask: u64,
    _items: PhantomData<T>,
}

impl<T: Pod> InMemory<T> {
    pub(super) const SHAPE: Shape = Shape::of(size_of::<T>());
    /// Whether copying a whole group is a few vector moves when the compiler knows how long it is. Longer copies are calls either way.
    const SHORT: bool = Self::SHAPE.per_group as usize * size_of::<T>() <= 128;

    /// # Safety
    /// `base` is aligned to 64, and `groups` groups of [`Self::SHAPE`] lie there for as long as this value is used; `groups` is a power of two.
    /// At most one sender and one receiver use the items.
    pub(super) unsafe fn new(base: *mut u8, groups: u64) -> Self {
        debug_assert!(groups.is_power_of_two());
        InMemory { base, mask: groups - 1, _items: PhantomData }
    }

    #[inline(always)]
    fn item(at: *mut u8, index: u64) -> *mut T {
        // Aligned: groups are aligned to 64, items to at most 8 and to a divisor of their size.
        at.wrapping_add(HEADER_BYTES + index as usize * size_of::<T>()).cast()
    }
}

impl<T: Pod> Groups<T> for InMemory<T> {
    type At = *mut u8;
    const PER_GROUP: u64 = Self::SHAPE.per_group;

    #[inline(always)]
    fn len(&self) -> u64 {
        self.mask + 1
    }

    #[inline(always)]
    fn at(&self, group: u64) -> *mut u8 {
        self.base.wrapping_add((group & self.mask) as usize * Self::SHAPE.group_bytes)
    }

    #[inline(always)]
    fn header(&self, at: *mut u8) -> &AtomicU64 {
        // SAFETY: `at` comes from `at` above, so the header lies in the memory promised to `new`, aligned. Any bytes are a valid word.
        unsafe { &*at.cast() }
    }

    #[inline(always)]
    unsafe fn write(&self, at: *mut u8, index: u64, item: T) {
        // SAFETY: `index < PER_GROUP` keeps it in the group; the caller alone may touch an item that is not announced.
        unsafe { Self::item(at, index).write(item) };
    }

    #[inline(always)]
    unsafe fn read(&self, at: *mut u8, index: u64) -> T {
        // SAFETY: as for `write`, with an item that is announced; any bytes are a valid `T`.
        unsafe { Self::item(at, index).read() }
    }

    #[inline(always)]
    unsafe fn write_many(&self, at: *mut u8, index: u64, items: &[T]) {
        if Self::SHORT && items.len() as u64 == Self::PER_GROUP {
            // SAFETY: `index` is 0 then, the group has room for `PER_GROUP` items, and they are the caller's to write.
            unsafe { ptr::copy_nonoverlapping(items.as_ptr(), Self::item(at, 0), Self::SHAPE.per_group as usize) };
        } else {
            // SAFETY: the caller promised that `index + items.len()` is at most `PER_GROUP`, and that the items are its own to write.
            unsafe { ptr::copy_nonoverlapping(items.as_ptr(), Self::item(at, index), items.len()) };
        }
    }

    #[inline(always)]
    unsafe fn read_many(&self, at: *mut u8, index: u64, items: &mut [T]) {
        if Self::SHORT && items.len() as u64 == Self::PER_GROUP {
            // SAFETY: as in `write_many`, in the other direction.
            unsafe { ptr::copy_nonoverlapping(Self::item(at, 0), items.as_mut_ptr(), Self::SHAPE.per_group as usize) };
        } else {
            // SAFETY: as in `write_many`, in the other direction.
            unsafe { ptr::copy_nonoverlapping(Self::item(at, index), items.as_mut_ptr(), items.len()) };
        }
    }
}

/// The headers alone, for who does not know the type of the items.
pub(super) struct Headers {
    base: *const u8,
    mask: u64,
    pub(super) shape: Shape,
}

impl Headers {
    /// # Safety
    /// As [`InMemory::new`], with groups of `shape`.
    pub(super) unsafe fn new(base: *const u8, groups: u64, shape: Shape) -> Self {
        Headers { base, mask: groups - 1, shape }
    }

    pub(super) fn header(&self, group: u64) -> &AtomicU64 {
        let at = self.base.wrapping_add((group & self.mask) as usize * self.shape.group_bytes);
        // SAFETY: the mask keeps it within the memory promised to `new`, aligned to 64. Any bytes are a valid word.
        unsafe { &*at.cast() }
    }
}
