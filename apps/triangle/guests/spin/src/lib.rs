//! Turns three corners around the middle, a full turn in eight seconds.

use std::f32::consts::TAU;

use wasm_engine_guest::{Context, Error, Kernel, kernel, pod_struct};

pod_struct! {
    /// One corner, as the surface reads it.
    #[derive(Debug)]
    struct Corner {
        position: [f32; 2],
        color: [f32; 4],
    }
}

/// Red, green and blue of the three corners.
const COLORS: [[f32; 3]; 3] = [[1.0, 0.38, 0.45], [0.32, 0.86, 0.62], [0.36, 0.55, 1.0]];

struct Spin;

impl Kernel for Spin {
    fn init(_: &Context) -> Result<Self, Error> {
        Ok(Self)
    }

    fn tick(&mut self, ctx: &mut Context) -> Result<(), Error> {
        let turn = (ctx.time() / 8.0).fract() as f32;
        for (i, (corner, [red, green, blue])) in ctx.write::<Corner>("corners")?.iter_mut().zip(COLORS).enumerate() {
            let angle = TAU * (turn + i as f32 / 3.0 + 0.25);
            *corner = Corner { position: [0.92 * angle.cos(), 0.92 * angle.sin()], color: [red, green, blue, 1.0] };
        }
        Ok(())
    }
}

kernel!(Spin);

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_engine_guest::testing::Rig;

    #[test]
    fn corners_stay_a_triangle() {
        let mut rig = Rig::new().buffer("corners", &[wasm_engine_guest::zeroed::<Corner>(); 3]);
        let mut spin = rig.init::<Spin>().unwrap();
        for _ in 0..500 {
            rig.tick(&mut spin).unwrap();
            let corners = rig.content::<Corner>("corners");
            for (a, b) in [(0, 1), (1, 2), (2, 0)] {
                let [dx, dy] = [0, 1].map(|axis| corners[a].position[axis] - corners[b].position[axis]);
                assert!((dx.hypot(dy) - 0.92 * 3.0_f32.sqrt()).abs() < 1e-3, "{corners:?}");
            }
        }
    }
}
