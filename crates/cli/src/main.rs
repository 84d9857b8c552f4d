//! The `wasm-engine` binary: one file per command, each a thin layer over the engine.

#![forbid(unsafe_code)]

mod commands;
mod exit;
mod output;
mod usage;

use std::io::Write as _;

use clap::{CommandFactory, Parser, Subcommand};
use wasm_engine_engine::{PanelLog, start_log};

/// Runs local-first apps: WASM guests, a page and their graphics in one framebuffer.
///
/// An app is a folder with an `app.toml`, or one file that `wasm-engine pack` made of it. `wasm-engine new hello` makes one.
#[derive(Debug, Parser)]
#[command(name = "wasm-engine", version, propagate_version = true, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Print machine-readable JSON on standard output; progress stays on standard error.
    #[arg(long, global = true)]
    json: bool,

    /// Say more on standard error: -v information, -vv details, -vvv everything. `RUST_LOG` overrides it.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

const EXIT_CODES: &str = "Exit codes: 0 done · 1 failed · 2 usage · 3 app refused (manifest, module, grant) · 4 not found · \
5 the machine lacks something · 6 run ended, but a guest failed · 130 ended by Ctrl-C or a signal";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run an app, with a window or headless.
    Run(commands::run::Run),
    /// Run an app headless, and serve its panel to browsers on this machine.
    Serve(commands::serve::Serve),
    /// Show what an app contains, needs and may do, or what the region of a running engine holds.
    Inspect(commands::inspect::Inspect),
    /// Say what this machine has and lacks, with the remedy.
    Doctor(commands::doctor::Doctor),
    /// Make a new app from a template.
    New(commands::new::New),
    /// Build the guests of an app from their Rust sources.
    Build(commands::build::Build),
    /// Pack an app into one file, which `run` and the others take like a folder.
    Pack(commands::pack::Pack),
    /// Print the JSON Schema of `app.toml`.
    Schema,
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

fn main() -> ! {
    let code = run();
    let _ = std::io::stdout().flush();
    // Not by way of C's exit handlers: Servo's threads may still be at work, and SpiderMonkey's handlers abort when they are.
    signal_hook::low_level::exit(i32::from(code))
}

fn run() -> u8 {
    wasm_engine_engine::prepare();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::refused(&error),
    };
    let panel = PanelLog::default();
    start_log(level(cli.verbose), matches!(cli.command, Command::Serve(_)).then(|| panel.clone()));
    let output = output::Output { json: cli.json };
    match cli.command {
        Command::Run(run) => run.execute(output),
        Command::Serve(serve) => serve.execute(output, panel),
        Command::Inspect(inspect) => inspect.execute(output),
        Command::Doctor(doctor) => doctor.execute(output),
        Command::New(new) => new.execute(output),
        Command::Build(build) => build.execute(output),
        Command::Pack(pack) => pack.execute(output),
        Command::Schema => output.text(&wasm_engine_engine::manifest::schema_json()),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "wasm-engine", &mut script);
            let script = String::from_utf8_lossy(&script);
            output.value(&serde_json::json!({ "shell": shell.to_string(), "script": script }), || script.to_string())
        }
    }
}

/// How grave is what standard error shows, by how often `-v` was given.
fn level(verbose: u8) -> &'static str {
    match verbose {
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
