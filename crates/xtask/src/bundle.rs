//! Packages: the two programs as deb and rpm (and as AppImage where its tools are), signed for the updater, for rpm and for apt.
//!
//! `stage` lays out what is packed, Tauri's bundler packs it, `sign` signs, `verify` checks what was signed, as a receiver would.

mod clean_root;
mod depends;
mod scratch;
mod screen;
mod sign;
mod stage;
mod trial;
mod verify;

use crate::build::{self, Profile};
use crate::failure::{Failure, Result};
use crate::setup::{self, Purpose};
use crate::{process, tauri};
use sign::Keys;
use std::path::{Path, PathBuf};

pub(crate) use clean_root::run as in_a_clean_root;
pub(crate) use trial::run as trial;

/// What `cargo xtask bundle` was asked for.
struct Options {
    profile: Profile,
    /// Packs what lies there.
    is_built: bool,
    is_signed: bool,
    out: PathBuf,
}

pub(crate) fn command(args: &[String]) -> Result<()> {
    if !cfg!(target_os = "linux") {
        return Err(Failure::with_hint(
            "packages are made on Linux only, so far",
            "docs/bundles.md says what is there for macOS and Windows",
        ));
    }
    if let Some((first, rest)) = args.split_first()
        && first == "verify"
    {
        return verify::command(rest);
    }
    let options = parse(args)?;
    setup::ensure(Purpose::Bundle)?;
    // Before half an hour of building: the keys may be missing.
    let keys = options.is_signed.then(Keys::from_environment).transpose()?;
    if !options.is_built {
        build::programs(options.profile)?;
    }
    for package in make(options.profile, &options.out, keys.as_ref())? {
        println!("{}", package.display());
    }
    Ok(())
}

fn parse(args: &[String]) -> Result<Options> {
    let mut options = Options { profile: Profile::Release, is_built: false, is_signed: false, out: process::target_dir().join("bundles") };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--debug" => options.profile = Profile::Dev,
            "--no-build" => options.is_built = true,
            "--sign" => options.is_signed = true,
            "--out" => {
                let folder = args.next().ok_or_else(|| Failure::usage("--out wants a folder", "`cargo xtask help bundle`"))?;
                options.out = absolute(Path::new(folder));
            }
            other => return Err(Failure::usage(format!("bundle does not know `{other}`"), "`cargo xtask help bundle`")),
        }
    }
    Ok(options)
}

/// As typed from where xtask was called.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Packs the programs of `profile` into the folder `out`, signs with `keys`, and returns the packages.
fn make(profile: Profile, out: &Path, keys: Option<&Keys>) -> Result<Vec<PathBuf>> {
    let stage = stage::Stage::lay_out(profile)?;
    let mut kinds = vec!["deb", "rpm"];
    match missing_for_appimage() {
        None => kinds.push("appimage"),
        Some(tool) => eprintln!("xtask: no AppImage, since {} is not there", tool.display()),
    }
    let mut bundle = tauri::cli()?;
    bundle.args(["bundle", "--ci", "--bundles", &kinds.join(","), "--config"]).arg(stage.config());
    bundle.env("CARGO_TARGET_DIR", stage.target_dir());
    // Signed is what is asked to be, and by the key that is named.
    bundle.env_remove("TAURI_SIGNING_RPM_KEY").env_remove("TAURI_SIGNING_RPM_KEY_PASSPHRASE");
    if let Some(keys) = keys {
        keys.for_rpm(&mut bundle);
    }
    process::check(&mut bundle)?;

    std::fs::create_dir_all(out).map_err(|error| Failure::new(format!("{}: {error}", out.display())))?;
    let mut packages = Vec::new();
    for made in stage.packages(&kinds) {
        let package = out.join(made.file_name().unwrap_or_default());
        // The stage may lie on another disk.
        std::fs::copy(&made, &package).map_err(|error| Failure::new(format!("{}: {error}", package.display())))?;
        packages.push(package);
    }
    if packages.len() < kinds.len() {
        return Err(Failure::new(format!("Tauri's bundler made {} packages of {}", packages.len(), kinds.len())));
    }
    if let Some(keys) = keys {
        for package in &packages {
            sign::minisign(package, keys)?;
        }
        sign::repository(&packages, &out.join("apt"), keys)?;
    }
    Ok(packages)
}

/// The first of the tools which Tauri's bundler would have to download to make an AppImage.
fn missing_for_appimage() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| Some(std::env::home_dir()?.join(".cache")));
    let tools = cache.unwrap_or_default().join("tauri");
    let names = [format!("AppRun-{}", std::env::consts::ARCH), format!("linuxdeploy-07333c6-{}.AppImage", std::env::consts::ARCH)];
    names.iter().map(|name| tools.join(name)).find(|tool| !tool.is_file())
}

/// The files right in `folder` that end with `.ending`, in alphabetical order.
fn files_with_ending(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.is_file() && path.extension().is_some_and(|found| found == ending)).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Options> {
        parse(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_read() -> Result<()> {
        let plain = parsed(&[])?;
        assert_eq!((plain.profile, plain.is_built, plain.is_signed), (Profile::Release, false, false));
        let all = parsed(&["--debug", "--sign", "--no-build", "--out", "x"])?;
        assert_eq!((all.profile, all.is_built, all.is_signed), (Profile::Dev, true, true));
        assert!(all.out.is_absolute() && all.out.ends_with("x"));
        assert!(parsed(&["--out"]).is_err() && parsed(&["--quick"]).is_err());
        Ok(())
    }
}
