//! The lanes on SSE2, which every x86-64 has.
#![expect(unsafe_code, reason = "calling an intrinsic asks for its feature to be named, although the target always has it")]

use core::arch::x86_64 as x;

pub(super) use x::__m128 as Vector;

macro_rules! lanewise {
    ($($name:ident($($arg:ident),+) = $intrinsic:ident;)+) => {
        $(
            #[inline(always)]
            pub(super) fn $name($($arg: Vector),+) -> Vector {
                // SAFETY: the module is compiled only where the target has SSE2; the intrinsic takes and gives plain values.
                unsafe { x::$intrinsic($($arg),+) }
            }
        )+
    };
}

lanewise! {
    add(a, b) = _mm_add_ps;
    sub(a, b) = _mm_sub_ps;
    mul(a, b) = _mm_mul_ps;
    div(a, b) = _mm_div_ps;
    min(a, b) = _mm_min_ps;
    max(a, b) = _mm_max_ps;
    sqrt(v) = _mm_sqrt_ps;
    lt(a, b) = _mm_cmplt_ps;
    le(a, b) = _mm_cmple_ps;
    and(a, b) = _mm_and_ps;
    or(a, b) = _mm_or_ps;
    and_not(mask, v) = _mm_andnot_ps;
    xor(a, b) = _mm_xor_ps;
}

#[inline(always)]
pub(super) fn new(a: f32, b: f32, c: f32, d: f32) -> Vector {
    // SAFETY: the module is compiled only where the target has SSE2.
    unsafe { x::_mm_setr_ps(a, b, c, d) }
}

#[inline(always)]
pub(super) fn splat(value: f32) -> Vector {
    // SAFETY: the module is compiled only where the target has SSE2.
    unsafe { x::_mm_set1_ps(value) }
}

#[inline(always)]
pub(super) fn to_array(v: Vector) -> [f32; 4] {
    // SAFETY: both are 16 bytes of four `f32`.
    unsafe { core::mem::transmute(v) }
}

#[inline(always)]
pub(super) fn abs(v: Vector) -> Vector {
    and_not(splat(-0.0), v)
}

#[inline(always)]
pub(super) fn neg(v: Vector) -> Vector {
    xor(splat(-0.0), v)
}

#[inline(always)]
pub(super) fn not(mask: Vector) -> Vector {
    xor(mask, splat(f32::from_bits(u32::MAX)))
}

#[inline(always)]
pub(super) fn select(mask: Vector, yes: Vector, no: Vector) -> Vector {
    or(and(mask, yes), and_not(mask, no))
}

#[inline(always)]
pub(super) fn bits(mask: Vector) -> u32 {
    // SAFETY: the module is compiled only where the target has SSE2.
    let bits = unsafe { x::_mm_movemask_ps(mask) };
    bits.cast_unsigned()
}

#[inline(always)]
pub(super) fn any(mask: Vector) -> bool {
    bits(mask) != 0
}
