//! Where the engine keeps what is its own, by the XDG base directory rules.

use std::path::PathBuf;

/// Compiled modules, in the cache.
#[must_use]
pub fn cache_dir() -> PathBuf {
    cache().join("modules")
}

/// Apps that came as archives, in the cache.
#[must_use]
pub fn apps_dir() -> PathBuf {
    cache().join("apps")
}

/// A person's decisions about the rights of the app of this name, in the configuration.
#[must_use]
pub fn policy_file(app: &str) -> PathBuf {
    config_dir().join("policies").join(format!("{app}.json"))
}

/// What a person has chosen: `$WASM_ENGINE_CONFIG`, else `$XDG_CONFIG_HOME/wasm-engine`, else `~/.config/wasm-engine`, else below the temporary folder.
#[must_use]
pub fn config_dir() -> PathBuf {
    absolute("WASM_ENGINE_CONFIG")
        .or_else(|| absolute("XDG_CONFIG_HOME").map(|dir| dir.join("wasm-engine")))
        .or_else(|| absolute("HOME").map(|dir| dir.join(".config/wasm-engine")))
        .unwrap_or_else(|| std::env::temp_dir().join("wasm-engine"))
}

/// `$WASM_ENGINE_CACHE`, else `$XDG_CACHE_HOME/wasm-engine`, else `~/.cache/wasm-engine`, else below the temporary folder.
fn cache() -> PathBuf {
    absolute("WASM_ENGINE_CACHE")
        .or_else(|| absolute("XDG_CACHE_HOME").map(|dir| dir.join("wasm-engine")))
        .or_else(|| absolute("HOME").map(|dir| dir.join(".cache/wasm-engine")))
        .unwrap_or_else(|| std::env::temp_dir().join("wasm-engine"))
}

/// Notes of the engines that run now: `$XDG_RUNTIME_DIR/wasm-engine`, else below the temporary folder, one folder a user.
#[must_use]
pub fn runtime_dir() -> PathBuf {
    absolute("XDG_RUNTIME_DIR").map_or_else(
        || std::env::temp_dir().join(format!("wasm-engine-{}", std::env::var("USER").unwrap_or_else(|_| "user".to_owned()))),
        |dir| dir.join("wasm-engine"),
    )
}

/// The XDG rules say that a relative path is to be ignored.
fn absolute(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}
