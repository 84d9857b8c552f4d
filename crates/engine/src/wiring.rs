//! From the manifest's words to the parts' own: regions, modules, grants, kernels, surfaces.

use std::path::Path;

use bytemuck::{Pod, Zeroable};
use wasm_engine_exchange::{ClaimError, Region, RegionSpec, Writer};
use wasm_engine_sandbox::{Grant, GrantAccess, Kernel, KernelError, KernelLimits, KernelModule, ModuleLimits, Sandbox, StartArgs};
use wasm_engine_serve::protocol::{Decision, Permission, Scope};
use wasm_engine_telemetry::Token;

use crate::engine::EngineError;
use crate::error::Diagnostic;
use crate::files;
use crate::groups::{KernelGroup, Started};
use crate::limits;
use crate::manifest::{self, App, Manifest};
use crate::params::Params;
use crate::policy::{Policy, Right};
use crate::run_report::Fault;

/// Name of the lane from ticker to renderer.
pub(crate) const TICKS_LANE: &str = "ticks";

/// A tick is done: its token goes on with the frame that shows it.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct TickDone {
    token: u64,
    tick: u64,
}

impl TickDone {
    pub(crate) fn new(token: Token, tick: u64) -> Self {
        Self { token: token.0, tick }
    }

    pub(crate) fn token(self) -> Token {
        Token(self.token)
    }
}

/// The region of an app: its buffers in manifest order, the layout zone, the lane of finished ticks.
pub(crate) fn region_spec(manifest: &Manifest) -> RegionSpec {
    manifest
        .buffer
        .iter()
        // The manifest was checked: every buffer has a size, and all of them fit.
        .fold(RegionSpec::new(), |spec, buffer| {
            spec.buffer(&buffer.name, buffer.size().and_then(|size| usize::try_from(size).ok()).unwrap_or(0))
        })
        .layout_zone()
        .lane(TICKS_LANE, size_of::<TickDone>(), limits::TICKS_IN_FLIGHT)
}

/// The writing ends of all buffers, in manifest order.
pub(crate) fn writers(region: &Region, manifest: &Manifest) -> Result<Vec<Writer>, ClaimError> {
    manifest.buffer.iter().filter_map(|buffer| region.buffer(&buffer.name)).map(|id| region.writer(id)).collect()
}

/// The bytes of a module; of one that is too large to be one no more than shows that.
pub(crate) fn read_module(path: &Path) -> std::io::Result<Vec<u8>> {
    files::read(path, ModuleLimits::default().module_bytes as u64)
}

/// Compiles every module of the app, all of them at once.
pub(crate) fn compile(app: &App, sandbox: &Sandbox) -> Result<Vec<KernelModule>, EngineError> {
    let sources: Vec<(String, Vec<u8>)> = app
        .manifest
        .kernel
        .iter()
        .map(|kernel| match read_module(&app.root.join(&kernel.module)) {
            Ok(bytes) => Ok((kernel.name.clone(), bytes)),
            Err(source) => Err(EngineError::Module { kernel: kernel.name.clone(), module: kernel.module.clone(), source }),
        })
        .collect::<Result<_, _>>()?;
    let named: Vec<(&str, &[u8])> = sources.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    sandbox.compile(&named).into_iter().map(|module| module.map_err(EngineError::from)).collect()
}

/// What it takes to start the app's kernels, at the beginning and whenever one of them begins anew.
pub(crate) struct KernelFactory {
    sandbox: Sandbox,
    modules: Vec<KernelModule>,
    region: Region,
    manifest: Manifest,
    workers: usize,
    choice: KernelChoice,
}

/// What may be chosen anew whenever kernels are started.
pub(crate) struct KernelChoice {
    pub(crate) seed: u64,
    pub(crate) policy: Policy,
}

impl KernelFactory {
    pub(crate) fn new(
        app: &App,
        sandbox: &Sandbox,
        modules: &[KernelModule],
        region: &Region,
        workers: usize,
        choice: KernelChoice,
    ) -> Self {
        Self {
            sandbox: sandbox.clone(),
            modules: modules.to_vec(),
            region: region.clone(),
            manifest: app.manifest.clone(),
            workers,
            choice,
        }
    }

    /// Gives kernels that are started from now on another seed.
    pub(crate) fn set_seed(&mut self, seed: u64) {
        self.choice.seed = seed;
    }

    /// The seed of kernels that are started from now on.
    pub(crate) fn seed(&self) -> u64 {
        self.choice.seed
    }

    /// How many kernels the app has.
    pub(crate) fn len(&self) -> usize {
        self.manifest.kernel.len()
    }

    /// Starts every shard of the kernel of this number, with the rights that it has now. One to which a right is denied is held back.
    ///
    /// # Errors
    /// What the first shard that does not start has failed of.
    pub(crate) fn start(&mut self, index: usize, params: &Params, tick: u64) -> Result<KernelGroup, KernelError> {
        let kernel = &self.manifest.kernel[index];
        self.choice.policy.begin(kernel);
        match self.choice.policy.verdict(kernel, tick) {
            Some(fault) => Ok(KernelGroup::held_back(fault)),
            None => self.start_group(kernel, &self.modules[index], params),
        }
    }

    /// A person's decision about a right.
    ///
    /// # Errors
    /// When the manifest grants no such right, or the decision cannot be kept.
    pub(crate) fn decide(&mut self, right: Right, decision: Option<Decision>, scope: Scope) -> Result<(), Diagnostic> {
        self.choice.policy.decide(&self.manifest, right, decision, scope)
    }

    /// What ends the kernel of this number, if a right of it is denied.
    pub(crate) fn verdict(&mut self, index: usize, tick: u64) -> Option<Fault> {
        self.choice.policy.verdict(self.manifest.kernel.get(index)?, tick)
    }

    /// What holds for every right.
    pub(crate) fn permissions(&self) -> Vec<Permission> {
        self.choice.policy.permissions(&self.manifest)
    }

    fn start_group(&self, kernel: &manifest::Kernel, module: &KernelModule, params: &Params) -> Result<KernelGroup, KernelError> {
        let granted: Vec<(usize, GrantAccess)> = self
            .manifest
            .buffer
            .iter()
            .enumerate()
            .filter_map(|(index, buffer)| {
                let access = match (kernel.reads(&buffer.name), kernel.writes(&buffer.name)) {
                    (true, true) => GrantAccess::ReadWrite,
                    (true, false) => GrantAccess::Read,
                    (false, true) => GrantAccess::Write,
                    (false, false) => return None,
                };
                Some((index, access))
            })
            .collect();
        let grants: Vec<Grant> = granted
            .iter()
            .filter_map(|&(index, access)| {
                let id = self.region.buffer(&self.manifest.buffer[index].name)?;
                Some(Grant { buffer: self.region.buffer_info(id)?, access })
            })
            .collect();
        let shards = kernel.shards.on(self.workers);
        let instances = (0..shards)
            .map(|shard| {
                let args = StartArgs {
                    params: params.changes().map(|change| (change.name, change.value)).collect(),
                    shard: shard as u32,
                    shards: shards as u32,
                    seed: self.choice.seed,
                    limits: kernel_limits(kernel, &self.manifest),
                };
                Kernel::start(&self.sandbox, module, &self.region, &grants, &args)
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(KernelGroup {
            name: kernel.name.clone(),
            started: Started { shards, windows_mapped: instances.first().map(Kernel::windows_mapped) },
            shards: instances,
            grants: granted.iter().map(|(index, _)| *index).collect(),
            writes: granted.iter().filter(|(_, access)| *access != GrantAccess::Read).map(|(index, _)| *index).collect(),
            pointer_surface: self.manifest.surface.iter().position(|surface| kernel.writes(&surface.buffer)),
            pointer: None,
            fault: None,
        })
    }
}

fn kernel_limits(kernel: &manifest::Kernel, manifest: &Manifest) -> KernelLimits {
    let bytes = |size: manifest::ByteSize| usize::try_from(size.0).unwrap_or(usize::MAX);
    KernelLimits {
        memory_bytes: bytes(kernel.memory_max),
        fuel: kernel.fuel,
        deadline: std::time::Duration::from_millis(u64::from(kernel.deadline_ms)),
        log_bytes_per_call: bytes(kernel.log_bytes),
        events_per_call: manifest.limits.events_per_tick as usize,
        event_bytes_per_call: bytes(manifest.limits.event_bytes),
        ..KernelLimits::default()
    }
}

/// The buffer in which the surfaces' rectangles lie.
pub(crate) fn layout_zone(region: &Region) -> Result<wasm_engine_exchange::BufferId, EngineError> {
    region.layout_zone().ok_or(EngineError::NoLayoutZone)
}

/// Where the renderer shows its frames.
pub(crate) enum Target {
    /// Nowhere.
    Offscreen,
    /// In a window, at this pace.
    Window(wasm_engine_gpu::WindowSurface, wasm_engine_compositor::Pace),
}

/// The manifest's background as the compositor draws it. The manifest counts angles from the right, the compositor as CSS does, from above.
pub(crate) fn background(background: &manifest::Background) -> wasm_engine_compositor::Background {
    match *background {
        manifest::Background::Color(color) => color.into(),
        manifest::Background::Gradient { from, to, angle } => {
            wasm_engine_compositor::Background { color: from, to: Some(to), angle: Some(angle + 90.0) }
        }
    }
}
