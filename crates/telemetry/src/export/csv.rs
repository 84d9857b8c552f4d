//! One line per token, thus per tick and per frame that only the page caused, for spreadsheets and for tools that know PresentMon.
//!
//! | column | meaning |
//! |---|---|
//! | `Token` | number of the frame's token |
//! | `CPUStartTime` | when compute began, ms since the process began to measure |
//! | `MsBetweenPresents` | from the frame before to this one, glass to glass |
//! | `MsCPUWait` | queued → compute start |
//! | `MsCPUBusy` | compute start → compute end |
//! | `MsPage` | page start → page end |
//! | `MsCompose` | compute end → composed |
//! | `MsUntilDisplayed` | composed → presented |
//! | `MsQueuedToComposed`, `MsQueuedToPresented` | the totals |
//! | `MissedDeadline` | 1 when queued → glass took longer than the budget |
//! | `AfterIdle` | 1 when there was nothing to draw before this frame: its `MsBetweenPresents` says nothing about the pace |
//! | `Outcome` | `shown` on the glass; `unchanged` not drawn since nothing had changed; `undrawn` overtaken by a newer one, or failed |
//!
//! What was not measured is `NA`, as in PresentMon.

use std::io::{self, Write};

use crate::stage::{FrameRecord, Interval, Stage};

const HEAD: &str = "Token,CPUStartTime,MsBetweenPresents,MsCPUWait,MsCPUBusy,MsPage,MsCompose,MsUntilDisplayed,MsQueuedToComposed,\
                    MsQueuedToPresented,MissedDeadline,AfterIdle,Outcome";

/// Writes `frames` in the order of their tokens. `budget` is in nanoseconds.
pub(crate) fn write(out: &mut impl Write, mut frames: Vec<FrameRecord>, budget: u64) -> io::Result<()> {
    frames.sort_unstable_by_key(|record| record.token);
    writeln!(out, "{HEAD}")?;
    let mut last_glass: Option<u64> = None;
    for record in frames {
        write!(out, "{}", record.token.0)?;
        cell(out, record.stamp(Stage::ComputeStart))?;
        let glass = record.glass();
        cell(out, glass.zip(last_glass).and_then(|(glass, last)| glass.checked_sub(last)))?;
        last_glass = glass.max(last_glass);
        for interval in Interval::ALL {
            cell(out, record.interval(interval))?;
        }
        match record.total() {
            Some(total) => write!(out, ",{}", u8::from(total > budget))?,
            None => write!(out, ",NA")?,
        }
        let outcome = match (glass, record.unchanged) {
            (Some(_), _) => "shown",
            (None, true) => "unchanged",
            (None, false) => "undrawn",
        };
        writeln!(out, ",{},{outcome}", u8::from(record.after_idle))?;
    }
    Ok(())
}

fn cell(out: &mut impl Write, nanos: Option<u64>) -> io::Result<()> {
    match nanos {
        Some(nanos) => write!(out, ",{}.{:06}", nanos / 1_000_000, nanos % 1_000_000),
        None => write!(out, ",NA"),
    }
}
