//! The lanes as arrays, for targets without vectors known to this crate. Masks are lanes of all ones or all zeros.

pub(super) type Vector = [f32; 4];

#[inline(always)]
fn zip(a: Vector, b: Vector, f: impl Fn(f32, f32) -> f32) -> Vector {
    [f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])]
}

#[inline(always)]
fn zip_bits(a: Vector, b: Vector, f: impl Fn(u32, u32) -> u32) -> Vector {
    zip(a, b, |a, b| f32::from_bits(f(a.to_bits(), b.to_bits())))
}

fn lane(set: bool) -> f32 {
    f32::from_bits(if set { u32::MAX } else { 0 })
}

pub(super) fn new(a: f32, b: f32, c: f32, d: f32) -> Vector {
    [a, b, c, d]
}

pub(super) fn splat(value: f32) -> Vector {
    [value; 4]
}

pub(super) fn to_array(v: Vector) -> [f32; 4] {
    v
}

pub(super) fn add(a: Vector, b: Vector) -> Vector {
    zip(a, b, |a, b| a + b)
}

pub(super) fn sub(a: Vector, b: Vector) -> Vector {
    zip(a, b, |a, b| a - b)
}

pub(super) fn mul(a: Vector, b: Vector) -> Vector {
    zip(a, b, |a, b| a * b)
}

pub(super) fn div(a: Vector, b: Vector) -> Vector {
    zip(a, b, |a, b| a / b)
}

pub(super) fn min(a: Vector, b: Vector) -> Vector {
    zip(a, b, |a, b| if a < b { a } else { b })
}

pub(super) fn max(a: Vector, b: Vector) -> Vector {
    zip(a, b, |a, b| if a > b { a } else { b })
}

pub(super) fn sqrt(v: Vector) -> Vector {
    #[cfg(any(feature = "std", test))]
    return v.map(f32::sqrt);
    // Newton's method from above, in double precision, then rounded once: exact for every `f32`.
    #[cfg(not(any(feature = "std", test)))]
    return v.map(|lane| {
        let x = f64::from(lane);
        if !(x > 0.0 && x.is_finite()) {
            return if x < 0.0 { f32::NAN } else { lane };
        }
        let mut root = f64::from_bits((x.to_bits() >> 1) + (1023 << 51));
        for _ in 0..6 {
            root = 0.5 * (root + x / root);
        }
        root as f32
    });
}

pub(super) fn abs(v: Vector) -> Vector {
    v.map(|lane| f32::from_bits(lane.to_bits() & 0x7fff_ffff))
}

pub(super) fn neg(v: Vector) -> Vector {
    v.map(|lane| f32::from_bits(lane.to_bits() ^ 0x8000_0000))
}

pub(super) fn lt(a: Vector, b: Vector) -> Vector {
    zip(a, b, |a, b| lane(a < b))
}

pub(super) fn le(a: Vector, b: Vector) -> Vector {
    zip(a, b, |a, b| lane(a <= b))
}

pub(super) fn and(a: Vector, b: Vector) -> Vector {
    zip_bits(a, b, |a, b| a & b)
}

pub(super) fn or(a: Vector, b: Vector) -> Vector {
    zip_bits(a, b, |a, b| a | b)
}

pub(super) fn not(mask: Vector) -> Vector {
    zip_bits(mask, mask, |a, _| !a)
}

pub(super) fn select(mask: Vector, yes: Vector, no: Vector) -> Vector {
    or(and(mask, yes), and(not(mask), no))
}

pub(super) fn bits(mask: Vector) -> u32 {
    mask.iter().enumerate().fold(0, |bits, (n, lane)| bits | (lane.to_bits() >> 31) << n)
}

pub(super) fn any(mask: Vector) -> bool {
    bits(mask) != 0
}
