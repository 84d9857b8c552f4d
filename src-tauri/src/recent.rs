//! The apps that were opened last.

use std::path::{Path, PathBuf};

use wasm_engine_engine::desktop::protocol::RecentApp;
use wasm_engine_engine::{kept, paths};

/// So many are remembered.
const KEPT: usize = 12;

/// Newest first. A list that cannot be read is no reason not to open an app.
pub(crate) fn load() -> Vec<RecentApp> {
    parse(&std::fs::read_to_string(file()).unwrap_or_default())
}

fn parse(text: &str) -> Vec<RecentApp> {
    let mut apps: Vec<RecentApp> = serde_json::from_str(text).unwrap_or_default();
    apps.truncate(KEPT);
    apps
}

/// Puts an app first. Returns the list as it is then.
pub(crate) fn opened(app: RecentApp) -> Vec<RecentApp> {
    change(|apps| {
        apps.retain(|other| other.path != app.path);
        apps.insert(0, app);
        apps.truncate(KEPT);
    })
}

/// Where a person who opens an app will look first: beside the one that was opened last, or at home.
pub(crate) fn folder() -> Option<PathBuf> {
    let beside = |app: &RecentApp| Path::new(&app.path).parent().filter(|folder| folder.is_dir()).map(Path::to_owned);
    load().iter().find_map(beside).or_else(std::env::home_dir)
}

/// Takes an app out. Returns the list as it is then.
pub(crate) fn forget(path: &str) -> Vec<RecentApp> {
    change(|apps| apps.retain(|other| other.path != path))
}

/// Every shell has the same list.
fn change(change: impl FnOnce(&mut Vec<RecentApp>)) -> Vec<RecentApp> {
    let mut apps = Vec::new();
    let noted = kept::update(&file(), |text| {
        apps = parse(text);
        change(&mut apps);
        Ok(Some(serde_json::to_string_pretty(&apps)?))
    });
    if let Err(error) = noted {
        tracing::warn!("the apps opened last were not noted: {error}");
        return load();
    }
    apps
}

fn file() -> PathBuf {
    paths::config_dir().join("recent.json")
}
