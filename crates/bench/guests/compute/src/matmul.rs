//! The product of two matrices of 256 × 256, which lie one after the other in the input.

use wasm_engine_guest::simd::F32x4;

const SIZE: usize = 256;
const ROW: usize = SIZE / 4;

/// Two matrices in; the product is the first half of the output.
pub const VECTORS: usize = 2 * SIZE * ROW;

/// Rows and vectors of a tile of the product, whose sums stay in registers: 8 of the 16 there are.
const TILE_ROWS: usize = 4;
const TILE_VECTORS: usize = 2;

/// One product.
pub fn multiply(input: &[F32x4], output: &mut [F32x4]) {
    let (left, right) = input.split_at(SIZE * ROW);
    for (band, rows) in left.chunks_exact(TILE_ROWS * ROW).zip(output.chunks_exact_mut(TILE_ROWS * ROW)) {
        for column in (0..ROW).step_by(TILE_VECTORS) {
            let sums = tile(band, right, column);
            for (row, sums) in rows.chunks_exact_mut(ROW).zip(sums) {
                row[column..column + TILE_VECTORS].copy_from_slice(&sums);
            }
        }
    }
}

#[inline(always)]
fn tile(band: &[F32x4], right: &[F32x4], column: usize) -> [[F32x4; TILE_VECTORS]; TILE_ROWS] {
    let mut sums = [[F32x4::splat(0.0); TILE_VECTORS]; TILE_ROWS];
    for (step, rows) in right.chunks_exact(4 * ROW).enumerate() {
        let factors: [[f32; 4]; TILE_ROWS] = core::array::from_fn(|row| band[row * ROW + step].to_array());
        for (lane, row) in rows.chunks_exact(ROW).enumerate() {
            let across: [F32x4; TILE_VECTORS] = core::array::from_fn(|vector| row[column + vector]);
            for (sums, factors) in sums.iter_mut().zip(&factors) {
                let factor = F32x4::splat(factors[lane]);
                for (sum, across) in sums.iter_mut().zip(&across) {
                    *sum += factor * *across;
                }
            }
        }
    }
    sums
}
