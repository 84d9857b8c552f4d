//! Throughput of lanes: two threads, each on its own core, items checked.

use super::{Row, pin, stats::Pairs};
use anyhow::{Context, Result, ensure};
use std::hint::spin_loop;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};
use wasm_engine_exchange::lane;

const CAPACITY: usize = 1024;
const BATCH: usize = 64;
/// The clock starts when one item out of so many has come, with both sides awake.
const WARM_UP: u64 = 8;
const TURNS: usize = 50;

/// A queue of u64 with a block of work on each side.
#[derive(Clone, Copy)]
enum Queue {
    Lane,
    LaneWaiting,
    LaneSlices,
    Rtrb,
    RtrbSlices,
    Crossbeam,
}

pub(super) fn run() -> Result<Vec<Row>> {
    let compared = [
        ("lane per item / rtrb per item, both spinning", Queue::Lane, Queue::Rtrb, 1_600_000),
        ("lane per item, waiting by spin and futex / rtrb per item", Queue::LaneWaiting, Queue::Rtrb, 1_600_000),
        ("lane per item, waiting by spin and futex / crossbeam-channel", Queue::LaneWaiting, Queue::Crossbeam, 400_000),
        ("lane slices of 64 / rtrb slices of 64", Queue::LaneSlices, Queue::RtrbSlices, 3_200_000),
        ("control: rtrb / itself", Queue::Rtrb, Queue::Rtrb, 1_600_000),
    ];
    let mut rows = Vec::new();
    for (what, ours, peer, items) in compared {
        let pairs = Pairs::take(TURNS, |turn| block(if turn { ours } else { peer }, items))?;
        let (ours, peer) = pairs.medians();
        let rate = |nanos: f64| (items - items / WARM_UP) as f64 / nanos * 1e3;
        rows.push(Row::measured(format!("throughput: {what}"), "M items/s", rate(ours), rate(peer), pairs.speedup()));
    }
    Ok(rows)
}

/// Nanoseconds that `items` items took but for the first eighth.
fn block(queue: Queue, items: u64) -> Result<f64> {
    match queue {
        Queue::Lane => {
            let (mut sender, mut receiver) = lane::channel(CAPACITY);
            between(
                items,
                move |item| {
                    while sender.push(item).is_err() {
                        spin_loop();
                    }
                },
                move || loop {
                    match receiver.pop() {
                        Some(item) => break item,
                        None => spin_loop(),
                    }
                },
            )
        }
        Queue::LaneWaiting => {
            let (mut sender, mut receiver) = lane::channel(CAPACITY);
            between(items, move |item| sender.send(item), move || receiver.recv())
        }
        Queue::Rtrb => {
            let (mut producer, mut consumer) = rtrb::RingBuffer::new(CAPACITY);
            between(
                items,
                move |item| {
                    while producer.push(item).is_err() {
                        spin_loop();
                    }
                },
                move || loop {
                    match consumer.pop() {
                        Ok(item) => break item,
                        Err(_) => spin_loop(),
                    }
                },
            )
        }
        Queue::Crossbeam => {
            let (sender, receiver) = crossbeam_channel::bounded(CAPACITY);
            between(
                items,
                move |item| {
                    let _ = sender.send(item);
                },
                move || receiver.recv().unwrap_or(u64::MAX),
            )
        }
        Queue::LaneSlices => {
            let (mut sender, mut receiver) = lane::channel(CAPACITY);
            slices(items, move |slice| sender.push_slice(slice), move |slice| receiver.pop_slice(slice))
        }
        Queue::RtrbSlices => {
            let (mut producer, mut consumer) = rtrb::RingBuffer::new(CAPACITY);
            slices(items, move |slice| producer.push_partial_slice(slice).0.len(), move |slice| consumer.pop_partial_slice(slice).0.len())
        }
    }
}

fn between(items: u64, mut push: impl FnMut(u64) + Send, mut pop: impl FnMut() -> u64) -> Result<f64> {
    both_sides(
        move || (0..items).for_each(&mut push),
        move || {
            let mut take = |range: std::ops::Range<u64>| range.into_iter().all(|expected| pop() == expected);
            let warm = take(0..items / WARM_UP);
            let start = Instant::now();
            ensure!(warm && take(items / WARM_UP..items), "an item was lost");
            Ok(start.elapsed())
        },
    )
}

fn slices(items: u64, mut push: impl FnMut(&[u64]) -> usize + Send, mut pop: impl FnMut(&mut [u64]) -> usize) -> Result<f64> {
    both_sides(
        move || {
            for start in (0..items).step_by(BATCH) {
                let slice: [u64; BATCH] = std::array::from_fn(|offset| start + offset as u64);
                let mut pushed = 0;
                while pushed < BATCH {
                    let now = push(&slice[pushed..]);
                    pushed += now;
                    if now == 0 {
                        spin_loop();
                    }
                }
            }
        },
        move || {
            let (mut slice, mut next) = ([0; BATCH], 0);
            let mut start = None;
            while next < items {
                if next >= items / WARM_UP {
                    start.get_or_insert_with(Instant::now);
                }
                let now = pop(&mut slice);
                let in_order = slice[..now].iter().zip(next..).all(|(item, expected)| *item == expected);
                ensure!(in_order, "an item was lost");
                next += now as u64;
                if now == 0 {
                    spin_loop();
                }
            }
            Ok(start.map_or(Duration::ZERO, |start| start.elapsed()))
        },
    )
}

fn both_sides(push: impl FnOnce() + Send, pop: impl FnOnce() -> Result<Duration>) -> Result<f64> {
    pin(1)?;
    let ready = std::sync::Barrier::new(2);
    thread::scope(|scope| {
        let ready = &ready;
        let producer: ScopedJoinHandle<'_, Result<()>> = scope.spawn(move || {
            pin(0)?;
            ready.wait();
            push();
            Ok(())
        });
        ready.wait();
        let taken = pop()?;
        producer.join().ok().context("the producer panicked")??;
        Ok(taken.as_nanos() as f64)
    })
}
