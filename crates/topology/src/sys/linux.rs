//! Linux: cores from `/sys`, permission from affinity and cgroups.
//!
//! Everything is read below a root folder, so that tests can read the trees of other machines. What is missing or makes no sense is left out: a
//! container without `/sys` still gets a topology, if one that knows less.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::core_set::{CoreId, CoreSet};
use crate::limits::{MAX_CPUS, MAX_FILE};
use crate::pin::PinError;
use crate::topology::{CoreKind, Cpu, DetectError, Source, Topology};

/// Lists of weak cores on Intel's hybrid processors.
const WEAK_LISTS: [&str; 2] = ["sys/devices/cpu_atom/cpus", "sys/devices/cpu_lowpower/cpus"];
const STRONG_LIST: &str = "sys/devices/cpu_core/cpus";

/// Where `cpu_capacity` tells cores apart (ARM), those below this share of the strongest count as weak, in percent.
const WEAK_BELOW: u64 = 75;

pub(crate) fn detect() -> Result<Topology, DetectError> {
    detect_at(Path::new("/"), affinity().as_ref())
}

/// The processors that the current thread may run on.
fn affinity() -> Option<CoreSet> {
    // Fails where the kernel knows more processors than the mask has bits; the cpuset still holds then.
    let set = sched_getaffinity(None).ok()?;
    let ids = (0..CpuSet::MAX_CPU).filter(|id| set.is_set(*id));
    Some(ids.map(|id| CoreId(id as u32)).collect())
}

pub(crate) fn pin(cores: &CoreSet) -> Result<(), PinError> {
    let refused = || PinError::Refused { cores: cores.clone() };
    let mut ids = cores.iter();
    let Some(first) = ids.next() else { return Err(PinError::Empty) };
    if cores.iter().any(|core| core.0 as usize >= CpuSet::MAX_CPU) {
        return Err(refused());
    }
    if ids.next().is_none() {
        let done = core_affinity::set_for_current(core_affinity::CoreId { id: first.0 as usize });
        return done.then_some(()).ok_or_else(refused);
    }
    let mut set = CpuSet::new();
    cores.iter().for_each(|core| set.set(core.0 as usize));
    sched_setaffinity(None, &set).map_err(|_| refused())
}

/// Reads the machine whose file system lies under `root`. `affinity` is what the process may use, as far as affinity goes.
pub(crate) fn detect_at(root: &Path, affinity: Option<&CoreSet>) -> Result<Topology, DetectError> {
    let tree = Tree { root };
    let quota = tree.quota();
    let Some(online) = tree.online() else {
        let counted = || Topology::count_only(std::thread::available_parallelism().map_or(1, usize::from));
        let known = affinity.map_or_else(counted, |cores| Topology::flat(cores.iter()));
        let quota = quota.filter(|quota| *quota < known.cpus.len() as f64);
        return Ok(Topology { quota, ..known });
    };
    let mut allowed = affinity.unwrap_or(&online).clone();
    if let Some(cpuset) = tree.cpuset() {
        allowed = allowed.intersection(&cpuset);
    }
    let allowed = match allowed.intersection(&online) {
        none if none.is_empty() => return Err(DetectError::NoneAllowed { online, allowed }),
        some => some,
    };
    let quota = quota.filter(|quota| *quota < allowed.len() as f64);
    let (nodes, kinds) = (tree.nodes(), tree.kinds(&online));
    let cpus = online.iter().map(|id| tree.cpu(id, &nodes, kinds(id), allowed.contains(id))).collect();
    let source = Source::Sysfs;
    Ok(Topology { cpus, quota, source })
}

/// The files of one machine.
struct Tree<'a> {
    root: &'a Path,
}

impl Tree<'_> {
    fn read(&self, path: &str) -> Option<String> {
        let mut text = String::new();
        let file = File::open(self.root.join(path)).ok()?;
        file.take(MAX_FILE).read_to_string(&mut text).ok()?;
        Some(text.trim().to_owned())
    }

    fn number(&self, path: &str) -> Option<u32> {
        // Some machines say -1 for a package they do not know.
        self.read(path)?.parse().ok()
    }

    fn list(&self, path: &str) -> Option<CoreSet> {
        self.read(path)?.parse().ok().filter(|set: &CoreSet| !set.is_empty())
    }

    fn online(&self) -> Option<CoreSet> {
        self.list("sys/devices/system/cpu/online").or_else(|| self.list("sys/devices/system/cpu/present"))
    }

    /// NUMA nodes with their processors.
    fn nodes(&self) -> Vec<(u32, CoreSet)> {
        let Some(online) = self.list("sys/devices/system/node/online") else { return Vec::new() };
        let cpus = |node: CoreId| Some((node.0, self.list(&format!("sys/devices/system/node/node{node}/cpulist"))?));
        online.iter().filter_map(cpus).collect()
    }

    fn cpu(&self, id: CoreId, nodes: &[(u32, CoreSet)], kind: CoreKind, allowed: bool) -> Cpu {
        let topology = |file: &str| format!("sys/devices/system/cpu/cpu{id}/topology/{file}");
        let siblings = self.list(&topology("core_cpus_list")).or_else(|| self.list(&topology("thread_siblings_list")));
        let siblings = siblings.filter(|siblings| siblings.contains(id)).unwrap_or_else(|| id.into());
        Cpu {
            id,
            package: self.number(&topology("physical_package_id")).unwrap_or(0),
            node: nodes.iter().find(|(_, cpus)| cpus.contains(id)).map_or(0, |(node, _)| *node),
            // The kernel's `core_id` repeats from die to die; the lowest sibling does not.
            core: siblings.first().unwrap_or(id).0,
            siblings,
            kind,
            allowed,
        }
    }

    /// Tells strong cores from weak ones, where there are both.
    fn kinds(&self, online: &CoreSet) -> impl Fn(CoreId) -> CoreKind + use<> {
        let listed: CoreSet = WEAK_LISTS.iter().filter_map(|path| self.list(path)).flat_map(|set| set.iter().collect::<Vec<_>>()).collect();
        let weak = if self.list(STRONG_LIST).is_some() { listed } else { self.weak_by_capacity(online) };
        let weak = weak.intersection(online);
        let alike = weak.is_empty() || online.is_subset(&weak);
        move |id| match (alike, weak.contains(id)) {
            (true, _) => CoreKind::Unknown,
            (false, true) => CoreKind::Efficiency,
            (false, false) => CoreKind::Performance,
        }
    }

    fn weak_by_capacity(&self, online: &CoreSet) -> CoreSet {
        let capacity = |id: CoreId| Some((id, self.number(&format!("sys/devices/system/cpu/cpu{id}/cpu_capacity"))?));
        let capacities: Vec<_> = online.iter().filter_map(capacity).collect();
        let strongest = capacities.iter().map(|(_, capacity)| *capacity).max().unwrap_or(0);
        let weak = capacities.iter().filter(|(_, capacity)| u64::from(*capacity) * 100 < u64::from(strongest) * WEAK_BELOW);
        weak.map(|(id, _)| *id).collect()
    }

    /// The folders of this process' cgroup that know of `controller`, innermost first: version 2, then version 1.
    fn cgroups(&self, controller: &str) -> Vec<PathBuf> {
        let Some(groups) = self.read("proc/self/cgroup") else { return Vec::new() };
        let mut found = Vec::new();
        for line in groups.lines() {
            let mut fields = line.splitn(3, ':').skip(1);
            let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
            let mount = match controllers {
                "" => PathBuf::from("sys/fs/cgroup"),
                controllers if controllers.split(',').any(|one| one == controller) => Path::new("sys/fs/cgroup").join(controller),
                _ => continue,
            };
            // In a container the path may be that outside, which does not exist here; the mount itself is ours then.
            let inner = Path::new(path.trim_start_matches('/'));
            let safe = inner.components().all(|part| matches!(part, std::path::Component::Normal(_)));
            let ancestors = inner.ancestors().filter(|_| safe);
            found.extend(ancestors.map(|ancestor| mount.join(ancestor)));
        }
        found
    }

    /// The processors that the cpuset allows.
    fn cpuset(&self) -> Option<CoreSet> {
        let files = ["cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus"];
        let groups = self.cgroups("cpuset");
        let mut paths = groups.iter().flat_map(|group| files.map(|file| group.join(file)));
        paths.find_map(|path| self.list(path.to_str()?))
    }

    /// Processors' worth of time that the tightest cgroup grants.
    fn quota(&self) -> Option<f64> {
        let share = |quota: &str, period: &str| {
            let (quota, period): (f64, f64) = (quota.parse().ok()?, period.parse().ok()?);
            Some(quota / period).filter(|share| share.is_finite() && *share > 0.0 && *share < f64::from(MAX_CPUS))
        };
        let of_group = |group: &PathBuf| {
            let file = |name: &str| self.read(group.join(name).to_str()?);
            match file("cpu.max") {
                Some(line) => line.split_once(' ').and_then(|(quota, period)| share(quota, period)),
                None => share(&file("cpu.cfs_quota_us")?, &file("cpu.cfs_period_us")?),
            }
        };
        self.cgroups("cpu").iter().filter_map(of_group).min_by(f64::total_cmp)
    }
}

#[cfg(test)]
mod tests;
