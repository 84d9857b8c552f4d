//! What a panel with live charts costs the engine's frames: cards shown and hidden in turns, within one run.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::desk::{Desk, is_light, until};
use super::processes::{self, Thread};
use super::shell::{BAR, CARD, Shell};
use super::trace::{Frame, Trace};
use super::{Row, content};
use crate::exchange::stats::quantile;

/// The panel's key that hides and shows the cards.
const HIDE: &str = "m";

/// Of each block the first part is left out, in which what was switched comes to rest: the scroll bar of WebKit shows itself with the cards, and fades, which takes 4 s.
const SWITCH: Duration = Duration::from_secs(6);
const BLOCK: Duration = Duration::from_secs(5);

/// Turns with cards (true) and without in the order A B B A.
const ORDER: [bool; 4] = [true, false, false, true];

/// A time with cards or without.
struct Block {
    animated: bool,
    began: Instant,
    ended: Instant,
    threads: Vec<Thread>,
}

pub(super) fn run(desk: &Desk, rounds: usize, notes: &mut Vec<String>) -> Result<Vec<Row>> {
    let shell = Shell::open(desk, &content::triangle(desk.scratch())?, content::TRIANGLE_MARK)?;
    // Keys go to whom was clicked last.
    shell.click(BAR)?;
    desk.point(shell.at((700, 600)))?;
    std::thread::sleep(Duration::from_secs(3));
    let mut blocks: Vec<Block> = Vec::new();
    for animated in std::iter::repeat_n(ORDER, rounds).flatten() {
        show(desk, &shell, animated)?;
        std::thread::sleep(SWITCH);
        let (began, before) = (Instant::now(), processes::threads(&shell.processes()));
        std::thread::sleep(BLOCK);
        let (ended, after) = (Instant::now(), processes::threads(&shell.processes()));
        blocks.push(Block { animated, began, ended, threads: processes::between(&before, &after) });
    }
    let (trace, asked) = shell.close()?;
    rows(&trace, asked, &blocks, notes)
}

/// Shows or hides the cards.
fn show(desk: &Desk, shell: &Shell<'_>, cards: bool) -> Result<()> {
    if is_light(shell.color(CARD)?) == cards {
        return Ok(());
    }
    desk.key(HIDE);
    until(if cards { "the panel's cards" } else { "a panel without cards" }, || Ok((is_light(shell.color(CARD)?) == cards).then_some(())))
}

fn rows(trace: &Trace, asked: Instant, blocks: &[Block], notes: &mut Vec<String>) -> Result<Vec<Row>> {
    let at = |moment: Instant| trace.last_tick - asked.duration_since(moment).as_secs_f64() * 1e6;
    let frames = |block: &Block| -> Vec<Frame> {
        let (from, to) = (at(block.began), at(block.ended));
        trace.frames.iter().filter(|frame| (from..to).contains(&frame.queued)).copied().collect()
    };
    let of = |animated: bool| -> Vec<Frame> { blocks.iter().filter(|block| block.animated == animated).flat_map(frames).collect() };
    let (lively, still) = (of(true), of(false));
    if lively.len() < 100 || still.len() < 100 {
        bail!("{} and {} frames are too few to say anything", lively.len(), still.len());
    }
    let mut rows = Vec::new();
    for (what, millis) in [("presented", presented as fn(&Frame) -> Option<f64>), ("submitted", |frame| Some(frame.composed))] {
        let tail = |frames: &[Frame], part| quantile(&frames.iter().filter_map(millis).collect::<Vec<_>>(), part);
        let ratios: Vec<f64> = blocks
            .chunks_exact(ORDER.len())
            .map(|round| {
                let tail =
                    |animated| tail(&round.iter().filter(|block| block.animated == animated).flat_map(frames).collect::<Vec<_>>(), 0.99);
                tail(true) / tail(false)
            })
            .collect();
        let (a, b) = (tail(&lively, 0.99), tail(&still, 0.99));
        let (low, high) = (quantile(&ratios, 0.0), quantile(&ratios, 1.0));
        let seen = format!("{:.2}×: {a:.1} ms against {b:.1} ms (rounds {low:.2} to {high:.2})", a / b);
        let goals = if what == "presented" { ("≤ 1.3×", "≤ 1.1×") } else { ("", "") };
        rows.push(Row::new(format!("frame p99, queued → {what}: panel animating against panel still"), seen, goals.0, goals.1));
        notes.push(format!("  queued → {what}: p50 {:.1} ms against {:.1} ms", tail(&lively, 0.5), tail(&still, 0.5)));
    }
    for (animated, name) in [(true, "with cards"), (false, "without")] {
        notes.push(format!("  threads of a block {name}, % of a core, wakes a second:"));
        if let Some(block) = blocks.iter().rfind(|block| block.animated == animated) {
            processes::tell(&block.threads, BLOCK, notes);
        }
    }
    notes.push(format!("  frames {} with cards, {} without", lively.len(), still.len()));
    Ok(rows)
}

fn presented(frame: &Frame) -> Option<f64> {
    frame.presented
}
