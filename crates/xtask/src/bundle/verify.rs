//! Checks what was signed with the tools of those who receive it: minisign, rpm, apt.

use super::scratch::Scratch;
use super::{absolute, files_with_ending, sign};
use crate::failure::{Failure, Result};
use crate::process;
use std::path::{Path, PathBuf};

/// The public keys that are believed.
pub(super) struct Trust {
    /// As Tauri or as minisign writes it.
    pub(super) minisign: PathBuf,
    /// Armored.
    pub(super) gpg: PathBuf,
}

pub(super) fn command(args: &[String]) -> Result<()> {
    let usage = || Failure::usage("verify wants DIR, --pubkey FILE and --gpg-key FILE", "`cargo xtask help bundle`");
    let [dir, pubkey, minisign, gpg_key, gpg] = args else { return Err(usage()) };
    if pubkey != "--pubkey" || gpg_key != "--gpg-key" {
        return Err(usage());
    }
    let trust = Trust { minisign: absolute(Path::new(minisign)), gpg: absolute(Path::new(gpg)) };
    for checked in folder(&absolute(Path::new(dir)), &trust)? {
        println!("{checked}");
    }
    Ok(())
}

/// Checks everything that `cargo xtask bundle --sign` leaves in a folder, and returns what was checked.
pub(super) fn folder(dir: &Path, trust: &Trust) -> Result<Vec<String>> {
    let mut checked = Vec::new();
    for ending in ["deb", "rpm", "AppImage"] {
        for package in files_with_ending(dir, ending) {
            minisign(&package, trust)?;
            checked.push(format!("ok  minisign  {}", package.display()));
            if ending == "rpm" {
                rpm(&package, trust)?;
                checked.push(format!("ok  rpm       {}", package.display()));
            }
        }
    }
    if checked.is_empty() {
        return Err(Failure::new(format!("there is no package in {}", dir.display())));
    }
    apt(&dir.join("apt"), trust)?;
    checked.push(format!("ok  apt       {}", dir.join("apt").display()));
    Ok(checked)
}

/// The updater's signature: of this file, under this name.
pub(super) fn minisign(package: &Path, trust: &Trust) -> Result<()> {
    let scratch = Scratch::new()?;
    let (signature, key) = (scratch.join("signature"), scratch.join("key"));
    let mut signed = package.as_os_str().to_owned();
    signed.push(".sig");
    if !Path::new(&signed).is_file() {
        return Err(Failure::new(format!("{} is not signed: there is no {}", package.display(), signed.display())));
    }
    plain(Path::new(&signed), &signature)?;
    plain(&trust.minisign, &key)?;
    let mut minisign = process::command("minisign");
    let told = process::ask(minisign.args(["-V", "-m"]).arg(package).arg("-x").arg(&signature).arg("-p").arg(&key), "")?;
    let comment = told.lines().find_map(|line| line.strip_prefix("Trusted comment: ")).unwrap_or_default();
    let name = format!("file:{}", package.file_name().unwrap_or_default().to_string_lossy());
    if comment.split('\t').any(|field| field == name) {
        Ok(())
    } else {
        Err(Failure::new(format!("{} is signed as something else: {comment}", package.display())))
    }
}

/// Tauri keeps minisign's files in base64; takes them back out of it.
fn plain(file: &Path, to: &Path) -> Result<()> {
    let text = std::fs::read_to_string(file).map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
    let text = if text.starts_with("untrusted comment:") { text } else { process::ask(process::command("base64").arg("--decode"), &text)? };
    std::fs::write(to, text).map_err(|error| Failure::new(format!("{}: {error}", to.display())))
}

/// The signature inside of an rpm.
pub(super) fn rpm(package: &Path, trust: &Trust) -> Result<()> {
    // A database of its own, in which there is that one key.
    let scratch = Scratch::new()?;
    let rpmkeys = || {
        let mut rpmkeys = process::command("rpmkeys");
        rpmkeys.arg("--dbpath").arg(scratch.path());
        rpmkeys
    };
    process::ask(rpmkeys().arg("--import").arg(&trust.gpg), "")?;
    let told = process::ask(rpmkeys().arg("--checksig").arg(package), "")?;
    // It is content with a package that nobody has signed.
    if told.contains("signatures OK") { Ok(()) } else { Err(Failure::new(format!("rpm finds no signature: {}", told.trim()))) }
}

/// An apt repository: apt fetches index and package from it as from any other, in folders of its own.
pub(super) fn apt(repository: &Path, trust: &Trust) -> Result<()> {
    let scratch = Scratch::new()?;
    let list = format!("deb [signed-by={}] file:{} {} {}\n", trust.gpg.display(), repository.display(), sign::SUITE, sign::COMPONENT);
    let lay_out = || {
        std::fs::write(scratch.join("sources.list"), list)?;
        std::fs::write(scratch.join("status"), "")?;
        ["etc", "state/lists/partial", "cache/archives/partial", "here"]
            .iter()
            .try_for_each(|name| std::fs::create_dir_all(scratch.join(name)))
    };
    lay_out().map_err(|error| Failure::new(format!("{}: {error}", scratch.path().display())))?;
    let apt_get = |args: &[&str]| {
        let mut apt = process::command("apt-get");
        apt.current_dir(scratch.join("here")).arg("--quiet");
        let folders = [("", ""), ("::Etc", "etc"), ("::Etc::sourcelist", "sources.list"), ("::Etc::sourceparts", "none")];
        let more = [("::State", "state"), ("::State::status", "status"), ("::Cache", "cache"), ("::Etc::trustedparts", "none")];
        for (option, name) in folders.iter().chain(&more) {
            apt.arg("-o").arg(format!("Dir{option}={}", scratch.join(name).display()));
        }
        // As root it would fetch as a user who cannot look into our folder; and what is wrong is an error, not a warning.
        apt.args(["-o", "APT::Sandbox::User=", "-o", "Acquire::Languages=none", "-o", "APT::Update::Error-Mode=any"]).args(args);
        process::ask(&mut apt, "").map(|_| ())
    };
    apt_get(&["update"])?;
    apt_get(&["download", "wasm-engine"])
}
