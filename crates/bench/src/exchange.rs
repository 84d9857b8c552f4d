//! The exchange against its peers: instructions, system calls, throughput, latency, tails, large frames.
//!
//! `exchange [--json FILE] [part…]` runs the parts named, or all. Instructions and system calls are exact: the program runs itself under callgrind or
//! strace with N and with 2 N rounds, and the difference is what N rounds cost. Times are ratios of arms that take turns within one run.

mod count;
mod frame;
mod latency;
pub(crate) mod stats;
mod stream;
mod tail;

use anyhow::{Context, Result};
use std::sync::OnceLock;

/// One line of the table.
#[derive(serde::Serialize)]
struct Row {
    what: String,
    /// Our figure and the peer's, in `unit`.
    ours: f64,
    peer: f64,
    unit: &'static str,
    /// What the row is about: a ratio, and bounds of it where it was measured and not counted.
    ratio: f64,
    bounds: Option<(f64, f64)>,
}

impl Row {
    /// A row of exact counts, with the ratio ours : peer.
    fn counted(what: impl Into<String>, unit: &'static str, ours: f64, peer: f64) -> Row {
        Row { what: what.into(), ours, peer, unit, ratio: ours / peer, bounds: None }
    }

    /// A row of times or rates.
    fn measured(what: impl Into<String>, unit: &'static str, ours: f64, peer: f64, ratio: stats::Ratio) -> Row {
        Row { what: what.into(), ours, peer, unit, ratio: ratio.median, bounds: Some(ratio.bounds) }
    }

    fn print(&self) {
        let bounds = self.bounds.map_or_else(|| "exact".to_owned(), |(low, high)| format!("{low:.2} to {high:.2}"));
        println!("| {} | {:.2} | {:.2} | {} | {:.2}× | {bounds} |", self.what, self.ours, self.peer, self.unit, self.ratio);
    }
}

type Part = (&'static str, fn() -> Result<Vec<Row>>);

const PARTS: [Part; 6] = [
    ("instructions", count::instructions),
    ("syscalls", count::syscalls),
    ("stream", stream::run),
    ("latency", latency::run),
    ("tail", tail::run),
    ("frame", frame::run),
];

pub(crate) fn run(args: &[String]) -> Result<()> {
    match args.first().map(String::as_str) {
        // What the program calls itself with.
        Some("count") => return count::rounds(&args[1..]),
        Some("echo") => return latency::echo(&args[1..]),
        _ => {}
    }
    cores();
    let mut json = None;
    let mut wanted = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--json" => json = Some(args.next().context("--json needs a file")?),
            name => wanted.push(*PARTS.iter().find(|part| part.0 == name).with_context(|| format!("no part is called {name}"))?),
        }
    }
    if wanted.is_empty() {
        wanted.extend(PARTS);
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load average: {}", load.trim());
    println!("| what | ours | peer | unit | ratio | bounds |\n|---|---|---|---|---|---|");
    let mut rows = Vec::new();
    for (_, part) in wanted {
        for row in part()? {
            row.print();
            rows.push(row);
        }
    }
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(&serde_json::json!({ "load": load.trim(), "rows": rows }))?;
        std::fs::write(path, text).with_context(|| format!("cannot write {path}"))?;
    }
    Ok(())
}

/// Keeps the calling thread on one of the cores that the process started with.
fn pin(which: usize) -> Result<()> {
    let mut set = rustix::thread::CpuSet::new();
    set.set(cores()[which % cores().len()]);
    rustix::thread::sched_setaffinity(None, &set).with_context(|| format!("cannot stay on core {which}"))
}

/// The cores that the process started with. Asked once, because a thread that stays on one core sees only that.
fn cores() -> &'static [usize] {
    static CORES: OnceLock<Vec<usize>> = OnceLock::new();
    CORES.get_or_init(|| {
        let set = rustix::thread::sched_getaffinity(None).unwrap_or_default();
        let cores: Vec<usize> = (0..rustix::thread::CpuSet::MAX_CPU).filter(|core| set.is_set(*core)).collect();
        if cores.is_empty() { vec![0] } else { cores }
    })
}
