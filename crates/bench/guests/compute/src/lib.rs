//! Three computations over slices, and the kernel that runs one of them. Nothing here knows whether it is WebAssembly.

pub mod mandelbrot;
pub mod matmul;
pub mod nbody;

use wasm_engine_guest::simd::F32x4;
use wasm_engine_guest::{Context, Error, Kernel, kernel};

/// Which computation, by the number that the bench gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All pairs of bodies attract each other.
    NBody,
    /// The product of two square matrices.
    MatMul,
    /// Escape times of a part of the Mandelbrot set.
    Mandelbrot,
}

impl Which {
    /// The computation of a number.
    pub fn of(number: u32) -> Option<Self> {
        [Which::NBody, Which::MatMul, Which::Mandelbrot].get(number as usize).copied()
    }

    /// Vectors of the input, and of the output.
    pub fn vectors(self) -> usize {
        match self {
            Which::NBody => nbody::VECTORS,
            Which::MatMul => matmul::VECTORS,
            Which::Mandelbrot => mandelbrot::VECTORS,
        }
    }

    /// Writes the input that both arms begin with.
    pub fn fill(self, input: &mut [F32x4]) {
        for (index, vector) in input.iter_mut().enumerate() {
            let value = |lane: usize| ((index * 4 + lane) as f32 * 0.618_034).fract() - 0.5;
            *vector = F32x4::new(value(0), value(1), value(2), value(3));
        }
    }

    /// Computes once.
    #[inline(never)]
    pub fn run(self, input: &[F32x4], output: &mut [F32x4]) {
        match self {
            Which::NBody => nbody::step(input, output),
            Which::MatMul => matmul::multiply(input, output),
            Which::Mandelbrot => mandelbrot::render(input, output),
        }
    }
}

/// The most vectors that any computation takes.
pub const MOST_VECTORS: usize = 1 << 15;

struct Compute;

impl Kernel for Compute {
    fn init(_: &Context) -> Result<Self, Error> {
        Ok(Compute)
    }

    fn tick(&mut self, ctx: &mut Context) -> Result<(), Error> {
        let which = Which::of(ctx.param("which")? as u32).ok_or(Error::new("no such computation"))?;
        let input = &ctx.read::<F32x4>("input")?[..which.vectors()];
        let output = &mut ctx.write::<F32x4>("output")?[..which.vectors()];
        for _ in 0..ctx.param("rounds")? as u32 {
            which.run(input, output);
        }
        Ok(())
    }
}

kernel!(Compute);
