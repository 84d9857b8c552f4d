//! Moves every boid by what its neighbors do: keep apart, go the same way, stay together.
//!
//! The work is split among shards by ranges of sorted boids. What becomes of a boid depends on last tick's boids alone and it is written to
//! its place in the sorted order, so any number of shards computes the same bits.
//!
//! The boids of one cell have the same candidates: three runs of memory, one per row of cells (more where the world wraps). They are taken
//! four at a time, as the lanes of a vector.

use std::ops::Range;

use wasm_engine_guest::simd::F32x4;
use wasm_engine_guest::{Context, Error, Kernel, kernel};
use world::{Boid, HEADER_WORDS, HEIGHT, Header, WIDTH, capacity, hash, planes, wrap};

/// Candidates looked at in one row of cells. In a denser crowd a boid looks at a part of it, another one each tick.
const ROW_MAX: usize = 40;

/// The kernel. It keeps nothing from tick to tick.
pub struct Flock;

impl Kernel for Flock {
    fn init(_: &Context) -> Result<Self, Error> {
        Ok(Self)
    }

    fn tick(&mut self, ctx: &mut Context) -> Result<(), Error> {
        let sorted = ctx.read::<f32>("sorted")?;
        let words = ctx.read::<u32>("cells")?;
        let header = Header::read(words).ok_or(Error::new("the grid is not there yet"))?;
        let count = (header.count as usize).min(capacity(sorted.len()));
        let mine = ctx.shard_range(count);
        let room = ctx.bytes("boids")? / size_of::<Boid>();
        // Whoever comes last also clears away what no longer lives.
        let end = if ctx.shard() + 1 == ctx.shards() { room } else { mine.end };
        let out = ctx.write_range::<Boid>("boids", mine.start..end)?;

        let rules = Rules::of(ctx, &header)?;
        let swarm = Swarm { header, starts: &words[HEADER_WORDS..], planes: planes(sorted) };
        let (living, parked) = out.split_at_mut(mine.len());
        swarm.step(mine, &rules, living);
        parked.fill(Boid::PARKED);
        Ok(())
    }
}

kernel!(Flock);

/// The sliders, as the loop wants them.
struct Rules {
    dt: f32,
    speed: f32,
    alignment: f32,
    cohesion: f32,
    separation: f32,
    wander: f32,
    /// One over the square of the distance a boid sees.
    sight: f32,
    /// One over the square of the distance it keeps.
    berth: f32,
    pointer: Option<Lure>,
    tick: u32,
}

/// Where the pointer is, and what it does to boids near it.
struct Lure {
    x: f32,
    y: f32,
    /// Acceleration at the center, towards it.
    pull: f32,
    /// The same, around it.
    swirl: f32,
}

/// How far the pointer is felt.
const LURE_RADIUS: f32 = 220.0;

impl Rules {
    fn of(ctx: &Context, header: &Header) -> Result<Self, Error> {
        let radius = header.radius;
        let speed = ctx.param("speed")?;
        let berth = radius * ctx.param("distance")?;
        let strength = ctx.param("pointer")? * speed * 8.0;
        let pointer = ctx.pointer().map(|pointer| {
            let (pull, swirl) = match pointer.buttons & 1 {
                0 => (-strength, 0.0),
                _ => (strength, strength * 0.6),
            };
            Lure { x: pointer.x * WIDTH, y: pointer.y * HEIGHT, pull, swirl }
        });
        Ok(Self {
            dt: ctx.dt() as f32,
            speed,
            alignment: ctx.param("alignment")? * 6.0,
            cohesion: ctx.param("cohesion")? * 6.0 * speed / radius,
            separation: ctx.param("separation")? * 8.0 * speed / radius,
            wander: ctx.param("wander")? * 12.0,
            sight: 1.0 / (radius * radius),
            berth: 1.0 / (berth * berth).max(1e-6),
            pointer,
            tick: ctx.tick() as u32,
        })
    }
}

/// The boids of last tick, in the order of their cells.
struct Swarm<'a> {
    header: Header,
    starts: &'a [u32],
    planes: [&'a [f32]; 4],
}

/// A run of candidates, and what to add to a boid's position to measure distances to them across the world's edge.
#[derive(Clone, Default)]
struct Run {
    range: Range<usize>,
    shift_x: f32,
    shift_y: f32,
}

/// What a boid sees, summed over its neighbors; each counts by how near it is.
#[derive(Clone, Copy)]
struct Sight {
    weight: F32x4,
    toward: [F32x4; 2],
    velocity: [F32x4; 2],
    away: [F32x4; 2],
}

impl Swarm<'_> {
    /// The next state of the boids in `mine`.
    fn step(&self, mine: Range<usize>, rules: &Rules, out: &mut [Boid]) {
        let Some(first) = mine.clone().next() else { return };
        let [xs, ys, ..] = self.planes;
        let mut cell = self.header.cell(xs[first], ys[first]) as usize;
        let mut at = first;
        while at < mine.end {
            while self.start(cell + 1) <= at {
                cell += 1;
            }
            let end = self.start(cell + 1).min(mine.end);
            let (runs, used) = self.runs(cell);
            for i in at..end {
                out[i - mine.start] = self.next(i, &runs[..used], rules);
            }
            at = end;
        }
    }

    /// Where the boids of a cell begin; beyond the last cell, where all of them end.
    #[inline(always)]
    fn start(&self, cell: usize) -> usize {
        if cell < self.header.cells() { self.starts[cell] as usize } else { self.header.count as usize }
    }

    /// The candidates of a cell's boids: at most two runs for each of three rows.
    fn runs(&self, cell: usize) -> ([Run; 6], usize) {
        let (columns, rows) = (self.header.columns as usize, self.header.rows as usize);
        let (row, column) = (cell / columns, cell % columns);
        let mut runs: [Run; 6] = Default::default();
        let mut used = 0;
        for (beside, shift_y) in [
            (if row == 0 { rows - 1 } else { row - 1 }, if row == 0 { HEIGHT } else { 0.0 }),
            (row, 0.0),
            (if row + 1 == rows { 0 } else { row + 1 }, if row + 1 == rows { -HEIGHT } else { 0.0 }),
        ] {
            let left = beside * columns;
            let mut add = |from: usize, to: usize, shift_x: f32| {
                let range = self.start(left + from)..self.start(left + to);
                if !range.is_empty() {
                    runs[used] = Run { range, shift_x, shift_y };
                    used += 1;
                }
            };
            add(column.saturating_sub(1), (column + 2).min(columns), 0.0);
            if column == 0 {
                add(columns - 1, columns, WIDTH);
            } else if column + 1 == columns {
                add(0, 1, -WIDTH);
            }
        }
        (runs, used)
    }

    /// The next state of one boid.
    #[inline(always)]
    fn next(&self, i: usize, runs: &[Run], rules: &Rules) -> Boid {
        let [x, y, vx, vy] = self.planes.map(|plane| plane[i]);
        let mut sight = Sight::nothing();
        let mut saw_itself = 0.0;
        for run in runs {
            let range = part_of(&run.range, i as u32, rules.tick);
            if range.contains(&i) {
                saw_itself = 1.0;
            }
            self.look(range, x + run.shift_x, y + run.shift_y, rules, &mut sight);
        }
        // A boid that is among its own candidates has seen itself, at no distance and with full weight.
        let weight = sight.weight.sum() - saw_itself;
        let scale = if weight > 1e-3 { 1.0 / weight } else { 0.0 };
        let [to_x, to_y] = sight.toward.map(|sum| sum.sum() * scale);
        let [like_x, like_y] = [(sight.velocity[0].sum() - vx * saw_itself) * scale, (sight.velocity[1].sum() - vy * saw_itself) * scale];
        let [from_x, from_y] = sight.away.map(F32x4::sum);
        let follow = if scale > 0.0 { rules.alignment } else { 0.0 };

        let mut ax = (like_x - vx) * follow + to_x * rules.cohesion - from_x * rules.separation;
        let mut ay = (like_y - vy) * follow + to_y * rules.cohesion - from_y * rules.separation;
        if let Some(lure) = &rules.pointer {
            let (lx, ly) = lure.at(x, y);
            ax += lx;
            ay += ly;
        }
        // A push across the heading, another one each tick, turns it without changing the speed.
        let turn = (hash(i as u32, rules.tick) as i32 as f32) * (rules.wander / 2_147_483_648.0);
        rules.advance([x, y, vx, vy], ax - vy * turn, ay + vx * turn)
    }

    /// Adds what a boid at (`x`, `y`) sees of the candidates in `range`.
    #[inline(always)]
    fn look(&self, range: Range<usize>, x: f32, y: f32, rules: &Rules, sight: &mut Sight) {
        let (x, y) = (F32x4::splat(x), F32x4::splat(y));
        let (full, rest) = (range.len() / 4, range.len() % 4);
        // The last vector may reach beyond the run: the planes are padded for that.
        let [xs, ys, vxs, vys] = self.planes.map(|plane| plane.get(range.start..).unwrap_or_default().as_chunks::<4>().0);
        for (((px, py), vx), vy) in xs.iter().zip(ys).zip(vxs).zip(vys).take(full) {
            let (dx, dy) = (F32x4::from(*px) - x, F32x4::from(*py) - y);
            let (near, close) = weights(dx, dy, rules);
            sight.add(near, close, [dx, dy], [F32x4::from(*vx), F32x4::from(*vy)]);
        }
        if rest > 0
            && let (Some(px), Some(py), Some(vx), Some(vy)) = (xs.get(full), ys.get(full), vxs.get(full), vys.get(full))
        {
            // Its last lanes are other cells' boids.
            let inside = F32x4::new(0.0, 1.0, 2.0, 3.0).lt(F32x4::splat(rest as f32));
            let (dx, dy) = (F32x4::from(*px) - x, F32x4::from(*py) - y);
            let (near, close) = weights(dx, dy, rules);
            sight.add(inside.keep(near), inside.keep(close), [dx, dy], [F32x4::from(*vx), F32x4::from(*vy)]);
        }
    }
}

/// How much candidates at these distances count: for being in sight, and for being too close. Both fall to nothing at their distance.
#[inline(always)]
fn weights(dx: F32x4, dy: F32x4, rules: &Rules) -> (F32x4, F32x4) {
    let (zero, one) = (F32x4::splat(0.0), F32x4::splat(1.0));
    let squared = dx * dx + dy * dy;
    ((one - squared * rules.sight).max(zero), (one - squared * rules.berth).max(zero))
}

impl Sight {
    #[inline(always)]
    fn nothing() -> Self {
        let zero = F32x4::splat(0.0);
        Self { weight: zero, toward: [zero; 2], velocity: [zero; 2], away: [zero; 2] }
    }

    #[inline(always)]
    fn add(&mut self, near: F32x4, close: F32x4, [dx, dy]: [F32x4; 2], [vx, vy]: [F32x4; 2]) {
        self.weight += near;
        self.toward[0] += near * dx;
        self.toward[1] += near * dy;
        self.velocity[0] += near * vx;
        self.velocity[1] += near * vy;
        self.away[0] += close * dx;
        self.away[1] += close * dy;
    }
}

impl Lure {
    /// What the pointer does to a boid at (`x`, `y`), the shorter way around the world.
    #[inline(always)]
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        let across = |d: f32, size: f32| {
            if d > size * 0.5 {
                d - size
            } else if d < size * -0.5 {
                d + size
            } else {
                d
            }
        };
        let (dx, dy) = (across(self.x - x, WIDTH), across(self.y - y, HEIGHT));
        let distance = (dx * dx + dy * dy).sqrt();
        let near = (1.0 - distance * (1.0 / LURE_RADIUS)).max(0.0);
        let scale = near / distance.max(1.0);
        ((dx * self.pull - dy * self.swirl) * scale, (dy * self.pull + dx * self.swirl) * scale)
    }
}

impl Rules {
    /// One step of time under the acceleration, the speed drawn to what the slider says.
    #[inline(always)]
    fn advance(&self, [x, y, vx, vy]: [f32; 4], ax: f32, ay: f32) -> Boid {
        let (vx, vy) = (vx + ax * self.dt, vy + ay * self.dt);
        let speed = (vx * vx + vy * vy).sqrt();
        let eased = speed + (self.speed - speed) * (4.0 * self.dt).min(1.0);
        let held = eased.max(self.speed * 0.4).min(self.speed * 2.5);
        // One that stands still, or is no number, sets out to the right.
        let (vx, vy) = if speed > 1e-3 { (vx * (held / speed), vy * (held / speed)) } else { (self.speed, 0.0) };
        let (vx, vy) = if speed.is_finite() { (vx, vy) } else { (self.speed, 0.0) };
        let position = [wrap(x + vx * self.dt, WIDTH), wrap(y + vy * self.dt, HEIGHT)];
        Boid { position, velocity: [vx, vy], color: color([vx, vy], self.speed) }
    }
}

/// The color of a heading: once around the wheel, brighter when faster. Flocks that go the same way look alike.
#[inline(always)]
fn color([vx, vy]: [f32; 2], usual: f32) -> [u8; 4] {
    let speed = (vx * vx + vy * vy).sqrt().max(1e-6);
    let (x, y) = (vx / speed, vy / speed);
    let bright = (0.45 + 0.55 * speed / usual).min(1.25) * 255.0;
    // Each channel is a cosine of the heading: a middle, a swing, and the heading at which it peaks, as a unit vector.
    let channel = |middle: f32, swing: f32, [px, py]: [f32; 2]| ((middle + swing * (x * px + y * py)) * bright) as u8;
    [channel(0.52, 0.46, [0.94, 0.34]), channel(0.50, 0.34, [-0.64, 0.77]), channel(0.72, 0.28, [-0.64, -0.77]), 255]
}

/// At most [`ROW_MAX`] of the candidates, which ones being decided by boid and tick.
#[inline(always)]
fn part_of(range: &Range<usize>, boid: u32, tick: u32) -> Range<usize> {
    let spare = range.len().saturating_sub(ROW_MAX);
    if spare == 0 {
        return range.clone();
    }
    let skip = ((u64::from(hash(boid, tick ^ 0x5bd1_e995)) * (spare as u64 + 1)) >> 32) as usize;
    range.start + skip..range.start + skip + ROW_MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use grid::Grid;
    use wasm_engine_guest::testing::Rig;

    const COUNT: usize = 3000;

    fn params(rig: Rig) -> Rig {
        [
            ("boids", COUNT as f32),
            ("alignment", 0.8),
            ("cohesion", 0.2),
            ("separation", 0.8),
            ("distance", 0.6),
            ("perception", 12.0),
            ("wander", 0.15),
            ("speed", 120.0),
            ("pointer", 1.0),
        ]
        .into_iter()
        .fold(rig, |rig, (name, value)| rig.param(name, value))
        .seed(7)
    }

    /// A grid, and the boids that it sorts before the flock moves them.
    struct World {
        grid: Option<Grid>,
        boids: Vec<Boid>,
    }

    impl World {
        fn new() -> Self {
            Self { grid: None, boids: vec![Boid::PARKED; COUNT] }
        }

        /// One tick with so many shards: what they write together.
        fn step(&mut self, shards: u32, pointer: Option<(f32, f32, u32)>) -> Vec<Boid> {
            let planes = vec![0.0_f32; 4 * (COUNT + world::PADDING)];
            let words = vec![0_u32; HEADER_WORDS + world::CELLS_MAX + 1];
            let mut sorting = params(Rig::new().read_only("boids", &self.boids).buffer("sorted", &planes).buffer("cells", &words));
            if self.grid.is_none() {
                self.grid = Some(sorting.init().unwrap());
            }
            sorting.tick(self.grid.as_mut().unwrap()).unwrap();
            let (sorted, cells) = (sorting.content::<f32>("sorted"), sorting.content::<u32>("cells"));
            for shard in 0..shards {
                let rig = Rig::new().read_only("sorted", &sorted).read_only("cells", &cells).buffer("boids", &self.boids);
                let mut rig = params(rig).shard(shard, shards);
                if let Some((x, y, buttons)) = pointer {
                    rig = rig.pointer(x, y, buttons);
                }
                let mut flock = rig.init::<Flock>().unwrap();
                rig.tick(&mut flock).unwrap();
                self.boids = rig.content::<Boid>("boids");
            }
            self.boids.clone()
        }
    }

    #[test]
    fn any_number_of_shards_computes_the_same_bits() {
        let run = |shards| {
            let mut world = World::new();
            (0..4).map(|_| world.step(shards, None)).collect::<Vec<_>>()
        };
        let one = run(1);
        assert_eq!(one, run(2));
        assert_eq!(one, run(7));
    }

    #[test]
    fn boids_stay_in_the_world_and_near_their_speed() {
        let mut world = World::new();
        for tick in 0..30 {
            for boid in world.step(1, (tick > 10).then_some((0.5, 0.5, tick & 1))) {
                let [x, y] = boid.position;
                assert!((0.0..WIDTH).contains(&x) && (0.0..HEIGHT).contains(&y), "{boid:?}");
                let speed = boid.velocity[0].hypot(boid.velocity[1]);
                assert!((40.0..=310.0).contains(&speed), "{boid:?}");
            }
        }
    }

    #[test]
    fn the_pointer_gathers_while_pressed_and_scatters_otherwise() {
        let spread = |buttons| {
            let mut world = World::new();
            let boids = (0..40).map(|_| world.step(1, Some((0.5, 0.5, buttons)))).last().unwrap();
            boids.iter().filter(|boid| (boid.position[0] - WIDTH / 2.0).hypot(boid.position[1] - HEIGHT / 2.0) < 100.0).count()
        };
        assert!(spread(1) > 2 * spread(0));
    }

    #[test]
    fn what_is_no_number_heals() {
        let rules = Rules {
            dt: 0.01,
            speed: 100.0,
            alignment: 1.0,
            cohesion: 1.0,
            separation: 1.0,
            wander: 0.0,
            sight: 1.0,
            berth: 1.0,
            pointer: None,
            tick: 0,
        };
        for bad in [f32::NAN, f32::INFINITY] {
            let boid = rules.advance([bad, 1.0, bad, 0.0], bad, 0.0);
            assert!(boid.position.iter().chain(&boid.velocity).all(|number| number.is_finite()), "{boid:?}");
        }
    }
}
