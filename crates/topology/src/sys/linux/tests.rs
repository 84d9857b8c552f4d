//! Trees of other machines, made in a temporary folder.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::plan::Plan;

struct Machine {
    root: TempDir,
}

impl Machine {
    fn new(online: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let machine = Machine { root };
        machine.file("sys/devices/system/cpu/online", online)
    }

    fn file(self, path: &str, content: &str) -> Self {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{content}\n")).unwrap();
        self
    }

    /// Two threads per core, numbered `core` and `core + cores`.
    fn smt(mut self, cores: u32) -> Self {
        for cpu in 0..2 * cores {
            let core = cpu % cores;
            let topology = format!("sys/devices/system/cpu/cpu{cpu}/topology");
            self = self.file(&format!("{topology}/core_cpus_list"), &format!("{core},{}", core + cores));
            self = self.file(&format!("{topology}/physical_package_id"), "0");
        }
        self
    }

    fn detect(&self, affinity: &str) -> Result<Topology, DetectError> {
        let affinity: CoreSet = affinity.parse().unwrap();
        detect_at(self.root.path(), Some(&affinity).filter(|set| !set.is_empty()))
    }
}

#[test]
fn threads_of_a_core_are_siblings() {
    let topology = Machine::new("0-15").smt(8).detect("0-15").unwrap();
    assert_eq!((topology.cpus.len(), topology.allowed_cores(), topology.source), (16, 8, Source::Sysfs));
    assert_eq!(topology.cpus[9].siblings.to_string(), "1,9");
    assert_eq!((topology.cpus[9].core, topology.cpus[9].kind), (1, CoreKind::Unknown));
    assert_eq!(topology.to_string(), "8 cores (16 threads), 1 NUMA node");
    let plan = Plan::of(&topology);
    assert_eq!((plan.render.to_string(), plan.page.to_string()), ("1,9".to_owned(), "5-7,13-15".to_owned()));
}

#[test]
fn nodes_and_packages_are_read() {
    let mut machine = Machine::new("0-7").file("sys/devices/system/node/online", "0-1");
    machine = machine.file("sys/devices/system/node/node0/cpulist", "0,2,4,6").file("sys/devices/system/node/node1/cpulist", "1,3,5,7");
    for cpu in 0..8 {
        machine = machine.file(&format!("sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id"), &(cpu % 2).to_string());
    }
    let topology = machine.detect("0-7").unwrap();
    assert_eq!(topology.nodes(), [0, 1]);
    assert!(topology.cpus.iter().all(|cpu| cpu.node == cpu.id.0 % 2 && cpu.package == cpu.id.0 % 2));
}

#[test]
fn intel_lists_tell_strong_from_weak() {
    let machine = Machine::new("0-11")
        .file("sys/devices/cpu_core/cpus", "0-3")
        .file("sys/devices/cpu_atom/cpus", "4-9")
        .file("sys/devices/cpu_lowpower/cpus", "10-11");
    let topology = machine.detect("0-11").unwrap();
    let weak: CoreSet = topology.cpus.iter().filter(|cpu| cpu.kind == CoreKind::Efficiency).map(|cpu| cpu.id).collect();
    let strong: CoreSet = topology.cpus.iter().filter(|cpu| cpu.kind == CoreKind::Performance).map(|cpu| cpu.id).collect();
    assert_eq!((strong.to_string(), weak.to_string()), ("0-3".to_owned(), "4-11".to_owned()));
}

#[test]
fn arm_capacities_tell_strong_from_weak() {
    let capacities = |of: fn(u32) -> u32| {
        let machine = Machine::new("0-7");
        (0..8).fold(machine, |machine, cpu| machine.file(&format!("sys/devices/system/cpu/cpu{cpu}/cpu_capacity"), &of(cpu).to_string()))
    };
    let big_little = capacities(|cpu| if cpu < 4 { 446 } else { 1024 }).detect("0-7").unwrap();
    assert!(big_little.cpus.iter().all(|cpu| (cpu.kind == CoreKind::Efficiency) == (cpu.id.0 < 4)));
    let alike = capacities(|cpu| if cpu < 4 { 1000 } else { 1024 }).detect("0-7").unwrap();
    assert!(alike.cpus.iter().all(|cpu| cpu.kind == CoreKind::Unknown));
}

#[test]
fn affinity_and_cpuset_both_hold() {
    let machine = Machine::new("0-7")
        .file("proc/self/cgroup", "0::/user.slice/engine")
        .file("sys/fs/cgroup/user.slice/engine/cpuset.cpus.effective", "2-5");
    assert_eq!(machine.detect("0-3").unwrap().allowed().to_string(), "2-3");
    assert_eq!(machine.detect("").unwrap().allowed().to_string(), "2-5", "affinity unknown");
    let error = machine.detect("6-7").unwrap_err();
    assert_eq!(error.code(), "NO_CPU_ALLOWED");
    assert!(error.hint().is_some());
}

#[test]
fn version_one_cgroups_and_a_container_whose_path_lies_outside_are_understood() {
    let groups = "9:name=systemd:/\n4:cpu,cpuacct:/docker/abc\n3:cpuset:/docker/abc\n0::/";
    let machine = Machine::new("0-7").file("proc/self/cgroup", groups).file("sys/fs/cgroup/cpuset/cpuset.effective_cpus", "1-6");
    let machine = machine
        .file("sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us", "-1")
        .file("sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us", "100000");
    let machine = machine.file("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "250000").file("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000");
    let topology = machine.detect("0-7").unwrap();
    assert_eq!((topology.allowed().to_string(), topology.quota), ("1-6".to_owned(), Some(2.5)));
}

#[test]
fn the_tightest_quota_counts_and_a_wide_one_does_not() {
    let machine = || Machine::new("0-7").file("proc/self/cgroup", "0::/a/b");
    let tight = machine().file("sys/fs/cgroup/a/cpu.max", "300000 100000").file("sys/fs/cgroup/a/b/cpu.max", "max 100000");
    assert_eq!(tight.detect("0-7").unwrap().quota, Some(3.0));
    assert!(Plan::of(&tight.detect("0-7").unwrap()).shared);
    assert_eq!(tight.detect("0-2").unwrap().quota, None, "no tighter than the affinity");
    let wide = machine().file("sys/fs/cgroup/a/b/cpu.max", "1600000 100000");
    assert_eq!(wide.detect("0-7").unwrap().quota, None);
}

#[test]
fn a_cgroup_path_cannot_lead_out_of_its_mount() {
    let machine = Machine::new("0-7").file("proc/self/cgroup", "0::/../../secret").file("secret/cpuset.cpus.effective", "1");
    assert_eq!(machine.detect("0-7").unwrap().allowed().len(), 8);
}

#[test]
fn a_machine_without_sys_has_the_cores_that_the_process_may_use() {
    let root = tempfile::tempdir().unwrap();
    let four: CoreSet = "1,4-6".parse().unwrap();
    let topology = detect_at(root.path(), Some(&four)).unwrap();
    assert_eq!((topology.allowed(), topology.source), (four, Source::CountOnly));
    assert!(detect_at(root.path(), None).is_ok_and(|topology| !topology.cpus.is_empty()));
}

#[test]
fn nonsense_in_the_tree_is_left_out() {
    for nonsense in ["", "x", "-1", "0-", "9-1", "0-999999999999", "\u{1F980}", "1,,2,"] {
        let machine = Machine::new("0-4");
        let files = [
            "sys/devices/system/cpu/cpu0/topology/core_cpus_list",
            "sys/devices/system/cpu/cpu1/topology/physical_package_id",
            "sys/devices/system/cpu/cpu2/cpu_capacity",
            "sys/devices/system/node/online",
            "sys/devices/system/node/node0/cpulist",
            "sys/devices/cpu_core/cpus",
            "sys/devices/cpu_atom/cpus",
            "proc/self/cgroup",
            "sys/fs/cgroup/cpu.max",
        ];
        let machine = files.into_iter().fold(machine, |machine, path| machine.file(path, nonsense));
        let topology = machine.detect("0-4").unwrap();
        assert_eq!(topology.cpus.len(), 5, "{nonsense:?}");
        assert!(topology.cpus.iter().all(|cpu| cpu.siblings.contains(cpu.id)));
        assert!(!Plan::of(&topology).workers.is_empty());
    }
}

#[test]
fn this_machine_is_detected() {
    let topology = Topology::detect().unwrap();
    let affinity = affinity().unwrap();
    assert!(!topology.allowed().is_empty());
    // Without `/sys` processors are counted, not named.
    if topology.source == Source::Sysfs {
        assert!(topology.allowed().is_subset(&affinity));
    }
}
