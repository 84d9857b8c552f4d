//! What a package asks for: the libraries that the programs are linked with, found in them, and those that they load while they run.

use super::scratch::Scratch;
use crate::failure::{Failure, Result};
use crate::process;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Loaded while the programs run, so that no linker knows of it: the Debian package, and the library's own name for rpm.
const LOADED: &[(&str, &str)] = &[
    ("libayatana-appindicator3-1", "libayatana-appindicator3.so.1"),
    ("libegl1", "libEGL.so.1"),
    ("libgles2", "libGLESv2.so.2"),
    ("libvulkan1", "libvulkan.so.1"),
    ("libwayland-client0", "libwayland-client.so.0"),
    ("libx11-6", "libX11.so.6"),
    ("libx11-xcb1", "libX11-xcb.so.1"),
    ("libxcursor1", "libXcursor.so.1"),
    ("libxi6", "libXi.so.6"),
    ("libxkbcommon-x11-0", "libxkbcommon-x11.so.0"),
    ("libxkbcommon0", "libxkbcommon.so.0"),
    ("libxrandr2", "libXrandr.so.2"),
];

/// What a machine may have from elsewhere (a maker's own driver, other fonts).
pub(super) const RECOMMENDED_DEB: &[&str] = &["mesa-vulkan-drivers", "libgl1-mesa-dri", "fonts-dejavu-core"];
pub(super) const RECOMMENDED_RPM: &[&str] = &["mesa-vulkan-drivers", "mesa-dri-drivers", "dejavu-sans-fonts"];

/// `Depends` of the deb, with the versions that Debian's own tool finds.
pub(super) fn deb(programs: &[PathBuf]) -> Result<Vec<String>> {
    let scratch = Scratch::new()?;
    // It wants to be in a source package.
    let control = scratch.join("debian/control");
    let write = || {
        std::fs::create_dir(scratch.join("debian"))?;
        std::fs::write(control, "Source: wasm-engine\n\nPackage: wasm-engine\nArchitecture: any\n")
    };
    write().map_err(|error| Failure::new(format!("{}: {error}", scratch.path().display())))?;
    let mut tool = process::command("dpkg-shlibdeps");
    tool.current_dir(scratch.path()).arg("-O").args(programs.iter().map(|program| format!("-e{}", program.display())));
    let told = process::ask(&mut tool, "")?;
    let linked = told.trim().strip_prefix("shlibs:Depends=").map_or_else(Vec::new, |list| list.split(", ").collect());
    let linked_names: BTreeSet<&str> = linked.iter().filter_map(|package| package.split(' ').next()).collect();
    let loaded = LOADED.iter().map(|(package, _)| *package).filter(|package| !linked_names.contains(package));
    Ok(linked.iter().copied().chain(loaded).map(str::to_owned).collect())
}

/// `Requires` of the rpm: names of libraries, which every distribution has in common.
pub(super) fn rpm(programs: &[PathBuf]) -> Result<Vec<String>> {
    let mut libraries: BTreeSet<String> = LOADED.iter().map(|(_, library)| (*library).to_owned()).collect();
    for program in programs {
        let told = process::ask(process::command("readelf").args(["--dynamic", "--wide"]).arg(program), "")?;
        libraries.extend(needed(&told).map(str::to_owned));
    }
    let width = if cfg!(target_pointer_width = "64") { "()(64bit)" } else { "" };
    Ok(libraries.into_iter().map(|library| format!("{library}{width}")).collect())
}

/// The libraries in what readelf tells.
fn needed(told: &str) -> impl Iterator<Item = &str> {
    told.lines().filter_map(|line| line.split_once("(NEEDED)")?.1.split_once('[')?.1.split(']').next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::{Purpose, debian};

    #[test]
    fn what_a_run_needs_is_asked_for() {
        for package in debian::PACKAGES.iter().filter(|package| package.purpose == Purpose::Run) {
            let known = LOADED.iter().any(|(name, _)| *name == package.name) || RECOMMENDED_DEB.contains(&package.name);
            assert!(known, "{} is needed to run, and no package asks for it", package.name);
        }
    }

    #[test]
    fn linked_libraries_are_read() {
        let told =
            " 0x0000000000000001 (NEEDED)             Shared library: [libz.so.1]\n 0x000000000000001e (FLAGS)              BIND_NOW\n";
        assert_eq!(needed(told).collect::<Vec<_>>(), ["libz.so.1"]);
    }
}
