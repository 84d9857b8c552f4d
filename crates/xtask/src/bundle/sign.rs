//! Signatures: minisign for the updater, made by Tauri's own tool; GPG for rpm and for the index of an apt repository.

use super::scratch::Scratch;
use crate::failure::{Failure, Result};
use crate::{process, tauri};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The suite and the component of the apt repository.
pub(super) const SUITE: &str = "stable";
pub(super) const COMPONENT: &str = "main";

/// The secret keys, as text, with their passphrases; an empty one is none.
pub(super) struct Keys {
    pub(super) minisign: String,
    pub(super) minisign_password: String,
    /// Armored. Signs the rpm and the index.
    pub(super) gpg: String,
    pub(super) gpg_passphrase: String,
}

impl Keys {
    /// From the variables that Tauri's tools read. A key is given as text or as the path of a file.
    pub(super) fn from_environment() -> Result<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let key = |names: &[&str]| {
            let value = names.iter().find_map(|name| variable(name)).ok_or_else(|| {
                Failure::with_hint(format!("{} is not set", names[0]), "docs/bundles.md says how keys are made and where they are kept")
            })?;
            if Path::new(&value).is_file() { read(Path::new(&value)) } else { Ok(value) }
        };
        Ok(Self {
            minisign: key(&["TAURI_SIGNING_PRIVATE_KEY", "TAURI_SIGNING_PRIVATE_KEY_PATH"])?,
            minisign_password: variable("TAURI_SIGNING_PRIVATE_KEY_PASSWORD").unwrap_or_default(),
            gpg: key(&["TAURI_SIGNING_RPM_KEY"])?,
            gpg_passphrase: variable("TAURI_SIGNING_RPM_KEY_PASSPHRASE").unwrap_or_default(),
        })
    }

    /// Tells the bundler to sign the rpm that it makes.
    pub(super) fn for_rpm(&self, bundle: &mut Command) {
        bundle.env("TAURI_SIGNING_RPM_KEY", &self.gpg);
        if !self.gpg_passphrase.is_empty() {
            bundle.env("TAURI_SIGNING_RPM_KEY_PASSPHRASE", &self.gpg_passphrase);
        }
    }
}

/// Writes `PACKAGE.sig`, which names the file and its version.
pub(super) fn minisign(package: &Path, keys: &Keys) -> Result<()> {
    let mut signer = tauri::cli()?;
    signer.args(["signer", "sign", "--app-version", env!("CARGO_PKG_VERSION")]).arg(package);
    signer.env_remove("TAURI_SIGNING_PRIVATE_KEY_PATH").env("TAURI_SIGNING_PRIVATE_KEY", &keys.minisign);
    signer.env("TAURI_SIGNING_PRIVATE_KEY_PASSWORD", &keys.minisign_password);
    process::ask(&mut signer, "").map(|_| ())
}

/// Makes an apt repository of the debs among `packages` in `folder`, anew: the packages, their index, the index's signatures and the public key.
pub(super) fn repository(packages: &[PathBuf], folder: &Path, keys: &Keys) -> Result<()> {
    let _ = std::fs::remove_dir_all(folder);
    let dist = folder.join("dists").join(SUITE);
    let pool = folder.join("pool");
    make_folder(&pool)?;
    let mut architectures = Vec::new();
    for package in packages.iter().filter(|path| path.extension().is_some_and(|ending| ending == "deb")) {
        let name = package.file_name().unwrap_or_default();
        std::fs::copy(package, pool.join(name)).map_err(|error| Failure::new(format!("{}: {error}", package.display())))?;
        // NAME_VERSION_ARCHITECTURE.deb
        architectures.extend(package.file_stem().and_then(|stem| Some(stem.to_str()?.rsplit('_').next()?.to_owned())));
    }
    for architecture in &architectures {
        let index = dist.join(COMPONENT).join(format!("binary-{architecture}"));
        make_folder(&index)?;
        let told = process::ask(archive(folder).args(["--arch", architecture, "packages", "pool"]), "")?;
        write(&index.join("Packages"), &told)?;
    }
    let option = |name: &str, value: &str| format!("APT::FTPArchive::Release::{name}={value}");
    let mut release = archive(folder);
    for (name, value) in
        [("Origin", "wasm-engine"), ("Label", "wasm-engine"), ("Suite", SUITE), ("Codename", SUITE), ("Components", COMPONENT)]
    {
        release.args(["-o", &option(name, value)]);
    }
    release.args(["-o", &option("Architectures", &architectures.join(" "))]).arg("release").arg(&dist);
    write(&dist.join("Release"), &process::ask(&mut release, "")?)?;
    let gpg = Gpg::with(&keys.gpg)?;
    gpg.sign(&["--clearsign"], &dist.join("Release"), &dist.join("InRelease"), &keys.gpg_passphrase)?;
    gpg.sign(&["--armor", "--detach-sign"], &dist.join("Release"), &dist.join("Release.gpg"), &keys.gpg_passphrase)?;
    write(&folder.join("wasm-engine.asc"), &gpg.public()?)
}

fn archive(folder: &Path) -> Command {
    let mut archive = process::command("apt-ftparchive");
    archive.current_dir(folder);
    archive
}

/// A ring of keys of its own, so that the caller's is neither read nor changed.
pub(super) struct Gpg(Scratch);

impl Gpg {
    pub(super) fn empty() -> Result<Self> {
        Ok(Self(Scratch::new()?))
    }

    fn with(armored: &str) -> Result<Self> {
        let gpg = Self::empty()?;
        process::ask(gpg.command().arg("--import"), armored)?;
        Ok(gpg)
    }

    pub(super) fn command(&self) -> Command {
        let mut gpg = process::command("gpg");
        gpg.arg("--homedir").arg(self.0.path()).args(["--batch", "--quiet", "--pinentry-mode", "loopback"]);
        gpg
    }

    fn sign(&self, how: &[&str], file: &Path, signed: &Path, passphrase: &str) -> Result<()> {
        let mut gpg = self.command();
        gpg.args(["--digest-algo", "SHA256", "--passphrase-fd", "0", "--output"]).arg(signed).args(how).arg(file);
        process::ask(&mut gpg, &format!("{passphrase}\n")).map(|_| ())
    }

    /// The public key, armored.
    pub(super) fn public(&self) -> Result<String> {
        process::ask(self.command().args(["--armor", "--export"]), "")
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        // The agent that gpg has started for this ring.
        let _ = process::ask(process::command("gpgconf").arg("--homedir").arg(self.0.path()).args(["--kill", "all"]), "");
    }
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

fn make_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}
