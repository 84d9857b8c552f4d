//! The report as an aligned table that needs no manual.

use std::fmt::{self, Display, Formatter};

use super::{Report, Stats};
use crate::counters::{Counter, Unit};
use crate::stage::Interval;

/// Characters of the longest bar.
const BAR: u64 = 40;

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.head(f)?;
        self.stages(f)?;
        self.frame_intervals(f)?;
        self.counters(f)?;
        self.gauges(f)
    }
}

impl Report {
    fn head(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (frames, late) = (&self.frames, &self.deadlines);
        write!(f, "Frames     {} in {:.2} s", frames.on_glass, self.seconds)?;
        if frames.per_second > 0.0 {
            write!(f, ", {:.1} per second while there was something to draw", frames.per_second)?;
        }
        writeln!(f)?;
        if frames.unchanged > 0 {
            writeln!(f, "           ticks without a frame because nothing had changed: {}", frames.unchanged)?;
        }
        if frames.undrawn > 0 {
            writeln!(f, "           never drawn, overtaken by a newer one or failed: {}", frames.undrawn)?;
        }
        let budget = Millis(late.budget_us);
        write!(f, "Deadline   {budget} ms from queued to glass: ")?;
        match (late.frames, late.missed) {
            (0, _) => writeln!(f, "no frame to judge"),
            (1, 0) => writeln!(f, "the one frame in time"),
            (frames, 0) => writeln!(f, "all {frames} frames in time"),
            (frames, missed) => {
                let percent = late.missed_percent;
                writeln!(f, "{missed} of {frames} frames late ({percent:.2} %)")?;
                let (run, worst, window) = (late.longest_run, late.worst_window, late.window);
                writeln!(f, "           at most {run} in a row, {worst} in the worst {window} frames")
            }
        }
    }

    fn stages(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let title = "Where the time went, in ms";
        writeln!(f, "\n{title:<40}{:>9}{:>10}{:>10}{:>10}{:>10}{:>11}{:>10}", "count", "p50", "p95", "p99", "max", "std dev", "p99-p50")?;
        let total = |name: &str| [Interval::TotalComposed, Interval::TotalPresented].iter().any(|interval| interval.name() == name);
        let mut ruled = false;
        for stage in self.stages.iter().filter(|stage| stage.stats.count > 0) {
            let way = format!("{} → {}", spoken(stage.from.name()), spoken(stage.to.name()));
            let name = if total(stage.name) { "total" } else { stage.name };
            if name == "total" && !ruled {
                ruled = true;
                writeln!(f, "  {}", "-".repeat(108))?;
            }
            row(f, name, &way, &stage.stats)?;
        }
        if self.frame_interval.count > 0 {
            row(f, "pace", "frame → next frame", &self.frame_interval)?;
        }
        if self.stages.iter().all(|stage| stage.stats.count == 0) {
            return writeln!(f, "  (nothing was measured)");
        }
        writeln!(f, "  p99: 99 of 100 frames took at most this long. std dev and p99-p50 are the jitter: how much it varied.")
    }

    fn frame_intervals(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let buckets = &self.frame_interval_buckets;
        let used = |at: &usize| buckets[*at].count > 0;
        let (Some(first), Some(last)) = ((0..buckets.len()).find(used), (0..buckets.len()).rfind(used)) else {
            return Ok(());
        };
        let highest = buckets.iter().map(|bucket| bucket.count).max().unwrap_or(1).max(1);
        writeln!(f, "\nTime from frame to frame")?;
        for bucket in &buckets[first..=last] {
            let edge = match bucket.up_to_ms {
                Some(edge) => format!("up to {edge:>8.2} ms"),
                None => "longer".to_owned(),
            };
            // A bar is drawn for every bucket that holds anything.
            let length = (bucket.count * BAR).div_ceil(highest) as usize;
            let bar = "█".repeat(length);
            writeln!(f, "{}", format!("  {edge:<20}{:>9}  {bar}", bucket.count).trim_end())?;
        }
        Ok(())
    }

    fn counters(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "\nCounters since the start")?;
        match (self.frames.before, self.deadlines.missed_before) {
            (0, _) => writeln!(f)?,
            (frames, late) => writeln!(f, ", with those from before the times above: frames {frames}, of them late {late}")?,
        }
        for counter in Counter::ALL {
            let value = self.counters.get(counter.name()).copied().unwrap_or(0);
            if value == 0 && counter.is_trouble() {
                continue;
            }
            let value = match counter.unit() {
                Unit::Count => value.to_string(),
                Unit::Bytes => bytes(value),
            };
            writeln!(f, "  {:<20}{value:>12}   {}", spoken(counter.name()), counter.help())?;
        }
        Ok(())
    }

    fn gauges(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.gauges.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n{:<40}{:>12}{:>12}", "Queue depths and other levels", "now", "highest")?;
        for gauge in &self.gauges {
            writeln!(f, "  {:<38}{:>12}{:>12}", gauge.name, plain(gauge.last), plain(gauge.max))?;
        }
        Ok(())
    }
}

/// One line of the stage table.
fn row(f: &mut Formatter<'_>, name: &str, way: &str, stats: &Stats) -> fmt::Result {
    let cell = Millis;
    write!(f, "  {name:<9}{way:<29}{:>9}", stats.count)?;
    write!(f, "{:>10}{:>10}{:>10}{:>10}", cell(stats.p50_us), cell(stats.p95_us), cell(stats.p99_us), cell(stats.max_us))?;
    writeln!(f, "{:>11}{:>10}", cell(stats.jitter.std_dev_us), cell(stats.jitter.p99_minus_p50_us))
}

/// Microseconds, shown as milliseconds.
struct Millis(f64);

impl Display for Millis {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:.3}", self.0 / 1e3))
    }
}

fn spoken(name: &str) -> String {
    name.replace('_', " ")
}

/// Up to three decimals, none where there are none.
fn plain(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn bytes(value: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if value < 1024 {
        return format!("{value} B");
    }
    let mut amount = value as f64 / 1024.0;
    let mut unit = 0;
    while amount >= 1024.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    format!("{amount:.2} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelled_for_people() {
        assert_eq!(["0 B", "1023 B", "1.00 KiB", "1.50 MiB"].map(str::to_owned), [0, 1023, 1024, 3 << 19].map(bytes));
        assert_eq!(bytes(u64::MAX), "16384.00 PiB");
        assert_eq!(["3", "0.25", "-1.5", "100"].map(str::to_owned), [3.0, 0.25, -1.5, 100.0].map(plain));
        assert_eq!(format!("{:>8}", Millis(8_333.3)), "   8.333");
    }
}
