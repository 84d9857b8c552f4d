//! Kernels that misbehave, one test each. Every one of them ends with a code, and another kernel goes on.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "common/rig.rs"]
mod rig;

use rig::{Rig, Setup, Wat};
use wasm_engine_sandbox::GrantAccess::{Read, ReadWrite};
use wasm_engine_sandbox::{Fault, Kernel, KernelError, KernelLimits, Phase, Profile, Sandbox, SandboxConfig, StartArgs, TickInput};
use wasm_engine_telemetry::{Counter, Telemetry};

const PROFILES: [Profile; 2] = [Profile::Deterministic, Profile::Interactive];

/// Runs a kernel that has to fail in its first tick, and shows that it stays ended while another kernel of the process goes on.
fn ends(setup: &Setup, wat: &Wat) -> KernelError {
    let mut healthy = Setup::default().start(&Wat::tick("(drop (memory.grow (i32.const 1)))")).unwrap();
    let mut rig = setup.start(wat).unwrap();
    let error = rig.tick().unwrap_err();
    assert_eq!((error.phase, &*error.kernel), (Phase::Tick(0), "test"));
    assert_eq!(rig.tick().unwrap_err().code(), "KERNEL_ENDED");
    healthy.tick().unwrap();
    drop(rig);
    healthy.tick().unwrap();
    error
}

fn fails_to_start(setup: &Setup, wat: &Wat) -> KernelError {
    let error = setup.start(wat).err().unwrap();
    assert_eq!(error.phase, Phase::Start);
    error
}

#[test]
fn a_trap_ends_the_kernel_and_names_the_functions() {
    for profile in PROFILES {
        let wat = Wat {
            more: r#"(func $inner unreachable) (func $_ZN5outer17h0123456789abcdefE (call $inner))"#.into(),
            tick: "(call $_ZN5outer17h0123456789abcdefE)".into(),
            ..Wat::default()
        };
        let error = ends(&Setup::default().profile(profile), &wat);
        assert_eq!(error.code(), "TRAP");
        assert!(error.to_string().starts_with("kernel `test` in tick 0: "), "{error}");
        // Inlining may leave frames out; what is there is readable.
        assert!(!error.backtrace.is_empty() && error.backtrace.iter().all(|name| !name.contains("17h")), "{:?}", error.backtrace);
        assert!(error.hint().is_some());
    }
}

#[test]
fn what_a_kernel_logged_before_it_failed_at_its_start_is_kept() {
    let wat = Wat {
        more: r#"(data (i32.const 0) "reading the map")"#.into(),
        init: "(call $log (i32.const 2) (i32.const 0) (i32.const 15)) unreachable".into(),
        ..Wat::default()
    };
    let error = fails_to_start(&Setup::default(), &wat);
    assert_eq!(error.log.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["reading the map"]);
}

#[test]
fn a_panic_message_arrives_with_the_trap() {
    let wat = Wat {
        more: r#"(data (i32.const 0) "index out of bounds")"#.into(),
        tick: "(call $log (i32.const 0) (i32.const 0) (i32.const 19)) unreachable".into(),
        ..Wat::default()
    };
    let error = ends(&Setup::default(), &wat);
    assert!(matches!(&*error.fault, Fault::Trap { message: Some(text), .. } if text == "index out of bounds"), "{error}");
}

#[test]
fn an_endless_loop_uses_up_its_fuel() {
    let error = ends(&Setup::default(), &Wat::tick("(loop $on (br $on))"));
    assert_eq!(error.code(), "FUEL_EXHAUSTED");
}

#[test]
fn an_endless_loop_meets_its_deadline() {
    let begun = std::time::Instant::now();
    let error = ends(&Setup::default().profile(Profile::Interactive), &Wat::tick("(loop $on (br $on))"));
    assert_eq!(error.code(), "DEADLINE");
    assert!(begun.elapsed() >= Setup::default().args.limits.deadline);
    assert!(error.hint().unwrap().contains("`deadline_ms`"), "{:?}", error.hint());
}

#[test]
fn an_endless_start_is_not_told_of_a_limit_that_is_not_its_own() {
    for (profile, code, limit) in [(Profile::Interactive, "DEADLINE", None), (Profile::Deterministic, "FUEL_EXHAUSTED", Some("`fuel`"))] {
        let error = fails_to_start(&Setup::default().profile(profile), &Wat::init("(loop $on (br $on))"));
        let hint = error.hint().unwrap();
        assert_eq!(error.code(), code);
        assert!(hint.contains("`init`") && !hint.contains("deadline_ms") && limit.is_none_or(|limit| hint.contains(limit)), "{hint}");
    }
}

#[test]
fn an_endless_loop_of_bulk_operations_ends_too() {
    let fill = Wat { memory: "16", ..Wat::tick("(loop $on (memory.fill (i32.const 0) (i32.const 1) (i32.const 1048576)) (br $on))") };
    assert_eq!(ends(&Setup::default(), &fill).code(), "FUEL_EXHAUSTED");
    assert_eq!(ends(&Setup::default().profile(Profile::Interactive), &fill).code(), "DEADLINE");
}

#[test]
fn an_endless_loop_in_init_ends_too() {
    let wat = Wat::init("(loop $on (br $on))");
    assert_eq!(fails_to_start(&Setup::default(), &wat).code(), "FUEL_EXHAUSTED");
    assert_eq!(fails_to_start(&Setup::default().profile(Profile::Interactive), &wat).code(), "DEADLINE");
}

#[test]
fn an_endless_recursion_without_a_loop_ends_too() {
    let wat = Wat {
        more: "(func $fib (param i32) (result i32)
            (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
              (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))"
            .into(),
        tick: "(drop (call $fib (i32.const 90)))".into(),
        ..Wat::default()
    };
    assert_eq!(ends(&Setup::default(), &wat).code(), "FUEL_EXHAUSTED");
    assert_eq!(ends(&Setup::default().profile(Profile::Interactive), &wat).code(), "DEADLINE");
}

#[test]
fn an_endless_chain_of_tail_calls_ends_too() {
    let wat = Wat { more: "(func $on (return_call $on))".into(), tick: "(call $on)".into(), ..Wat::default() };
    assert_eq!(ends(&Setup::default(), &wat).code(), "FUEL_EXHAUSTED");
    assert_eq!(ends(&Setup::default().profile(Profile::Interactive), &wat).code(), "DEADLINE");
}

#[test]
fn a_slow_shard_does_not_take_the_others_down() {
    let spin = "(if (i32.eq (i32.load offset=40 (local.get $ctx)) (i32.const 1)) (then (loop $on (br $on))))";
    let setup = Setup::default().profile(Profile::Interactive);
    let sandbox = rig::sandbox(Profile::Interactive);
    let module = rig::load(&sandbox, &Wat::tick(spin).bytes()).unwrap();
    let region = Setup::with(&[("a", 64, Read)]).region();
    let start = |shard| {
        let args = StartArgs { shard, shards: 2, ..setup.args.clone() };
        Kernel::start(&sandbox, &module, &region, &[], &args).unwrap()
    };
    let (mut good, mut bad) = (start(0), start(1));
    std::thread::scope(|scope| {
        let bad = scope.spawn(|| bad.tick(&TickInput::default()).unwrap_err().code());
        while !bad.is_finished() {
            good.tick(&TickInput::default()).unwrap();
        }
        assert_eq!(bad.join().unwrap(), "DEADLINE");
    });
    good.tick(&TickInput::default()).unwrap();
}

#[test]
fn a_memory_bomb_ends_at_the_limit() {
    let bomb = "(loop $on (drop (memory.grow (i32.const 1))) (br $on))";
    for profile in PROFILES {
        let error = ends(&Setup::default().profile(profile), &Wat::tick(bomb));
        assert!(matches!(*error.fault, Fault::MemoryLimit { asked, limit } if limit == 4 << 20 && asked == limit + 65536), "{error}");
    }
    let granted = Setup::with(&[("a", 10 << 20, ReadWrite)]);
    assert_eq!(ends(&granted, &Wat::tick(bomb)).code(), "MEMORY_LIMIT");
    assert_eq!(ends(&granted, &Wat::tick("(drop (memory.grow (i32.const 60000)))")).code(), "MEMORY_LIMIT");
}

#[test]
fn a_memory_that_begins_too_large_does_not_start() {
    assert_eq!(fails_to_start(&Setup::default(), &Wat { memory: "65536", ..Wat::default() }).code(), "MEMORY_LIMIT");
    assert_eq!(fails_to_start(&Setup::default(), &Wat { memory: "65", ..Wat::default() }).code(), "MEMORY_LIMIT");
}

#[test]
fn a_memory_without_room_for_the_windows_does_not_start() {
    let error = fails_to_start(&Setup::with(&[("a", 64, Read)]), &Wat { memory: "1 3", ..Wat::default() });
    assert!(matches!(*error.fault, Fault::NoRoom { bytes: 262_144, room: 131_072, declared: true }), "{error}");
    assert!(error.hint().unwrap().contains("declares a maximum"), "{:?}", error.hint());
    let too_large = Fault::NoRoom { bytes: 5 << 30, room: 4 << 30, declared: false };
    assert!(too_large.hint().unwrap().contains("buffers smaller"), "{:?}", too_large.hint());
}

#[test]
fn a_table_bomb_ends_at_the_limit() {
    let table = Wat {
        more: "(table $t 10 funcref)".into(),
        ..Wat::tick("(loop $on (drop (table.grow $t (ref.null func) (i32.const 1000))) (br $on))")
    };
    assert_eq!(ends(&Setup::default(), &table).code(), "TABLE_LIMIT");
    let huge = Wat { more: "(table 4000000000 funcref)".into(), ..Wat::default() };
    assert_eq!(fails_to_start(&Setup::default(), &huge).code(), "TABLE_LIMIT");
}

#[test]
fn a_data_segment_beyond_the_memory_does_not_start() {
    let bomb = Wat { more: r#"(data (i32.const 65530) "beyond the end")"#.into(), ..Wat::default() };
    assert_eq!(fails_to_start(&Setup::default(), &bomb).code(), "TRAP");
}

#[test]
fn a_huge_allocation_in_init_does_not_start() {
    for profile in PROFILES {
        let bomb = Wat::init("(drop (memory.grow (i32.const 65000)))");
        assert_eq!(fails_to_start(&Setup::default().profile(profile), &bomb).code(), "MEMORY_LIMIT");
    }
}

#[test]
fn a_stack_overflow_ends_the_kernel() {
    let wat = Wat {
        more: "(func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (i32.add (local.get 0) (i32.const 1)))))".into(),
        tick: "(drop (call $deep (i32.const 0)))".into(),
        ..Wat::default()
    };
    for profile in PROFILES {
        assert_eq!(ends(&Setup::default().profile(profile), &wat).code(), "STACK_OVERFLOW");
    }
}

/// A buffer granted for reading, with content.
fn guarded() -> Rig {
    let mut rig = Setup::with(&[("guarded", 100_000, Read), ("other", 64, ReadWrite)]).start(&Wat::default()).unwrap();
    rig.publish(0, 7);
    rig
}

/// Each way to write has to end in a window violation, and the content has to be as before.
fn violates(profile: Profile, write: &str) -> KernelError {
    let setup = Setup::with(&[("guarded", 100_000, Read), ("other", 64, ReadWrite)]).profile(profile);
    let mut rig = setup.start(&Wat { memory: "4", ..Wat::tick(write) }).unwrap();
    rig.publish(0, 7);
    let error = rig.tick().unwrap_err();
    assert_eq!(error.code(), "WINDOW_VIOLATION", "{error}");
    assert!(matches!(&*error.fault, Fault::WindowViolation { buffer, .. } if &**buffer == "guarded"), "{error}");
    assert_eq!(rig.content(0), vec![7; 100_000]);
    assert_eq!(rig.tick().unwrap_err().code(), "KERNEL_ENDED");
    drop(rig);
    let mut healthy = guarded();
    healthy.tick().unwrap();
    error
}

#[test]
fn a_store_into_a_read_only_window_ends_the_kernel_and_names_the_function() {
    for profile in PROFILES {
        let error = violates(profile, "(i32.store offset=1000 (call $read (local.get $ctx) (i32.const 0)) (i32.const -1))");
        assert!(matches!(*error.fault, Fault::WindowViolation { offset: 1000, .. }), "{error}");
        if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
            assert_eq!(error.backtrace, ["tick"]);
        }
        violates(profile, "(v128.store (call $read (local.get $ctx) (i32.const 0)) (v128.const i64x2 1 2))");
        violates(profile, "(i32.store8 (call $read (local.get $ctx) (i32.const 0)) (i32.const 1)) (loop $on (br $on))");
        violates(profile, "(i32.store8 (call $read (local.get $ctx) (i32.const 0)) (i32.const 1)) unreachable");
    }
}

#[test]
fn a_short_copy_into_a_read_only_window_which_is_compiled_inline_ends_the_kernel_and_not_the_process() {
    for len in [1, 2, 3, 7, 8, 16, 31, 64, 127, 128, 129, 256] {
        let copy = "(memory.copy (i32.add (i32.const 50000) (call $read (local.get $ctx) (i32.const 0))) (i32.const 0) (i32.const LEN))";
        violates(Profile::Deterministic, &copy.replace("LEN", &len.to_string()));
        violates(Profile::Interactive, &copy.replace("copy", "fill").replace("LEN", &len.to_string()));
    }
}

#[test]
fn a_fill_of_a_read_only_window_ends_the_kernel_and_not_the_process() {
    for profile in PROFILES {
        violates(profile, "(memory.fill (call $read (local.get $ctx) (i32.const 0)) (i32.const 1) (i32.const 100000))");
    }
}

#[test]
fn fills_scattered_over_a_large_read_only_window_do_not_use_up_the_mappings() {
    let scatter = "
        (local.set $a (call $read (local.get $ctx) (i32.const 0)))
        (local.set $b (i32.add (local.get $a) (i32.const 600000000)))
        (loop $on
          (memory.fill (local.get $a) (i32.const 1) (i32.const 1))
          (local.set $a (i32.add (local.get $a) (i32.const 8192)))
          (br_if $on (i32.lt_u (local.get $a) (local.get $b))))";
    let error = ends(&Setup::with(&[("guarded", 600_000_000, Read)]), &Wat::tick(scatter));
    assert_eq!(error.code(), "WINDOW_VIOLATION");
}

#[test]
fn a_copy_into_a_read_only_window_ends_the_kernel_and_not_the_process() {
    for profile in PROFILES {
        violates(profile, "(memory.copy (call $read (local.get $ctx) (i32.const 0)) (i32.const 0) (i32.const 100000))");
    }
}

#[test]
fn initializing_a_read_only_window_from_a_segment_ends_the_kernel_and_not_the_process() {
    let wat = Wat {
        more: format!(r#"(data $d "{}")"#, "x".repeat(5000)),
        ..Wat::tick("(memory.init $d (call $read (local.get $ctx) (i32.const 0)) (i32.const 0) (i32.const 5000))")
    };
    let error = ends(&Setup::with(&[("guarded", 100_000, Read)]), &wat);
    assert_eq!(error.code(), "WINDOW_VIOLATION");
}

#[test]
fn a_write_beyond_the_memory_ends_the_kernel() {
    for at in [0x00f0_0000_u32, 0x7fff_fff0, 0xffff_fff0] {
        for access in [
            "(i32.store (i32.const AT) (i32.const 1))",
            "(drop (i32.load offset=4000000000 (i32.const AT)))",
            "(memory.fill (i32.const AT) (i32.const 1) (i32.const 8))",
        ] {
            let error = ends(&Setup::with(&[("a", 64, ReadWrite)]), &Wat::tick(&access.replace("AT", &at.to_string())));
            assert_eq!(error.code(), "TRAP", "{error}");
        }
    }
}

#[test]
fn a_code_from_the_kernel_is_reported_with_its_message() {
    let wat = Wat {
        more: r#"(data (i32.const 0) "no buffer")"#.into(),
        tick: "(call $log (i32.const 0) (i32.const 0) (i32.const 9)) (return (i32.const -3))".into(),
        ..Wat::default()
    };
    let error = ends(&Setup::default(), &wat);
    assert!(matches!(&*error.fault, Fault::Failed { code: -3, message: Some(text) } if text == "no buffer"), "{error}");
    assert_eq!(fails_to_start(&Setup::default(), &Wat::init("(return (i32.const 5))")).code(), "KERNEL_FAILED");
}

#[test]
fn an_address_beyond_the_memory_in_a_host_call_ends_the_kernel() {
    for call in [
        "(call $log (i32.const 2) (i32.const 65530) (i32.const 1000000))",
        "(call $log (i32.const 2) (i32.const -1) (i32.const 1))",
        "(call $log (i32.const 2) (i32.const 0) (i32.const -1))",
        "(drop (call $emit (i32.const 0) (i32.const 1) (i32.const -8) (i32.const 16)))",
    ] {
        assert_eq!(ends(&Setup::default(), &Wat::tick(call)).code(), "HOST_CALL_RANGE");
    }
}

#[test]
fn a_flood_of_host_calls_ends_the_kernel() {
    let error = ends(&Setup::default(), &Wat::tick("(loop $on (call $log (i32.const 2) (i32.const 0) (i32.const 0)) (br $on))"));
    assert_eq!(error.code(), "HOST_CALL_LIMIT");
}

/// Logs a hundred lines of so many bytes.
fn hundred_lines_of(bytes: u32) -> String {
    format!(
        "(loop $on
          (call $log (i32.const 2) (i32.const 0) (i32.const {bytes}))
          (local.set $a (i32.add (local.get $a) (i32.const 1)))
          (br_if $on (i32.lt_u (local.get $a) (i32.const 100))))"
    )
}

#[test]
fn a_flood_of_lines_is_dropped_and_counted_and_the_kernel_goes_on() {
    let flood = hundred_lines_of(1000);
    let mut setup = Setup::default();
    (setup.args.limits.log_bytes_per_call, setup.args.limits.log_bytes) = (11_000, 26_700);
    let mut rig = setup.start(&Wat::tick(&flood)).unwrap();
    for (kept, dropped) in [(10, 90), (10, 90), (5, 95), (0, 100)] {
        assert_eq!(rig.tick().unwrap().log_lines_dropped, dropped);
        assert_eq!(rig.log().len(), kept);
    }
}

#[test]
fn a_flood_of_empty_lines_is_dropped_and_counted_as_well() {
    let flood = hundred_lines_of(0);
    let mut setup = Setup::default();
    (setup.args.limits.log_bytes_per_call, setup.args.limits.log_bytes) = (640, 1000);
    let mut rig = setup.start(&Wat::tick(&flood)).unwrap();
    for (kept, dropped) in [(10, 90), (5, 95), (0, 100)] {
        assert_eq!(rig.tick().unwrap().log_lines_dropped, dropped);
        assert_eq!(rig.log().len(), kept);
    }
}

#[test]
fn what_a_kernel_fails_of_is_told_even_if_the_log_has_no_room_for_it() {
    let mut setup = Setup::default();
    (setup.args.limits.log_bytes_per_call, setup.args.limits.log_line_bytes) = (1000, 8);
    let wat = Wat {
        more: r#"(data (i32.const 0) "the\07reason of it")"#.into(),
        tick: format!("{} (call $log (i32.const 0) (i32.const 0) (i32.const 16)) unreachable", hundred_lines_of(0)),
        ..Wat::default()
    };
    let fault = *ends(&setup, &wat).fault;
    assert!(matches!(&fault, Fault::Trap { message: Some(message), .. } if message == "the reas"), "{fault}");
}

#[test]
fn lines_dropped_and_events_emitted_are_counted_in_every_call_however_it_ends() {
    let telemetry = Telemetry::default();
    let sandbox = Sandbox::new(SandboxConfig { telemetry: Some(telemetry.clone()), ..SandboxConfig::default() }).unwrap();
    let setup = Setup::default();
    let limits = KernelLimits { log_bytes_per_call: 640, ..setup.args.limits };
    let args = StartArgs { limits, ..setup.args.clone() };
    let busy = format!("{} (drop (call $emit (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)))", hundred_lines_of(0));
    let counted = || [Counter::GuestLogDropped, Counter::EventsEmitted].map(|counter| telemetry.counter(counter));
    let start = |wat: Wat| {
        let bytes = Wat { more: r#"(data (i32.const 0) "x")"#.into(), ..wat }.bytes();
        Kernel::start(&sandbox, &rig::load(&sandbox, &bytes).unwrap(), &setup.region(), &[], &args)
    };
    let mut kernel = start(Wat { init: busy.clone(), shutdown: busy.clone(), ..Wat::tick(&busy) }).unwrap();
    assert_eq!(counted(), [90, 1], "in its start");
    kernel.tick(&TickInput::default()).unwrap();
    assert_eq!(counted(), [180, 2]);
    kernel.shutdown().unwrap();
    assert_eq!(counted(), [270, 3]);
    let failing = format!("{busy} unreachable");
    assert!(start(Wat::init(&failing)).is_err());
    assert_eq!(counted(), [360, 4]);
    assert!(start(Wat::tick(&failing)).unwrap().tick(&TickInput::default()).is_err());
    assert_eq!(counted(), [450, 5]);
}

#[test]
fn a_long_line_is_cut() {
    let mut setup = Setup::default();
    setup.args.limits.log_line_bytes = 100;
    let mut rig = setup.start(&Wat::tick("(call $log (i32.const 2) (i32.const 0) (i32.const 60000))")).unwrap();
    rig.tick().unwrap();
    assert_eq!(rig.log()[0].text.len(), 100);
}

#[test]
fn a_flood_of_events_is_refused_and_the_kernel_goes_on() {
    let flood = "
        (loop $on
          (local.set $b (i32.add (local.get $b) (call $emit (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1000))))
          (local.set $a (i32.add (local.get $a) (i32.const 1)))
          (br_if $on (i32.lt_u (local.get $a) (i32.const 100))))
        (if (i32.ne (local.get $b) (i32.const REFUSED)) (then unreachable))";
    let mut by_count = Setup::default();
    by_count.args.limits.events_per_call = 30;
    let flood = |refused: &str| Wat { more: r#"(data (i32.const 0) "t")"#.into(), ..Wat::tick(&flood.replace("REFUSED", refused)) };
    let mut rig = by_count.start(&flood("70")).unwrap();
    assert_eq!(rig.tick().unwrap().events, 30);
    let mut by_bytes = Setup::default();
    by_bytes.args.limits.event_bytes_per_call = 5500;
    let mut rig = by_bytes.start(&flood("95")).unwrap();
    assert_eq!(rig.tick().unwrap().events, 5);
    assert_eq!(rig.events().len(), 5);
}
