//! The apps that were opened last.

use std::path::{Path, PathBuf};

use wasm_engine_engine::desktop::protocol::RecentApp;
use wasm_engine_engine::{kept, paths};

/// So many are remembered.
const KEPT: usize = 12;

/// Newest first. A list that cannot be read is no reason not to open an app.
pub(crate) fn load() -> Vec<RecentApp> {
    read(&file())
}

/// Puts an app first. Returns the list as it is then.
pub(crate) fn opened(app: RecentApp) -> Vec<RecentApp> {
    add(&file(), app)
}

/// Where a person who opens an app will look first: beside the one that was opened last, or at home.
pub(crate) fn folder() -> Option<PathBuf> {
    beside(&load()).or_else(std::env::home_dir)
}

/// Takes an app out. Returns the list as it is then.
pub(crate) fn forget(path: &str) -> Vec<RecentApp> {
    remove(&file(), path)
}

fn read(file: &Path) -> Vec<RecentApp> {
    parse(&std::fs::read_to_string(file).unwrap_or_default())
}

fn parse(text: &str) -> Vec<RecentApp> {
    let mut apps: Vec<RecentApp> = serde_json::from_str(text).unwrap_or_default();
    apps.truncate(KEPT);
    apps
}

fn add(file: &Path, app: RecentApp) -> Vec<RecentApp> {
    change(file, |apps| {
        apps.retain(|other| other.path != app.path);
        apps.insert(0, app);
        apps.truncate(KEPT);
    })
}

/// The folder of the newest one whose folder is still there.
fn beside(apps: &[RecentApp]) -> Option<PathBuf> {
    apps.iter().find_map(|app| Path::new(&app.path).parent().filter(|folder| folder.is_dir()).map(Path::to_owned))
}

fn remove(file: &Path, path: &str) -> Vec<RecentApp> {
    change(file, |apps| apps.retain(|other| other.path != path))
}

/// Every shell has the same list.
fn change(file: &Path, change: impl FnOnce(&mut Vec<RecentApp>)) -> Vec<RecentApp> {
    let mut apps = Vec::new();
    let noted = kept::update(file, |text| {
        apps = parse(text);
        change(&mut apps);
        Ok(Some(serde_json::to_string_pretty(&apps)?))
    });
    if let Err(error) = noted {
        tracing::warn!("the apps opened last were not noted: {error}");
        return read(file);
    }
    apps
}

fn file() -> PathBuf {
    paths::config_dir().join("recent.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(path: &str) -> RecentApp {
        RecentApp { path: path.to_owned(), title: path.to_uppercase() }
    }

    fn paths(apps: &[RecentApp]) -> Vec<&str> {
        apps.iter().map(|app| &*app.path).collect()
    }

    #[test]
    fn the_last_one_is_the_first_and_each_is_there_once() {
        let folder = tempfile::tempdir().expect("a folder");
        // A folder that nobody has made yet.
        let file = folder.path().join("wasm-engine/recent.json");
        assert!(read(&file).is_empty());
        for path in ["/a", "/b", "/c"] {
            add(&file, app(path));
        }
        assert_eq!(paths(&add(&file, RecentApp { path: "/a".to_owned(), title: "anew".to_owned() })), ["/a", "/c", "/b"]);
        assert_eq!(read(&file)[0].title, "anew");
        assert_eq!(paths(&remove(&file, "/c")), ["/a", "/b"]);
        assert_eq!(paths(&remove(&file, "/nowhere")), ["/a", "/b"]);
        assert_eq!(paths(&read(&file)), ["/a", "/b"], "also for the next shell");
        assert_eq!(std::fs::read_dir(folder.path().join("wasm-engine")).expect("a folder").count(), 2, "beside it is its lock alone");
    }

    #[test]
    fn so_many_are_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("recent.json");
        for number in 0..KEPT + 5 {
            add(&file, app(&format!("/{number}")));
        }
        let kept = read(&file);
        assert_eq!((kept.len(), &*kept[0].path, &*kept[KEPT - 1].path), (KEPT, "/16", "/5"));
        // A list that somebody has made longer, and one that is none.
        let many: Vec<_> = (0..100).map(|number| app(&number.to_string())).collect();
        std::fs::write(&file, serde_json::to_vec(&many).expect("a list")).expect("a file");
        assert_eq!(read(&file).len(), KEPT);
        std::fs::write(&file, "{").expect("a file");
        assert_eq!(paths(&add(&file, app("/new"))), ["/new"]);
    }

    #[test]
    fn a_folder_that_has_gone_is_stepped_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| app(&folder.path().join(name).display().to_string());
        std::fs::create_dir(folder.path().join("there")).expect("a folder");
        assert_eq!(beside(&[path("gone/app"), path("there/app"), path("app")]), Some(folder.path().join("there")));
        assert_eq!(beside(&[path("gone/app")]), None);
    }
}
