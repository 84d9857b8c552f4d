//! What a person types: `cargo xtask <command>`. Sets the machine up, builds and runs an app, runs every check, keeps the rules of the house.
//!
//! Each command is a file; `help.rs` holds what a newcomer reads.
#![forbid(unsafe_code)]

mod bench;
mod build;
mod bundle;
mod doctor;
mod failure;
mod help;
mod packages;
mod panel;
mod process;
mod run;
mod setup;
mod steps;
mod tauri;
mod test;
mod tidy;

use failure::{Failure, Result};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn dispatch(args: &[String]) -> Result<()> {
    let (command, rest) = match args.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", args),
    };
    // What follows `--` is for the program that is run.
    let own = rest.iter().take_while(|arg| *arg != "--");
    if !["run", "tauri"].contains(&command) && own.clone().any(|arg| arg == "--help" || arg == "-h") {
        return help::print(command);
    }
    match command {
        "setup" => setup::command(rest),
        "build" => build::command(rest),
        "run" => run::command(rest),
        "bundle" => bundle::command(rest),
        "tauri" => tauri::command(rest),
        "test" => test::command(rest),
        "tidy" => tidy::command(rest),
        "bench" => bench::command(rest),
        "doctor" => doctor::command(rest),
        "help" | "--help" | "-h" => help::print(rest.first().map_or("", String::as_str)),
        other => Err(Failure::usage(format!("there is no command `{other}`"), "`cargo xtask help` lists the commands")),
    }
}
