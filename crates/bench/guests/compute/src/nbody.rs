//! All pairs of 1,024 bodies in three dimensions: positions and masses in, velocities' changes out.

use wasm_engine_guest::simd::F32x4;

const BODIES: usize = 1024;

/// Rows of x, y, z and mass.
pub const VECTORS: usize = BODIES;

/// Keeps bodies that meet from flying apart.
const SOFTENING: f32 = 1e-3;

/// One step.
pub fn step(input: &[F32x4], output: &mut [F32x4]) {
    let (xs, rest) = input.split_at(BODIES / 4);
    let (ys, rest) = rest.split_at(BODIES / 4);
    let (zs, masses) = rest.split_at(BODIES / 4);
    let (out_x, rest) = output.split_at_mut(BODIES / 4);
    let (out_y, rest) = rest.split_at_mut(BODIES / 4);
    let (out_z, _) = rest.split_at_mut(BODIES / 4);
    let own = xs.iter().zip(ys).zip(zs);
    let new = out_x.iter_mut().zip(out_y).zip(out_z);
    for (((x, y), z), ((new_x, new_y), new_z)) in own.zip(new) {
        let mut sum = [F32x4::splat(0.0); 3];
        for (((other_x, other_y), other_z), mass) in xs.iter().zip(ys).zip(zs).zip(masses) {
            let (other_x, other_y) = (other_x.to_array(), other_y.to_array());
            let (other_z, mass) = (other_z.to_array(), mass.to_array());
            for lane in 0..4 {
                let dx = F32x4::splat(other_x[lane]) - *x;
                let dy = F32x4::splat(other_y[lane]) - *y;
                let dz = F32x4::splat(other_z[lane]) - *z;
                let squared = dx * dx + dy * dy + dz * dz + F32x4::splat(SOFTENING);
                let pull = F32x4::splat(mass[lane]) / (squared * squared.sqrt());
                sum[0] += dx * pull;
                sum[1] += dy * pull;
                sum[2] += dz * pull;
            }
        }
        [*new_x, *new_y, *new_z] = sum;
    }
}
