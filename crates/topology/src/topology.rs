//! What the machine has.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::core_set::{CoreId, CoreSet};

/// How strong a core is among those of its machine.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CoreKind {
    /// A strong core of a machine that has weaker ones.
    Performance,
    /// All are alike, or the system does not tell.
    #[default]
    Unknown,
    /// A core made to save power.
    Efficiency,
}

/// One processor: a hardware thread of a core.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cpu {
    /// Its number.
    pub id: CoreId,
    /// The package (socket) it sits in.
    pub package: u32,
    /// The NUMA node whose memory is nearest.
    pub node: u32,
    /// Number of its physical core, unique within the package.
    pub core: u32,
    /// All hardware threads of that core, itself among them.
    pub siblings: CoreSet,
    /// How strong it is.
    pub kind: CoreKind,
    /// Whether this process may run there (affinity and cpuset).
    pub allowed: bool,
}

/// Where a topology was learned.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// From the kernel's `/sys`.
    Sysfs,
    /// Only the number of processors is known; each is taken for a core of its own.
    CountOnly,
    /// Made up, for tests and for `what would it do on …`.
    Synthetic,
}

/// What the machine has, and what of it this process may use.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Topology {
    /// Every processor that is on, by number.
    pub cpus: Vec<Cpu>,
    /// Processors' worth of time that the process may use when a cgroup limits it; `None` without a limit.
    pub quota: Option<f64>,
    /// Where this was learned.
    pub source: Source,
}

/// Why the machine's cores could not be found out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DetectError {
    /// The affinity of the process and its cpuset have no processor in common that is on.
    #[error("this process may run on no processor that is on (online: {online}, allowed: {allowed})")]
    NoneAllowed {
        /// The processors that are on.
        online: CoreSet,
        /// Those that affinity and cpuset name.
        allowed: CoreSet,
    },
}

impl DetectError {
    /// Stable name of the error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            DetectError::NoneAllowed { .. } => "NO_CPU_ALLOWED",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            DetectError::NoneAllowed { .. } => Some("look at `taskset -p $$` and at the cpuset of the container or service".to_owned()),
        }
    }
}

impl Topology {
    /// Finds out what this machine has. Call it before any thread is pinned: the calling thread's affinity says what is allowed.
    ///
    /// # Errors
    /// When no processor is left to run on. Where the system tells less than it could, the result knows less, without an error.
    pub fn detect() -> Result<Topology, DetectError> {
        crate::sys::detect()
    }

    /// A machine of which nothing but the number of processors is known.
    #[must_use]
    pub fn count_only(processors: usize) -> Topology {
        let processors = (processors.max(1)).min(crate::limits::MAX_CPUS as usize) as u32;
        Topology::flat((0..processors).map(CoreId))
    }

    /// A machine of which nothing is known but which processors this process may use.
    pub(crate) fn flat(processors: impl Iterator<Item = CoreId>) -> Topology {
        let cpu = |id: CoreId| Cpu { id, package: 0, node: 0, core: id.0, siblings: id.into(), kind: CoreKind::Unknown, allowed: true };
        Topology { cpus: processors.map(cpu).collect(), quota: None, source: Source::CountOnly }
    }

    /// The processors this process may use.
    #[must_use]
    pub fn allowed(&self) -> CoreSet {
        self.cpus.iter().filter(|cpu| cpu.allowed).map(|cpu| cpu.id).collect()
    }

    /// Number of physical cores with at least one allowed processor.
    #[must_use]
    pub fn allowed_cores(&self) -> usize {
        let cores: BTreeSet<_> = self.cpus.iter().filter(|cpu| cpu.allowed).map(|cpu| (cpu.package, cpu.core)).collect();
        cores.len()
    }

    /// The NUMA nodes that have processors.
    #[must_use]
    pub fn nodes(&self) -> Vec<u32> {
        let nodes: BTreeSet<_> = self.cpus.iter().map(|cpu| cpu.node).collect();
        nodes.into_iter().collect()
    }
}

/// One line: `8 cores (16 threads, 12 allowed), 2 NUMA nodes, 4 of the cores efficiency cores`.
impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = |keep: &dyn Fn(&Cpu) -> bool| {
            let found: BTreeSet<_> = self.cpus.iter().filter(|cpu| keep(cpu)).map(|cpu| (cpu.package, cpu.core)).collect();
            found.len()
        };
        let several = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        write!(f, "{}", several(cores(&|_| true), "core"))?;
        let (threads, allowed) = (self.cpus.len(), self.allowed().len());
        match (threads == cores(&|_| true), threads == allowed) {
            (true, true) => {}
            (true, false) => write!(f, " ({allowed} allowed)")?,
            (false, true) => write!(f, " ({})", several(threads, "thread"))?,
            (false, false) => write!(f, " ({}, {allowed} allowed)", several(threads, "thread"))?,
        }
        write!(f, ", {}", several(self.nodes().len(), "NUMA node"))?;
        match cores(&|cpu| cpu.kind == CoreKind::Efficiency) {
            0 => {}
            efficient => write!(f, ", {efficient} of the cores made to save power")?,
        }
        if let Some(quota) = self.quota {
            write!(f, ", limited to the time of {quota} by a cgroup")?;
        }
        match self.source {
            Source::Sysfs => Ok(()),
            Source::CountOnly => f.write_str(" (only their number is known)"),
            Source::Synthetic => f.write_str(" (made up)"),
        }
    }
}
