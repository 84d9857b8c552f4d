//! `wasm-engine doctor`: what this machine has and lacks, with the remedy.

use clap::Args;
use wasm_engine_engine::doctor;

use crate::{exit, output::Output};

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {}

impl Doctor {
    pub(crate) fn execute(self, output: Output) -> u8 {
        let report = doctor::examine();
        match output.value(&report, || report.to_string()) {
            exit::OK if !report.can_run() => exit::LACKING,
            code => code,
        }
    }
}
