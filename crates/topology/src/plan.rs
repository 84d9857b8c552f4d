//! The plan: a pure function from a topology to who runs where.
//!
//! The engine pins its workers alone, each to its core ([`crate::pools`]). All others run where the system puts them: the plan keeps cores free of workers for them, and
//! names which.
//!
//! Counted are physical cores that the process may use, N of them:
//!
//! | thread | cores |
//! |---|---|
//! | main, render, io | 0, 1, 2: one each, with all hardware threads of it, so that no worker disturbs the compositor |
//! | worker × n | 3 … N/2: one worker per physical core, because SIMD kernels gain little from a second thread on the same units |
//! | page and Servo's own threads | N/2+1 … N, all hardware threads |
//! | inference | the workers' cores with all hardware threads, never the reserved ones |
//!
//! What bends this rule:
//! * Up to four cores, roles share everything and nothing is pinned. On five, main and io share a core.
//! * **NUMA.** Cores are counted from the node with the most of them. Workers stay on that node when it holds at least half of the workers that
//!   the rule gives, and the page takes the rest; otherwise workers fill node after node, each knowing its own.
//! * **Strong and weak cores.** Render takes a strong core, main and io (which mostly wait) weak ones, workers strong ones. Weak cores join the
//!   workers only when strong ones are fewer than half of what the rule gives; work stealing then evens out the difference.
//! * **Quota.** A cgroup that grants the time of Q processors makes the plan that of a machine with at most Q cores in number of workers, and
//!   shared up to four.

use std::fmt;

use serde::Serialize;

use crate::core_set::{CoreId, CoreSet};
use crate::limits::SHARED_UP_TO;
use crate::topology::{CoreKind, Topology};

/// One thread of the worker pool.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Worker {
    /// The processor it is pinned to, unless the plan is shared.
    pub core: CoreId,
    /// The NUMA node it stays on.
    pub node: u32,
}

/// Who runs where. Workers are pinned; for the others it is what is kept free of workers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Nothing is pinned, and the sets below overlap.
    pub shared: bool,
    /// The main loop: window, desktop shell.
    pub main: CoreSet,
    /// The compositor.
    pub render: CoreSet,
    /// Loopback servers and files.
    pub io: CoreSet,
    /// The worker pool, at least one.
    pub workers: Vec<Worker>,
    /// Servo and all its threads.
    pub page: CoreSet,
    /// ONNX Runtime's pool.
    pub inference: CoreSet,
    /// Threads of that pool: one per physical core.
    pub inference_threads: usize,
}

/// A physical core with the processors of it that may be used.
#[derive(Clone, Debug)]
struct Core {
    cpus: CoreSet,
    node: u32,
    weak: bool,
}

impl Core {
    fn first(&self) -> Option<CoreId> {
        self.cpus.first()
    }
}

impl Plan {
    /// Decides. Every core of the plan is allowed in `topology`; there is always at least one worker and one core for each role, unless the
    /// topology allows no core at all, which gives a shared plan with empty sets and one worker.
    #[must_use]
    pub fn of(topology: &Topology) -> Plan {
        let cores = cores(topology);
        let quota = topology.quota.map_or(usize::MAX, |quota| quota.ceil().max(1.0) as usize);
        let count = cores.len().min(quota);
        if count <= SHARED_UP_TO { Plan::shared(topology, &cores, count) } else { Plan::split(cores, count) }
    }

    /// Everybody everywhere. Processors are named for the number of workers only.
    fn shared(topology: &Topology, cores: &[Core], count: usize) -> Plan {
        let all = topology.allowed();
        let of_core = |core: &Core| Some((core.first()?, core.node));
        let mut workers: Vec<_> = cores.iter().filter_map(of_core).take(count).map(|(core, node)| Worker { core, node }).collect();
        if workers.is_empty() {
            workers.push(Worker { core: CoreId(0), node: 0 });
        }
        Plan {
            shared: true,
            main: all.clone(),
            render: all.clone(),
            io: all.clone(),
            inference_threads: workers.len(),
            workers,
            page: all.clone(),
            inference: all,
        }
    }

    /// Five cores or more. `count` is the number of cores that the quota makes useful.
    fn split(mut cores: Vec<Core>, count: usize) -> Plan {
        let [main, render, io] = reserve(&mut cores);
        let wanted = (count / 2).saturating_sub(2).max(1);
        let workers = hire(&mut cores, wanted);
        let of_core = |core: &Core| Some((core.first()?, core.node));
        let all = |cores: &[Core]| cores.iter().flat_map(|core| core.cpus.iter()).collect::<CoreSet>();
        Plan {
            shared: false,
            main,
            render,
            io,
            workers: workers.iter().filter_map(of_core).map(|(core, node)| Worker { core, node }).collect(),
            page: all(&cores),
            inference: all(&workers),
            inference_threads: workers.len(),
        }
    }

    /// The processors that are kept free for main, render and io; empty when the plan is shared.
    #[must_use]
    pub fn reserved(&self) -> CoreSet {
        if self.shared { CoreSet::default() } else { self.main.union(&self.render).union(&self.io) }
    }

    /// The processors of all workers.
    #[must_use]
    pub fn worker_set(&self) -> CoreSet {
        self.workers.iter().map(|worker| worker.core).collect()
    }
}

/// The physical cores that may be used: those of the node with the most first, strong ones first within a node, then by number.
fn cores(topology: &Topology) -> Vec<Core> {
    let mut cores: Vec<((u32, u32), Core)> = Vec::new();
    for cpu in topology.cpus.iter().filter(|cpu| cpu.allowed) {
        let key = (cpu.package, cpu.core);
        match cores.iter_mut().find(|(known, _)| *known == key) {
            Some((_, core)) => core.cpus = core.cpus.union(&cpu.id.into()),
            None => cores.push((key, Core { cpus: cpu.id.into(), node: cpu.node, weak: cpu.kind == CoreKind::Efficiency })),
        }
    }
    let mut cores: Vec<_> = cores.into_iter().map(|(_, core)| core).collect();
    let on_node = |node: u32| cores.iter().filter(|core| core.node == node).count();
    let largest = cores.iter().map(|core| core.node).max_by_key(|node| (on_node(*node), std::cmp::Reverse(*node)));
    // A machine with weak cores only has no weak cores.
    let all_weak = cores.iter().all(|core| core.weak);
    for core in &mut cores {
        core.weak &= !all_weak;
    }
    cores.sort_by_key(|core| (Some(core.node) != largest, core.node, core.weak, core.first()));
    cores
}

/// Takes the cores for main, render and io.
fn reserve(cores: &mut Vec<Core>) -> [CoreSet; 3] {
    // With five cores a third one set aside would leave the page with a single core or the workers with none.
    let own_io = cores.len() > SHARED_UP_TO + 1;
    let weak = cores.iter().filter(|core| core.weak).count();
    let mut take = |weak: bool| {
        let at = cores.iter().position(|core| core.weak == weak).unwrap_or(0);
        cores.remove(at).cpus
    };
    let main = take(weak > 0);
    let render = take(false);
    let io = if own_io { take(weak > 1) } else { main.clone() };
    [main, render, io]
}

/// Takes up to `wanted` cores for workers, leaving at least one for the page.
fn hire(cores: &mut Vec<Core>, wanted: usize) -> Vec<Core> {
    let wanted = wanted.min(cores.len().saturating_sub(1)).max(1);
    // Strong cores of all nodes come before weak ones of the first.
    let mut order: Vec<usize> = (0..cores.len()).collect();
    order.sort_by_key(|at| cores[*at].weak);
    order.truncate(wanted);
    // Homogeneous workers on one node, as long as that costs no more than half of them.
    let keep_if_half = |order: &mut Vec<usize>, alike: &dyn Fn(&Core) -> bool| {
        if order.iter().filter(|at| alike(&cores[**at])).count() * 2 >= wanted {
            order.retain(|at| alike(&cores[*at]));
        }
    };
    keep_if_half(&mut order, &|core| !core.weak);
    if let Some(home) = order.first().map(|at| cores[*at].node) {
        keep_if_half(&mut order, &|core| core.node == home);
    }
    let mut chosen = order;
    chosen.sort_unstable_by(|one, other| other.cmp(one));
    let mut workers: Vec<_> = chosen.into_iter().map(|at| cores.remove(at)).collect();
    workers.reverse();
    workers
}

/// A small table.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = &self.page;
        if self.shared {
            let workers = self.workers.len();
            writeln!(f, "all threads share the cores {all}; nothing is pinned")?;
            return writeln!(f, "  worker × {workers}, inference × {}", self.inference_threads);
        }
        writeln!(f, "{:<14}cores", "thread")?;
        for (name, cores) in [("main", &self.main), ("render", &self.render), ("io", &self.io)] {
            writeln!(f, "{name:<14}{cores}")?;
        }
        let mut nodes: Vec<u32> = self.workers.iter().map(|worker| worker.node).collect();
        nodes.dedup();
        let workers = format!("worker × {}", self.workers.len());
        let nodes = nodes.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        writeln!(f, "{workers:<14}{} (NUMA node {nodes}), pinned", self.worker_set())?;
        let inference = format!("inference × {}", self.inference_threads);
        writeln!(f, "{:<14}{}", "page", self.page)?;
        writeln!(f, "{inference:<14}{}", self.inference)?;
        writeln!(f, "main, render, io and page are not pinned: these cores are kept free of workers for them")
    }
}
