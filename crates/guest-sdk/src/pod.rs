//! Plain old data: what may lie in a buffer.
#![expect(unsafe_code, reason = "the marker is the promise that any bytes are a valid value")]

use core::mem::MaybeUninit;

/// A type whose values can be made of any bytes, and whose bytes are all meaningful.
///
/// Declare your own with [`pod_struct!`](crate::pod_struct), which checks the conditions.
///
/// # Safety
///
/// The type has no padding, no niche, no pointer and no interior mutability, its layout is defined (`repr(C)`,
/// `repr(transparent)` or primitive), and every bit pattern is a valid value.
pub unsafe trait Pod: Copy + Send + Sync + 'static {}

macro_rules! pods {
    ($($ty:ty),+) => {
        $(
            // SAFETY: a primitive number: any bits are a value, there is no padding.
            unsafe impl Pod for $ty {}
        )+
    };
}

pods!(u8, u16, u32, u64, i8, i16, i32, i64, f32, f64);

// SAFETY: an array has its items one after the other without padding, and each may be any bits.
unsafe impl<T: Pod, const N: usize> Pod for [T; N] {}

/// The value whose bytes are all zero.
pub fn zeroed<T: Pod>() -> T {
    // SAFETY: any bytes are a valid `T`, zeros among them.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// The bytes of a slice of items, as [`Context::emit`](crate::Context::emit) takes them.
pub fn bytes_of<T: Pod>(items: &[T]) -> &[u8] {
    // SAFETY: `Pod` has no padding, so all `size_of_val` bytes are initialized; `u8` has no alignment to keep.
    unsafe { core::slice::from_raw_parts(items.as_ptr().cast(), size_of_val(items)) }
}

#[cfg(test)]
mod tests {
    use super::{bytes_of, zeroed};

    crate::pod_struct! {
        #[derive(Debug, PartialEq)]
        struct Pair { near: u32, far: [u16; 2] }
    }

    #[test]
    fn a_declared_struct_is_plain_data() {
        assert_eq!(zeroed::<Pair>(), Pair { near: 0, far: [0, 0] });
        assert_eq!(bytes_of(&[Pair { near: 1, far: [2, 3] }]), [1, 0, 0, 0, 2, 0, 3, 0]);
    }
}
