//! From the start of the program until the screen shows the page, against chromium with the same file.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::chromium::{self, Chromium};
use super::desk::{Desk, PATIENCE, SCREEN, is_near};
use super::shell::{self, MARK};
use super::{Row, content};
use crate::exchange::stats::{Pairs, quantile};

/// How often the screen is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// Pixels of the page's color in the screen's middle row by which the page is there; more than what lies under the panel, in any order.
const ENOUGH: usize = 200;

pub(super) fn run(desk: &Desk, rounds: usize, notes: &mut Vec<String>) -> Result<Vec<Row>> {
    let app = content::page(desk.scratch(), "start", content::PLAIN)?;
    if !chromium::is_there() {
        notes.push(format!("  {}", chromium::MISSING));
        let warm = (0..=rounds).map(|_| ours(desk, &app, &desk.scratch().join("start-home"))).collect::<Result<Vec<f64>>>()?;
        return Ok(vec![Row::new("start → page on the screen", format!("{:.0} ms", quantile(&warm[1..], 0.5)), "≥ 2× faster", "≥ 5×")]);
    }
    let mut rows = Vec::new();
    for (name, is_cold) in [("homes used before", false), ("homes new each time", true)] {
        let pairs = Pairs::take(rounds, |is_ours| {
            let home = desk.scratch().join(if is_ours { "start-home" } else { "start-chromium" });
            if is_cold {
                let _ = std::fs::remove_dir_all(&home);
            }
            if is_ours { ours(desk, &app, &home) } else { theirs(desk, &app, &home) }
        })?;
        let (ratio, (shell, peer)) = (pairs.speedup(), pairs.medians());
        let seen = format!("{shell:.0} ms, {peer:.0} ms: {:.2}× ({:.2} to {:.2})", ratio.median, ratio.bounds.0, ratio.bounds.1);
        rows.push(Row::new(format!("start → page on the screen, against chromium; {name}"), seen, "≥ 2× faster", "≥ 5×"));
    }
    Ok(rows)
}

/// Milliseconds until the page is there.
fn ours(desk: &Desk, app: &Path, home: &Path) -> Result<f64> {
    let mut command = desk.command(shell::program()?, home)?;
    let began = Instant::now();
    let mut child = command.arg(app).spawn()?;
    let seen = seen(desk, began);
    // As a session does that is logged out of; what it keeps for the next start is written while it runs.
    let closed = desk.window_of(&mut child).map(|window| desk.close(window));
    let ended = closed.and_then(|()| super::desk::until("the shell's end", || Ok(child.try_wait()?)));
    let _ = child.kill();
    let _ = child.wait();
    ended?;
    gone(desk)?;
    seen
}

fn theirs(desk: &Desk, app: &Path, home: &Path) -> Result<f64> {
    let address = format!("file://{}", app.join("page/index.html").display());
    let began = Instant::now();
    let browser = Chromium::open(desk, home, &address)?;
    let seen = seen(desk, began);
    browser.end()?;
    gone(desk)?;
    seen
}

/// Waits until the page can be seen.
fn seen(desk: &Desk, began: Instant) -> Result<f64> {
    while began.elapsed() < PATIENCE {
        if shown(desk)? >= ENOUGH {
            return Ok(began.elapsed().as_secs_f64() * 1e3);
        }
        std::thread::sleep(LOOK);
    }
    bail!("waited in vain for the page")
}

/// Waits until it cannot be seen any more.
fn gone(desk: &Desk) -> Result<()> {
    super::desk::until("an empty screen", || Ok((shown(desk)? == 0).then_some(())))?;
    // Whatever ends after the window has gone.
    std::thread::sleep(Duration::from_millis(500));
    Ok(())
}

/// Pixels of the page's color in the screen's middle row.
fn shown(desk: &Desk) -> Result<usize> {
    let row = desk.pixels((0, SCREEN.1.cast_signed() / 2), SCREEN.0, 1)?;
    Ok(row.iter().filter(|color| is_near(**color, MARK)).count())
}
