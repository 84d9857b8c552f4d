//! What a Tracy profiler finds: a client on loopback alone that takes it, sends it what happens, and takes the next one.

#![cfg(all(feature = "tracy", target_os = "linux"))]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use wasm_engine_telemetry::{Telemetry, TelemetryConfig, Track};

/// `ProtocolVersion` of Tracy 0.14's `TracyProtocol.hpp`.
const PROTOCOL: u32 = 82;

/// `HandshakeWelcome` there.
const WELCOME: u8 = 1;

/// The kernel's word for a socket that listens.
const LISTEN: &str = "0A";

/// This process' sockets of one kind, from `/proc/self/net/KIND`: address and port in hexadecimal digits as the kernel has them, and the state.
fn sockets(kind: &str) -> BTreeSet<(String, u16, String)> {
    let mine: BTreeSet<String> = std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| {
            std::fs::read_link(entry.ok()?.path()).ok()?.to_str()?.strip_prefix("socket:[")?.strip_suffix(']').map(str::to_owned)
        })
        .collect();
    let table = std::fs::read_to_string(format!("/proc/self/net/{kind}")).unwrap_or_default();
    let row = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (address, port) = fields.get(1)?.split_once(':')?;
        mine.contains(*fields.get(9)?).then_some(())?;
        Some((address.to_owned(), u16::from_str_radix(port, 16).ok()?, (*fields.get(3)?).to_owned()))
    };
    table.lines().skip(1).filter_map(row).collect()
}

fn listeners() -> BTreeSet<(String, u16)> {
    let all = ["tcp", "tcp6"].into_iter().flat_map(sockets);
    all.filter(|(.., state)| state == LISTEN).map(|(address, port, _)| (address, port)).collect()
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What the client answers to a profiler of this protocol.
fn connect(port: u16, protocol: u32) -> (TcpStream, u8) {
    let mut stream = until("the client takes a profiler", || TcpStream::connect(("127.0.0.1", port)).ok());
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(b"TracyPrf").unwrap();
    stream.write_all(&protocol.to_le_bytes()).unwrap();
    let mut answer = [0];
    stream.read_exact(&mut answer).unwrap();
    (stream, answer[0])
}

#[test]
fn a_profiler_on_this_machine_gets_live_frames_and_nobody_else_does() {
    let telemetry = Telemetry::new(TelemetryConfig::default());
    let (address, port) = until("the client listens", || listeners().pop_first());
    assert_eq!(address, "0100007F", "127.0.0.1");
    assert_eq!(listeners().len(), 1);
    assert_eq!([sockets("udp"), sockets("udp6")], [BTreeSet::new(), BTreeSet::new()], "nothing is announced on the network");

    let (_, answer) = connect(port, PROTOCOL + 1);
    assert_ne!(answer, WELCOME, "a profiler of another version is told so");
    for attached in 0..2 {
        let (mut stream, answer) = connect(port, PROTOCOL);
        assert_eq!(answer, WELCOME, "profiler {attached}");
        // What it says of itself, less than 2 KiB, then compressed blocks of what happens.
        let mut received = 0;
        let mut buffer = [0; 1 << 16];
        let mut frame = 0u32;
        while received < 64 << 10 {
            for _ in 0..256 {
                drop(telemetry.span("kernel.tick", Track::Render));
                telemetry.gauge("lane.input", f64::from(frame));
                telemetry.frame_done(telemetry.token());
                frame += 1;
            }
            let read = stream.read(&mut buffer).unwrap();
            assert_ne!(read, 0, "the client goes on while the profiler is there");
            received += read;
        }
    }
}
