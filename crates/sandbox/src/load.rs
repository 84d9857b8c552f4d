//! Stage one: bytes become modules that can be started. Everything is compiled before the first tick.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use thiserror::Error;
use wasm_engine_telemetry::{Counter, Telemetry};
use wasmtime::{Engine, InstancePre, Linker};

use crate::abi::{self, AbiError, ModuleInfo};
use crate::cache::{Cache, CacheError, Compiled, Key};
use crate::config::{self, Meter, Profile, SandboxConfig};
use crate::instrument;
use crate::limits::ModuleLimits;
use crate::link::{self, HostState};
use crate::ticker::Ticker;
use crate::window;

/// Why there is no sandbox.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// This machine cannot run compiled WebAssembly as it is configured.
    #[error("wasmtime cannot be set up: {0}")]
    Engine(wasmtime::Error),
    /// The thread that watches the deadlines does not start.
    #[error("the deadline thread cannot be started: {0}")]
    Thread(std::io::Error),
}

impl SandboxError {
    /// The error's stable code.
    pub fn code(&self) -> &'static str {
        match self {
            SandboxError::Engine(_) => "SANDBOX_ENGINE",
            SandboxError::Thread(_) => "SANDBOX_THREAD",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            SandboxError::Engine(_) => Some("the processor must be 64-bit; see `wasm-engine doctor`".into()),
            SandboxError::Thread(_) => Some("raise the limit of threads for this user".into()),
        }
    }
}

/// Why a module cannot be run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// It is no kernel of this ABI.
    #[error("kernel `{kernel}`: {source}")]
    Abi {
        /// Name of the kernel.
        kernel: String,
        /// What is wrong with the module.
        source: AbiError,
    },
    /// The compiler refuses it.
    #[error("kernel `{kernel}` cannot be compiled: {message}")]
    Compile {
        /// Name of the kernel.
        kernel: String,
        /// What the compiler said.
        message: String,
    },
}

impl LoadError {
    /// The error's stable code.
    pub fn code(&self) -> &'static str {
        match self {
            LoadError::Abi { source, .. } => source.code(),
            LoadError::Compile { .. } => "MODULE_COMPILE",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            LoadError::Abi { source, .. } => source.hint(),
            LoadError::Compile { .. } => Some("build the kernel with the guest SDK's settings, in release mode".into()),
        }
    }
}

/// Where a module's machine code came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was compiled now.
    Compiled,
    /// It was compiled before, and found in the cache.
    Cached,
}

/// Where guests run: one configuration of wasmtime, its cache and its deadline clock. Clones are the same sandbox.
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) profile: Profile,
    limits: ModuleLimits,
    pub(crate) telemetry: Option<Telemetry>,
    cache: Option<Cache>,
    linker: Linker<HostState>,
    pub(crate) ticker: Option<Ticker>,
    pub(crate) engine: Engine,
}

impl Sandbox {
    /// Sets up wasmtime. A cache that cannot be used is reported to the log and done without.
    pub fn new(config: SandboxConfig) -> Result<Self, SandboxError> {
        let engine = Engine::new(&config::engine(config.profile, config.nans)).map_err(SandboxError::Engine)?;
        let ticker = match config::meter(config.profile) {
            Meter::Clock => Some(Ticker::start().map_err(SandboxError::Thread)?),
            Meter::Fuel => None,
        };
        let cache = config.cache_dir.as_deref().map(Cache::open).transpose().unwrap_or_else(|error| {
            warn("modules are compiled at every start", &error);
            None
        });
        let linker = link::linker(&engine).map_err(SandboxError::Engine)?;
        let SandboxConfig { profile, limits, telemetry, .. } = config;
        Ok(Sandbox { inner: Arc::new(Inner { profile, limits, telemetry, cache, linker, ticker, engine }) })
    }

    /// What guests' execution is bound to.
    pub fn profile(&self) -> Profile {
        self.inner.profile
    }

    /// Makes modules ready to start, all at once on the current rayon pool, in the order given. Pairs of name and bytes.
    pub fn compile(&self, modules: &[(&str, &[u8])]) -> Vec<Result<KernelModule, LoadError>> {
        modules.par_iter().map(|(name, bytes)| self.inner.load(name, bytes)).collect()
    }
}

impl Inner {
    fn load(&self, name: &str, bytes: &[u8]) -> Result<KernelModule, LoadError> {
        let begun = Instant::now();
        let abi = |source| LoadError::Abi { kernel: name.to_owned(), source };
        let failed = |error: wasmtime::Error| LoadError::Compile { kernel: name.to_owned(), message: format!("{error:#}") };
        let info = abi::inspect(bytes, &self.limits).map_err(abi)?;
        let key = Key::of(bytes, &self.engine, self.profile);
        let found = self.cache.as_ref().and_then(|cache| {
            cache.load(&key).unwrap_or_else(|error| {
                warn("a compiled module was refused", &error);
                None
            })
        });
        // An authentic file that wasmtime nevertheless refuses is compiled anew as well.
        let cached = found.and_then(|compiled| window::load(&self.engine, &compiled).ok());
        let (module, origin) = match cached {
            Some(module) => (module, Origin::Cached),
            None => {
                abi::validate(bytes).map_err(abi)?;
                let compiled = self.compile(bytes).map_err(failed)?;
                if let Some(Err(error)) = self.cache.as_ref().map(|cache| cache.store(&key, &compiled)) {
                    warn("a compiled module was not kept", &error);
                }
                (window::load(&self.engine, &compiled).map_err(failed)?, Origin::Compiled)
            }
        };
        let instance = self.linker.instantiate_pre(&module).map_err(failed)?;
        let loading_time = begun.elapsed();
        Ok(KernelModule { inner: Arc::new(ModuleInner { name: name.into(), instance, info, origin, loading_time }) })
    }

    fn compile(&self, bytes: &[u8]) -> wasmtime::Result<Compiled> {
        match config::meter(self.profile) {
            Meter::Fuel => Compiled::new(&self.engine, bytes),
            Meter::Clock => {
                let bytes = instrument::interruptible(bytes).map_err(wasmtime::Error::msg)?;
                Compiled::new(&self.engine, &bytes)
            }
        }
    }

    pub(crate) fn count(&self, counter: Counter, amount: u64) {
        if amount != 0
            && let Some(telemetry) = &self.telemetry
        {
            telemetry.add(counter, amount);
        }
    }
}

fn warn(consequence: &str, error: &CacheError) {
    tracing::warn!(code = error.code(), hint = error.hint(), "{consequence}: {error}");
}

/// A kernel's code, ready to be started any number of times. Clones are the same code.
#[derive(Clone)]
pub struct KernelModule {
    pub(crate) inner: Arc<ModuleInner>,
}

pub(crate) struct ModuleInner {
    pub(crate) name: Arc<str>,
    pub(crate) instance: InstancePre<HostState>,
    info: ModuleInfo,
    origin: Origin,
    loading_time: Duration,
}

impl KernelModule {
    /// Name of the kernel.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// What the module consists of.
    pub fn info(&self) -> &ModuleInfo {
        &self.inner.info
    }

    /// Whether it was compiled now.
    pub fn origin(&self) -> Origin {
        self.inner.origin
    }

    /// How long it took to check, compile and load it.
    pub fn loading_time(&self) -> Duration {
        self.inner.loading_time
    }
}

impl std::fmt::Debug for KernelModule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KernelModule").field("name", &self.name()).field("origin", &self.origin()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("profile", &self.profile()).finish_non_exhaustive()
    }
}
