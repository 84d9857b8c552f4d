//! Regions: what they hold, who may claim what, and how buffers behave.
#![cfg(not(wasm_engine_loom))]

use proptest::prelude::*;
use std::{thread, time::Duration};
use wasm_engine_exchange::{Region, RegionSpec, limits::SLOT_ALIGN};

fn spec() -> RegionSpec {
    RegionSpec::new().buffer("boids", 1000).layout_zone().buffer("large", SLOT_ALIGN + 1).lane("input", 24, 100)
}

/// Every kind of region that this system has.
fn regions() -> Vec<Region> {
    vec![Region::anonymous(&spec()).expect("a small region"), Region::create(&spec()).expect("a small region")]
}

#[test]
fn the_directory_says_what_was_asked() {
    for region in regions() {
        let names: Vec<_> = region.buffers().map(|buffer| buffer.name.to_string()).collect();
        assert_eq!(names, ["boids", "layout", "large"]);
        for buffer in region.buffers() {
            assert!(buffer.offset.is_multiple_of(SLOT_ALIGN) && buffer.stride.is_multiple_of(SLOT_ALIGN));
            assert!(buffer.stride >= buffer.bytes && buffer.slot_offset(3) <= region.len());
            assert_eq!(region.buffer(&buffer.name), Some(buffer.id));
        }
        assert!(region.base_ptr().addr().is_multiple_of(SLOT_ALIGN));
        let lane = region.lanes().next().expect("one lane");
        assert_eq!((&*lane.name, lane.item_bytes, lane.capacity, lane.producers), ("input", 24, 100, 1));
        assert_eq!(region.buffer("input"), None);
        assert_eq!(region.layout_zone(), region.buffer("layout"));
    }
}

#[test]
fn impossible_specifications_are_refused() {
    let code = |spec: RegionSpec| Region::anonymous(&spec).expect_err("impossible").code();
    assert_eq!(code(RegionSpec::new().buffer("", 1)), "REGION_NAME");
    assert_eq!(code(RegionSpec::new().buffer(&"x".repeat(56), 1)), "REGION_NAME");
    assert_eq!(code(RegionSpec::new().buffer("a\0b", 1)), "REGION_NAME");
    assert_eq!(code(RegionSpec::new().buffer("a", 1).buffer("a", 1)), "REGION_DUPLICATE");
    assert_eq!(code(RegionSpec::new().buffer("a", 0)), "REGION_SIZE");
    assert_eq!(code(RegionSpec::new().buffer("a", usize::MAX)), "REGION_SIZE");
    assert_eq!(code(RegionSpec::new().lane("a", 8, usize::MAX)), "REGION_SIZE");
    assert_eq!(code(RegionSpec::new().merged_lane("a", 8, 8, 65)), "REGION_SIZE");
    let many = (0..2000).fold(RegionSpec::new(), |spec, index| spec.buffer(&index.to_string(), 1));
    assert_eq!(code(many), "REGION_TOO_LARGE");
    assert!(Region::anonymous(&RegionSpec::new().buffer(&"x".repeat(55), 1).lane(&"x".repeat(55), 1, 1)).is_ok());
}

#[test]
fn content_goes_from_the_writer_to_the_reader() {
    for region in regions() {
        let id = region.buffer("boids").expect("in the specification");
        let (mut writer, mut reader) = (region.writer(id).expect("free"), region.reader(id).expect("free"));
        let observer = region.observer(id).expect("any number");
        assert_eq!(writer.bytes_mut().len(), 1000);
        assert!(!reader.acquire() && !reader.has_fresh());
        assert_eq!((reader.generation(), writer.generation()), (0, 0));
        assert_eq!(observer.read_into(&mut [0]).expect_err("nothing yet").code(), "NOTHING_PUBLISHED");
        for round in 1..=20_u64 {
            writer.bytes_mut().fill(round as u8);
            let slot = writer.write_slot();
            assert_eq!(writer.publish(), round);
            assert_eq!(writer.latest_slot(), slot);
            assert_ne!(writer.write_slot(), slot);
            assert_eq!(writer.latest_bytes()[999], round as u8);
            let mut seen = [0; 1000];
            assert_eq!(observer.read_into(&mut seen), Ok(round));
            assert_eq!(seen, [round as u8; 1000]);
            if round % 3 != 0 {
                assert!(reader.has_fresh() && reader.acquire());
                assert_eq!((reader.generation(), reader.front_slot()), (round, slot));
                assert_eq!(reader.bytes(), [round as u8; 1000]);
                assert!(!reader.acquire());
            }
        }
    }
}

#[test]
fn sides_are_exclusive_and_come_free() {
    for region in regions() {
        let id = region.buffer("boids").expect("in the specification");
        let (mut writer, reader) = (region.writer(id).expect("free"), region.reader(id).expect("free"));
        assert_eq!(region.writer(id).expect_err("taken").code(), "CLAIM_TAKEN");
        assert_eq!(region.clone().reader(id).expect_err("taken").code(), "CLAIM_TAKEN");
        writer.bytes_mut().fill(9);
        writer.publish();
        drop((writer, reader));
        let mut reader = region.reader(id).expect("given back");
        assert!(reader.acquire());
        assert_eq!((reader.generation(), reader.bytes()[0]), (1, 9));
        drop(reader);
        // A second reader starts with the newest content, though the first has taken it already.
        let mut reader = region.reader(id).expect("given back");
        assert!(reader.has_fresh() && reader.acquire());
        assert_eq!((reader.generation(), reader.bytes()[0]), (1, 9));
        assert_eq!(region.writer(id).expect("given back").publish(), 2);
    }
}

#[test]
fn two_engines_cannot_own_one_region() {
    for region in regions() {
        let owner = region.own().expect("free");
        let error = region.own().expect_err("in use");
        assert_eq!(error.code(), "REGION_IN_USE");
        assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
        drop(owner);
        region.own().expect("given back");
    }
}

#[test]
fn a_reader_sleeps_until_something_is_published() {
    for region in regions() {
        let id = region.buffer("boids").expect("in the specification");
        let (mut writer, mut reader) = (region.writer(id).expect("free"), region.reader(id).expect("free"));
        assert!(!reader.wait(Some(Duration::from_millis(1))));
        let rounds = if cfg!(miri) { 5 } else { 500 };
        let (to_writer, from_reader) = std::sync::mpsc::sync_channel(1);
        let thread = thread::spawn(move || {
            for round in 1..=rounds {
                writer.bytes_mut().fill(round as u8);
                writer.publish();
                from_reader.recv().expect("the reader lives");
            }
        });
        for round in 1..=rounds {
            assert!(reader.wait(None));
            assert_eq!((reader.generation(), reader.bytes()[500]), (round, round as u8));
            to_writer.send(()).expect("the writer lives");
        }
        thread.join().expect("the writer ends");
    }
}

#[test]
fn a_busy_writer_and_reader_never_tear() {
    for region in regions() {
        let id = region.buffer("boids").expect("in the specification");
        let (mut writer, mut reader) = (region.writer(id).expect("free"), region.reader(id).expect("free"));
        let rounds = if cfg!(miri) { 30 } else { 50_000_u64 };
        let thread = thread::spawn(move || {
            for round in 1..=rounds {
                writer.bytes_mut().fill(round as u8);
                writer.publish();
            }
        });
        let mut last = 0;
        while last < rounds {
            if reader.acquire() {
                assert!(reader.generation() > last);
                last = reader.generation();
                assert!(reader.bytes().iter().all(|byte| *byte == last as u8));
            } else {
                thread::yield_now();
            }
        }
        thread.join().expect("the writer ends");
    }
}

#[cfg(all(target_os = "linux", not(miri)))]
mod shared {
    use super::*;
    use std::os::fd::OwnedFd;
    use wasm_engine_exchange::Access;

    fn fd(region: &Region) -> OwnedFd {
        region.as_fd().expect("shared").try_clone_to_owned().expect("descriptors are left")
    }

    #[test]
    fn an_attached_region_is_the_same_memory() {
        let region = Region::create(&spec()).expect("a small region");
        let id = region.buffer("large").expect("in the specification");
        let other = Region::attach(fd(&region), Access::ReadWrite).expect("it is a region");
        assert_eq!(other.buffers().collect::<Vec<_>>(), region.buffers().collect::<Vec<_>>());
        let mut writer = region.writer(id).expect("free");
        assert_eq!(other.writer(id).expect_err("taken over there").code(), "CLAIM_TAKEN");
        let _owner = region.own().expect("free");
        assert_eq!(other.own().expect_err("in use over there").code(), "REGION_IN_USE");
        let mut reader = other.reader(id).expect("free");
        writer.bytes_mut().fill(7);
        writer.publish();
        assert!(reader.acquire());
        assert_eq!(reader.bytes(), vec![7; SLOT_ALIGN + 1]);
        let (mut sender, mut receiver) =
            (other.lane_sender::<[u64; 3]>("input").expect("free"), region.lane_receiver::<[u64; 3]>("input").expect("free"));
        sender.push([1, 2, 3]).expect("room");
        assert_eq!(receiver.pop(), Some([1, 2, 3]));
    }

    #[test]
    fn a_read_only_region_can_only_be_looked_at() {
        let region = Region::create(&spec()).expect("a small region");
        let id = region.buffer("boids").expect("in the specification");
        let looker = Region::attach(fd(&region), Access::ReadOnly).expect("it is a region");
        assert_eq!(looker.writer(id).expect_err("read-only").code(), "REGION_READ_ONLY");
        assert_eq!(looker.lane_sender::<[u64; 3]>("input").expect_err("read-only").code(), "REGION_READ_ONLY");
        assert_eq!(looker.own().expect_err("read-only").code(), "REGION_READ_ONLY");
        let mut writer = region.writer(id).expect("free");
        writer.bytes_mut().fill(5);
        writer.publish();
        let mut seen = vec![0; 1000];
        assert_eq!(looker.observer(id).expect("any number").read_into(&mut seen), Ok(1));
        assert_eq!(seen, [5; 1000]);
        let state = looker.buffer_state(id).expect("there");
        assert_eq!((state.generation, state.fresh, state.writer, state.reader), (1, true, std::process::id(), 0));
        assert_eq!(looker.lane_state("input").expect("there").depth, 0);
    }

    #[test]
    fn what_is_no_region_is_refused() {
        let code = |fd: OwnedFd, access| Region::attach(fd, access).expect_err("no region").code();
        let null = || OwnedFd::from(std::fs::File::open("/dev/null").expect("every system has it"));
        assert_eq!(code(null(), Access::ReadOnly), "NOT_A_REGION");
        let unsealed = rustix::fs::memfd_create(c"test", rustix::fs::MemfdFlags::ALLOW_SEALING).expect("memfd");
        rustix::fs::ftruncate(&unsealed, 1 << 16).expect("room");
        assert_eq!(code(unsealed.try_clone().expect("descriptors are left"), Access::ReadOnly), "REGION_NOT_SEALED");
        rustix::fs::fcntl_add_seals(&unsealed, rustix::fs::SealFlags::SHRINK).expect("sealing was allowed");
        assert_eq!(code(unsealed, Access::ReadWrite), "NOT_A_REGION");
        let region = Region::create(&spec()).expect("a small region");
        let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&region.as_fd().expect("shared")));
        let read_only = std::fs::File::open(path).expect("our own descriptor");
        assert_eq!(code(read_only.into(), Access::ReadWrite), "REGION_READ_ONLY");
    }
}

/// The bytes of a region as it was just made.
fn fresh_bytes() -> Vec<u8> {
    Region::anonymous(&RegionSpec::new().buffer("b", 100).merged_lane("l", 8, 8, 2).lane("m", 40, 3)).expect("a small region").to_bytes()
}

/// Uses everything that a region offers; nothing may panic, whatever its bytes are.
fn use_all(region: &Region) {
    for buffer in region.buffers().collect::<Vec<_>>() {
        let _ = region.buffer_state(buffer.id);
        if let (Ok(mut writer), Ok(mut reader), Ok(observer)) =
            (region.writer(buffer.id), region.reader(buffer.id), region.observer(buffer.id))
        {
            for _ in 0..4 {
                writer.bytes_mut()[0] = 1;
                writer.publish();
                let _ =
                    (writer.latest_slot(), writer.latest_bytes()[0], reader.acquire(), reader.bytes()[0], observer.read_into(&mut [0; 16]));
            }
        }
    }
    for lane in region.lanes().collect::<Vec<_>>() {
        let _ = region.lane_state(&lane.name);
        if let (Ok(mut sender), Ok(mut receiver)) = (region.lane_sender::<u64>(&lane.name), region.merged_receiver::<u64>(&lane.name)) {
            for _ in 0..20 {
                let _ = (sender.push(1), sender.push_slice(&[1; 9]), receiver.pop(), receiver.pop_slice(&mut [0; 5]));
            }
        }
    }
    let _ = region.own();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 2000 }, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any order of publishing, acquiring and changing hands: the reader always gets what was published last, once.
    #[test]
    fn a_buffer_keeps_the_newest(steps in prop::collection::vec(0_u8..8, 0..if cfg!(miri) { 20 } else { 200 })) {
        let region = Region::anonymous(&RegionSpec::new().buffer("b", 8)).expect("a small region");
        let id = region.buffer("b").expect("in the specification");
        let (mut writer, mut reader) = (region.writer(id).expect("free"), region.reader(id).expect("free"));
        let observer = region.observer(id).expect("any number");
        let (mut published, mut seen) = (0_u64, 0);
        for step in steps {
            match step {
                0..3 => {
                    published += 1;
                    writer.bytes_mut().copy_from_slice(&published.to_le_bytes());
                    prop_assert_eq!(writer.publish(), published);
                    prop_assert_eq!(writer.latest_bytes(), published.to_le_bytes());
                }
                3..6 => {
                    prop_assert_eq!(reader.has_fresh(), published != seen);
                    prop_assert_eq!(reader.acquire(), published != seen);
                    seen = published;
                }
                6 => {
                    drop(writer);
                    writer = region.writer(id).expect("just dropped");
                }
                _ => {
                    drop(reader);
                    reader = region.reader(id).expect("just dropped");
                    seen = 0;
                }
            }
            prop_assert_eq!(reader.generation(), seen);
            prop_assert!(seen == 0 || reader.bytes() == seen.to_le_bytes());
            let slots = region.buffer_state(id).expect("there").slots;
            prop_assert_eq!(slots[0] + slots[1] + slots[2], 3);
            prop_assert!(writer.write_slot() != reader.front_slot());
            let mut copy = [0; 8];
            prop_assert_eq!(observer.read_into(&mut copy).unwrap_or(0), published);
            prop_assert_eq!(u64::from_le_bytes(copy), published);
        }
    }

    /// Changes a few of the bytes that matter: header, directory, control lines.
    #[test]
    fn hostile_bytes_never_panic(changes in prop::collection::vec((0_usize..4096, any::<u8>()), 1..6), cut in prop::option::weighted(0.1, 0_usize..70_000)) {
        thread_local! { static BYTES: Vec<u8> = fresh_bytes(); }
        let mut bytes = BYTES.with(Clone::clone);
        for (offset, value) in changes {
            bytes[offset] = value;
        }
        bytes.truncate(cut.unwrap_or(usize::MAX));
        if let Ok(region) = Region::attach_bytes(&bytes) {
            use_all(&region);
        }
    }
}

#[test]
fn a_whole_region_is_accepted() {
    let region = Region::attach_bytes(&fresh_bytes()).expect("nothing was changed");
    use_all(&region);
    assert_eq!(region.lanes().map(|lane| lane.producers).collect::<Vec<_>>(), [2, 1]);
}
