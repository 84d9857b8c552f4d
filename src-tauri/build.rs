//! Compiles `tauri.conf.json` and the capabilities into the program, and shows drivers what stands for a function of the C library.

fn main() {
    tauri_build::build();
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        // Drivers are to find it: `crates/gpu` has textures lie in huge pages.
        println!("cargo::rustc-link-arg-bins=-Wl,--export-dynamic-symbol=posix_memalign");
    }
}
