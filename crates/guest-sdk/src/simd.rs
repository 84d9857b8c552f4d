//! Four `f32` at once, the same in a guest (`simd128`), on x86-64 (SSE2) and elsewhere (plain arrays), bit for bit.
//!
//! Plain loops over slices mostly vectorize by themselves; this is for code whose lanes take decisions of their own. Only
//! operations whose results IEEE 754 fixes are here, so that a kernel computes the same on every machine.
#![expect(unsafe_code, reason = "vectors are plain data")]

use core::ops::{Add, AddAssign, BitAnd, BitOr, Div, Mul, MulAssign, Neg, Not, Sub, SubAssign};

use crate::Pod;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[path = "simd/wasm.rs"]
mod lanes;

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[path = "simd/x86_64.rs"]
mod lanes;

#[cfg(not(any(all(target_arch = "wasm32", target_feature = "simd128"), all(target_arch = "x86_64", target_feature = "sse2"))))]
#[path = "simd/plain.rs"]
mod lanes;

/// Four lanes of `f32`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct F32x4(lanes::Vector);

/// Four lanes of yes or no, as a comparison of [`F32x4`] gives them.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Mask4(lanes::Vector);

// SAFETY: 16 bytes of four `f32` without padding, in all three representations.
unsafe impl Pod for F32x4 {}

impl F32x4 {
    /// One value per lane.
    #[inline(always)]
    pub fn new(a: f32, b: f32, c: f32, d: f32) -> Self {
        F32x4(lanes::new(a, b, c, d))
    }

    /// The same value in all lanes.
    #[inline(always)]
    pub fn splat(value: f32) -> Self {
        F32x4(lanes::splat(value))
    }

    /// The lanes as an array.
    #[inline(always)]
    pub fn to_array(self) -> [f32; 4] {
        lanes::to_array(self.0)
    }

    /// The lane-wise smaller value; where either is NaN, the lane of `other`.
    #[inline(always)]
    pub fn min(self, other: Self) -> Self {
        F32x4(lanes::min(self.0, other.0))
    }

    /// The lane-wise larger value; where either is NaN, the lane of `other`.
    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        F32x4(lanes::max(self.0, other.0))
    }

    /// The lane-wise square root, correctly rounded.
    #[inline(always)]
    pub fn sqrt(self) -> Self {
        F32x4(lanes::sqrt(self.0))
    }

    /// The lane-wise absolute value.
    #[inline(always)]
    pub fn abs(self) -> Self {
        F32x4(lanes::abs(self.0))
    }

    /// Lane-wise `self < other`.
    #[inline(always)]
    pub fn lt(self, other: Self) -> Mask4 {
        Mask4(lanes::lt(self.0, other.0))
    }

    /// Lane-wise `self <= other`.
    #[inline(always)]
    pub fn le(self, other: Self) -> Mask4 {
        Mask4(lanes::le(self.0, other.0))
    }

    /// Lane-wise `self > other`.
    #[inline(always)]
    pub fn gt(self, other: Self) -> Mask4 {
        other.lt(self)
    }

    /// Lane-wise `self >= other`.
    #[inline(always)]
    pub fn ge(self, other: Self) -> Mask4 {
        other.le(self)
    }

    /// The sum of the lanes, as `(a + b) + (c + d)`.
    #[inline(always)]
    pub fn sum(self) -> f32 {
        let [a, b, c, d] = self.to_array();
        (a + b) + (c + d)
    }
}

impl Mask4 {
    /// Per lane: `yes` where the mask is set, else `no`.
    #[inline(always)]
    pub fn select(self, yes: F32x4, no: F32x4) -> F32x4 {
        F32x4(lanes::select(self.0, yes.0, no.0))
    }

    /// Per lane: `value` where the mask is set, else zero.
    #[inline(always)]
    pub fn keep(self, value: F32x4) -> F32x4 {
        F32x4(lanes::and(self.0, value.0))
    }

    /// Bit `n` is lane `n`.
    #[inline(always)]
    pub fn bits(self) -> u32 {
        lanes::bits(self.0)
    }

    /// Whether any lane is set.
    #[inline(always)]
    pub fn any(self) -> bool {
        lanes::any(self.0)
    }

    /// Whether all lanes are set.
    #[inline(always)]
    pub fn all(self) -> bool {
        self.bits() == 0b1111
    }
}

macro_rules! operators {
    ($($operator:ident :: $method:ident),+) => {
        $(
            impl $operator for F32x4 {
                type Output = F32x4;
                #[inline(always)]
                fn $method(self, other: F32x4) -> F32x4 {
                    F32x4(lanes::$method(self.0, other.0))
                }
            }
        )+
    };
}

operators!(Add::add, Sub::sub, Mul::mul, Div::div);

impl Mul<f32> for F32x4 {
    type Output = F32x4;
    #[inline(always)]
    fn mul(self, factor: f32) -> F32x4 {
        self * F32x4::splat(factor)
    }
}

impl Neg for F32x4 {
    type Output = F32x4;
    #[inline(always)]
    fn neg(self) -> F32x4 {
        F32x4(lanes::neg(self.0))
    }
}

impl AddAssign for F32x4 {
    #[inline(always)]
    fn add_assign(&mut self, other: F32x4) {
        *self = *self + other;
    }
}

impl SubAssign for F32x4 {
    #[inline(always)]
    fn sub_assign(&mut self, other: F32x4) {
        *self = *self - other;
    }
}

impl MulAssign for F32x4 {
    #[inline(always)]
    fn mul_assign(&mut self, other: F32x4) {
        *self = *self * other;
    }
}

impl BitAnd for Mask4 {
    type Output = Mask4;
    #[inline(always)]
    fn bitand(self, other: Mask4) -> Mask4 {
        Mask4(lanes::and(self.0, other.0))
    }
}

impl BitOr for Mask4 {
    type Output = Mask4;
    #[inline(always)]
    fn bitor(self, other: Mask4) -> Mask4 {
        Mask4(lanes::or(self.0, other.0))
    }
}

impl Not for Mask4 {
    type Output = Mask4;
    #[inline(always)]
    fn not(self) -> Mask4 {
        Mask4(lanes::not(self.0))
    }
}

impl From<[f32; 4]> for F32x4 {
    #[inline(always)]
    fn from([a, b, c, d]: [f32; 4]) -> Self {
        F32x4::new(a, b, c, d)
    }
}

#[cfg(test)]
mod tests {
    use super::F32x4;

    #[test]
    fn lanes_compute_like_scalars() {
        let a = F32x4::new(1.0, -4.0, 9.0, 0.5);
        let b = F32x4::splat(2.0);
        assert_eq!((a + b).to_array(), [3.0, -2.0, 11.0, 2.5]);
        assert_eq!((a - b).to_array(), [-1.0, -6.0, 7.0, -1.5]);
        assert_eq!((a * b / b).to_array(), a.to_array());
        assert_eq!((-a).abs().sqrt().to_array(), [1.0, 2.0, 3.0, 0.5f32.sqrt()]);
        assert_eq!(a.min(b).to_array(), [1.0, -4.0, 2.0, 0.5]);
        assert_eq!(a.max(b).to_array(), [2.0, 2.0, 9.0, 2.0]);
        assert_eq!(a.sum(), 6.5);
    }

    #[test]
    fn masks_choose_by_lane() {
        let a = F32x4::new(1.0, 2.0, 3.0, f32::NAN);
        let b = F32x4::splat(2.0);
        assert_eq!(a.lt(b).bits(), 0b0001);
        assert_eq!(a.le(b).bits(), 0b0011);
        assert_eq!(a.gt(b).bits(), 0b0100);
        assert_eq!((!a.ge(b)).bits(), 0b1001);
        assert_eq!((a.lt(b) | a.gt(b)).bits(), 0b0101);
        assert!(a.lt(b).any() && !a.lt(b).all() && (b.le(b) & b.ge(b)).all());
        assert_eq!(a.le(b).select(a, F32x4::splat(9.0)).to_array(), [1.0, 2.0, 9.0, 9.0]);
        assert_eq!(a.le(b).keep(b).to_array(), [2.0, 2.0, 0.0, 0.0]);
    }
}
