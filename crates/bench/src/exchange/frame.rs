//! Handing over a large frame: publish and acquire, against copying it.

use super::{Row, stats::Pairs};
use anyhow::{Context, Result, ensure};
use std::hint::black_box;
use std::time::Instant;
use wasm_engine_exchange::{Region, RegionSpec};

const SIZES: [(&str, usize); 2] = [("8 MiB", 8 << 20), ("256 MiB", 256 << 20)];
const HANDOVERS: u32 = 20_000;

pub(super) fn run() -> Result<Vec<Row>> {
    SIZES.iter().map(|(name, bytes)| row(name, *bytes)).collect()
}

fn row(name: &str, bytes: usize) -> Result<Row> {
    let region = Region::create(&RegionSpec::new().buffer("frame", bytes))?;
    let id = region.buffer("frame").context("it was asked for")?;
    let (mut writer, mut reader) = (region.writer(id)?, region.reader(id)?);
    // Every page is there before the clock starts.
    for slot in 0..3 {
        writer.bytes_mut().fill(slot);
        writer.publish();
        reader.acquire();
    }
    let (from, mut to) = (vec![1_u8; bytes], vec![2_u8; bytes]);
    let pairs = Pairs::take(10, |ours| {
        let start = Instant::now();
        if ours {
            for round in 0..HANDOVERS {
                writer.bytes_mut()[0] = round as u8;
                writer.publish();
                ensure!(reader.acquire() && black_box(reader.bytes()[0]) == round as u8, "the frame was not handed over");
            }
            return Ok(start.elapsed().as_nanos() as f64 / f64::from(HANDOVERS));
        }
        black_box(&mut to).copy_from_slice(black_box(&from));
        Ok(start.elapsed().as_nanos() as f64)
    })?;
    let (ours, peer) = pairs.medians();
    Ok(Row::measured(format!("hand-over of {name} (0 bytes copied) / memcpy"), "ns", ours, peer, pairs.speedup()))
}
