//! What clients are sent: the snapshot, changes, answers, and the end.

#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]
#![allow(dead_code, reason = "each test file uses its part of the harness")]

#[path = "support/harness.rs"]
mod harness;

use std::{
    thread,
    time::{Duration, Instant},
};

use harness::{Fixture, PATIENCE, frame, note, read_to_the_end, receive, receive_any, receive_bye, receive_change, run_at, say};
use wasm_engine_serve::{
    Update, limits,
    protocol::{Ask, FromEngine, FromPanel, Problem, Rights, RunPhase, Seed},
};

#[test]
fn a_snapshot_comes_first_then_changes_and_only_when_there_are_any() {
    let fixture = Fixture::looking();
    fixture.hub.publish(run_at(7));
    fixture.hub.publish(Update { frames: vec![frame(1), frame(2)], ..Update::default() });
    let (mut socket, state) = fixture.attach();
    assert_eq!((state.run.tick, state.frames.len(), state.run.phase), (7, 2, RunPhase::Starting));

    // Nothing in what follows is different, so the next message is the answer.
    fixture.hub.publish(run_at(7));
    say(&mut socket, &FromPanel::Ask { id: 1, ask: Ask::Pause });
    assert!(matches!(receive(&mut socket), FromEngine::Answer { id: 1, .. }));

    fixture.hub.publish(run_at(8));
    let change = receive_change(&mut socket);
    assert_eq!((change.run.unwrap().tick, change.guests, change.frames.len(), change.frames_missed), (8, None, 0, 0));
    fixture.hub.log(note("hello".to_owned()));
    let change = receive_change(&mut socket);
    assert_eq!((change.run, change.log.len(), change.log[0].number), (None, 1, 1));
}

#[test]
fn a_client_hears_that_an_engine_at_rest_lives() {
    let fixture = Fixture::looking();
    let (mut socket, _) = fixture.attach();
    let start = Instant::now();
    assert_eq!([receive_any(&mut socket), receive_any(&mut socket)], [FromEngine::Alive, FromEngine::Alive]);
    assert!(start.elapsed() >= limits::ALIVE_INTERVAL, "and no oftener than it has to");
}

#[test]
fn changes_come_at_most_ten_times_a_second_and_the_last_state_always() {
    let fixture = Fixture::looking();
    let (mut socket, _) = fixture.attach();
    let hub = fixture.hub.clone();
    let start = Instant::now();
    let engine = thread::spawn(move || {
        let mut tick = 0;
        while start.elapsed() < Duration::from_secs(1) {
            tick += 1;
            hub.publish(run_at(tick));
            hub.publish(Update { frames: vec![frame(tick)], ..Update::default() });
        }
        tick
    });
    let (mut changes, mut frames, mut last) = (0, 0, 0);
    while !engine.is_finished() {
        let change = receive_change(&mut socket);
        changes += 1;
        frames += change.frames.len() as u64 + change.frames_missed;
        assert!(change.frames.len() <= limits::FRAMES_KEPT);
        last = change.run.map_or(last, |run| run.tick);
    }
    let ticks = engine.join().unwrap();
    while last < ticks || frames < ticks {
        let change = receive_change(&mut socket);
        changes += 1;
        frames += change.frames.len() as u64 + change.frames_missed;
        last = change.run.map_or(last, |run| run.tick);
    }
    assert_eq!((last, frames), (ticks, ticks));
    let most = start.elapsed().as_millis() / limits::CHANGE_INTERVAL.as_millis() + 1;
    assert!(changes <= most, "{changes} changes where {most} may be");
}

#[test]
fn clients_that_may_only_look_are_told_so() {
    let mut fixture = Fixture::looking();
    let (mut socket, _) = fixture.attach();
    for (id, ask) in
        [(1, Ask::Stop), (2, Ask::Restart { seed: Some(Seed(1)) }), (u32::MAX, Ask::Param { name: "x".to_owned(), value: 1.0 })]
    {
        say(&mut socket, &FromPanel::Ask { id, ask });
        let FromEngine::Answer { id: answered, problem } = receive(&mut socket) else { panic!("an answer was expected") };
        assert_eq!((answered, problem.unwrap().code.as_str()), (id, "NOT_ALLOWED"));
    }
    assert!(fixture.asks.as_mut().unwrap().next_waiting().is_none(), "the engine has heard nothing");
}

#[test]
fn asks_reach_the_engine_in_order_and_are_answered() {
    let mut fixture = Fixture::new(Rights { ask: true });
    let mut asks = fixture.asks.take().unwrap();
    let (mut socket, _) = fixture.attach();
    let engine = thread::spawn(move || {
        let start = Instant::now();
        let mut heard = Vec::new();
        while heard.len() < 3 && start.elapsed() < PATIENCE {
            let Some(pending) = asks.next_waiting() else {
                thread::yield_now();
                continue;
            };
            heard.push(pending.ask.clone());
            let unknown = Problem { code: "UNKNOWN_PARAM".to_owned(), message: "no such parameter".to_owned(), hint: None };
            let outcome = if matches!(pending.ask, Ask::Param { .. }) { Err(unknown) } else { Ok(()) };
            pending.answer(outcome);
        }
        heard
    });
    let asked = [Ask::Pause, Ask::Param { name: "speed".to_owned(), value: 2.5 }, Ask::Hud { shown: true }];
    for (id, ask) in asked.iter().enumerate() {
        say(&mut socket, &FromPanel::Ask { id: id as u32, ask: ask.clone() });
    }
    let answers: Vec<_> = (0..asked.len()).map(|_| receive(&mut socket)).collect();
    let codes: Vec<_> = answers
        .into_iter()
        .map(|answer| match answer {
            FromEngine::Answer { id, problem } => (id, problem.map(|problem| problem.code)),
            other => panic!("an answer was expected: {other:?}"),
        })
        .collect();
    assert_eq!(codes, [(0, None), (1, Some("UNKNOWN_PARAM".to_owned())), (2, None)]);
    assert_eq!(engine.join().unwrap(), asked);

    // The engine's end went with its thread: the run is over for whoever asks now.
    say(&mut socket, &FromPanel::Ask { id: 9, ask: Ask::Resume });
    assert!(matches!(receive(&mut socket), FromEngine::Answer { id: 9, problem: Some(problem) } if problem.code == "RUN_OVER"));
}

#[test]
fn the_end_brings_the_last_state_and_a_goodbye() {
    let mut fixture = Fixture::looking();
    let (mut socket, _) = fixture.attach();
    let mut silent = fixture.connect();
    fixture.hub.publish(run_at(99));
    fixture.server.take().unwrap().shutdown(PATIENCE);
    let mut last = 0;
    let problem = loop {
        match receive(&mut socket) {
            FromEngine::Change { change } => last = change.run.map_or(last, |run| run.tick),
            FromEngine::Bye { problem } => break problem,
            other => panic!("neither a change nor a goodbye: {other:?}"),
        }
    };
    assert_eq!((last, problem.code.as_str()), (99, "ENGINE_ENDED"));
    read_to_the_end(&mut socket);
    assert_eq!(receive_bye(&mut silent).code, "ENGINE_ENDED");
    assert!(std::net::TcpStream::connect(fixture.address).is_err(), "nobody listens any more");
}
