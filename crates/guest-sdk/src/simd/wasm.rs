//! The lanes on `simd128`.

use core::arch::wasm32 as w;

pub(super) use w::{
    f32x4_abs as abs, f32x4_add as add, f32x4_div as div, f32x4_le as le, f32x4_lt as lt, f32x4_mul as mul, f32x4_neg as neg,
    f32x4_splat as splat, f32x4_sqrt as sqrt, f32x4_sub as sub, v128 as Vector, v128_and as and, v128_any_true as any, v128_not as not,
    v128_or as or,
};

#[inline(always)]
pub(super) fn new(a: f32, b: f32, c: f32, d: f32) -> Vector {
    w::f32x4(a, b, c, d)
}

#[inline(always)]
pub(super) fn to_array(v: Vector) -> [f32; 4] {
    [w::f32x4_extract_lane::<0>(v), w::f32x4_extract_lane::<1>(v), w::f32x4_extract_lane::<2>(v), w::f32x4_extract_lane::<3>(v)]
}

// `pmin(a, b)` is `b < a ? b : a`, which is one instruction on x86-64 and is what `minps` means with its operands exchanged.
#[inline(always)]
pub(super) fn min(a: Vector, b: Vector) -> Vector {
    w::f32x4_pmin(b, a)
}

#[inline(always)]
pub(super) fn max(a: Vector, b: Vector) -> Vector {
    w::f32x4_pmax(b, a)
}

#[inline(always)]
pub(super) fn select(mask: Vector, yes: Vector, no: Vector) -> Vector {
    w::v128_bitselect(yes, no, mask)
}

#[inline(always)]
pub(super) fn bits(mask: Vector) -> u32 {
    u32::from(w::i32x4_bitmask(mask))
}
