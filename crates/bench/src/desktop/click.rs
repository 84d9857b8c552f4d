//! From a click until the screen shows the answer: a button of the page, and a button of the panel, which asks the engine and shows what it did.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::desk::{Color, Desk, is_near};
use super::shell::{BAR, CARD, CARD_COLOR, HIDE, MARK, PAUSE, Shell};
use super::{Row, content};
use crate::exchange::stats::quantile;

/// Clicks on each button for every round.
const CLICKS: usize = 40;

/// How often the screen is looked at, and how long an answer may take.
const LOOK: Duration = Duration::from_micros(500);
const TOO_LONG: Duration = Duration::from_secs(10);

/// How long the window is left alone before it counts as at rest.
const REST: Duration = Duration::from_millis(1500);

/// A frame at 60 a second, milliseconds.
const FRAME: f64 = 1e3 / 60.0;

/// A page with one large button, which changes its color when it is clicked, and the colors.
const PAGE: &str = "<!doctype html><meta charset=\"utf-8\"><title>click</title>
<style>html { background: rgb(0, 0, 80) } button { position: fixed; left: 500px; top: 100px; width: 300px; height: 300px; border: 0; background: rgb(0, 200, 0) }
  button.on { background: rgb(200, 0, 0) }</style><button></button>
<script>document.querySelector('button').addEventListener('click', ({ target }) => target.classList.toggle('on'))</script>";
const BUTTON: (i16, i16) = (650, 250);
const CLICKED: Color = [200, 0, 0];
const GROUND: Color = [0, 0, 80];

pub(super) fn run(desk: &Desk, rounds: usize, notes: &mut Vec<String>) -> Result<Vec<Row>> {
    let app = content::page(desk.scratch(), "click", PAGE)?;
    let shell = Shell::open(desk, &app, BUTTON)?;
    std::thread::sleep(REST);
    let mut rows = Vec::new();
    let clicks = rounds * CLICKS;

    desk.point(shell.at(BUTTON))?;
    std::thread::sleep(REST);
    let page = clicked(desk, shell.at(BUTTON), [MARK, CLICKED], clicks)?;
    rows.push(row("a button of the page", &page));

    // The panel's style may fade from one color to the other: the first change counts.
    desk.point(shell.at(HIDE))?;
    std::thread::sleep(REST);
    let panel = clicked(desk, shell.at(CARD), [CARD_COLOR, GROUND], clicks)?;
    rows.push(row("the panel's button that hides its cards", &panel));

    let (word, colors) = word(desk, &shell)?;
    let engine = clicked(desk, word, colors, clicks)?;
    rows.push(row("the panel's Pause, by way of the engine", &engine));
    shell.close()?;
    for (name, all) in [("page", page), ("panel", panel), ("panel and engine", engine)] {
        let at = |part| quantile(&all, part);
        notes.push(format!(
            "  {name}: {} clicks, ms: least {:.1}, p50 {:.1}, p95 {:.1}, p99 {:.1}, most {:.1}",
            all.len(),
            at(0.0),
            at(0.5),
            at(0.95),
            at(0.99),
            at(1.0)
        ));
    }
    Ok(rows)
}

fn row(what: &str, millis: &[f64]) -> Row {
    let (middle, tail) = (quantile(millis, 0.5), quantile(millis, 0.99));
    let seen = format!("p50 {middle:.1} ms, p99 {tail:.1} ms: {:.1} and {:.1} frames", middle / FRAME, tail / FRAME);
    Row::new(format!("click → answer on the screen, {what}"), seen, "reported", "p99 ≤ 2 frames of 16.7 ms")
}

/// Finds a point of the word that says whether the run is paused where the color tells, and leaves the run running and the pointer on the button.
fn word(desk: &Desk, shell: &Shell<'_>) -> Result<((i16, i16), [Color; 2])> {
    const SIZE: (u16, u16) = (200, 16);
    let corner = shell.at((BAR.0 - 190, BAR.1 - 8));
    let mut looks = Vec::new();
    desk.point(shell.at(PAUSE))?;
    for _ in 0..2 {
        std::thread::sleep(REST);
        looks.push(desk.pixels(corner, SIZE.0, SIZE.1)?);
        desk.click()?;
    }
    std::thread::sleep(REST);
    let [running, paused] = [&looks[0], &looks[1]];
    let distance = |at: &usize| running[*at].iter().zip(paused[*at]).map(|(a, b)| u32::from(a.abs_diff(b))).sum::<u32>();
    let best =
        (0..running.len()).max_by_key(distance).filter(|at| distance(at) > 60).context("the panel does not show that the run is paused")?;
    let (row, column) = (best / usize::from(SIZE.0), best % usize::from(SIZE.0));
    Ok(((corner.0 + i16::try_from(column)?, corner.1 + i16::try_from(row)?), [running[best], paused[best]]))
}

/// Clicks where the pointer is, waits each time until the point has another color, and gives the milliseconds that took.
fn clicked(desk: &Desk, at: (i16, i16), colors: [Color; 2], clicks: usize) -> Result<Vec<f64>> {
    let mut all = Vec::with_capacity(clicks);
    for number in 0..clicks {
        if !is_near(desk.color(at)?, colors[number % 2]) {
            bail!("the screen is not as the last click has to leave it");
        }
        let told = desk.click()?;
        all.push(answered(desk, at, colors[number % 2], told)?);
        // Another time each, so that clicks meet all phases of a frame.
        std::thread::sleep(Duration::from_micros(300_000 + (number as u64 * 7_919) % 50_000));
    }
    Ok(all)
}

/// Milliseconds until the point no longer has this color. How long it then takes to fade into the other one is the panel's style.
fn answered(desk: &Desk, at: (i16, i16), color: Color, told: Instant) -> Result<f64> {
    while is_near(desk.color(at)?, color) {
        if told.elapsed() > TOO_LONG {
            bail!("no answer to a click in {} s", TOO_LONG.as_secs());
        }
        std::thread::sleep(LOOK);
    }
    Ok(told.elapsed().as_secs_f64() * 1e3)
}
