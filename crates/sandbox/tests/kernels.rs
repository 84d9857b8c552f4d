//! Kernels that do what they should: windows, parameters, shards, events, shutdown.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "common/rig.rs"]
mod rig;

use rig::{Rig, Setup, Wat};
use wasm_engine_sandbox::GrantAccess::{Read, ReadWrite, Write};
use wasm_engine_sandbox::{Kernel, LogLevel, Pointer, Profile, StartArgs, TickInput};

/// Adds one to every byte of a buffer of 256.
fn increment(buffer: u32) -> String {
    format!(
        "(local.set $a (call $read (local.get $ctx) (i32.const {buffer})))
        (local.set $b (call $write (local.get $ctx) (i32.const {buffer})))
        (loop $next
          (i32.store8 (local.get $b) (i32.add (i32.const 1) (i32.load8_u (local.get $a))))
          (local.set $a (i32.add (local.get $a) (i32.const 1)))
          (local.set $b (i32.add (local.get $b) (i32.const 1)))
          (br_if $next (i32.and (local.get $b) (i32.const 0xff))))"
    )
}

#[test]
fn a_kernel_writes_where_the_compositor_reads_without_a_copy() {
    for profile in [Profile::Deterministic, Profile::Interactive] {
        let mut rig = Setup::with(&[("state", 256, ReadWrite)]).profile(profile).start(&Wat::tick(&increment(0))).unwrap();
        assert!(rig.kernel.windows_mapped());
        for tick in 1..=20 {
            assert_eq!(rig.tick().unwrap().bytes_copied, 0);
            assert_eq!(rig.content(0), vec![tick; 256]);
        }
    }
}

#[test]
fn where_windows_cannot_be_mapped_they_are_copied_and_that_is_counted() {
    let setup = Setup { mapped: false, ..Setup::with(&[("state", 256, ReadWrite)]) };
    let mut rig = setup.start(&Wat::tick(&increment(0))).unwrap();
    assert!(!rig.kernel.windows_mapped());
    for tick in 1..=20 {
        // In: what is read, and what the slot to be written holds. Out: that slot.
        assert_eq!(rig.tick().unwrap().bytes_copied, 3 * 256);
        assert_eq!(rig.content(0), vec![tick; 256]);
    }
}

/// Writes `shard + 1` to the shard's half of buffer 0.
const HALF: &str = "
    (memory.fill
      (i32.add (call $write (local.get $ctx) (i32.const 0)) (i32.mul (i32.load offset=40 (local.get $ctx)) (i32.const 128)))
      (i32.add (i32.load offset=40 (local.get $ctx)) (i32.const 1))
      (i32.const 128))";

#[test]
fn shards_write_their_parts_of_one_slot() {
    for mapped in [true, false] {
        let setup = Setup { mapped, ..Setup::with(&[("state", 256, Write)]) };
        let sandbox = rig::sandbox(Profile::Deterministic);
        let module = rig::load(&sandbox, &Wat::tick(HALF).bytes()).unwrap();
        let region = setup.region();
        let start = |shard| {
            let args = StartArgs { shard, shards: 2, ..setup.args.clone() };
            Kernel::start(&sandbox, &module, &region, &setup.grants(&region), &args).unwrap()
        };
        let mut kernels = [start(0), start(1)];
        let id = region.buffer("state").unwrap();
        let (mut writer, mut reader) = (region.writer(id).unwrap(), region.reader(id).unwrap());
        for _ in 0..4 {
            let state = wasm_engine_sandbox::SlotState {
                read_slot: writer.latest_slot(),
                write_slot: writer.write_slot(),
                generation: writer.generation(),
            };
            std::thread::scope(|scope| {
                for kernel in &mut kernels {
                    scope.spawn(move || kernel.tick(&TickInput { slots: &[state], ..TickInput::default() }).unwrap());
                }
            });
            writer.publish();
            assert!(reader.acquire());
            let (first, second) = reader.bytes().split_at(128);
            assert!(first.iter().all(|byte| *byte == 1) && second.iter().all(|byte| *byte == 2));
        }
    }
}

#[test]
fn a_kernel_reads_what_others_published() {
    let copy = "(memory.copy (call $write (local.get $ctx) (i32.const 1)) (call $read (local.get $ctx) (i32.const 0)) (i32.const 100))";
    let mut rig = Setup::with(&[("in", 100, Read), ("out", 100, Write)]).start(&Wat::tick(copy)).unwrap();
    for fill in [7, 8, 9] {
        rig.publish(0, fill);
        rig.tick().unwrap();
        assert_eq!(rig.content(1), vec![fill; 100]);
    }
}

#[test]
fn memory_that_a_kernel_grows_later_leaves_its_windows_alone() {
    let grow = "
        (drop (memory.grow (i32.const 2)))
        (i32.store8 (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1)) (i32.const 1))";
    let body = format!("{grow} {}", increment(1));
    let mut rig = Setup::with(&[("in", 300_000, Read), ("state", 256, ReadWrite)]).start(&Wat::tick(&body)).unwrap();
    for tick in 1..=20 {
        rig.tick().unwrap();
        assert_eq!(rig.content(1), vec![tick; 256]);
    }
    assert_eq!(rig.kernel.memory_bytes(), 41 * 65536);
}

/// Copies the head of the context page, then the parameters' table, into buffer 0.
const TELL: &str = "
    (memory.copy (call $write (local.get $ctx) (i32.const 0)) (local.get $ctx) (i32.const 96))
    (memory.copy (i32.add (call $write (local.get $ctx) (i32.const 0)) (i32.const 96)) (i32.load offset=60 (local.get $ctx)) (i32.const 8))
    (memory.copy (i32.add (call $write (local.get $ctx) (i32.const 0)) (i32.const 104)) (i32.load offset=64 (local.get $ctx)) (i32.const 16))";

fn told(rig: &mut Rig) -> (u64, f64, f32, f32, Vec<u8>) {
    let bytes = rig.content(0);
    let eight = |at: usize| bytes[at..at + 8].try_into().unwrap();
    let four = |at: usize| f32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    (u64::from_le_bytes(eight(8)), f64::from_le_bytes(eight(24)), four(96), four(100), bytes[104..120].to_vec())
}

#[test]
fn clock_parameters_and_names_reach_the_kernel_in_the_next_tick() {
    let mut setup = Setup::with(&[("told", 128, Write)]);
    setup.args.params = vec![("speed".into(), 1.5), ("mass".into(), 2.5)];
    let mut rig = setup.start(&Wat::tick(TELL)).unwrap();
    rig.tick().unwrap();
    assert_eq!(told(&mut rig), (0, 0.0, 1.5, 2.5, b"told\0speed\0mass\0".to_vec()));
    rig.set_param(1, -3.0);
    rig.tick().unwrap();
    assert_eq!(told(&mut rig), (1, 1.0 / 64.0, 1.5, -3.0, b"told\0speed\0mass\0".to_vec()));
    let slots = rig.slots();
    let pointer = Some(Pointer { x: 0.25, y: 0.75, buttons: 3 });
    rig.kernel.tick(&TickInput { pointer, params: &[0.0, 0.0], slots: &slots, ..TickInput::default() }).unwrap();
    rig.writers[0].publish();
    let bytes = rig.content(0);
    assert_eq!(bytes[72..84], [0.25f32.to_le_bytes(), 0.75f32.to_le_bytes(), 3u32.to_le_bytes()].concat());
}

#[test]
fn lines_and_events_come_out_in_order_and_clean() {
    let speak = Wat {
        more: r#"(data (i32.const 16) "hello\1b[31m\ffworld") (data (i32.const 64) "topic")"#.into(),
        tick: "
            (call $log (i32.const 2) (i32.const 16) (i32.const 5))
            (call $log (i32.const 0) (i32.const 16) (i32.const 16))
            (if (call $emit (i32.const 64) (i32.const 5) (i32.const 16) (i32.const 5)) (then unreachable))
            (if (i32.eqz (call $emit (i32.const 20) (i32.const 9) (i32.const 16) (i32.const 5))) (then unreachable))"
            .into(),
        ..Wat::default()
    };
    let mut rig = Setup::default().start(&speak).unwrap();
    assert_eq!(rig.tick().unwrap().events, 1);
    let log = rig.log();
    assert_eq!((log[0].level, log[0].text.as_str()), (LogLevel::Info, "hello"));
    assert_eq!((log[1].level, log[1].text.as_str()), (LogLevel::Error, "hello [31m\u{fffd}world"));
    let events = rig.events();
    assert_eq!((events.len(), events[0].topic.as_str(), events[0].data.as_slice()), (1, "topic", b"hello".as_slice()));
    assert!(rig.log().is_empty() && rig.events().is_empty());
}

#[test]
fn a_topic_that_cannot_be_or_is_the_engines_own_is_refused() {
    let refused = |address: u32, len: u32| {
        format!(
            "(if (i32.ne (call $emit (i32.const {address}) (i32.const {len}) (i32.const 16) (i32.const 4)) (i32.const 1)) (then unreachable))"
        )
    };
    let speak = Wat {
        more: r#"(data (i32.const 16) "engine:stats") (data (i32.const 64) "two\0alines") (data (i32.const 80) "engines")"#.into(),
        tick: [
            refused(16, 12),
            refused(16, 7),
            refused(16, 0),
            refused(64, 9),
            "(if (call $emit (i32.const 80) (i32.const 7) (i32.const 16) (i32.const 4)) (then unreachable))".to_owned(),
        ]
        .concat(),
        ..Wat::default()
    };
    let mut rig = Setup::default().start(&speak).unwrap();
    assert_eq!(rig.tick().unwrap().events, 1);
    assert_eq!(rig.events()[0].topic, "engines");
}

#[test]
fn after_its_shutdown_a_kernel_does_not_tick() {
    let mut rig = Setup::default().start(&Wat::default()).unwrap();
    rig.tick().unwrap();
    rig.kernel.shutdown().unwrap();
    assert_eq!(rig.tick().unwrap_err().code(), "KERNEL_ENDED");
    assert_eq!(rig.kernel.shutdown().unwrap_err().code(), "KERNEL_ENDED");
}

#[test]
fn what_does_not_fit_together_is_refused_at_the_start_or_in_the_tick() {
    let setup = Setup::with(&[("a", 64, ReadWrite)]);
    let start = |change: &dyn Fn(&mut StartArgs)| {
        let mut setup = setup.clone();
        change(&mut setup.args);
        setup.start(&Wat::default()).map(drop).map_err(|error| error.code())
    };
    assert_eq!(start(&|args| args.shards = 0), Err("GRANT_INVALID"));
    assert_eq!(start(&|args| args.shard = 1), Err("GRANT_INVALID"));
    assert_eq!(start(&|args| args.params = vec![("a\0b".into(), 0.0)]), Err("GRANT_INVALID"));
    assert_eq!(start(&|_| ()), Ok(()));

    let bad_ticks: [&dyn Fn(&mut TickInput<'_>); 3] = [&|input| input.slots = &[], &|input| input.params = &[1.0], &|input| {
        input.slots = &[wasm_engine_sandbox::SlotState { read_slot: 3, write_slot: 0, generation: 0 }]
    }];
    for bad in bad_ticks {
        let mut rig = setup.start(&Wat::default()).unwrap();
        let slots = rig.slots();
        let mut input = TickInput { slots: &slots, ..TickInput::default() };
        bad(&mut input);
        assert_eq!(rig.kernel.tick(&input).unwrap_err().code(), "GRANT_INVALID");
    }
}

#[test]
fn a_buffer_of_another_region_or_granted_twice_is_refused() {
    let setup = Setup::with(&[("a", 64, Read)]);
    let other = Setup::with(&[("b", 64, Read), ("a", 128, Read)]).region();
    let region = setup.region();
    let sandbox = rig::sandbox(Profile::Deterministic);
    let module = rig::load(&sandbox, &Wat::default().bytes()).unwrap();
    let foreign = setup.grants(&other);
    let twice = [setup.grants(&region), setup.grants(&region)].concat();
    for grants in [foreign, twice] {
        let error = Kernel::start(&sandbox, &module, &region, &grants, &setup.args).unwrap_err();
        assert_eq!(error.code(), "GRANT_INVALID");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_windows_are_unmapped_when_the_kernel_goes() {
    let windows = |region: &wasm_engine_exchange::Region| {
        use std::os::fd::AsFd;
        let inode = rustix::fs::fstat(region.as_fd().unwrap().as_fd()).unwrap().st_ino;
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().filter(|line| line.split_whitespace().nth(4) == Some(&inode.to_string())).count()
    };
    let setup = Setup::with(&[("a", 64, ReadWrite), ("b", 64, Read)]);
    let mut rig = setup.start(&Wat::tick(&increment(0))).unwrap();
    rig.tick().unwrap();
    let region = rig.region.clone();
    assert_eq!(windows(&region), 3);
    let Rig { kernel, mut readers, .. } = rig;
    drop(kernel);
    assert_eq!(windows(&region), 1);
    readers[0].acquire();
    assert_eq!(readers[0].bytes()[0], 1);
}
