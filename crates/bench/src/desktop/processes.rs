//! What processes take: processor time to the nanosecond, by thread, and memory, shared pages by share.

use std::collections::BTreeMap;

use std::time::Duration;

use anyhow::{Context as _, Result};

/// Threads that are told of.
const TOLD: usize = 12;

/// A process and all that it has started.
pub(super) fn tree(pid: u32) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return vec![pid] };
    let stats = entries.flatten().filter_map(|entry| parent(&std::fs::read_to_string(entry.path().join("stat")).ok()?));
    let all: Vec<(u32, u32)> = stats.collect();
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(of) = found.get(next).copied() {
        found.extend(all.iter().filter(|(_, parent)| *parent == of).map(|(child, _)| *child));
        next += 1;
    }
    found
}

/// A process and who started it, from its `stat`. Its name may hold anything.
fn parent(stat: &str) -> Option<(u32, u32)> {
    let (pid, rest) = stat.split_once(" (")?;
    let (_, rest) = rest.rsplit_once(") ")?;
    Some((pid.parse().ok()?, rest.split(' ').nth(1)?.parse().ok()?))
}

/// The name of a process or a thread.
fn name(folder: &str) -> String {
    std::fs::read_to_string(format!("{folder}/comm")).unwrap_or_default().trim().to_owned()
}

/// A thread, and what it has taken up to now.
#[derive(Clone, Debug)]
pub(super) struct Thread {
    /// Its process's name and its own.
    pub(super) name: String,
    /// Time on a processor.
    pub(super) nanos: u64,
    /// How often it has gone to sleep by itself, which is how often it was woken.
    pub(super) wakes: u64,
}

/// All threads of these processes, by their id.
pub(super) fn threads(pids: &[u32]) -> BTreeMap<u32, Thread> {
    let mut all = BTreeMap::new();
    for pid in pids {
        let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { continue };
        for task in tasks.flatten().filter_map(|task| task.file_name().to_str()?.parse::<u32>().ok()) {
            let folder = format!("/proc/{pid}/task/{task}");
            let Some(nanos) = std::fs::read_to_string(format!("{folder}/schedstat")).ok().and_then(|text| first(&text)) else { continue };
            let wakes = std::fs::read_to_string(format!("{folder}/status")).ok().and_then(|text| field(&text, "voluntary_ctxt_switches:"));
            let name = format!("{}/{} +{}", name(&format!("/proc/{pid}")), name(&folder), task.wrapping_sub(*pid));
            all.insert(task, Thread { name, nanos, wakes: wakes.unwrap_or(0) });
        }
    }
    all
}

/// What each thread has taken between two looks, most first. One that ended in between is not counted.
pub(super) fn between(before: &BTreeMap<u32, Thread>, after: &BTreeMap<u32, Thread>) -> Vec<Thread> {
    let spent = after.iter().map(|(id, now)| {
        let (nanos, wakes) = before.get(id).map_or((0, 0), |then| (then.nanos, then.wakes));
        Thread { name: now.name.clone(), nanos: now.nanos.saturating_sub(nanos), wakes: now.wakes.saturating_sub(wakes) }
    });
    let mut spent: Vec<Thread> = spent.collect();
    spent.sort_by_key(|thread| std::cmp::Reverse(thread.nanos));
    spent
}

/// Says of the busiest threads what they took in this time.
pub(super) fn tell(spent: &[Thread], time: Duration, notes: &mut Vec<String>) {
    let seconds = time.as_secs_f64();
    for thread in spent.iter().take(TOLD) {
        let (share, wakes) = (thread.nanos as f64 / seconds / 1e7, thread.wakes as f64 / seconds);
        notes.push(format!("  {:<44} {share:>7.3} % {wakes:>8.1}", thread.name));
    }
}

/// A process's memory in KiB: all, and what of it no file and no other process has.
pub(super) struct Memory {
    pub(super) name: String,
    pub(super) kib: u64,
    pub(super) anonymous: u64,
}

/// Memory of each of these processes: pages that several have count for each by its share.
pub(super) fn memory(pids: &[u32]) -> Result<Vec<Memory>> {
    let mut all = Vec::new();
    for pid in pids {
        let folder = format!("/proc/{pid}");
        // One that has ended meanwhile takes none; one that nobody may look at would be left out.
        match std::fs::read_to_string(format!("{folder}/smaps_rollup")) {
            Ok(text) => {
                let kib = |label| field(&text, label).unwrap_or(0);
                all.push(Memory { name: name(&folder), kib: kib("Pss:"), anonymous: kib("Pss_Anon:") });
            }
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return Err(error).context("smaps_rollup"),
            Err(_) => {}
        }
    }
    Ok(all)
}

/// The first number of a line of numbers.
fn first(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

/// The number behind the label at the beginning of a line.
fn field(text: &str, label: &str) -> Option<u64> {
    text.lines().find_map(|line| first(line.strip_prefix(label)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        assert_eq!(parent("17 (a) (b) ) S 4 17 17 0"), Some((17, 4)));
        assert_eq!(parent("nonsense"), None);
    }

    #[test]
    fn numbers_stand_behind_their_labels() {
        let text = "00400000-7fff [rollup]\nRss:  900 kB\nPss:  512 kB\nPss_Dirty: 3 kB\n";
        assert_eq!((field(text, "Pss:"), field(text, "Swap:")), (Some(512), None));
        assert_eq!(first("123 456 7\n"), Some(123));
    }

    #[test]
    fn what_this_process_takes_is_seen() {
        let pids = tree(std::process::id());
        let before = threads(&pids);
        let mut sum = 0_u64;
        while between(&before, &threads(&pids)).iter().map(|thread| thread.nanos).sum::<u64>() < 1_000_000 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(memory(&pids).unwrap().iter().any(|taken| taken.kib > taken.anonymous));
    }
}
