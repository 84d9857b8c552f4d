//! `window.engine` in an ordinary browser: the page is opened with the token in the fragment of its address. Runs where a Chromium
//! is installed; the page's own browser is put to the same test by `script.rs`.

#[path = "scenario/play.rs"]
mod play;

use std::process::{Child, Command, Stdio};

use play::Scenario;

/// The browser, ended with the test.
struct Browser {
    process: Child,
    _profile: tempfile::TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn open(url: &str, scale: f32) -> Option<Browser> {
    let profile = tempfile::TempDir::new().ok()?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    names
        .iter()
        .find_map(|name| {
            Command::new(name)
                .args([
                    "--headless=new",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--no-first-run",
                    "--disable-dev-shm-usage",
                    "--window-size=900,700",
                ])
                .arg(format!("--force-device-scale-factor={scale}"))
                .arg(format!("--user-data-dir={}", profile.path().display()))
                .arg(url)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .ok()
        })
        .map(|process| Browser { process, _profile: profile })
}

#[test]
fn the_script_keeps_its_promises_in_a_browser() {
    for scale in [1.0, 1.5] {
        let mut scenario = Scenario::start();
        let Some(_browser) = open(&scenario.server.browser_url(), scale) else {
            eprintln!("no Chromium is installed: the script is not tested in a browser");
            return;
        };
        scenario.play(scale);
    }
}
