//! Compiles `tauri.conf.json` and the capabilities into the program, and shows drivers what stands for a function of the C library.

/// What the panel may call, as far as `capabilities/panel.json` allows it. Whatever is not named here nobody may call.
const COMMANDS: &[&str] = &["panel_hello", "panel_took", "panel_ask", "shell_hello", "shell_ask"];

fn main() {
    let attributes = tauri_build::Attributes::new().app_manifest(tauri_build::AppManifest::new().commands(COMMANDS));
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo::error={error:#}");
        return;
    }
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        // Drivers are to find it: `crates/gpu` has textures lie in huge pages.
        println!("cargo::rustc-link-arg-bins=-Wl,--export-dynamic-symbol=posix_memalign");
    }
}
