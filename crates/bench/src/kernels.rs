//! Kernel compute: n-body, matrix product and Mandelbrot in the sandbox against the same source compiled natively.
//!
//! Both arms are built here from `guests/compute` with the same settings: for WebAssembly with `simd128`, and natively for
//! x86-64-v2, whose vectors have 128 bits too. The native arm is a process of its own that waits for orders, so that the two take
//! turns on one core in blocks of about ten milliseconds (A B B A). A ratio is the median over the pairs' ratios, with the bounds of
//! a bootstrap; the control compares the native arm with itself. Both arms' results must agree bit for bit.

use std::hash::Hasher;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use wasm_engine_exchange::{Region, RegionSpec, Writer};
use wasm_engine_sandbox::{Grant, GrantAccess, Kernel, Nans, Profile, Sandbox, SandboxConfig, SlotState, StartArgs, TickInput};

const NAMES: [&str; 3] = ["n-body", "f32 matmul", "mandelbrot"];

/// The sandbox's settings to compare. The interactive profile does not look at the second.
const ARMS: [(Profile, Nans); 3] =
    [(Profile::Interactive, Nans::AsComputed), (Profile::Deterministic, Nans::AsComputed), (Profile::Deterministic, Nans::Canonical)];

/// Bytes of each buffer: as much as the largest computation takes.
const BUFFER_BYTES: usize = 16 << 15;

/// What a block shall take, nanoseconds.
const BLOCK: u128 = 10_000_000;

/// Turns of four blocks.
const TURNS: usize = 100;

/// Builds both arms, compares them, and prints a table.
pub(crate) fn run() -> Result<()> {
    let (module, program) = build()?;
    let mut native = Native::start(&program)?;
    println!("| kernel | profile | speed against native | bounds | fastest tenth | native against itself |");
    println!("|---|---|---|---|---|---|");
    for (which, name) in NAMES.iter().enumerate() {
        for (profile, nans) in ARMS {
            let mut guest = Guest::start(&module, profile, nans, which)?;
            let rounds = calibrate(&mut native, which)?;
            ensure!(native.block(which, rounds)?.1 == guest.block(rounds)?.1, "{name}: the results differ");
            let control = compare(&mut |_| native.block(which, rounds).map(|block| block.0))?;
            let result = compare(&mut |native_turn| {
                let block = if native_turn { native.block(which, rounds)? } else { guest.block(rounds)? };
                Ok(block.0)
            })?;
            println!(
                "| {name} | {}, {} | {:.3}× | {:.3} to {:.3} | {:.3}× | {:.3}× |",
                profile.name(),
                if nans == Nans::Canonical { "canonical NaNs" } else { "NaNs as computed" },
                result.median,
                result.bounds.0,
                result.bounds.1,
                result.fastest,
                control.median
            );
        }
    }
    Ok(())
}

/// The module's bytes and the path of the native program.
fn build() -> Result<(Vec<u8>, PathBuf)> {
    let source = crate::folder().join("guests/compute");
    let target = std::env::current_exe()?.parent().context("the program lies nowhere")?.join("bench-guests");
    let build = |triple: &str, what: &[&str], flags: &str| -> Result<PathBuf> {
        let status = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
            .args(["build", "--quiet", "--release", "--target", triple])
            .args(what)
            .current_dir(&source)
            .env("CARGO_TARGET_DIR", &target)
            .env("RUSTFLAGS", flags)
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .status()?;
        ensure!(status.success(), "the kernels do not build for {triple}");
        Ok(target.join(triple).join("release"))
    };
    let module = build("wasm32-unknown-unknown", &["--lib"], "-C target-feature=+simd128,+bulk-memory")?.join("compute.wasm");
    let program = build("x86_64-unknown-linux-gnu", &["--bin", "native"], "-C target-cpu=x86-64-v2")?.join("native");
    Ok((std::fs::read(module)?, program))
}

/// Rounds that make up a block.
fn calibrate(native: &mut Native, which: usize) -> Result<u32> {
    let mut rounds = 1;
    loop {
        let (nanos, _) = native.block(which, rounds)?;
        if nanos >= BLOCK / 2 || rounds > 1 << 20 {
            return Ok(rounds);
        }
        rounds *= 2;
    }
}

struct Comparison {
    /// How many times as fast the second arm is.
    median: f64,
    /// Between these the median lies in 95 of 100 cases.
    bounds: (f64, f64),
    /// The same of the fastest tenth of the blocks of each arm: what is left when others disturb.
    fastest: f64,
}

/// Takes turns, and compares the times that `block` gives for `true` (native) and `false`.
fn compare(block: &mut dyn FnMut(bool) -> Result<u128>) -> Result<Comparison> {
    let (mut ratios, mut first, mut second) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..TURNS {
        let native_first = turn % 2 == 0;
        let times = [block(native_first)?, block(!native_first)?, block(!native_first)?, block(native_first)?];
        let (outer, inner) = ((times[0] + times[3]) as f64, (times[1] + times[2]) as f64);
        ratios.push(if native_first { outer / inner } else { inner / outer });
        let (outer, inner) = ([times[0], times[3]], [times[1], times[2]]);
        first.extend(if native_first { outer } else { inner });
        second.extend(if native_first { inner } else { outer });
    }
    let tenth = |times: &mut Vec<u128>| {
        times.sort_unstable();
        times[times.len() / 10] as f64
    };
    let fastest = tenth(&mut first) / tenth(&mut second);
    Ok(Comparison { bounds: bootstrap(&ratios), median: median(&mut ratios), fastest })
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// 95 % bounds of the median, from resampling with a fixed seed.
fn bootstrap(values: &[f64]) -> (f64, f64) {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut pick = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        values[(seed >> 33) as usize % values.len()]
    };
    let mut medians: Vec<f64> = (0..2000).map(|_| median(&mut values.iter().map(|_| pick()).collect::<Vec<_>>())).collect();
    medians.sort_by(f64::total_cmp);
    (medians[50], medians[1949])
}

/// The native arm.
struct Native {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Native {
    fn start(program: &Path) -> Result<Self> {
        let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let orders = child.stdin.take().context("no pipe")?;
        let answers = BufReader::new(child.stdout.take().context("no pipe")?);
        Ok(Native { child, orders, answers })
    }

    /// Nanoseconds and checksum.
    fn block(&mut self, which: usize, rounds: u32) -> Result<(u128, u64)> {
        writeln!(self.orders, "{which} {rounds}")?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            [nanos, checksum] => Ok((nanos.parse()?, checksum.parse()?)),
            _ => bail!("the native arm answers {line:?}"),
        }
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        // It ends by itself when its input does; this only makes it sooner.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The arm in the sandbox.
struct Guest {
    kernel: Kernel,
    input: Writer,
    output: Writer,
    which: usize,
}

impl Guest {
    fn start(module: &[u8], profile: Profile, nans: Nans, which: usize) -> Result<Self> {
        let sandbox = Sandbox::new(SandboxConfig { profile, nans, ..SandboxConfig::default() })?;
        let module = sandbox.compile(&[("compute", module)]).pop().context("no module")??;
        let region = Region::create(&RegionSpec::new().buffer("input", BUFFER_BYTES).buffer("output", BUFFER_BYTES))?;
        let grant = |name: &str, access| -> Result<Grant> {
            let buffer = region.buffers().find(|buffer| &*buffer.name == name).context("no buffer")?;
            Ok(Grant { buffer, access })
        };
        let grants = [grant("input", GrantAccess::Read)?, grant("output", GrantAccess::Write)?];
        let params = vec![("which".to_owned(), which as f32), ("rounds".to_owned(), 0.0)];
        let kernel = Kernel::start(&sandbox, &module, &region, &grants, &StartArgs { params, ..StartArgs::default() })?;
        ensure!(kernel.windows_mapped(), "the windows are not mapped");
        let (mut input, output) = (region.writer(grants[0].buffer.id)?, region.writer(grants[1].buffer.id)?);
        for (index, value) in input.bytes_mut().chunks_exact_mut(4).enumerate() {
            // As the guest's own `Which::fill`.
            value.copy_from_slice(&((index as f32 * 0.618_034).fract() - 0.5).to_le_bytes());
        }
        input.publish();
        Ok(Guest { kernel, input, output, which })
    }

    /// Nanoseconds and checksum.
    fn block(&mut self, rounds: u32) -> Result<(u128, u64)> {
        let state = |writer: &Writer| SlotState {
            read_slot: writer.latest_slot(),
            write_slot: writer.write_slot(),
            generation: writer.generation(),
        };
        let slots = [state(&self.input), state(&self.output)];
        let params = [self.which as f32, rounds as f32];
        let begun = Instant::now();
        self.kernel.tick(&TickInput { params: &params, slots: &slots, ..TickInput::default() })?;
        let nanos = begun.elapsed().as_nanos();
        let mut hasher = std::hash::DefaultHasher::new();
        let bytes = [1024 * 16, 32_768 * 16, 16_384 * 16][self.which];
        hasher.write(&self.output.bytes_mut()[..bytes]);
        self.output.publish();
        Ok((nanos, hasher.finish()))
    }
}
