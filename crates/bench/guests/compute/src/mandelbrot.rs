//! Escape times of 256 × 256 points around the boundary of the Mandelbrot set, four at a time.

use wasm_engine_guest::simd::F32x4;

const SIZE: usize = 256;

/// One vector per four points. The input is not used.
pub const VECTORS: usize = SIZE * SIZE / 4;

const MOST_ROUNDS: u32 = 100;

/// One image.
pub fn render(_input: &[F32x4], output: &mut [F32x4]) {
    let scale = 2.5 / SIZE as f32;
    for (y, row) in output.chunks_exact_mut(SIZE / 4).enumerate() {
        let imaginary = F32x4::splat(y as f32 * scale - 1.25);
        for (x, times) in row.iter_mut().enumerate() {
            let lanes = F32x4::new(0.0, 1.0, 2.0, 3.0) + F32x4::splat(4.0 * x as f32);
            *times = escape(lanes * scale - F32x4::splat(2.0), imaginary);
        }
    }
}

#[inline(always)]
fn escape(real: F32x4, imaginary: F32x4) -> F32x4 {
    let (mut a, mut b) = (real, imaginary);
    let mut times = F32x4::splat(0.0);
    for _ in 0..MOST_ROUNDS {
        let (aa, bb) = (a * a, b * b);
        let inside = (aa + bb).le(F32x4::splat(4.0));
        if !inside.any() {
            break;
        }
        times += inside.keep(F32x4::splat(1.0));
        b = (a + a) * b + imaginary;
        a = aa - bb + real;
    }
    times
}
