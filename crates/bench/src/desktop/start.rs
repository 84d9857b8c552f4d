//! From the start of the program until the screen shows the page, against chromium with the same file.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::chromium::{self, Chromium};
use super::desk::{Color, Desk, PATIENCE, SCREEN, is_near, until};
use super::shell::{self, MARK};
use super::{Row, content};
use crate::exchange::stats::{Pairs, quantile};

/// How often the screen is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// The color of the screen where nothing is.
const EMPTY: Color = [0, 0, 0];

/// Pixels of the page's color in the screen's middle row by which the page is there; more than what lies under the panel, in any order.
const ENOUGH: usize = 200;

pub(super) fn run(desk: &Desk, rounds: usize, notes: &mut Vec<String>) -> Result<Vec<Row>> {
    let app = content::page(desk.scratch(), "start", content::PLAIN)?;
    if !chromium::is_there() {
        notes.push(format!("  {}", chromium::MISSING));
        let warm = (0..=rounds).map(|_| Ok(ours(desk, &app, &desk.scratch().join("start-home"))?.page)).collect::<Result<Vec<f64>>>()?;
        return Ok(vec![Row::new("start → page on the screen", format!("{:.0} ms", quantile(&warm[1..], 0.5)), "≥ 2× faster", "≥ 5×")]);
    }
    let mut rows = Vec::new();
    // Milliseconds until there was a window, of the shell and of chromium.
    let mut windows = [Vec::new(), Vec::new()];
    for (name, is_cold) in [("homes used before", false), ("homes new each time", true)] {
        let pairs = Pairs::take(rounds, |is_ours| {
            let home = desk.scratch().join(if is_ours { "start-home" } else { "start-chromium" });
            if is_cold {
                let _ = std::fs::remove_dir_all(&home);
            }
            let seen = if is_ours { ours(desk, &app, &home)? } else { theirs(desk, &app, &home)? };
            windows[usize::from(!is_ours)].push(seen.window);
            Ok(seen.page)
        })?;
        let (ratio, (shell, peer)) = (pairs.speedup(), pairs.medians());
        let seen = format!("{shell:.0} ms, {peer:.0} ms: {:.2}× ({:.2} to {:.2})", ratio.median, ratio.bounds.0, ratio.bounds.1);
        rows.push(Row::new(format!("start → page on the screen, against chromium; {name}"), seen, "≥ 2× faster", "≥ 5×"));
    }
    let [shell, peer] = windows.map(|all| quantile(&all, 0.5));
    notes.push(format!("  start → something of the window on the screen: {shell:.0} ms, {peer:.0} ms"));
    Ok(rows)
}

/// Milliseconds until something could be seen.
struct Seen {
    window: f64,
    page: f64,
}

fn ours(desk: &Desk, app: &Path, home: &Path) -> Result<Seen> {
    let mut command = desk.command(shell::program()?, home)?;
    let began = Instant::now();
    let mut child = command.arg(app).spawn()?;
    let seen = seen(desk, began, || Ok(child.try_wait()?.is_some()));
    // As a session does that is logged out of; what it keeps for the next start is written while it runs.
    let closed = desk.window_of(&mut child).map(|window| desk.close(window));
    let ended = closed.and_then(|()| until("the shell's end", || Ok(child.try_wait()?)));
    let _ = child.kill();
    let _ = child.wait();
    ended?;
    gone(desk)?;
    seen
}

fn theirs(desk: &Desk, app: &Path, home: &Path) -> Result<Seen> {
    let address = format!("file://{}", app.join("page/index.html").display());
    let began = Instant::now();
    let mut browser = Chromium::open(desk, home, &address)?;
    let seen = seen(desk, began, || browser.has_ended());
    browser.end()?;
    gone(desk)?;
    seen
}

/// Waits until the page can be seen.
fn seen(desk: &Desk, began: Instant, mut has_ended: impl FnMut() -> Result<bool>) -> Result<Seen> {
    let mut window = None;
    while began.elapsed() < PATIENCE {
        let row = middle(desk)?;
        let millis = began.elapsed().as_secs_f64() * 1e3;
        if window.is_none() && row.iter().any(|color| *color != EMPTY) {
            window = Some(millis);
        }
        if of_page(&row) >= ENOUGH {
            return Ok(Seen { window: window.unwrap_or(millis), page: millis });
        }
        if has_ended()? {
            bail!("the program ended before its page was seen");
        }
        std::thread::sleep(LOOK);
    }
    bail!("waited in vain for the page")
}

/// Waits until the screen is empty again.
fn gone(desk: &Desk) -> Result<()> {
    until("an empty screen", || Ok(middle(desk)?.iter().all(|color| *color == EMPTY).then_some(())))?;
    // Whatever ends after the window has gone.
    std::thread::sleep(Duration::from_millis(500));
    Ok(())
}

/// The screen's middle row.
fn middle(desk: &Desk) -> Result<Vec<Color>> {
    desk.pixels((0, SCREEN.1.cast_signed() / 2), SCREEN.0, 1)
}

/// Pixels of the page's color.
fn of_page(row: &[Color]) -> usize {
    row.iter().filter(|color| is_near(**color, MARK)).count()
}
