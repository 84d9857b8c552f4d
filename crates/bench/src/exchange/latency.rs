//! One-way latency between two processes: messages of 56 bytes to and fro, half of each round trip.
//!
//! The other process is this program again. It is told over a lane which arm answers how many messages, and sleeps in between.

use super::{Row, pin, stats::Pairs};
use anyhow::{Context, Result, anyhow, bail, ensure};
use iceoryx2::{
    port::{publisher::Publisher, subscriber::Subscriber},
    prelude::{NodeBuilder, ipc},
};
use std::fs::File;
use std::hint::spin_loop;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::time::{Duration, Instant};
use wasm_engine_exchange::{Access, Receiver, Region, RegionSpec, Sender};

const TURNS: usize = 100;
const ROUND_TRIPS: u64 = 2_000;
const CAPACITY: usize = 16;

/// Fills a cache line together with the header of its group.
type Message = [u64; 7];

/// Arms, as the other process is told.
const LANE: u64 = 0;
const LANE_WAITING: u64 = 1;
const ICEORYX: u64 = 2;
const END: u64 = 3;

pub(super) fn run() -> Result<Vec<Row>> {
    let lane = |spec: RegionSpec, name| spec.lane(name, size_of::<Message>(), CAPACITY);
    let spec = ["there", "back"].into_iter().fold(RegionSpec::new(), lane).lane("orders", 16, 4);
    let region = Region::create(&spec)?;
    let fd = region.as_fd().context("the region is not shared here")?;
    let path = format!("/proc/{}/fd/{}", std::process::id(), fd.as_raw_fd());
    let service = format!("wasm-engine-bench-{}", std::process::id());
    let mut peer = Peer::new(&service, ["there", "back"])?;
    let mut lanes = (region.lane_sender("there")?, region.lane_receiver("back")?);
    let mut orders = region.lane_sender::<[u64; 2]>("orders")?;
    let mut other = Command::new(std::env::current_exe()?).args(["exchange", "echo", &path, &service]).spawn()?;
    pin(0)?;
    let mut block = |arm: u64| -> Result<f64> {
        orders.send([arm, ROUND_TRIPS]);
        let taken = ping(arm, ROUND_TRIPS, &mut lanes, &mut peer)?;
        Ok(taken.as_nanos() as f64 / ROUND_TRIPS as f64 / 2.0)
    };
    let mut rows = Vec::new();
    for (what, arm) in [("lane", LANE), ("lane, waiting by spin and futex", LANE_WAITING)] {
        let pairs = Pairs::take(TURNS, |ours| block(if ours { arm } else { ICEORYX }))?;
        let (ours, peer) = pairs.medians();
        rows.push(Row::measured(format!("one-way latency across processes: {what} / iceoryx2"), "ns", ours, peer, pairs.speedup()));
    }
    orders.send([END, 0]);
    let status = other.wait()?;
    ensure!(status.success(), "the other process failed");
    Ok(rows)
}

type Lanes = (Sender<Message>, Receiver<Message>);

/// Sends and waits for the answer, so many times; returns what all took after the first.
fn ping(arm: u64, rounds: u64, lanes: &mut Lanes, peer: &mut Peer) -> Result<Duration> {
    let mut start = Instant::now();
    for round in 0..rounds {
        send(arm, [round; 7], lanes, peer)?;
        ensure!(receive(arm, lanes, peer)? == [round; 7], "a message was lost");
        if round == 0 {
            // The first one also wakes the other process.
            start = Instant::now();
        }
    }
    Ok(start.elapsed())
}

fn send(arm: u64, message: Message, (sender, _): &mut Lanes, peer: &mut Peer) -> Result<()> {
    match arm {
        LANE | LANE_WAITING => sender.push(message).map_err(|_| anyhow!("the lane is full")),
        _ => peer.send(message),
    }
}

fn receive(arm: u64, (_, receiver): &mut Lanes, peer: &mut Peer) -> Result<Message> {
    if arm == LANE_WAITING {
        return Ok(receiver.recv());
    }
    loop {
        let found = if arm == LANE { receiver.pop() } else { peer.receive()? };
        match found {
            Some(message) => return Ok(message),
            None => spin_loop(),
        }
    }
}

/// The other process.
pub(super) fn echo(args: &[String]) -> Result<()> {
    let [path, service] = args else { bail!("echo REGION SERVICE") };
    let file = File::options().read(true).write(true).open(path)?;
    let region = Region::attach(file.into(), Access::ReadWrite)?;
    let mut peer = Peer::new(service, ["back", "there"])?;
    let mut lanes = (region.lane_sender("back")?, region.lane_receiver("there")?);
    let mut orders = region.lane_receiver::<[u64; 2]>("orders")?;
    pin(1)?;
    loop {
        let [arm, rounds] = orders.recv();
        if arm == END {
            return Ok(());
        }
        for _ in 0..rounds {
            let message = receive(arm, &mut lanes, &mut peer)?;
            send(arm, message, &mut lanes, &mut peer)?;
        }
    }
}

/// A publisher and a subscriber of iceoryx2, in its default configuration.
struct Peer {
    publisher: Publisher<ipc::Service, Message, ()>,
    subscriber: Subscriber<ipc::Service, Message, ()>,
}

impl Peer {
    fn new(service: &str, [out, back]: [&str; 2]) -> Result<Peer> {
        let failed = |error: &dyn std::fmt::Debug| anyhow!("iceoryx2: {error:?}");
        let node = NodeBuilder::new().create::<ipc::Service>().map_err(|error| failed(&error))?;
        let open = |way: &str| -> Result<_> {
            let name = format!("{service}/{way}").as_str().try_into().map_err(|error| failed(&error))?;
            node.service_builder(&name).publish_subscribe::<Message>().open_or_create().map_err(|error| failed(&error))
        };
        let publisher = open(out)?.publisher_builder().create().map_err(|error| failed(&error))?;
        let subscriber = open(back)?.subscriber_builder().create().map_err(|error| failed(&error))?;
        Ok(Peer { publisher, subscriber })
    }

    fn send(&mut self, message: Message) -> Result<()> {
        let sample = self.publisher.loan_uninit().map_err(|error| anyhow!("iceoryx2: {error:?}"))?;
        sample.write_payload(message).send().map_err(|error| anyhow!("iceoryx2: {error:?}"))?;
        Ok(())
    }

    fn receive(&mut self) -> Result<Option<Message>> {
        let sample = self.subscriber.receive().map_err(|error| anyhow!("iceoryx2: {error:?}"))?;
        Ok(sample.map(|sample| *sample))
    }
}
