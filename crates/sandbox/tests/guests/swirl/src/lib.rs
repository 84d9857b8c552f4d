//! Turns points around the origin, speaks, and fails on demand.

use wasm_engine_guest::simd::F32x4;
use wasm_engine_guest::{Context, Error, Kernel, Level, kernel, log, pod_struct};

pod_struct! {
    struct Point { at: [f32; 2], age: [u32; 2] }
}

struct Swirl {
    trail: Vec<u64>,
}

impl Kernel for Swirl {
    fn init(ctx: &Context) -> Result<Self, Error> {
        log!("{} points in {} shards", ctx.bytes("points")? / 16, ctx.shards());
        Ok(Swirl { trail: Vec::new() })
    }

    fn tick(&mut self, ctx: &mut Context) -> Result<(), Error> {
        self.trail.push(ctx.tick());
        let mode = ctx.param("mode")?;
        let points = ctx.read::<Point>("points")?;
        let own = ctx.shard_range(points.len());
        let new = ctx.write_share::<Point>("points", points.len())?;
        let mut rng = ctx.rng();
        for (new, last) in new.iter_mut().zip(&points[own]) {
            let [x, y] = last.at;
            let turned = F32x4::new(x, y, -y, x) * F32x4::new(0.8, 0.8, 0.6, 0.6);
            let [a, b, c, d] = turned.to_array();
            *new = Point { at: [a + c, b + d], age: [last.age[0] + 1, rng.next_u32()] };
        }
        match mode as u32 {
            0 => ctx.emit("trail", &(self.trail.len() as u32).to_le_bytes()),
            1 => {
                log!(Level::Warn, "about to index {}", points.len());
                Err(Error::Failed { code: points[points.len() + mode as usize].age[0] as i32, message: "unreachable" })
            }
            2 => Err(Error::new("told to fail")),
            3 => ctx.write::<u32>("map").map(|map| map[0] = 1),
            _ => {
                self.trail.reserve(1 << 26);
                Ok(())
            }
        }
    }
}

kernel!(Swirl);
