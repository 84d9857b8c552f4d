//! What a person has decided about the rights of an app's guests. A decision can only take away what the manifest grants, never add to it.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use wasm_engine_serve::protocol::{Decision, Permission, Scope};

use crate::error::Diagnostic;
use crate::kept;
use crate::limits;
use crate::manifest::{Kernel, Manifest};
use crate::run_report::Fault;

/// A right that the manifest grants: who may do what with which buffer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Right {
    pub(crate) guest: String,
    pub(crate) right: String,
    pub(crate) object: String,
}

impl Right {
    /// What the manifest grants a kernel.
    fn of_kernel(kernel: &Kernel) -> impl Iterator<Item = Self> {
        let kind = |right: &'static str, objects: &[String]| {
            let right = |object: &String| Self { guest: kernel.name.clone(), right: right.to_owned(), object: object.clone() };
            objects.iter().map(right).collect::<Vec<_>>()
        };
        kind("read", &kernel.read).into_iter().chain(kind("write", &kernel.write))
    }
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Rule {
    #[serde(flatten)]
    right: Right,
    decision: Decision,
}

/// Decisions, those for this run before those for always.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    run: Vec<Rule>,
    always: Vec<Rule>,
    /// Where those for always are kept; nowhere for a policy that is not kept.
    file: Option<PathBuf>,
    /// Rights without which guests were ended or held back, until they begin anew.
    missing: Vec<Right>,
}

impl Policy {
    /// The decisions kept in `file`; none where there is no such file.
    ///
    /// # Errors
    /// When the file cannot be read, or is none: what somebody has denied must not be allowed by a mistake.
    pub(crate) fn load(file: &Path) -> Result<Self, Diagnostic> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => "[]".to_owned(),
            Err(error) => return Err(unreadable(file, &error)),
        };
        let always = parse(&text).map_err(|error| unreadable(file, &error))?;
        Ok(Self { always, file: Some(file.to_owned()), ..Self::default() })
    }

    /// Takes over a decision; none takes the earlier one back. One for always replaces that of the run.
    ///
    /// # Errors
    /// When the manifest grants no such right, or the decision cannot be kept.
    pub(crate) fn decide(&mut self, manifest: &Manifest, right: Right, decision: Option<Decision>, scope: Scope) -> Result<(), Diagnostic> {
        let exists = manifest.kernel.iter().flat_map(Right::of_kernel).any(|granted| granted == right);
        if !exists {
            let Right { guest, right, object } = &right;
            let hint = "a person's decision takes away what the manifest grants, or gives it back; it adds nothing".to_owned();
            let text = format!("the manifest grants guest `{guest}` no right `{right}` to `{object}`");
            return Err(Diagnostic::new("UNKNOWN_RIGHT", text).with_hint(Some(hint)));
        }
        let is_for_run = scope == Scope::Run && decision.is_some();
        // What is taken back need not have been for always.
        if !is_for_run && (decision.is_some() || self.always.iter().any(|rule| rule.right == right)) {
            self.keep(|always| {
                always.retain(|rule| rule.right != right);
                always.extend(decision.map(|decision| Rule { right: right.clone(), decision }));
            })?;
        }
        // Not before that: what cannot be kept leaves the run's decision as it was.
        self.run.retain(|rule| rule.right != right);
        if is_for_run {
            self.run.extend(decision.map(|decision| Rule { right, decision }));
        }
        Ok(())
    }

    /// Changes the decisions for always: where they are kept those that the file has now, since the app may run more than once.
    fn keep(&mut self, change: impl FnOnce(&mut Vec<Rule>)) -> Result<(), Diagnostic> {
        let Some(file) = &self.file else {
            change(&mut self.always);
            return Ok(());
        };
        let mut always = Vec::new();
        let kept = kept::update(file, |text| {
            let before = if text.is_empty() { Vec::new() } else { parse(text)? };
            always.clone_from(&before);
            change(&mut always);
            Ok(if always == before { None } else { Some(format!("{}\n", serde_json::to_string_pretty(&always)?)) })
        });
        kept.map_err(|error| unwritten(file, &error))?;
        self.always = always;
        Ok(())
    }

    fn rule(&self, right: &Right) -> Option<(Scope, Decision)> {
        let of = |rules: &[Rule], scope| rules.iter().find(|rule| rule.right == *right).map(|rule| (scope, rule.decision));
        of(&self.run, Scope::Run).or_else(|| of(&self.always, Scope::Always))
    }

    /// The rights of a kernel that are denied.
    pub(crate) fn denied(&self, kernel: &Kernel) -> Vec<Right> {
        let is_denied = |right: &Right| matches!(self.rule(right), Some((_, Decision::Deny)));
        Right::of_kernel(kernel).filter(is_denied).collect()
    }

    /// What ends this kernel, if a right of it is denied. Remembers which.
    pub(crate) fn verdict(&mut self, kernel: &Kernel, tick: u64) -> Option<Fault> {
        let denied = self.denied(kernel);
        let first = denied.first()?;
        let message = format!("it was denied to {} buffer `{}`", first.right, first.object);
        let hint = "allow it in the panel's permissions, and restart the guest or the run".to_owned();
        let fault = Fault { part: kernel.name.clone(), code: "PERMISSION_DENIED".to_owned(), message, tick: Some(tick), hint: Some(hint) };
        for right in denied {
            if !self.missing.contains(&right) {
                self.missing.push(right);
            }
        }
        Some(fault)
    }

    /// A guest begins anew: from now on it has what is allowed now.
    pub(crate) fn begin(&mut self, kernel: &Kernel) {
        self.missing.retain(|right| right.guest != kernel.name);
    }

    /// What holds, for every right that the manifest grants, in its order.
    pub(crate) fn permissions(&self, manifest: &Manifest) -> Vec<Permission> {
        manifest.kernel.iter().flat_map(Right::of_kernel).map(|right| self.permission(right)).collect()
    }

    fn permission(&self, right: Right) -> Permission {
        let rule = self.rule(&right);
        let wanted = rule.map_or(Decision::Allow, |(_, decision)| decision);
        let decision = if self.missing.contains(&right) { Decision::Deny } else { wanted };
        let why = match rule {
            _ if wanted != decision => "it was denied, and the guest has not begun anew",
            None => "the manifest grants it",
            Some((Scope::Run, _)) => "decided for this run",
            Some((Scope::Always, _)) => "decided for every run",
        };
        Permission {
            decision,
            scope: rule.map(|(scope, _)| scope),
            next: (wanted != decision).then_some(wanted),
            why: why.to_owned(),
            guest: right.guest,
            right: right.right,
            object: right.object,
        }
    }
}

/// The decisions of a file.
fn parse(text: &str) -> std::io::Result<Vec<Rule>> {
    if text.len() > limits::POLICY_BYTES {
        return Err(Error::other(format!("more than {} bytes", limits::POLICY_BYTES)));
    }
    Ok(serde_json::from_str(text)?)
}

fn unreadable(file: &Path, error: &Error) -> Diagnostic {
    let hint = format!("mend or remove {}; without it everything holds that the manifest grants", file.display());
    Diagnostic::new("POLICY_UNREADABLE", format!("the decisions about the app's rights: {error}")).with_hint(Some(hint))
}

fn unwritten(file: &Path, error: &Error) -> Diagnostic {
    Diagnostic::new("IO", format!("the decision is not kept: {}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"
        [app]
        name = "two"
        engine = "1"
        [[buffer]]
        name = "points"
        bytes = "4 KiB"
        [[kernel]]
        name = "make"
        module = "make.wasm"
        write = ["points"]
        [[kernel]]
        name = "look"
        module = "look.wasm"
        read = ["points"]
    "#;

    fn manifest() -> Manifest {
        Manifest::from_text(MANIFEST).unwrap()
    }

    fn right(guest: &str, right: &str) -> Right {
        Right { guest: guest.to_owned(), right: right.to_owned(), object: "points".to_owned() }
    }

    fn why(policy: &Policy, manifest: &Manifest) -> String {
        policy.permissions(manifest)[1].why.clone()
    }

    fn shown(policy: &Policy, manifest: &Manifest) -> Vec<(Decision, Option<Scope>, Option<Decision>)> {
        policy.permissions(manifest).iter().map(|permission| (permission.decision, permission.scope, permission.next)).collect()
    }

    #[test]
    fn without_a_decision_the_manifests_holds() {
        let (manifest, mut policy) = (manifest(), Policy::default());
        assert_eq!(shown(&policy, &manifest), [(Decision::Allow, None, None); 2]);
        assert!(manifest.kernel.iter().all(|kernel| policy.verdict(kernel, 0).is_none()));
    }

    #[test]
    fn a_denied_right_ends_its_guest_until_it_is_allowed_and_begins_anew() {
        let (manifest, mut policy) = (manifest(), Policy::default());
        policy.decide(&manifest, right("look", "read"), Some(Decision::Deny), Scope::Run).unwrap();
        assert!(policy.verdict(&manifest.kernel[0], 7).is_none());
        let fault = policy.verdict(&manifest.kernel[1], 7).unwrap();
        assert_eq!((fault.code.as_str(), fault.tick), ("PERMISSION_DENIED", Some(7)));
        assert_eq!(shown(&policy, &manifest)[1], (Decision::Deny, Some(Scope::Run), None));
        assert_eq!(why(&policy, &manifest), "decided for this run");
        policy.decide(&manifest, right("look", "read"), None, Scope::Run).unwrap();
        assert_eq!(shown(&policy, &manifest)[1], (Decision::Deny, None, Some(Decision::Allow)), "not before it begins anew");
        assert_eq!(why(&policy, &manifest), "it was denied, and the guest has not begun anew");
        policy.begin(&manifest.kernel[0]);
        assert_eq!(shown(&policy, &manifest)[1], (Decision::Deny, None, Some(Decision::Allow)), "another guest has begun anew");
        policy.begin(&manifest.kernel[1]);
        assert!(policy.verdict(&manifest.kernel[1], 0).is_none());
        assert_eq!(shown(&policy, &manifest)[1], (Decision::Allow, None, None));
        assert_eq!(why(&policy, &manifest), "the manifest grants it");
    }

    #[test]
    fn what_is_decided_for_always_is_there_the_next_time_and_the_runs_goes_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let (manifest, file) = (manifest(), folder.path().join("deep/two.json"));
        let mut policy = Policy::load(&file).unwrap();
        policy.decide(&manifest, right("make", "write"), Some(Decision::Deny), Scope::Always).unwrap();
        policy.decide(&manifest, right("make", "write"), Some(Decision::Allow), Scope::Run).unwrap();
        assert_eq!(shown(&policy, &manifest)[0], (Decision::Allow, Some(Scope::Run), None));
        let mut next = Policy::load(&file).unwrap();
        assert_eq!(shown(&next, &manifest)[0], (Decision::Deny, Some(Scope::Always), None));
        next.decide(&manifest, right("make", "write"), None, Scope::Always).unwrap();
        assert_eq!(shown(&Policy::load(&file).unwrap(), &manifest)[0], (Decision::Allow, None, None));
    }

    #[test]
    fn decisions_of_two_runs_of_one_app_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (manifest, file) = (manifest(), folder.path().join("two.json"));
        let (mut shell, mut served) = (Policy::load(&file).unwrap(), Policy::load(&file).unwrap());
        shell.decide(&manifest, right("make", "write"), Some(Decision::Deny), Scope::Always).unwrap();
        served.decide(&manifest, right("look", "read"), Some(Decision::Deny), Scope::Always).unwrap();
        let denied = (Decision::Deny, Some(Scope::Always), None);
        assert_eq!(shown(&Policy::load(&file).unwrap(), &manifest), [denied, denied]);
        std::fs::write(&file, "{").unwrap();
        let refused = shell.decide(&manifest, right("look", "read"), Some(Decision::Deny), Scope::Always).unwrap_err();
        assert_eq!(refused.code, "IO", "what nobody can read is not written over");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "{");
    }

    #[test]
    fn a_decision_that_cannot_be_kept_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (manifest, file) = (manifest(), folder.path().join("two.json"));
        let mut policy = Policy::load(&file).unwrap();
        policy.decide(&manifest, right("look", "read"), Some(Decision::Deny), Scope::Run).unwrap();
        // In place of the folder, so that nothing can be written there.
        drop(folder);
        std::fs::write(file.parent().unwrap(), "").unwrap();
        let denied = (Decision::Deny, Some(Scope::Run), None);
        policy.decide(&manifest, right("look", "read"), Some(Decision::Allow), Scope::Always).unwrap_err();
        assert_eq!(shown(&policy, &manifest)[1], denied);
        policy.decide(&manifest, right("look", "read"), None, Scope::Run).unwrap();
        assert_eq!(shown(&policy, &manifest)[1], (Decision::Allow, None, None), "of the run's own nothing was kept");
        std::fs::remove_file(file.parent().unwrap()).unwrap();
    }

    #[test]
    fn nothing_is_granted_that_the_manifest_does_not_grant() {
        let (manifest, mut policy) = (manifest(), Policy::default());
        for unknown in [right("look", "write"), right("nobody", "read"), Right { object: "layout".to_owned(), ..right("look", "read") }] {
            let refused = policy.decide(&manifest, unknown, Some(Decision::Allow), Scope::Always).unwrap_err();
            assert_eq!(refused.code, "UNKNOWN_RIGHT");
        }
        assert_eq!(shown(&policy, &manifest), [(Decision::Allow, None, None); 2]);
    }

    #[test]
    fn a_file_that_cannot_be_read_allows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("two.json");
        for broken in ["", "{", "{}", r#"[{"guest":"look"}]"#, r#"[{"guest":"a","right":"b","object":"c","decision":"maybe"}]"#] {
            std::fs::write(&file, broken).unwrap();
            assert_eq!(Policy::load(&file).unwrap_err().code, "POLICY_UNREADABLE", "{broken}");
        }
        std::fs::write(&file, " ".repeat(limits::POLICY_BYTES + 1)).unwrap();
        assert_eq!(Policy::load(&file).unwrap_err().code, "POLICY_UNREADABLE");
        assert_eq!(Policy::load(folder.path()).unwrap_err().code, "POLICY_UNREADABLE", "a folder");
    }
}
