//! The same inputs give the same bits and burn the same fuel, whatever ran before and on whichever thread.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "common/rig.rs"]
mod rig;

use rig::{Setup, Wat};
use wasm_engine_sandbox::GrantAccess::ReadWrite;
use wasm_engine_sandbox::{Nans, Origin, Sandbox, SandboxConfig};

/// Steps 64 values of buffer 0 with operations whose results could differ between processors if nobody took care: divisions by
/// zero, roots of negative numbers, sums of infinities, NaNs with payloads.
const STEP: &str = "
    (local.set $a (call $read (local.get $ctx) (i32.const 0)))
    (local.set $b (call $write (local.get $ctx) (i32.const 0)))
    (loop $next
      (v128.store (local.get $b)
        (f32x4.sqrt (f32x4.sub
          (f32x4.div (v128.load (local.get $a)) (f32x4.splat (f32.demote_f64 (f64.load offset=24 (local.get $ctx)))))
          (f32x4.mul (v128.load (local.get $a)) (f32x4.splat (f32.const 1e38))))))
      (f32.store offset=12 (local.get $b) (f32.add (f32.load offset=12 (local.get $a)) (f32.const nan:0x200001)))
      (local.set $a (i32.add (local.get $a) (i32.const 16)))
      (local.set $b (i32.add (local.get $b) (i32.const 16)))
      (br_if $next (i32.and (local.get $b) (i32.const 0xff))))";

fn run() -> (Vec<Vec<u8>>, Vec<u64>) {
    let mut rig = Setup::with(&[("state", 256, ReadWrite)]).start(&Wat::tick(STEP)).unwrap();
    for (index, value) in rig.writers[0].bytes_mut().chunks_exact_mut(4).enumerate() {
        value.copy_from_slice(&(index as f32 - 31.5).to_le_bytes());
    }
    rig.writers[0].publish();
    let ticks = (0..50).map(|_| {
        let fuel = rig.tick().unwrap().fuel_used.unwrap();
        (rig.content(0), fuel)
    });
    ticks.unzip()
}

#[test]
fn two_runs_are_bit_identical_and_burn_the_same_fuel() {
    let first = run();
    let second = std::thread::spawn(run).join().unwrap();
    assert!(first == second);
    assert!(first.1.iter().all(|fuel| *fuel == first.1[0] && *fuel > 0));
}

#[test]
fn a_nan_has_one_form() {
    let (contents, _) = run();
    let floats = contents.last().unwrap().chunks_exact(4).map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap()));
    let nans: Vec<u32> = floats.filter(|bits| f32::from_bits(*bits).is_nan()).collect();
    assert!(!nans.is_empty() && nans.iter().all(|bits| *bits == 0x7fc0_0000), "{nans:x?}");
}

#[test]
fn a_fuel_limit_falls_on_the_same_instruction() {
    let count = "
        (local.set $b (call $write (local.get $ctx) (i32.const 0)))
        (loop $on
          (i32.store (local.get $b) (i32.add (i32.load (local.get $b)) (i32.const 1)))
          (br $on))";
    let run = |fuel| {
        let mut setup = Setup::with(&[("state", 4, ReadWrite)]);
        setup.args.limits.fuel = fuel;
        let mut rig = setup.start(&Wat::tick(count)).unwrap();
        let error = rig.tick().unwrap_err();
        assert_eq!(error.code(), "FUEL_EXHAUSTED");
        rig.writers[0].publish();
        rig.content(0)
    };
    assert_eq!(run(123_456), run(123_456));
    assert_ne!(run(123_456), run(223_456));
}

#[test]
fn nans_as_computed_are_compiled_apart_from_canonical_ones() {
    let folder = tempfile::tempdir().unwrap();
    let origin = |nans| {
        let cache_dir = Some(folder.path().to_owned());
        let sandbox = Sandbox::new(SandboxConfig { nans, cache_dir, ..SandboxConfig::default() }).unwrap();
        rig::load(&sandbox, &Wat::default().bytes()).unwrap().origin()
    };
    assert_eq!(origin(Nans::Canonical), Origin::Compiled);
    assert_eq!(origin(Nans::AsComputed), Origin::Compiled);
    assert_eq!(origin(Nans::Canonical), Origin::Cached);
    assert_eq!(origin(Nans::AsComputed), Origin::Cached);
}
