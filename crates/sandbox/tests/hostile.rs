//! Whatever the bytes are: loading never panics, and what loads runs within its limits.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "common/rig.rs"]
mod rig;

use std::sync::LazyLock;

use proptest::prelude::*;
use rig::{Setup, Wat, load, sandbox};
use wasm_engine_sandbox::GrantAccess::{Read, ReadWrite};
use wasm_engine_sandbox::{Kernel, KernelLimits, Profile, Sandbox, TickInput};

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| sandbox(Profile::Deterministic));

/// A kernel with something of everything, for mutations to break.
static VALID: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let wat = Wat {
        more: r#"
            (table 2 funcref) (elem (i32.const 0) $deep $read) (global $g (mut i32) (i32.const 7))
            (data $d "some bytes that are copied somewhere") (type $f (func (param i32 i32) (result i32)))
            (func $deep (param i32 i32) (result i32)
              (if (result i32) (i32.eqz (local.get 0)) (then (local.get 1))
                (else (call $deep (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (global.get $g))))))"#
            .into(),
        memory: "2 100",
        init: "(memory.init $d (i32.const 100) (i32.const 0) (i32.const 30)) (call $log (i32.const 2) (i32.const 100) (i32.const 30))"
            .into(),
        tick: "
            (local.set $a (call $read (local.get $ctx) (i32.const 0)))
            (local.set $b (call $write (local.get $ctx) (i32.const 1)))
            (global.set $g (call_indirect (type $f) (i32.const 10) (i32.const 3) (i32.const 0)))
            (loop $on
              (v128.store (local.get $b) (f32x4.add (v128.load (local.get $a)) (f32x4.splat (f32.const 1.5))))
              (local.set $a (i32.add (local.get $a) (i32.const 16)))
              (local.set $b (i32.add (local.get $b) (i32.const 16)))
              (br_if $on (i32.and (local.get $b) (i32.const 0xff))))
            (memory.copy (i32.const 200) (i32.const 100) (i32.const 20))
            (memory.fill (local.get $b) (i32.const 3) (i32.const 64))
            (drop (call $emit (i32.const 100) (i32.const 4) (i32.const 100) (i32.const 20)))
            (drop (memory.grow (i32.const 1)))"
            .into(),
        ..Wat::default()
    };
    wat.bytes()
});

/// Loads and, if that works, starts and ticks. Fuel bounds the time.
fn run(bytes: &[u8]) {
    let Ok(module) = load(&SANDBOX, bytes) else { return };
    let mut setup = Setup::with(&[("in", 256, Read), ("out", 512, ReadWrite)]);
    setup.args.limits = KernelLimits { memory_bytes: 8 << 20, fuel: 2_000_000, host_calls: 1000, ..KernelLimits::default() };
    let region = setup.region();
    let Ok(mut kernel) = Kernel::start(&SANDBOX, &module, &region, &setup.grants(&region), &setup.args) else { return };
    let state = wasm_engine_sandbox::SlotState { read_slot: 1, write_slot: 0, generation: 0 };
    for tick in 0..3 {
        let result = kernel.tick(&TickInput { tick, slots: &[state, state], ..TickInput::default() });
        assert!(kernel.memory_bytes() <= 8 << 20);
        match result {
            Ok(output) => assert!(output.fuel_used.unwrap() <= 2_000_000),
            Err(error) => {
                assert!(!error.code().is_empty());
                return;
            }
        }
    }
    let _ = kernel.shutdown();
}

#[test]
fn the_valid_module_runs() {
    let module = load(&SANDBOX, &VALID).unwrap();
    assert_eq!((module.info().memory_pages, module.info().memory_max_pages), (2, Some(100)));
    let mut rig = Setup::with(&[("in", 256, Read), ("out", 512, ReadWrite)]).start_bytes(&VALID).unwrap();
    assert_eq!(rig.tick().unwrap().events, 1);
    assert_eq!(rig.content(1)[..4], 1.5f32.to_le_bytes());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(load(&SANDBOX, &bytes).is_err());
    }

    #[test]
    fn random_sections_never_panic(sections in proptest::collection::vec((0u8..15, proptest::collection::vec(any::<u8>(), 0..60)), 0..12)) {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        for (id, content) in sections {
            bytes.extend([id, content.len() as u8]);
            bytes.extend(content);
        }
        run(&bytes);
    }

    #[test]
    fn changed_bytes_of_a_valid_module_run_within_their_limits(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut bytes = VALID.clone();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        run(&bytes);
    }

    #[test]
    fn parts_moved_within_a_valid_module_run_within_their_limits(from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), len in 1usize..40) {
        let mut bytes = VALID.clone();
        let from = from.index(bytes.len());
        let part = bytes[from..bytes.len().min(from + len)].to_vec();
        let to = to.index(bytes.len() + 1);
        bytes.splice(to..to, part);
        run(&bytes);
    }
}
