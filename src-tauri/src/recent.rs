//! The apps that were opened last.

use std::path::{Path, PathBuf};

use wasm_engine_engine::desktop::protocol::RecentApp;
use wasm_engine_engine::paths;

/// So many are remembered.
const KEPT: usize = 12;

/// Newest first. A list that cannot be read is no reason not to open an app.
pub(crate) fn load() -> Vec<RecentApp> {
    let text = std::fs::read_to_string(file()).unwrap_or_default();
    let mut apps: Vec<RecentApp> = serde_json::from_str(&text).unwrap_or_default();
    apps.truncate(KEPT);
    apps
}

/// Puts an app first. Returns the list as it is then.
pub(crate) fn opened(app: RecentApp) -> Vec<RecentApp> {
    let mut apps = load();
    apps.retain(|other| other.path != app.path);
    apps.insert(0, app);
    apps.truncate(KEPT);
    save(apps)
}

/// Where a person who opens an app will look first: beside the one that was opened last, or at home.
pub(crate) fn folder() -> Option<PathBuf> {
    let beside = |app: &RecentApp| Path::new(&app.path).parent().filter(|folder| folder.is_dir()).map(Path::to_owned);
    load().iter().find_map(beside).or_else(std::env::home_dir)
}

/// Takes an app out. Returns the list as it is then.
pub(crate) fn forget(path: &str) -> Vec<RecentApp> {
    let mut apps = load();
    apps.retain(|other| other.path != path);
    save(apps)
}

fn save(apps: Vec<RecentApp>) -> Vec<RecentApp> {
    if let Err(error) = write(&file(), &apps) {
        tracing::warn!("the apps opened last were not noted: {error}");
    }
    apps
}

/// Beside the goal first: another shell may be reading.
fn write(file: &Path, apps: &[RecentApp]) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let partial = file.with_extension(format!("{}.partial", std::process::id()));
    std::fs::write(&partial, serde_json::to_vec_pretty(apps)?)?;
    std::fs::rename(&partial, file)
}

fn file() -> PathBuf {
    paths::config_dir().join("recent.json")
}
