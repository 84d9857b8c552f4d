//! The frame's way, measured on the program itself: what it reports of real apps.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// Boids of the measured swarm, and where its manifest says how many there are.
const BOIDS: (&str, &str) = ("default = 100_000", "default = 10_000");

/// Runs that are summed up into one table; the first ticks of each fill the caches.
const TICKS: &str = "1200";

pub(crate) fn run() -> Result<()> {
    let program = PathBuf::from(std::env::var_os("WASM_ENGINE_PROGRAM").context("`cargo xtask bench frames` says where the program is")?);
    let root = crate::folder().join("../..");
    let scratch = std::env::temp_dir().join(format!("wasm-engine-bench-{}", std::process::id()));
    let measured = swarm(&program, &root, &scratch).and_then(|()| still(&program, &root, &scratch));
    let _ = std::fs::remove_dir_all(&scratch);
    measured
}

/// Queued to glass, by stage: the swarm with 10,000 boids at 1080p.
fn swarm(program: &Path, root: &Path, scratch: &Path) -> Result<()> {
    let app = scratch.join("swarm");
    copy(&root.join("apps/swarm"), &app)?;
    let manifest = std::fs::read_to_string(app.join("app.toml"))?;
    if !manifest.contains(BOIDS.0) {
        bail!("apps/swarm/app.toml no longer says `{}`", BOIDS.0);
    }
    std::fs::write(app.join("app.toml"), manifest.replacen(BOIDS.0, BOIDS.1, 1))?;
    let report = report(program, &app, scratch, &["--size", "1920x1080", "--ticks", TICKS])?;
    println!("swarm of 10,000 at 1920x1080 on {}, {TICKS} ticks", report["gpu"].as_str().unwrap_or("?"));
    println!("{:<18} {:>8} {:>9} {:>9} {:>9} {:>9}", "stage, ms", "count", "p50", "p95", "p99", "max");
    for stage in report["telemetry"]["stages"].as_array().context("the report has stages")? {
        let millis = |key: &str| stage[key].as_f64().unwrap_or(f64::NAN) / 1e3;
        println!(
            "{:<18} {:>8} {:>9.3} {:>9.3} {:>9.3} {:>9.3}",
            stage["name"].as_str().unwrap_or("?"),
            stage["count"],
            millis("p50_us"),
            millis("p95_us"),
            millis("p99_us"),
            millis("max_us")
        );
    }
    let counters = &report["telemetry"]["counters"];
    println!("page frames {}, blits {}, read-backs {}", counters["page_frames"], counters["page_blits"], counters["read_backs"]);
    println!("frames {}, bytes copied {}", counters["frames_composed"], counters["copied_bytes"]);
    Ok(())
}

/// An app in which nothing changes: only the picture at its end needs the GPU.
fn still(program: &Path, root: &Path, scratch: &Path) -> Result<()> {
    let report = report(program, &root.join("crates/cli/tests/fixtures/button"), scratch, &["--ticks", "120"])?;
    let count = |name: &str| report["telemetry"]["counters"][name].as_u64().with_context(|| format!("the report counts {name}"));
    let (submissions, captures, skipped) = (count("gpu_submissions")?, count("captures")?, count("frames_skipped")?);
    let drawn = count("frames_composed")? + count("frames_redrawn")?;
    // What the page painted at its start was drawn, and the last picture was captured; the rest would be for nothing.
    println!("\nframes in which nothing changed: {skipped}, GPU submissions for them: {}", submissions.saturating_sub(captures + drawn));
    Ok(())
}

fn report(program: &Path, app: &Path, scratch: &Path, arguments: &[&str]) -> Result<Value> {
    let path = scratch.join("report.json");
    std::fs::create_dir_all(scratch)?;
    let status = Command::new(program)
        .args(["run", "--headless"])
        .arg(app)
        .args(arguments)
        .args(["--report".as_ref(), path.as_os_str(), "--out".as_ref(), scratch.join("frame.png").as_os_str()])
        .stdout(std::process::Stdio::null())
        .status()
        .with_context(|| format!("{}", program.display()))?;
    if !status.success() {
        bail!("{} ended with {status}", program.display());
    }
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

/// Copies an app as it runs: without the sources of its guests.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        if path.is_file() {
            std::fs::copy(&path, to.join(name))?;
        } else if name == "guests" {
            // The manifest names the sources' folders, which have to be there; what is in them is not looked at.
            link(&path, &to.join(name))?;
        } else {
            copy(&path, &to.join(name))?;
        }
    }
    Ok(())
}

/// Copies only what makes a folder a Cargo package.
fn link(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let manifest = path.join("Cargo.toml");
        if let (true, Some(name)) = (manifest.is_file(), path.file_name()) {
            std::fs::create_dir_all(to.join(name))?;
            std::fs::copy(manifest, to.join(name).join("Cargo.toml"))?;
        }
    }
    Ok(())
}
