//! What this machine has and lacks, with the remedy: a page that can be pasted into a bug report.

use std::fmt;
use std::path::Path;
use std::process::Command;

use serde::Serialize;
use wasm_engine_exchange::{Region, RegionSpec};
use wasm_engine_gpu::{Gpu, GpuOptions};
use wasm_engine_topology::{Plan, Topology};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// There, and good.
    Good,
    /// Runs without it, with less.
    Degraded,
    /// Apps cannot run.
    Missing,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    /// How it is.
    pub state: State,
    /// What was found.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// Everything that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct DoctorReport {
    /// Version of the engine.
    pub engine: &'static str,
    /// Operating system and architecture.
    pub system: String,
    /// The findings, most basic first.
    pub findings: Vec<Finding>,
    /// Which core does what.
    pub plan: Option<Plan>,
}

impl DoctorReport {
    /// Whether apps can run here at all.
    #[must_use]
    pub fn can_run(&self) -> bool {
        self.findings.iter().all(|finding| finding.state != State::Missing)
    }
}

impl fmt::Display for DoctorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "wasm-engine {} on {}\n", self.engine, self.system)?;
        for finding in &self.findings {
            let mark = match finding.state {
                State::Good => "ok      ",
                State::Degraded => "degraded",
                State::Missing => "MISSING ",
            };
            writeln!(f, "{mark}  {:<22} {}", finding.what, finding.found)?;
            if let Some(remedy) = &finding.remedy {
                writeln!(f, "{:<34}{remedy}", "")?;
            }
        }
        if let Some(plan) = &self.plan {
            writeln!(f, "\n{plan}")?;
        }
        write!(f, "{}", if self.can_run() { "Apps can run here." } else { "Apps cannot run here until what is missing is brought." })
    }
}

/// Looks at the machine. Opens a GPU device and maps a small region for real; takes well under a second.
#[must_use]
pub fn examine() -> DoctorReport {
    let mut findings = vec![region()];
    findings.extend(gpu());
    findings.extend([gl(), display()]);
    findings.extend(runtime_folder());
    findings.extend([guest_toolchain(), cache()]);
    DoctorReport {
        engine: env!("CARGO_PKG_VERSION"),
        system: system(),
        findings,
        plan: Topology::detect().ok().map(|topology| Plan::of(&topology)),
    }
}

fn system() -> String {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let pretty = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).map(|name| name.trim_matches('"').to_owned());
    format!("{} ({})", pretty.unwrap_or_else(|| std::env::consts::OS.to_owned()), std::env::consts::ARCH)
}

fn region() -> Finding {
    let what = "shared memory";
    match Region::create(&RegionSpec::new().buffer("probe", 4096)) {
        Ok(_) => Finding {
            what,
            state: State::Good,
            found: "regions can be shared between processes and mapped into guests".to_owned(),
            remedy: None,
        },
        Err(error) => Finding { what, state: State::Missing, found: error.to_string(), remedy: error.hint() },
    }
}

fn gpu() -> Vec<Finding> {
    let what = "GPU device";
    let gpu = match Gpu::new(&GpuOptions::default()) {
        Ok(gpu) => gpu,
        Err(error) => return vec![Finding { what, state: State::Missing, found: error.to_string(), remedy: error.hint() }],
    };
    let info = &gpu.info;
    let kind = if info.software { "software, so frames cost CPU time" } else { "hardware" };
    let shared = |what, there: bool, yes: &str, no: &str| Finding {
        what,
        state: if there { State::Good } else { State::Degraded },
        found: if there { yes } else { no }.to_owned(),
        remedy: None,
    };
    vec![
        Finding { what, state: State::Good, found: format!("{} ({kind}), driver {}", info.name, info.driver), remedy: None },
        shared(
            "guest memory on GPU",
            info.host_import,
            "drawn from in place, no copies",
            "the driver cannot import host memory: buffers are uploaded, and counted",
        ),
        shared(
            "page frames on GPU",
            info.fd_export,
            "shared textures, no read-back",
            "the driver cannot export images: page frames are copied through the CPU, and counted",
        ),
    ]
}

fn gl() -> Finding {
    let what = "OpenGL for the page";
    let there = !cfg!(target_os = "linux")
        || ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"]
            .iter()
            .any(|folder| Path::new(folder).join("libEGL.so.1").exists());
    if there {
        Finding { what, state: State::Good, found: "EGL is there".to_owned(), remedy: None }
    } else {
        Finding {
            what,
            state: State::Missing,
            found: "no libEGL.so.1".to_owned(),
            remedy: Some("Debian: apt-get install libegl1 libgl1-mesa-dri libgles2".to_owned()),
        }
    }
}

fn display() -> Finding {
    let what = "display";
    if crate::display_announced() {
        Finding { what, state: State::Good, found: "announced; `run` opens a window".to_owned(), remedy: None }
    } else {
        Finding { what, state: State::Good, found: "none; `run` is headless by itself".to_owned(), remedy: None }
    }
}

/// Said only where it is missing: a library that drivers load says so at every start, and not what of it.
fn runtime_folder() -> Option<Finding> {
    let is_missing =
        cfg!(target_os = "linux") && std::env::var_os("XDG_RUNTIME_DIR").is_none_or(|folder| !Path::new(&folder).is_absolute());
    is_missing.then(|| Finding {
        what: "runtime folder",
        state: State::Good,
        found: "XDG_RUNTIME_DIR is not set: a temporary folder does; Wayland's library complains at every start, of no consequence"
            .to_owned(),
        remedy: Some("set it to a folder that is yours alone, for instance /run/user/1000, and it is quiet".to_owned()),
    })
}

fn guest_toolchain() -> Finding {
    let what = "guest toolchain";
    let installed = Command::new("rustc").args(["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]).output();
    match installed {
        Ok(output) if Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir() => {
            Finding { what, state: State::Good, found: "Rust kernels can be built".to_owned(), remedy: None }
        }
        Ok(_) => Finding {
            what,
            state: State::Degraded,
            found: "no wasm32-unknown-unknown: built apps run, kernels cannot be built".to_owned(),
            remedy: Some("rustup target add wasm32-unknown-unknown".to_owned()),
        },
        Err(_) => Finding {
            what,
            state: State::Degraded,
            found: "no rustc: built apps run, kernels cannot be built".to_owned(),
            remedy: Some("install Rust with rustup".to_owned()),
        },
    }
}

fn cache() -> Finding {
    let what = "module cache";
    let folder = crate::paths::cache_dir();
    match std::fs::create_dir_all(&folder) {
        Ok(()) => Finding { what, state: State::Good, found: folder.display().to_string(), remedy: None },
        Err(error) => Finding {
            what,
            state: State::Degraded,
            found: format!("{}: {error}; modules are compiled at every start", folder.display()),
            remedy: Some("set WASM_ENGINE_CACHE to a folder that can be written".to_owned()),
        },
    }
}
