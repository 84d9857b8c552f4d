//! Machines made up for tests, and for asking what the plan would be elsewhere.

use crate::core_set::{CoreId, CoreSet};
use crate::topology::{CoreKind, Cpu, Source, Topology};

/// Builds a [`Topology`]. Processors are numbered as Linux does on most machines: first thread of every core, then the second threads.
#[derive(Clone, Debug)]
pub struct Synthetic {
    nodes: u32,
    cores_per_node: u32,
    threads_per_core: u32,
    efficiency: u32,
    allowed: Option<CoreSet>,
    quota: Option<f64>,
}

impl Synthetic {
    /// One package, one node, this many equal cores of one thread.
    #[must_use]
    pub fn cores(cores: u32) -> Self {
        Synthetic { nodes: 1, cores_per_node: cores, threads_per_core: 1, efficiency: 0, allowed: None, quota: None }
    }

    /// This many nodes, each a package of its own, with this many cores each.
    #[must_use]
    pub fn numa(nodes: u32, cores_per_node: u32) -> Self {
        Synthetic { nodes, ..Synthetic::cores(cores_per_node) }
    }

    /// Strong cores, then cores made to save power. The latter have one thread each, whatever [`threads`](Self::threads) says.
    #[must_use]
    pub fn hybrid(performance: u32, efficiency: u32) -> Self {
        Synthetic { efficiency, ..Synthetic::cores(performance) }
    }

    /// This many hardware threads in each core.
    #[must_use]
    pub fn threads(mut self, threads_per_core: u32) -> Self {
        self.threads_per_core = threads_per_core.max(1);
        self
    }

    /// Only these processors may be used.
    #[must_use]
    pub fn allowed(mut self, allowed: CoreSet) -> Self {
        self.allowed = Some(allowed);
        self
    }

    /// Only this many processors' worth of time may be used.
    #[must_use]
    pub fn quota(mut self, processors: f64) -> Self {
        self.quota = Some(processors);
        self
    }

    /// The machine.
    #[must_use]
    pub fn build(&self) -> Topology {
        let strong = self.nodes * self.cores_per_node;
        let mut cpus = Vec::new();
        for thread in 0..self.threads_per_core {
            for core in 0..strong {
                let siblings = (0..self.threads_per_core).map(|thread| CoreId(thread * strong + core)).collect();
                let kind = if self.efficiency > 0 { CoreKind::Performance } else { CoreKind::Unknown };
                cpus.push(self.cpu(thread * strong + core, core, siblings, kind));
            }
        }
        for core in 0..self.efficiency {
            let id = strong * self.threads_per_core + core;
            cpus.push(self.cpu(id, strong + core, CoreId(id).into(), CoreKind::Efficiency));
        }
        Topology { cpus, quota: self.quota, source: Source::Synthetic }
    }

    fn cpu(&self, id: u32, core: u32, siblings: CoreSet, kind: CoreKind) -> Cpu {
        let node = if kind == CoreKind::Efficiency { 0 } else { core / self.cores_per_node.max(1) };
        let id = CoreId(id);
        Cpu { id, package: node, node, core, siblings, kind, allowed: self.allowed.as_ref().is_none_or(|allowed| allowed.contains(id)) }
    }
}
