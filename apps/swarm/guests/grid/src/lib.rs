//! Sorts the boids into the cells of a grid, so that neighbors lie beside each other in memory: a counting sort, stable, in two passes.
//!
//! It is also where boids come from: the first tick and a larger count make them, from the seed alone. And since it sees all of
//! them, it tells the page how the swarm does, ten times a second.

use wasm_engine_guest::{Context, Error, Kernel, Rng, bytes_of, kernel};
use world::{Boid, HEADER_WORDS, HEIGHT, Header, WIDTH, capacity, planes_mut};

/// The kernel, and what it keeps from tick to tick.
pub struct Grid {
    /// Boids that live; none before the first tick, and again after a reset.
    count: usize,
    /// Boids of this tick when they are not simply those of the last: born, added or thinned out.
    fresh: Vec<Boid>,
    /// The cell of each boid, between the two passes.
    cell_of: Vec<u32>,
    /// Time at which the page was last told.
    told: f64,
}

impl Kernel for Grid {
    fn init(ctx: &Context) -> Result<Self, Error> {
        let room = capacity(ctx.bytes("sorted")? / 4);
        Ok(Self { count: 0, fresh: Vec::with_capacity(room), cell_of: Vec::with_capacity(room), told: f64::MIN })
    }

    fn tick(&mut self, ctx: &mut Context) -> Result<(), Error> {
        let last = ctx.read::<Boid>("boids")?;
        let sorted = ctx.write::<f32>("sorted")?;
        let wanted = (ctx.param("boids")?.max(1.0) as usize).min(capacity(sorted.len())).min(last.len());
        self.fresh.clear();
        if self.count == 0 {
            let mut rng = Rng::new(ctx.seed(), ctx.tick());
            let speed = ctx.param("speed")?;
            self.fresh.extend((0..wanted).map(|_| born(&mut rng, speed)));
        } else if wanted < self.count {
            // Sorted boids are in the order of their places: every so-manieth goes, or a strip of the world would be empty.
            self.fresh.extend((0..wanted).map(|i| last[(i as u64 * self.count as u64 / wanted as u64) as usize]));
        } else if wanted > self.count {
            let mut rng = Rng::new(ctx.seed(), ctx.tick());
            let speed = ctx.param("speed")?;
            self.fresh.extend_from_slice(&last[..self.count]);
            self.fresh.extend((self.count..wanted).map(|_| born(&mut rng, speed)));
        }
        self.count = wanted;

        let boids = if self.fresh.is_empty() { &last[..wanted] } else { &self.fresh[..] };
        let header = Header::plan(wanted, ctx.param("perception")?);
        let words = ctx.write::<u32>("cells")?;
        if words.len() <= HEADER_WORDS + header.cells() {
            return Err(Error::OutOfRange("cells"));
        }
        let (head, starts) = words.split_at_mut(HEADER_WORDS);
        head.copy_from_slice(&header.to_words());
        let starts = &mut starts[..=header.cells()];
        count(&header, boids, &mut self.cell_of, starts);
        scatter(boids, &self.cell_of, starts, sorted);

        if ctx.time() - self.told >= 0.1 {
            self.told = ctx.time();
            tell(ctx, boids, starts);
        }
        Ok(())
    }
}

kernel!(Grid);

/// A boid somewhere, going anywhere.
fn born(rng: &mut Rng, speed: f32) -> Boid {
    let x = rng.f32() * WIDTH;
    let y = rng.f32() * HEIGHT;
    // A direction without sine and cosine: a point of the unit disc, made a unit vector.
    let (dx, dy) = loop {
        let (dx, dy) = (rng.range(-1.0, 1.0), rng.range(-1.0, 1.0));
        if (0.01..=1.0).contains(&(dx * dx + dy * dy)) {
            break (dx, dy);
        }
    };
    let scale = speed / (dx * dx + dy * dy).sqrt();
    Boid { position: [x, y], velocity: [dx * scale, dy * scale], color: [0; 4] }
}

/// First pass: the cell of each boid, and at `starts[c]` where the boids of cell `c` end once all before it are placed.
///
/// The second pass counts each end down to its start.
fn count(header: &Header, boids: &[Boid], cell_of: &mut Vec<u32>, starts: &mut [u32]) {
    starts.fill(0);
    cell_of.clear();
    cell_of.extend(boids.iter().map(|boid| header.cell(boid.position[0], boid.position[1])));
    for cell in &*cell_of {
        starts[*cell as usize] += 1;
    }
    let mut end = 0;
    for start in starts {
        end += *start;
        *start = end;
    }
}

/// Second pass: every boid to its place. Backwards, so that boids of one cell keep their order.
fn scatter(boids: &[Boid], cell_of: &[u32], starts: &mut [u32], sorted: &mut [f32]) {
    let [xs, ys, vxs, vys] = planes_mut(sorted);
    for (boid, cell) in boids.iter().zip(cell_of).rev() {
        let start = &mut starts[*cell as usize];
        *start -= 1;
        let at = *start as usize;
        [xs[at], ys[at]] = boid.position;
        [vxs[at], vys[at]] = boid.velocity;
    }
    // Vectors are read beyond the last boid: what lies there must be numbers.
    for plane in [xs, ys, vxs, vys] {
        let end = boids.len().min(plane.len());
        let padded = (end + world::PADDING).min(plane.len());
        plane[end..padded].fill(0.0);
    }
}

/// Tells the page four numbers: how many boids, how fast, how much of one mind (1: all go the same way), how many neighbors each sees.
fn tell(ctx: &Context, boids: &[Boid], starts: &[u32]) {
    let (mut sum_x, mut sum_y, mut sum_speed) = (0.0_f32, 0.0_f32, 0.0_f32);
    for Boid { velocity: [vx, vy], .. } in boids {
        let speed = (vx * vx + vy * vy).sqrt();
        let scale = 1.0 / speed.max(1e-6);
        sum_x += vx * scale;
        sum_y += vy * scale;
        sum_speed += speed;
    }
    let squares: f32 = starts.windows(2).map(|cell| (cell[1] - cell[0]) as f32).map(|count| count * count).sum();
    let count = boids.len().max(1) as f32;
    let order = (sum_x * sum_x + sum_y * sum_y).sqrt() / count;
    // A disc of the cell's size has pi quarters of it, and sees four such cells.
    let neighbors = (squares / count * core::f32::consts::PI - 1.0).max(0.0);
    let numbers = [boids.len() as f32, sum_speed / count, order, neighbors];
    // A page that does not listen, or listens slowly, is no reason to end.
    let _ = ctx.emit("stats", bytes_of(&numbers));
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_engine_guest::testing::Rig;

    fn rig(count: usize) -> Rig {
        Rig::new()
            .seed(7)
            .buffer("boids", &vec![Boid::PARKED; count])
            .buffer("sorted", &vec![0.0_f32; 4 * (count + world::PADDING)])
            .buffer("cells", &vec![0_u32; HEADER_WORDS + world::CELLS_MAX + 1])
            .param("boids", count as f32)
            .param("speed", 120.0)
            .param("perception", 12.0)
    }

    #[test]
    fn every_boid_is_in_its_cell() {
        let mut rig = rig(1000);
        let mut grid = rig.init::<Grid>().unwrap();
        rig.tick(&mut grid).unwrap();
        let (sorted, cells) = (rig.content::<f32>("sorted"), rig.content::<u32>("cells"));
        let header = Header::read(&cells).unwrap();
        let [xs, ys, ..] = world::planes(&sorted);
        assert_eq!(header.count, 1000);
        let starts = &cells[HEADER_WORDS..=HEADER_WORDS + header.cells()];
        assert_eq!((starts[0], starts[header.cells()]), (0, 1000));
        for (cell, range) in starts.windows(2).enumerate() {
            for i in range[0] as usize..range[1] as usize {
                assert_eq!(header.cell(xs[i], ys[i]), cell as u32);
            }
        }
    }

    #[test]
    fn the_seed_decides_where_boids_begin() {
        let first = |seed| {
            let mut rig = rig(100).seed(seed);
            let mut grid = rig.init::<Grid>().unwrap();
            rig.tick(&mut grid).unwrap();
            rig.content::<f32>("sorted")
        };
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
    }

    #[test]
    fn boids_come_and_go_with_the_slider() {
        let mut rig = rig(1000).param("boids", 400.0);
        let mut grid = rig.init::<Grid>().unwrap();
        for (wanted, living) in [(400.0, 400), (1000.0, 1000), (10.0, 10), (-5.0, 1), (1e9, 1000)] {
            rig = rig.param("boids", wanted);
            rig.tick(&mut grid).unwrap();
            assert_eq!(Header::read(&rig.content::<u32>("cells")).unwrap().count, living);
        }
    }

    #[test]
    fn the_page_hears_ten_times_a_second() {
        let mut rig = rig(100);
        let mut grid = rig.init::<Grid>().unwrap();
        rig.take_events();
        for _ in 0..60 {
            rig.tick(&mut grid).unwrap();
        }
        let events = rig.take_events();
        assert!((9..=11).contains(&events.len()), "{}", events.len());
        assert!(events.iter().all(|(topic, data)| topic == "stats" && data.len() == 16));
    }
}
