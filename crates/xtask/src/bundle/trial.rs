//! The step `bundles`: the programs that `build` made are packed and signed with keys made for it; what is signed passes, a changed byte does not.

use super::make;
use super::scratch::Scratch;
use super::sign::{Gpg, Keys};
use super::verify::{self, Trust};
use crate::build::Profile;
use crate::failure::{Failure, Result};
use crate::steps::Outcome;
use crate::{build, process, tauri};
use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Keys of nobody.
pub(super) struct Pair {
    pub(super) keys: Keys,
    pub(super) trust: Trust,
    _files: Scratch,
}

impl Pair {
    pub(super) fn new() -> Result<Self> {
        const PASSPHRASE: &str = "of nobody";
        let files = Scratch::new()?;
        let secret = files.join("minisign");
        process::ask(tauri::cli()?.args(["signer", "generate", "--ci", "--password", PASSPHRASE, "--write-keys"]).arg(&secret), "")?;
        let gpg = Gpg::empty()?;
        let key = ["--passphrase", PASSPHRASE, "--quick-generate-key", "Nobody <nobody@example.invalid>", "rsa3072", "sign", "1d"];
        process::ask(gpg.command().args(key), "")?;
        let trust = Trust { minisign: files.join("minisign.pub"), gpg: files.join("gpg.asc") };
        let keys = Keys {
            minisign: std::fs::read_to_string(&secret).map_err(|error| Failure::new(format!("{}: {error}", secret.display())))?,
            minisign_password: PASSPHRASE.to_owned(),
            gpg: process::ask(gpg.command().args(["--passphrase", PASSPHRASE, "--armor", "--export-secret-keys"]), "")?,
            gpg_passphrase: PASSPHRASE.to_owned(),
        };
        std::fs::write(&trust.gpg, gpg.public()?).map_err(|error| Failure::new(format!("{}: {error}", trust.gpg.display())))?;
        Ok(Self { keys, trust, _files: files })
    }
}

/// A check of one file by one tool.
type Check<'a> = (&'static str, &'a Path, &'a dyn Fn(&Trust) -> Result<()>);

pub(crate) fn run() -> Result<Outcome> {
    if let Some(tool) =
        ["npm", "dpkg-shlibdeps", "apt-ftparchive", "gpg", "minisign", "rpmkeys"].iter().find(|tool| !process::on_path(tool))
    {
        return Ok(Outcome::Skipped(format!("there is no {tool}")));
    }
    if !build::program_path(Profile::Dev).is_file() || !build::desktop_path(Profile::Dev).is_file() {
        return Err(Failure::with_hint("there are no programs to pack", "`cargo xtask build`, or take the step `build` too"));
    }
    let (ours, anothers) = (Pair::new()?, Pair::new()?);
    let out = Scratch::large()?;
    let packages = make(Profile::Dev, out.path(), Some(&ours.keys))?;
    for checked in verify::folder(out.path(), &ours.trust)? {
        eprintln!("{checked}");
    }
    let package =
        |ending: &str| packages.iter().find(|path| path.extension().is_some_and(|found| found == ending)).cloned().unwrap_or_default();
    let (deb, rpm) = (package("deb"), package("rpm"));
    let repository = out.join("apt");
    let pooled = repository.join("pool").join(deb.file_name().unwrap_or_default());
    let architecture = deb.to_string_lossy().trim_end_matches(".deb").rsplit('_').next().unwrap_or_default().to_owned();
    let index = repository.join("dists/stable/main").join(format!("binary-{architecture}/Packages"));
    let release = repository.join("dists/stable/InRelease");
    let checks: [Check; 6] = [
        ("the deb, by minisign", &deb, &|trust| verify::minisign(&deb, trust)),
        ("the rpm, by minisign", &rpm, &|trust| verify::minisign(&rpm, trust)),
        ("the rpm, by rpm", &rpm, &|trust| verify::rpm(&rpm, trust)),
        ("the index's signed digest, by apt", &release, &|trust| verify::apt(&repository, trust)),
        ("the index, by apt", &index, &|trust| verify::apt(&repository, trust)),
        ("the deb in the repository, by apt", &pooled, &|trust| verify::apt(&repository, trust)),
    ];
    for (what, file, check) in checks {
        refused(&format!("{what}, with another's key"), check(&anothers.trust))?;
        change_a_byte(file)?;
        refused(&format!("{what}, with a byte changed"), check(&ours.trust))?;
        change_a_byte(file)?;
        check(&ours.trust)?;
    }
    Ok(Outcome::Passed)
}

fn refused(what: &str, checked: Result<()>) -> Result<()> {
    match checked {
        Ok(()) => Err(Failure::new(format!("accepted: {what}"))),
        Err(failure) => {
            let why = failure.to_string();
            eprintln!("refused: {what}\n         {}", why.lines().next_back().unwrap_or_default());
            Ok(())
        }
    }
}

/// Changes the byte in the middle of a file, or changes it back.
fn change_a_byte(path: &Path) -> Result<()> {
    let change = || {
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let middle = SeekFrom::Start(file.metadata()?.len() / 2);
        let mut byte = [0];
        file.seek(middle)?;
        file.read_exact(&mut byte)?;
        file.seek(middle)?;
        file.write_all(&[byte[0] ^ 1])
    };
    change().map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}
