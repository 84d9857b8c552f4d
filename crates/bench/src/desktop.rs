//! The desktop shell as a person sees it: what stillness costs, how a lively panel slows the engine's frames, how soon there is something to see, memory, and
//! clicks.
//!
//! `desktop [--rounds N] [part…]` runs the parts named, or all, on a screen of its own. Chromium is the peer for start and memory, in turns with the shell.

mod animated;
mod chromium;
mod click;
mod content;
mod desk;
mod memory;
mod processes;
mod shell;
mod start;
mod still;
mod trace;

use anyhow::{Context as _, Result, bail};

use desk::Desk;

/// One line of the table.
struct Row {
    what: String,
    seen: String,
    /// What it has to be at least, and what it is to become.
    least: &'static str,
    aim: &'static str,
}

impl Row {
    fn new(what: impl Into<String>, seen: impl Into<String>, least: &'static str, aim: &'static str) -> Self {
        Self { what: what.into(), seen: seen.into(), least, aim }
    }

    fn print(&self) {
        println!("| {} | {} | {} | {} |", self.what, self.seen, self.least, self.aim);
    }
}

/// A part takes as many rounds as it is told, and may add to what is said below the table.
type Part = (&'static str, fn(&Desk, usize, &mut Vec<String>) -> Result<Vec<Row>>);

const PARTS: [Part; 5] =
    [("still", still::run), ("animated", animated::run), ("start", start::run), ("memory", memory::run), ("click", click::run)];

/// Rounds of a part unless `--rounds` says otherwise.
const ROUNDS: usize = 3;

pub(crate) fn run(args: &[String]) -> Result<()> {
    let (rounds, wanted) = arguments(args)?;
    let scratch = std::env::temp_dir().join(format!("wasm-engine-desk-{}", std::process::id()));
    let measured = Desk::start(&scratch).and_then(|desk| table(&desk, rounds, &wanted));
    let _ = std::fs::remove_dir_all(&scratch);
    measured
}

fn arguments(args: &[String]) -> Result<(usize, Vec<Part>)> {
    let (mut rounds, mut wanted) = (ROUNDS, Vec::new());
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "--rounds" {
            let number = args.next().and_then(|text| text.parse().ok()).filter(|number| *number > 0);
            rounds = number.context("--rounds needs a number from 1 on")?;
        } else {
            wanted.push(*PARTS.iter().find(|part| part.0 == arg).with_context(|| format!("no part is called {arg}"))?);
        }
    }
    if wanted.is_empty() {
        wanted.extend(PARTS);
    }
    Ok((rounds, wanted))
}

fn table(desk: &Desk, rounds: usize, wanted: &[Part]) -> Result<()> {
    let (mut notes, mut failed) = (Vec::new(), Vec::new());
    println!("| what | seen | at least | aim |\n|---|---|---|---|");
    for (name, part) in wanted {
        notes.push(format!("{name}: load average {}", load()));
        match part(desk, rounds, &mut notes) {
            Ok(rows) => rows.iter().for_each(Row::print),
            // The others can still be measured.
            Err(error) => failed.push(format!("{name}: {error:#}")),
        }
    }
    println!();
    for note in notes {
        println!("{note}");
    }
    if !failed.is_empty() {
        bail!("{}", failed.join("; "));
    }
    Ok(())
}

/// How busy the machine is; what a part itself adds is in it.
fn load() -> String {
    std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_known_by_name() {
        let read = |args: &[&str]| arguments(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>());
        assert_eq!(read(&[]).unwrap().1.len(), PARTS.len());
        let (rounds, parts) = read(&["--rounds", "7", "click", "still"]).unwrap();
        assert_eq!((rounds, parts[0].0, parts[1].0), (7, "click", "still"));
        assert!(read(&["--rounds", "0"]).is_err() && read(&["other"]).is_err());
    }
}
