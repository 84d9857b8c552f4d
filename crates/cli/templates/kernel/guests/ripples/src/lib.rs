//! A pond that rings: the wave equation on a grid, drops of rain, and the pointer's finger in the water.

use wasm_engine_guest::{Context, Error, Kernel, kernel};

/// Points in a row, and rows: `width` and `height` of the surface in `app.toml`.
const SIDE: usize = 256;
/// How fast waves run, in cells a tick, squared. Above 0.5 the water explodes.
const SPEED: f32 = 0.24;

struct Ripples {
    /// The heights before the last ones: with both, a wave knows which way it goes.
    before: Vec<f32>,
}

impl Kernel for Ripples {
    fn init(ctx: &Context) -> Result<Self, Error> {
        Ok(Self { before: ctx.read::<f32>("pond")?.to_vec() })
    }

    fn tick(&mut self, ctx: &mut Context) -> Result<(), Error> {
        // The last content to read, the next one to write. Both are the memory that the compositor draws from.
        let (now, next) = ctx.read_write::<f32>("pond")?;
        let keep = 1.0 - ctx.param("damping")?;
        step(now, &self.before, next, keep);
        self.before.copy_from_slice(now);

        let mut rng = ctx.rng();
        if f64::from(rng.f32()) < f64::from(ctx.param("rain")?) * ctx.dt() {
            drop_at(next, rng.f32(), rng.f32(), 1.5);
        }
        if let Some(pointer) = ctx.pointer() {
            drop_at(next, pointer.x, pointer.y, if pointer.buttons & 1 == 1 { 0.5 } else { 0.05 });
        }
        Ok(())
    }
}

kernel!(Ripples);

/// One step of the wave equation. The rim stays at rest.
fn step(now: &[f32], before: &[f32], next: &mut [f32], keep: f32) {
    next.fill(0.0);
    for row in 1..SIDE - 1 {
        // Plain slices of one length: the compiler makes vectors of this loop.
        let at = |row: usize, column: usize| &now[row * SIDE + column..][..SIDE - 2];
        let (up, down, left, right, here) = (at(row - 1, 1), at(row + 1, 1), at(row, 0), at(row, 2), at(row, 1));
        let before = &before[row * SIDE + 1..][..SIDE - 2];
        let next = &mut next[row * SIDE + 1..][..SIDE - 2];
        for i in 0..SIDE - 2 {
            let around = up[i] + down[i] + left[i] + right[i] - 4.0 * here[i];
            next[i] = (2.0 * here[i] - before[i] + SPEED * around) * keep;
        }
    }
}

/// Presses a small round hollow into the water. Places are parts of the side, from 0 to 1.
fn drop_at(pond: &mut [f32], x: f32, y: f32, depth: f32) {
    const RADIUS: i32 = 4;
    let (column, row) = ((x * SIDE as f32) as i32, (y * SIDE as f32) as i32);
    for dy in -RADIUS..=RADIUS {
        for dx in -RADIUS..=RADIUS {
            let (column, row) = (column + dx, row + dy);
            let inside = (1..SIDE as i32 - 1).contains(&column) && (1..SIDE as i32 - 1).contains(&row);
            let near = 1.0 - (dx * dx + dy * dy) as f32 / (RADIUS * RADIUS) as f32;
            if inside && near > 0.0 {
                pond[row as usize * SIDE + column as usize] -= depth * near * near;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_engine_guest::testing::Rig;

    fn after(ticks: usize, rain: f32) -> Vec<f32> {
        let mut rig = Rig::new().buffer("pond", &vec![0.0_f32; SIDE * SIDE]).param("damping", 0.01).param("rain", rain);
        let mut kernel = rig.init::<Ripples>().unwrap();
        for _ in 0..ticks {
            rig.tick(&mut kernel).unwrap();
        }
        rig.content("pond")
    }

    #[test]
    fn without_rain_the_water_is_flat() {
        assert!(after(5, 0.0).iter().all(|height| *height == 0.0));
    }

    #[test]
    fn rain_makes_waves_and_they_stay_small() {
        let pond = after(40, 60.0);
        assert!(pond.iter().any(|height| *height != 0.0));
        assert!(pond.iter().all(|height| height.abs() < 10.0));
    }
}
