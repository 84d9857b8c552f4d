//! Named steps, each timed, with a summary at the end.

use crate::failure::{Failure, Result};
use std::time::{Duration, Instant};

/// How one step ended, when it did not fail.
pub(crate) enum Outcome {
    Passed,
    /// Not taken, and why.
    Skipped(String),
}

/// The steps taken so far.
pub(crate) struct Steps {
    done: Vec<(&'static str, Duration, Result<Outcome>)>,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self { done: Vec::new() }
    }

    /// Takes one step and returns whether it passed. A failure is told at once and again in the summary.
    pub(crate) fn take(&mut self, name: &'static str, step: impl FnOnce() -> Result<Outcome>) -> bool {
        eprintln!("\n── {name}");
        let start = Instant::now();
        let outcome = step();
        match &outcome {
            Ok(Outcome::Passed) => {}
            Ok(Outcome::Skipped(why)) => eprintln!("skipped: {why}"),
            Err(failure) => eprintln!("{failure}"),
        }
        let passed = outcome.is_ok();
        self.done.push((name, start.elapsed(), outcome));
        passed
    }

    /// Prints the summary and fails if a step failed.
    pub(crate) fn finish(self) -> Result<()> {
        eprintln!("\n── summary");
        let mut failed = Vec::new();
        for (name, time, outcome) in &self.done {
            let seconds = time.as_secs_f64();
            match outcome {
                Ok(Outcome::Passed) => eprintln!("  ok       {name:<10} {seconds:>7.1} s"),
                Err(failure) => {
                    eprintln!("  FAILED   {name:<10} {seconds:>7.1} s   {}", failure.to_string().trim_start_matches("xtask: "));
                    failed.push(*name);
                }
                Ok(Outcome::Skipped(why)) => eprintln!("  skipped  {name:<10}             {why}"),
            }
        }
        let total: Duration = self.done.iter().map(|(_, time, _)| *time).sum();
        if failed.is_empty() {
            eprintln!("  all passed in {:.0} s", total.as_secs_f64());
            Ok(())
        } else {
            Err(Failure::new(format!("failed: {} (after {:.0} s)", failed.join(", "), total.as_secs_f64())))
        }
    }
}
