//! Embeds the template of `wasm-engine new` (the files of `templates/kernel`, and the sources of the guest SDK, which a new app carries along) and
//! the built control panel; and shows drivers what stands for a function of the C library.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let here = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&here.join("templates/kernel"), Path::new(""), &mut files);
    let sdk = here.join("../guest-sdk");
    collect(&sdk.join("src"), Path::new("sdk/src"), &mut files);
    let mut code = String::from("const TEMPLATE: &[File] = &[\n");
    for (path, source) in &files {
        // `Cargo.toml.in` keeps cargo from taking the template for a package of this workspace.
        let path = path.to_string_lossy().trim_end_matches(".in").to_owned();
        let _ = writeln!(code, "    File {{ path: {path:?}, text: include_str!({source:?}) }},");
    }
    let _ = writeln!(code, "    File {{ path: \"sdk/Cargo.toml\", text: {SDK_MANIFEST:?} }},\n];");
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    std::fs::write(out.join("template.rs"), code).expect("OUT_DIR is writable");
    std::fs::write(out.join("panel.rs"), panel(&here.join("../../ui/dist"))).expect("OUT_DIR is writable");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        // Drivers are to find it: `crates/gpu` has textures lie in huge pages.
        println!("cargo::rustc-link-arg-bins=-Wl,--export-dynamic-symbol=posix_memalign");
    }
}

/// The built panel as a list of paths and contents; an empty one where `cargo xtask` has not built it.
fn panel(dist: &Path) -> String {
    let mut files = Vec::new();
    if dist.join("index.html").is_file() {
        collect(dist, Path::new(""), &mut files);
    } else {
        // Run again once there is one.
        println!("cargo::rerun-if-changed={}", dist.join("index.html").display());
    }
    let mut code = String::from("const PANEL: &[(&str, &[u8])] = &[\n");
    for (path, source) in &files {
        let _ = writeln!(code, "    ({:?}, include_bytes!({source:?})),", path.to_string_lossy());
    }
    code + "];\n"
}

/// The SDK's own manifest inherits from this workspace, so the copy in a new app gets one that stands alone.
const SDK_MANIFEST: &str = "[package]\nname = \"wasm-engine-guest\"\nversion = \"0.1.0\"\nedition = \"2024\"\nlicense = \"MIT OR Apache-2.0\"\n\n[features]\ndefault = [\"std\"]\nstd = []\n\n[workspace]\n";

fn collect(folder: &Path, prefix: &Path, files: &mut Vec<(PathBuf, String)>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).expect("the template's folders exist").map(|entry| entry.expect("readable").path()).collect();
    entries.sort();
    for entry in entries {
        let name = prefix.join(entry.file_name().expect("an entry has a name"));
        if entry.is_dir() {
            collect(&entry, &name, files);
        } else {
            files.push((name, entry.to_string_lossy().into_owned()));
        }
    }
}
