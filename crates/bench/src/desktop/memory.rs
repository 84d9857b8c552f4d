//! Memory of the shell with a turning triangle and the panel, against chromium with the same page, the same triangle and the same panel.

mod site;

use std::time::Duration;

use anyhow::Result;

use super::chromium::{self, Chromium};
use super::desk::Desk;
use super::processes;
use super::shell::Shell;
use super::{Row, content};
use crate::exchange::stats::{Pairs, quantile};
use site::Site;

/// How long each runs before it is looked at, and how often.
const SETTLE: Duration = Duration::from_secs(8);
const LOOKS: usize = 3;

/// Each round takes four runs; so many suffice for what varies little.
const MOST_ROUNDS: usize = 2;

pub(super) fn run(desk: &Desk, rounds: usize, notes: &mut Vec<String>) -> Result<Vec<Row>> {
    const WHAT: &str = "memory (PSS) with apps/triangle and the panel";
    let app = content::triangle(desk.scratch())?;
    let ours = |notes: &mut Vec<String>| -> Result<f64> {
        let shell = Shell::open(desk, &app, content::TRIANGLE_MARK)?;
        let taken = look(|| shell.processes(), notes)?;
        shell.close()?;
        Ok(taken)
    };
    let site = Site::start()?;
    notes.push(format!("  chromium's panel: {}", site.panel()));
    if !chromium::is_there() {
        notes.push(format!("  {}", chromium::MISSING));
        return Ok(vec![Row::new(WHAT, format!("{:.0} MiB", ours(notes)?), "≤ 0.6×", "≤ 0.4×")]);
    }
    let pairs = Pairs::take(rounds.min(MOST_ROUNDS), |is_ours| {
        if is_ours {
            return ours(notes);
        }
        let browser = Chromium::open(desk, &desk.scratch().join("memory-chromium"), &site.address())?;
        let taken = look(|| browser.processes(), notes)?;
        browser.end()?;
        Ok(taken)
    })?;
    notes.push(format!("  chromium drew the triangle with {}", site.drawn()));
    let (ratio, (shell, peer)) = (pairs.speedup(), pairs.medians());
    let (low, high) = (1.0 / ratio.bounds.1, 1.0 / ratio.bounds.0);
    let seen = format!("{shell:.0} MiB, {peer:.0} MiB: {:.2}× ({low:.2} to {high:.2})", 1.0 / ratio.median);
    Ok(vec![Row::new(format!("{WHAT}, against chromium with the same"), seen, "≤ 0.6×", "≤ 0.4×")])
}

/// MiB of these processes, when they have come to rest.
fn look(pids: impl Fn() -> Vec<u32>, notes: &mut Vec<String>) -> Result<f64> {
    std::thread::sleep(SETTLE);
    let mut sums = Vec::new();
    for last in (0..LOOKS).rev() {
        let taken = processes::memory(&pids())?;
        sums.push(taken.iter().map(|process| process.kib).sum::<u64>() as f64 / 1024.0);
        if last == 0 {
            let each: Vec<String> =
                taken.iter().map(|process| format!("{} {} ({})", process.name, process.kib / 1024, process.anonymous / 1024)).collect();
            notes.push(format!("  MiB (of which anonymous): {}", each.join(", ")));
        } else {
            std::thread::sleep(Duration::from_millis(700));
        }
    }
    Ok(quantile(&sums, 0.5))
}
