//! What the swarm's two kernels agree on: the world, the grid's header, the layout of the sorted boids.
//!
//! The world is a torus: what leaves on the right comes back on the left. Each tick `grid` sorts the boids by cell, row after row, and
//! `flock` then finds the neighbors of a cell as three runs of memory, one per row of cells.

use wasm_engine_guest::pod_struct;

/// Width of the world, in units of length. The surface shows the whole of it.
pub const WIDTH: f32 = 1920.0;
/// Height of the world.
pub const HEIGHT: f32 = 1080.0;
/// Cells that fit into the buffer `cells` behind its header.
pub const CELLS_MAX: usize = 131_072;
/// Words of the buffer `cells` before the first cell's start.
pub const HEADER_WORDS: usize = 16;
/// Numbers behind the last boid of each plane, so that a vector may be read at the last one.
pub const PADDING: usize = 16;

pod_struct! {
    /// One boid, as the surface draws it.
    #[derive(Debug, PartialEq)]
    pub struct Boid {
        /// Where it is, in the world.
        pub position: [f32; 2],
        /// Where it goes, in units of length per second.
        pub velocity: [f32; 2],
        /// Red, green, blue, alpha.
        pub color: [u8; 4],
    }
}

impl Boid {
    /// One that is nowhere: it is not drawn.
    pub const PARKED: Self = Self { position: [f32::NAN; 2], velocity: [0.0; 2], color: [0; 4] };
}

/// The head of the buffer `cells`: what the grid of this tick looks like. The start of each cell in the sorted boids follows it, and
/// after the last cell's the end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Header {
    /// Boids that live.
    pub count: u32,
    /// Cells in a row.
    pub columns: u32,
    /// Rows of cells.
    pub rows: u32,
    /// How far a boid sees. No cell is narrower or lower.
    pub radius: f32,
    /// Cells per unit of length, across.
    pub per_x: f32,
    /// Cells per unit of length, down.
    pub per_y: f32,
}

impl Header {
    /// The grid in which `count` boids see `neighbors` others each when they are spread evenly.
    #[must_use]
    pub fn plan(count: usize, neighbors: f32) -> Self {
        let area = WIDTH * HEIGHT;
        // A world with a handful of boids has at least three cells each way: a cell's two neighbors are then two.
        let radius = (neighbors.max(1.0) * area / (core::f32::consts::PI * count.max(1) as f32)).sqrt().min(HEIGHT / 3.0);
        let fitting = radius.max((area / CELLS_MAX as f32).sqrt() * 1.01);
        let columns = (WIDTH / fitting).floor().max(3.0);
        let rows = (HEIGHT / fitting).floor().max(3.0);
        Self { count: count as u32, columns: columns as u32, rows: rows as u32, radius, per_x: columns / WIDTH, per_y: rows / HEIGHT }
    }

    /// The head of the buffer, if what it says can be.
    #[must_use]
    pub fn read(words: &[u32]) -> Option<Self> {
        let head: &[u32; HEADER_WORDS] = words.get(..HEADER_WORDS)?.try_into().ok()?;
        let header = Self {
            count: head[0],
            columns: head[1],
            rows: head[2],
            radius: f32::from_bits(head[3]),
            per_x: f32::from_bits(head[4]),
            per_y: f32::from_bits(head[5]),
        };
        let cells = header.columns.checked_mul(header.rows)? as usize;
        (header.columns >= 3 && header.rows >= 3 && words.len() > HEADER_WORDS + cells).then_some(header)
    }

    /// The words that [`read`](Self::read) reads.
    #[must_use]
    pub fn to_words(self) -> [u32; HEADER_WORDS] {
        let mut words = [0; HEADER_WORDS];
        words[..6].copy_from_slice(&[
            self.count,
            self.columns,
            self.rows,
            self.radius.to_bits(),
            self.per_x.to_bits(),
            self.per_y.to_bits(),
        ]);
        words
    }

    /// Number of cells.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.columns as usize * self.rows as usize
    }

    /// The cell in which a position lies. Positions that are none lie in the first.
    #[inline(always)]
    #[must_use]
    pub fn cell(&self, x: f32, y: f32) -> u32 {
        // Casts from float to integer saturate, and make zero of NaN.
        let column = ((x * self.per_x) as u32).min(self.columns - 1);
        let row = ((y * self.per_y) as u32).min(self.rows - 1);
        row * self.columns + column
    }
}

/// The four planes of the buffer `sorted`, each `capacity + PADDING` numbers: x, y, vx, vy of the boids in the order of their cells.
#[must_use]
pub fn planes(sorted: &[f32]) -> [&[f32]; 4] {
    let (x, rest) = sorted.split_at(sorted.len() / 4);
    let (y, rest) = rest.split_at(sorted.len() / 4);
    let (vx, vy) = rest.split_at(sorted.len() / 4);
    [x, y, vx, vy]
}

/// As [`planes`], to be written.
pub fn planes_mut(sorted: &mut [f32]) -> [&mut [f32]; 4] {
    let quarter = sorted.len() / 4;
    let (x, rest) = sorted.split_at_mut(quarter);
    let (y, rest) = rest.split_at_mut(quarter);
    let (vx, vy) = rest.split_at_mut(quarter);
    [x, y, vx, vy]
}

/// Boids that the planes have room for.
#[must_use]
pub fn capacity(sorted_len: usize) -> usize {
    (sorted_len / 4).saturating_sub(PADDING)
}

/// The position brought back into `0..size`; what is no number goes to the start.
#[inline(always)]
#[must_use]
pub fn wrap(at: f32, size: f32) -> f32 {
    let at = if at < 0.0 {
        at + size
    } else if at >= size {
        at - size
    } else {
        at
    };
    // One step never crosses the world, so what is still outside is broken, or rounded up to the end.
    if at >= 0.0 && at < size { at } else { 0.0 }
}

/// Bits that look random, decided by `a` and `b`.
#[inline(always)]
#[must_use]
pub fn hash(a: u32, b: u32) -> u32 {
    let mut h = a.wrapping_mul(0x9e37_79b1) ^ b.wrapping_mul(0x85eb_ca77).rotate_left(13);
    h ^= h >> 15;
    h = h.wrapping_mul(0x2c1b_3c6d);
    h ^= h >> 12;
    h = h.wrapping_mul(0x297a_2d39);
    h ^ (h >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_plan_fits_the_buffer() {
        for count in [0, 1, 7, 1000, 100_000, 10_000_000] {
            for neighbors in [0.0, 1.0, 12.0, 500.0] {
                let header = Header::plan(count, neighbors);
                assert!(header.cells() <= CELLS_MAX && header.columns >= 3 && header.rows >= 3, "{header:?}");
                assert!(WIDTH / header.columns as f32 >= header.radius * 0.999, "{header:?}");
                assert!(HEIGHT / header.rows as f32 >= header.radius * 0.999, "{header:?}");
            }
        }
    }

    #[test]
    fn a_header_reads_what_it_writes() {
        let header = Header::plan(1000, 12.0);
        let mut words = header.to_words().to_vec();
        assert_eq!(Header::read(&words), None, "the starts are missing");
        words.resize(HEADER_WORDS + header.cells() + 1, 0);
        assert_eq!(Header::read(&words), Some(header));
        assert_eq!(Header::read(&[0; 64]), None);
    }

    #[test]
    fn positions_wrap_and_never_leave() {
        for (at, wrapped) in [(-1.0, 9.0), (10.0, 0.0), (11.0, 1.0), (5.0, 5.0), (f32::NAN, 0.0), (f32::INFINITY, 0.0), (-1e-9, 0.0)] {
            assert_eq!(wrap(at, 10.0), wrapped, "{at}");
        }
    }
}
