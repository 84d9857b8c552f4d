//! Exact counts: instructions under callgrind, system calls under strace.

use super::Row;
use anyhow::{Context, Result, bail, ensure};
use std::hint::black_box;
use std::process::Command;
use wasm_engine_exchange::{GenIndex, GenTable, Region, RegionSpec, lane};

const BATCH: usize = 64;
const CAPACITY: usize = 1024;
/// Rounds of the shorter run; the longer makes twice as many.
const ROUNDS: u64 = 20_000;

/// Arms to compare: what, ours, the peer, and items per round.
const COMPARED: [(&str, &str, &str, u64); 6] = [
    ("triple buffer: publish + acquire / triple_buffer", "triple-bare", "triple-bare-peer", 1),
    ("triple buffer: write u64, publish, acquire, read / triple_buffer", "triple", "triple-peer", 1),
    ("lane: push + pop, in turns / rtrb", "lane-1", "rtrb-1", 1),
    ("lane: push + pop, 64 and 64 / rtrb", "lane-64", "rtrb-64", BATCH as u64),
    ("lane: push + pop slices of 64, per item / rtrb slices", "lane-slice", "rtrb-slice", BATCH as u64),
    ("generational index: batch / one by one", "gen-batch", "gen-scalar", BATCH as u64),
];

pub(super) fn instructions() -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (what, ours, peer, items) in COMPARED {
        let [ours, peer] = [ours, peer].map(|arm| per_round(arm, callgrind));
        rows.push(Row::counted(what, "instructions", ours? / items as f64, peer? / items as f64));
    }
    Ok(rows)
}

pub(super) fn syscalls() -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (what, arm, items) in
        [("publish + acquire", "triple", 1), ("push + pop", "lane-64", BATCH as u64), ("slices", "lane-slice", BATCH as u64)]
    {
        // Against one call for each item, which is what a pipe would take at least.
        rows.push(Row::counted(
            format!("system calls while streaming: {what} / one each"),
            "calls",
            per_round(arm, strace)? / items as f64,
            1.0,
        ));
    }
    Ok(rows)
}

fn per_round(arm: &str, measure: fn(&str, u64) -> Result<u64>) -> Result<f64> {
    let (short, long) = (measure(arm, ROUNDS)?, measure(arm, 2 * ROUNDS)?);
    Ok((long as f64 - short as f64) / ROUNDS as f64)
}

fn callgrind(arm: &str, rounds: u64) -> Result<u64> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(std::env::current_exe()?);
    let output = command.args(["exchange", "count", arm, &rounds.to_string()]).output().context("valgrind is not installed")?;
    let log = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "callgrind failed: {log}");
    let collected = log.lines().find_map(|line| line.split("Collected : ").nth(1)).context("callgrind printed no sum")?;
    Ok(collected.trim().parse()?)
}

fn strace(arm: &str, rounds: u64) -> Result<u64> {
    let log = std::env::temp_dir().join(format!("wasm-engine-bench-{}", std::process::id()));
    let mut command = Command::new("strace");
    command.arg("-f").arg("-o").arg(&log).arg(std::env::current_exe()?).args(["exchange", "count", arm, &rounds.to_string()]);
    let status = command.status().context("strace is not installed")?;
    ensure!(status.success(), "strace failed");
    let calls = std::fs::read_to_string(&log)?.lines().count();
    std::fs::remove_file(&log)?;
    Ok(calls as u64)
}

/// Runs one arm; this is what is counted.
pub(super) fn rounds(args: &[String]) -> Result<()> {
    let [arm, rounds] = args else { bail!("count ARM ROUNDS") };
    let rounds: u64 = rounds.parse()?;
    let sum = match arm.as_str() {
        "triple-bare" => triple_bare(rounds)?,
        "triple-bare-peer" => triple_bare_peer(rounds),
        "triple" => triple(rounds)?,
        "triple-peer" => triple_peer(rounds),
        "lane-1" => lane(rounds, 1),
        "rtrb-1" => rtrb(rounds, 1),
        "lane-64" => lane(rounds, BATCH as u64),
        "rtrb-64" => rtrb(rounds, BATCH as u64),
        "lane-slice" => lane_slice(rounds),
        "rtrb-slice" => rtrb_slice(rounds),
        "gen-batch" => generations(rounds, true)?,
        "gen-scalar" => generations(rounds, false)?,
        other => bail!("no arm is called {other}"),
    };
    black_box(sum);
    Ok(())
}

/// The hand-over alone; the sum is of the times that something was handed over.
#[inline(never)]
fn triple_bare(rounds: u64) -> Result<u64> {
    let region = Region::create(&RegionSpec::new().buffer("value", 8))?;
    let id = region.buffer("value").context("it was asked for")?;
    let (mut writer, mut reader) = (region.writer(id)?, region.reader(id)?);
    let mut sum = 0;
    for _ in 0..rounds {
        writer.publish();
        sum += u64::from(reader.acquire());
    }
    ensure!(sum == rounds && reader.generation() == rounds, "a generation was lost");
    Ok(sum)
}

#[inline(never)]
fn triple_bare_peer(rounds: u64) -> u64 {
    let (mut input, mut output) = triple_buffer::triple_buffer(&0_u64);
    let mut sum = 0;
    for _ in 0..rounds {
        input.publish();
        sum += u64::from(output.update());
    }
    assert_eq!(sum, rounds);
    sum
}

#[inline(never)]
fn triple(rounds: u64) -> Result<u64> {
    let region = Region::create(&RegionSpec::new().buffer("value", 8))?;
    let id = region.buffer("value").context("it was asked for")?;
    let (mut writer, mut reader) = (region.writer(id)?, region.reader(id)?);
    let mut sum = 0;
    for round in 0..rounds {
        writer.bytes_mut()[..8].copy_from_slice(&black_box(round).to_ne_bytes());
        writer.publish();
        if reader.acquire() {
            sum += u64::from_ne_bytes(reader.bytes()[..8].try_into()?);
        }
    }
    ensure!(sum == below(rounds), "content was lost");
    Ok(sum)
}

#[inline(never)]
fn triple_peer(rounds: u64) -> u64 {
    let (mut input, mut output) = triple_buffer::triple_buffer(&0_u64);
    let mut sum = 0;
    for round in 0..rounds {
        *input.input_buffer_mut() = black_box(round);
        input.publish();
        if output.update() {
            sum += *output.output_buffer();
        }
    }
    assert_eq!(sum, below(rounds));
    sum
}

#[inline(never)]
fn lane(rounds: u64, burst: u64) -> u64 {
    let (mut sender, mut receiver) = lane::channel(CAPACITY);
    let mut sum = 0_u64;
    for round in 0..rounds {
        for item in 0..burst {
            let _ = sender.push(black_box(round + item));
        }
        for _ in 0..burst {
            sum = sum.wrapping_add(receiver.pop().unwrap_or(u64::MAX));
        }
    }
    assert_eq!(sum, expected(rounds, burst));
    sum
}

#[inline(never)]
fn rtrb(rounds: u64, burst: u64) -> u64 {
    let (mut producer, mut consumer) = rtrb::RingBuffer::new(CAPACITY);
    let mut sum = 0_u64;
    for round in 0..rounds {
        for item in 0..burst {
            let _ = producer.push(black_box(round + item));
        }
        for _ in 0..burst {
            sum = sum.wrapping_add(consumer.pop().unwrap_or(u64::MAX));
        }
    }
    assert_eq!(sum, expected(rounds, burst));
    sum
}

/// Sum of what [`lane`] and [`rtrb`] push. No loop, which would be counted too.
fn expected(rounds: u64, burst: u64) -> u64 {
    below(rounds) * burst + below(burst) * rounds
}

/// Sum of all numbers below this one.
fn below(end: u64) -> u64 {
    end * end.saturating_sub(1) / 2
}

/// Aligned, as the count of a copy depends on where it begins.
#[repr(align(64))]
struct Slice([u64; BATCH]);

#[inline(never)]
fn lane_slice(rounds: u64) -> u64 {
    let (mut sender, mut receiver) = lane::channel(CAPACITY);
    let (mut from, mut to) = (Slice([0; BATCH]), Slice([0; BATCH]));
    let mut sum = 0;
    for round in 0..rounds {
        from.0[0] = round;
        sender.push_slice(black_box(&from.0));
        receiver.pop_slice(black_box(&mut to.0));
        sum += to.0[0];
    }
    assert_eq!(sum, below(rounds));
    sum
}

#[inline(never)]
fn rtrb_slice(rounds: u64) -> u64 {
    let (mut producer, mut consumer) = rtrb::RingBuffer::new(CAPACITY);
    let (mut from, mut to) = (Slice([0; BATCH]), Slice([0; BATCH]));
    let mut sum = 0;
    for round in 0..rounds {
        from.0[0] = round;
        let _ = producer.push_entire_slice(black_box(&from.0));
        let _ = consumer.pop_entire_slice(black_box(&mut to.0));
        sum += to.0[0];
    }
    assert_eq!(sum, below(rounds));
    sum
}

#[inline(never)]
fn generations(rounds: u64, batch: bool) -> Result<u64> {
    let mut table = GenTable::new(4096);
    let indices: Vec<GenIndex> = (0..4096).filter_map(|_| table.insert()).collect();
    let mut places = [0; BATCH];
    let mut sum = 0;
    for round in 0..rounds {
        let start = round as usize * BATCH % 4096;
        let asked = black_box(&indices[start..start + BATCH]);
        if batch {
            sum += table.resolve_batch(asked, black_box(&mut places)) as u64;
        } else {
            for (index, place) in asked.iter().zip(black_box(&mut places)) {
                *place = table.resolve(*index).map_or(u32::MAX, |place| place as u32);
                sum += u64::from(*place != u32::MAX);
            }
        }
    }
    ensure!(sum == rounds * BATCH as u64, "an index was not resolved");
    Ok(sum)
}
