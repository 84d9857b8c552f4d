//! How wasmtime is configured: the two profiles and what they share.

use std::path::PathBuf;

use wasm_engine_telemetry::Telemetry;
use wasmtime::{Config, Inlining, OptLevel, RegallocAlgorithm, WasmFeatures};

use crate::limits::ModuleLimits;

/// What a guest's execution is bound to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// The same inputs give the same bits on every machine: work is limited by fuel, NaNs are canonical, no threads, no relaxed SIMD.
    #[default]
    Deterministic,
    /// As fast as it goes: work is limited by the wall clock (where the system cannot do that, by fuel).
    Interactive,
}

impl Profile {
    /// The profile's name as the manifest spells it.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Deterministic => "deterministic",
            Profile::Interactive => "interactive",
        }
    }
}

/// What bits a NaN has in the deterministic profile. The interactive profile never canonicalizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Nans {
    /// One form on every machine. Costs kernels that compute with vectors of floats about two thirds of their speed.
    #[default]
    Canonical,
    /// As the processor makes them: the same only on processors of one kind with one build of the engine. Everything that is no
    /// NaN is the same everywhere, so this matters to kernels that let NaNs arise and be seen.
    AsComputed,
}

/// What a [`Sandbox`](crate::Sandbox) is made from.
#[derive(Clone, Default)]
pub struct SandboxConfig {
    /// What guests' execution is bound to.
    pub profile: Profile,
    /// What bits a NaN has in the deterministic profile.
    pub nans: Nans,
    /// Folder of compiled modules; `None` compiles at every start. Created with access for its owner alone.
    pub cache_dir: Option<PathBuf>,
    /// What a module may be made of.
    pub limits: ModuleLimits,
    /// Where faults, events and copied bytes are counted.
    pub telemetry: Option<Telemetry>,
}

/// Address space reserved for each memory: all that 32 bits can address, so that the compiled code needs no bounds checks and a
/// memory never moves, on which the windows rely.
const RESERVATION: u64 = 1 << 32;

/// Inaccessible address space after it, which the constant offsets of loads and stores can reach.
const GUARD: u64 = 32 << 20;

/// Stack of a guest. Rust's threads have 2 MiB, of which the host's own frames need little.
const STACK: usize = 512 << 10;

/// What a kernel may be written in: WebAssembly 2.0 without host references, plus constant expressions and tail calls.
pub(crate) const FEATURES: WasmFeatures =
    WasmFeatures::WASM2.difference(WasmFeatures::GC_TYPES).union(WasmFeatures::EXTENDED_CONST).union(WasmFeatures::TAIL_CALL);

/// wasmtime's configuration for a profile.
pub(crate) fn engine(profile: Profile, nans: Nans) -> Config {
    let mut config = Config::new();
    config
        .wasm_features(WasmFeatures::all(), false)
        .wasm_features(FEATURES, true)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_regalloc_algorithm(RegallocAlgorithm::Backtracking)
        .compiler_inlining(Inlining::Yes)
        .memory_reservation(RESERVATION)
        .memory_guard_size(GUARD)
        .memory_may_move(false)
        // A memory's initial content is copied, not mapped from an image: one mapping less to think about under the windows.
        .memory_init_cow(false)
        .max_wasm_stack(STACK);
    if profile == Profile::Deterministic && nans == Nans::Canonical {
        config.cranelift_nan_canonicalization(true);
    }
    match meter(profile) {
        Meter::Fuel => config.consume_fuel(true),
        // The guest's own second memory was refused before; this one is ours.
        Meter::Clock => config.wasm_multi_memory(true),
    };
    config
}

/// What bounds a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meter {
    /// The work done.
    Fuel,
    /// The time taken.
    Clock,
}

/// The clock needs memory whose protection can be changed, and a fault in compiled code to be a trap.
pub(crate) fn meter(profile: Profile) -> Meter {
    match profile {
        Profile::Interactive if cfg!(target_os = "linux") => Meter::Clock,
        _ => Meter::Fuel,
    }
}
