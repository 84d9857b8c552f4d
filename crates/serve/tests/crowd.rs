//! Many clients, slow clients, clients that come and go: the engine and the others do not notice.

#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]
#![allow(dead_code, reason = "each test file uses its part of the harness")]

#[path = "support/harness.rs"]
mod harness;

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use harness::{Fixture, PATIENCE, frame, note, read_to_the_end, receive, receive_bye, receive_change, run_at, say_hello};
use tungstenite::Message;
use wasm_engine_serve::{Update, limits, protocol::FromEngine};

/// Publishes so much that no socket's buffers hold a few of it.
fn publish_much(fixture: &Fixture, tick: u64) {
    fixture.hub.publish(Update { frames: (0..400).map(|number| frame(tick * 400 + number)).collect(), ..run_at(tick) });
    for _ in 0..limits::LOG_ENTRIES_KEPT {
        fixture.hub.log(note("x".repeat(limits::LOG_TEXT_BYTES)));
    }
}

#[test]
fn a_client_that_never_reads_slows_nobody_and_is_cut_off() {
    let fixture = Fixture::looking();
    let (mut stuck, _) = fixture.attach();
    let (mut healthy, _) = fixture.attach();
    let mut tick = 0;
    for _ in 0..20 {
        tick += 1;
        publish_much(&fixture, tick);
        while receive_change(&mut healthy).run.is_none_or(|run| run.tick < tick) {}
    }

    let start = Instant::now();
    for _ in 0..10_000 {
        tick += 1;
        fixture.hub.publish(Update { frames: vec![frame(tick)], ..run_at(tick) });
    }
    assert!(start.elapsed() < Duration::from_secs(5), "10,000 states took {:?}", start.elapsed());
    while receive_change(&mut healthy).run.is_none_or(|run| run.tick < tick) {}

    // Only when the stuck client is gone has everybody a seat.
    let mut seats: Vec<_> = (0..limits::CLIENTS_MAX - 2).map(|_| fixture.attach().0).collect();
    let start = Instant::now();
    loop {
        let mut socket = fixture.connect();
        say_hello(&mut socket);
        match receive(&mut socket) {
            FromEngine::Hello { .. } => break seats.push(socket),
            FromEngine::Bye { problem } => assert_eq!(problem.code, "TOO_MANY_CLIENTS"),
            other => panic!("neither hello nor goodbye: {other:?}"),
        }
        assert!(start.elapsed() < PATIENCE, "the client that does not read was not cut off");
    }
    read_to_the_end(&mut stuck);
    assert_eq!(seats.len(), limits::CLIENTS_MAX - 1);
}

#[test]
fn a_connection_that_asks_for_files_and_never_reads_is_cut_off() {
    let fixture = Fixture::looking();
    let mut stuck = TcpStream::connect(fixture.address).unwrap();
    stuck.set_write_timeout(Some(Duration::from_millis(20))).unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", fixture.address);
    let (start, mut sent, mut is_full) = (Instant::now(), 0, false);
    let end = loop {
        // From where it stopped: half a request would be refused, which ends the connection too.
        match stuck.write(&request.as_bytes()[sent % request.len()..]) {
            Ok(bytes) => sent += bytes,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => is_full = true,
            Err(error) => break error,
        }
        assert!(start.elapsed() < PATIENCE, "it still has its place");
    };
    assert!(is_full, "the server has read on until {end}, with {sent} bytes");
    // Nobody else has noticed.
    fixture.attach();
}

#[test]
fn a_client_outlives_the_time_that_connections_may_ask_for_files() {
    let fixture = Fixture::looking();
    let (mut socket, _) = fixture.attach();
    let mut idle = TcpStream::connect(fixture.address).unwrap();
    idle.set_read_timeout(Some(PATIENCE)).unwrap();
    // This one is younger, and has as much time.
    assert_eq!(idle.read(&mut [0; 16]).unwrap_or(0), 0);
    fixture.hub.publish(run_at(7));
    assert_eq!(receive_change(&mut socket).run.unwrap().tick, 7);
}

#[test]
fn a_slow_client_misses_changes_and_not_the_state() {
    let fixture = Fixture::looking();
    let (mut slow, _) = fixture.attach();
    let (mut healthy, _) = fixture.attach();
    let ticks = 30;
    let mut seen_by_healthy = 0;
    for tick in 0..ticks {
        publish_much(&fixture, tick);
        loop {
            let change = receive_change(&mut healthy);
            seen_by_healthy += 1;
            if change.run.is_some_and(|run| run.tick == tick) || tick == 0 {
                break;
            }
        }
    }
    // What comes now is what was on its way, then one change with all the rest.
    fixture.hub.publish(run_at(1000));
    let (mut changes, mut last, mut frames, mut frames_missed, mut entries) = (0, 0, 0, 0, 0);
    while last < 1000 {
        let change = receive_change(&mut slow);
        changes += 1;
        last = change.run.map_or(last, |run| run.tick);
        assert!(change.frames.len() <= limits::FRAMES_KEPT && change.log.len() <= limits::LOG_ENTRIES_KEPT);
        frames += change.frames.len() as u64 + change.frames_missed;
        frames_missed += change.frames_missed;
        entries += change.log.len() as u64 + change.log_missed;
    }
    assert_eq!(frames, ticks * 400, "every frame was sent or counted");
    assert_eq!(entries, ticks * limits::LOG_ENTRIES_KEPT as u64, "every entry was sent or counted");
    assert!(frames_missed >= 100, "400 frames at a time are more than are kept");
    assert!(changes < seen_by_healthy, "{changes} changes where the other client had {seen_by_healthy}");
}

#[test]
fn a_thousand_clients_get_a_seat_or_a_word() {
    let fixture = Fixture::looking();
    let start = Instant::now();
    let clients: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut seated = Vec::new();
                    let mut refused = 0;
                    for _ in 0..125 {
                        let mut socket = fixture.connect();
                        // One that is turned away may be gone before it has spoken.
                        let _ = socket.send(Message::text(r#"{"type":"hello","version":2}"#));
                        match receive(&mut socket) {
                            FromEngine::Hello { .. } => seated.push(socket),
                            FromEngine::Bye { problem } => {
                                assert_eq!(problem.code, "TOO_MANY_CLIENTS");
                                refused += 1;
                            }
                            other => panic!("neither hello nor goodbye: {other:?}"),
                        }
                    }
                    (seated, refused)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let refused: usize = clients.iter().map(|(_, refused)| refused).sum();
    let mut seated: Vec<_> = clients.into_iter().flat_map(|(seated, _)| seated).collect();
    assert_eq!((seated.len(), refused), (limits::CLIENTS_MAX, 1000 - limits::CLIENTS_MAX));
    assert!(start.elapsed() < PATIENCE);

    let start = Instant::now();
    for tick in 1..=10_000 {
        fixture.hub.publish(run_at(tick));
    }
    assert!(start.elapsed() < Duration::from_secs(5), "10,000 states took {:?}", start.elapsed());
    for socket in &mut seated {
        let FromEngine::Snapshot { state } = receive(socket) else { panic!("a snapshot comes after the hello") };
        // One that was seated last may have got its snapshot in the middle of it all.
        while state.run.tick < 10_000 && receive_change(socket).run.is_none_or(|run| run.tick < 10_000) {}
    }
}

#[test]
fn a_seat_is_free_again_when_its_client_leaves() {
    let fixture = Fixture::looking();
    let mut seated: Vec<_> = (0..limits::CLIENTS_MAX).map(|_| fixture.attach().0).collect();
    assert_eq!(receive_bye(&mut fixture.connect()).code, "TOO_MANY_CLIENTS");
    let mut leaving = seated.pop().unwrap();
    leaving.close(None).unwrap();
    read_to_the_end(&mut leaving);
    // Another one without a farewell.
    drop(seated.pop());
    let start = Instant::now();
    while seated.len() < limits::CLIENTS_MAX {
        let mut socket = fixture.connect();
        say_hello(&mut socket);
        if matches!(receive(&mut socket), FromEngine::Hello { .. }) {
            seated.push(socket);
        }
        assert!(start.elapsed() < PATIENCE, "the seats stay taken");
    }
}

#[test]
fn clients_come_and_go_while_the_engine_runs() {
    let fixture = Fixture::looking();
    let hub = fixture.hub.clone();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let engine = thread::spawn(move || {
        let mut tick = 0;
        while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            tick += 1;
            hub.publish(Update { frames: vec![frame(tick)], ..run_at(tick) });
            thread::yield_now();
        }
    });
    let mut newest = 0;
    for round in 0..50 {
        let (mut socket, state) = fixture.attach();
        assert!(state.run.tick >= newest, "state does not go back");
        newest = state.run.tick;
        if round % 2 == 0 {
            let change = receive_change(&mut socket);
            let next = state.frames.last().map_or(1, |frame| frame.token + 1) + change.frames_missed;
            assert!(change.frames.first().is_none_or(|frame| frame.token == next), "no frame comes twice, none is lost uncounted");
            newest = change.run.unwrap().tick;
        }
    }
    drop(stop);
    engine.join().unwrap();
}
