//! Tails: round trips at a fixed rate between two threads while a busy loop runs on every core, and the cost of waiting for nothing.

use super::{Row, cores, pin, stats};
use anyhow::{Context, Result, ensure};
use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use wasm_engine_exchange::lane;

/// How long each arm is run at a time, and how often.
const TURN: Duration = Duration::from_secs(4);
const TURNS: usize = 3;
const CAPACITY: usize = 64;
/// Distance between two items. Each round trip is counted from when its item was due, so that the items behind a stall count it as well: a loop
/// that only sends when the last answer is there would see each stall once, among thousands of quick trips made while it had the core.
const PERIOD: Duration = Duration::from_micros(500);
const IDLE: Duration = Duration::from_secs(2);

pub(super) fn run() -> Result<Vec<Row>> {
    let stop = AtomicBool::new(false);
    let (mut ours, mut peer) = (Vec::new(), Vec::new());
    thread::scope(|scope| -> Result<()> {
        for core in 0..cores().len() {
            let stop = &stop;
            scope.spawn(move || {
                let _ = pin(core);
                while !stop.load(Ordering::Relaxed) {
                    black_box(core);
                }
            });
        }
        let measured = (0..TURNS).try_for_each(|_| {
            ours.extend(waiting()?);
            peer.extend(spinning()?);
            anyhow::Ok(())
        });
        stop.store(true, Ordering::Relaxed);
        measured
    })?;
    let mut rows = Vec::new();
    for (name, part) in [("median", 0.5), ("p99", 0.99)] {
        let [ours, peer] = [&ours, &peer].map(|samples| stats::quantile(samples, part) / 1e3);
        let what = format!("round trip with a busy loop on every core, {name}: lane / rtrb spinning");
        rows.push(Row { what, ours, peer, unit: "µs", ratio: peer / ours, bounds: None });
    }
    rows.push(idle()?);
    Ok(rows)
}

/// Processor time of this process while one thread waits for an item that does not come.
fn idle() -> Result<Row> {
    let (mut sender, mut receiver) = lane::channel::<u64>(CAPACITY);
    let waiting = thread::spawn(move || receiver.recv());
    thread::sleep(Duration::from_millis(100));
    let before = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    thread::sleep(IDLE);
    let after = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    sender.send(1);
    ensure!(waiting.join().ok().context("the waiting thread panicked")? == 1, "the wrong item came");
    let used = (after.tv_sec - before.tv_sec) as f64 * 1e6 + (after.tv_nsec - before.tv_nsec) as f64 / 1e3;
    Ok(Row::counted("processor time of two threads that wait, in two seconds / one core", "µs", used, IDLE.as_micros() as f64))
}

fn waiting() -> Result<Vec<f64>> {
    let (mut there, mut other_in) = lane::channel::<u64>(CAPACITY);
    let (mut back, mut here_in) = lane::channel::<u64>(CAPACITY);
    round_trips(
        move || {
            let item = other_in.recv();
            back.send(item);
            item
        },
        move |item| {
            there.send(item);
            here_in.recv()
        },
    )
}

fn spinning() -> Result<Vec<f64>> {
    let (mut there, mut other_in) = rtrb::RingBuffer::<u64>::new(CAPACITY);
    let (mut back, mut here_in) = rtrb::RingBuffer::<u64>::new(CAPACITY);
    let mut pop = move || spin_pop(&mut here_in);
    round_trips(
        move || {
            let item = spin_pop(&mut other_in);
            let _ = back.push(item);
            item
        },
        move |item| {
            let _ = there.push(item);
            pop()
        },
    )
}

fn spin_pop(consumer: &mut rtrb::Consumer<u64>) -> u64 {
    loop {
        match consumer.pop() {
            Ok(item) => return item,
            Err(_) => spin_loop(),
        }
    }
}

/// Nanoseconds of each round trip. `echo` answers one item and returns it; item 0 ends it.
fn round_trips(mut echo: impl FnMut() -> u64 + Send, mut trip: impl FnMut(u64) -> u64) -> Result<Vec<f64>> {
    pin(0)?;
    thread::scope(|scope| {
        let other = scope.spawn(move || {
            let _ = pin(1);
            while echo() != 0 {}
        });
        let mut taken = Vec::new();
        let start = Instant::now();
        for item in 1..=(TURN.as_micros() / PERIOD.as_micros()) as u64 {
            let due = start + PERIOD * item as u32;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            ensure!(trip(item) == item, "an item was lost");
            taken.push(due.elapsed().as_nanos() as f64);
        }
        trip(0);
        other.join().ok().context("the other thread panicked")?;
        Ok(taken)
    })
}
