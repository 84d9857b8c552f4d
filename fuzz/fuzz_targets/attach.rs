//! Hostile bytes as a region: attaching and using one must never panic, nor touch memory outside of it.
//!
//! Bytes that are not a region are refused at once, so the input is a list of changes to one that is: three bytes of offset, one of value. The last of
//! them cuts the region when its offset is odd. Bytes too few for that are attached as they are.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;
use wasm_engine_exchange::{Region, RegionSpec, layout::Layout};

/// The first bytes decide everything: header, directory and control lines.
const HOT_BYTES: usize = 4096;

fuzz_target!(|data: &[u8]| {
    let mut bytes = whole().clone();
    for change in data.chunks_exact(4) {
        let [low, middle, high, value] = <[u8; 4]>::try_from(change).expect("chunks of four");
        let offset = usize::from(low) | usize::from(middle) << 8;
        // Mostly where it matters, sometimes anywhere.
        let offset = if high < 224 { offset % HOT_BYTES } else { offset * 4 % bytes.len() };
        bytes[offset] = value;
    }
    if let [.., cut, 0xff] = data {
        bytes.truncate(usize::from(*cut) * 257);
    }
    if let Ok(region) = Region::attach_bytes(&bytes) {
        use_all(&region);
    }
    let _ = Region::attach_bytes(data);
    let _ = Layout::default().read(data);
});

fn whole() -> &'static Vec<u8> {
    static WHOLE: OnceLock<Vec<u8>> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let spec = RegionSpec::new().buffer("b", 100).layout_zone().merged_lane("l", 8, 8, 2).lane("m", 40, 3);
        Region::anonymous(&spec).expect("a small region").to_bytes()
    })
}

/// Uses everything that a region offers.
fn use_all(region: &Region) {
    for buffer in region.buffers().collect::<Vec<_>>() {
        let _ = region.buffer_state(buffer.id);
        if let (Ok(mut writer), Ok(mut reader), Ok(observer)) = (region.writer(buffer.id), region.reader(buffer.id), region.observer(buffer.id)) {
            for _ in 0..4 {
                writer.bytes_mut()[0] = 1;
                writer.publish();
                reader.acquire();
                let _ = (writer.latest_slot(), writer.latest_bytes()[0], reader.bytes()[0], observer.read_into(&mut [0; 16]));
            }
            let _ = Layout::default().read(reader.bytes());
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
