//! The two sides of the ABI together: a kernel written with the guest SDK, built for WebAssembly, in the sandbox.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "common/rig.rs"]
mod rig;

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use rig::{Rig, Setup, load, sandbox};
use wasm_engine_sandbox::GrantAccess::{Read, ReadWrite};
use wasm_engine_sandbox::{Fault, LogLevel, Profile};

/// Builds the guest once per test run, as its author would.
static SWIRL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("guests");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--target", "wasm32-unknown-unknown"])
        .current_dir("tests/guests/swirl")
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", "-C target-feature=+simd128,+bulk-memory")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status();
    assert!(built.is_ok_and(|status| status.success()), "the guest does not build; is the target wasm32-unknown-unknown installed?");
    std::fs::read(target.join("wasm32-unknown-unknown/release/swirl.wasm")).unwrap()
});

fn start(mode: f32, seed: u64) -> Rig {
    let mut setup = Setup::with(&[("points", 1600, ReadWrite), ("map", 64, Read)]);
    setup.args.params = vec![("mode".into(), mode)];
    setup.args.seed = seed;
    let mut rig = setup.start_bytes(&SWIRL).unwrap();
    for point in rig.writers[0].bytes_mut().chunks_exact_mut(16) {
        point[..4].copy_from_slice(&1.0f32.to_le_bytes());
    }
    rig.writers[0].publish();
    rig
}

#[test]
fn a_rust_kernel_turns_its_points_and_speaks() {
    let mut rig = start(0.0, 1);
    for _ in 0..10 {
        rig.tick().unwrap();
    }
    let bytes = rig.content(0);
    let number = |at: usize| f32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let angle = 10.0 * 0.6f32.atan2(0.8);
    assert!((number(0) - angle.cos()).abs() < 1e-4 && (number(4) - angle.sin()).abs() < 1e-4);
    assert_eq!(bytes[8..12], 10u32.to_le_bytes());
    let log = rig.log();
    assert_eq!((log[0].level, log[0].text.as_str()), (LogLevel::Info, "100 points in 1 shards"));
    assert_eq!(rig.events().last().map(|event| (event.topic.as_str(), event.data[0])), Some(("trail", 10)));
}

#[test]
fn chance_is_decided_by_the_seed() {
    let content = |seed| {
        let mut rig = start(0.0, seed);
        rig.tick().unwrap();
        rig.content(0)
    };
    assert_eq!(content(1), content(1));
    assert_ne!(content(1), content(2));
}

#[test]
fn a_rust_panic_is_a_trap_with_its_message() {
    let error = start(1.0, 0).tick().unwrap_err();
    let Fault::Trap { message: Some(message), .. } = &*error.fault else { panic!("{error}") };
    assert!(message.contains("index out of bounds: the len is 100 but the index is 101"), "{message}");
    assert!(message.contains("swirl/src/lib.rs") || message.contains("src/lib.rs"), "{message}");
    assert!(error.backtrace.iter().any(|name| name.contains("panic")), "{:?}", error.backtrace);
}

#[test]
fn a_rust_error_is_a_code_with_its_message() {
    let error = start(2.0, 0).tick().unwrap_err();
    assert!(matches!(&*error.fault, Fault::Failed { code: 1, message: Some(text) } if text == "told to fail"), "{error}");
    let error = start(3.0, 0).tick().unwrap_err();
    let expected = "buffer `map` is not granted for writing";
    assert!(matches!(&*error.fault, Fault::Failed { code: -5, message: Some(text) } if text == expected), "{error}");
}

#[test]
fn a_rust_allocation_beyond_the_limit_is_a_memory_limit() {
    assert_eq!(start(4.0, 0).tick().unwrap_err().code(), "MEMORY_LIMIT");
}

#[test]
fn a_kernel_is_small() {
    assert!(SWIRL.len() < 40 << 10, "{} bytes", SWIRL.len());
    assert_eq!(load(&sandbox(Profile::Interactive), &SWIRL).unwrap().info().imports.len(), 2);
}
