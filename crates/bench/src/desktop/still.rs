//! What a paused app costs of which nothing moves: uploads, submissions, processor time, and which threads take it.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::desk::{Desk, is_light, until};
use super::processes::{self, Thread};
use super::shell::{BAR, CARD, HIDE, PAUSE, Shell};
use super::{Row, content};
use crate::exchange::stats::quantile;

/// How long things may take to come to rest, and how long they are looked at.
const SETTLE: Duration = Duration::from_secs(4);
const IDLE: Duration = Duration::from_secs(10);

/// A point of the page beside the panel.
const PAGE: (i16, i16) = (700, 500);

/// Counters, and what they count.
const COUNTERS: [(&str, &str); 5] = [
    ("panel_frames", "panel frames uploaded"),
    ("panel_bytes", "panel bytes uploaded"),
    ("gpu_submissions", "GPU submissions"),
    ("frames_composed", "frames composed"),
    ("frames_redrawn", "frames redrawn for the panel or the window"),
];

/// What one look gave.
struct Look {
    rises: Vec<Option<f64>>,
    threads: Vec<Thread>,
    /// Share of one core.
    share: f64,
}

pub(super) fn run(desk: &Desk, rounds: usize, notes: &mut Vec<String>) -> Result<Vec<Row>> {
    let app = content::page(desk.scratch(), "still", content::PLAIN)?;
    let mut rows = Vec::new();
    for (cards, name) in [(true, "panel and paused app"), (false, "the same with the panel's cards hidden")] {
        let mut looks = (0..rounds).map(|_| look(desk, &app, cards)).collect::<Result<Vec<Look>>>()?;
        looks.sort_by(|one, other| one.share.total_cmp(&other.share));
        for (at, (counter, what)) in COUNTERS.iter().enumerate() {
            // The worst of the looks: what is counted is to be nothing each time.
            let worst = looks.iter().map(|look| look.rises[at]).try_fold(0.0_f64, |worst, rise| Some(worst.max(rise?)));
            let seen = worst.map_or_else(|| format!("the shell does not count `{counter}`"), |worst| format!("{worst}"));
            rows.push(Row::new(format!("{name}, {} s: {what}", IDLE.as_secs()), seen, "0", "0"));
        }
        let shares: Vec<f64> = looks.iter().map(|look| look.share * 100.0).collect();
        let (low, high) = (quantile(&shares, 0.0), quantile(&shares, 1.0));
        let seen = format!("{:.2} % of a core ({low:.2} to {high:.2})", quantile(&shares, 0.5));
        rows.push(Row::new(format!("{name}: processor time of the shell's processes"), seen, "< 0.5 %", "0"));
        notes.push(format!("  {name}; threads of the median look, process/thread +number, % of a core, wakes a second:"));
        processes::tell(&looks[looks.len() / 2].threads, IDLE, notes);
    }
    Ok(rows)
}

fn look(desk: &Desk, app: &Path, cards: bool) -> Result<Look> {
    let shell = Shell::open(desk, app, PAGE)?;
    std::thread::sleep(Duration::from_secs(2));
    if !cards {
        shell.click(HIDE)?;
        until("a panel without cards", || Ok((!is_light(shell.color(CARD)?)).then_some(())))?;
    }
    let paused = pause(desk, &shell)?;
    desk.point(shell.at(PAGE))?;
    std::thread::sleep(SETTLE);
    let (began, before) = (Instant::now(), processes::threads(&shell.processes()));
    std::thread::sleep(IDLE);
    let (after, ended) = (processes::threads(&shell.processes()), Instant::now());
    let (trace, _) = shell.close()?;
    if !cards {
        // The panel remembers.
        std::fs::remove_dir_all(desk.home())?;
    }
    // The last tick is where the engine's time and ours meet.
    let at = |moment: Instant| trace.last_tick + moment.duration_since(paused).as_secs_f64() * 1e6;
    let threads = processes::between(&before, &after);
    let nanos: u64 = threads.iter().map(|thread| thread.nanos).sum();
    Ok(Look {
        rises: COUNTERS.iter().map(|(name, _)| trace.rise(name, at(began), at(ended))).collect(),
        share: nanos as f64 / ended.duration_since(began).as_nanos() as f64,
        threads,
    })
}

/// Presses Pause, and waits until the panel says that the run is paused. Gives when it was pressed.
fn pause(desk: &Desk, shell: &Shell<'_>) -> Result<Instant> {
    // The word beside the title, left of the place that has nothing in it.
    let word = shell.at((BAR.0 - 150, BAR.1 - 8));
    let before = desk.pixels(word, 150, 16)?;
    let pressed = shell.click(PAUSE)?;
    until("the panel to say that the run is paused", || Ok((desk.pixels(word, 150, 16)? != before).then_some(())))?;
    Ok(pressed)
}
