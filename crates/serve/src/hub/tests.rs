//! What clients are given, without a socket.

use std::time::{Duration, Instant};

use tokio::runtime::Builder;

use super::*;
use crate::AskError;
use crate::protocol::{Ask, Change, Problem, State};

fn hub() -> (Hub, Asks) {
    Hub::new("1.2.3", AppInfo { name: "swarm".to_owned(), title: "Swarm".to_owned(), version: String::new(), params: Vec::new() })
}

fn frame(token: u64) -> Frame {
    Frame { token, wait: None, compute: Some(1.0), page: None, compose: None, present: None, total: Some(2.0), late: false }
}

fn note(text: &str) -> Note {
    Note { tick: None, level: Level::Info, part: "engine".to_owned(), code: None, text: text.to_owned() }
}

fn run_at(tick: u64) -> Update {
    Update { run: Some(Run { tick, ..Run::default() }), ..Update::default() }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

#[test]
fn a_client_gets_everything_once_and_then_differences() {
    let (hub, _asks) = hub();
    hub.publish(run_at(1));
    hub.publish(Update { frames: vec![frame(1), frame(2)], ..Update::default() });
    hub.log(note("hello"));
    let mut client = hub.follow();
    let State { run, frames, log, .. } = client.snapshot();
    assert_eq!((run.tick, frames.len(), log.len(), log[0].number), (1, 2, 1, 1));
    assert_eq!(client.change(), None);

    hub.publish(run_at(2));
    hub.publish(run_at(3));
    hub.publish(Update { frames: vec![frame(3)], ..Update::default() });
    let change = client.change().unwrap();
    let expected = Change { run: Some(Run { tick: 3, ..Run::default() }), frames: vec![frame(3)], ..Change::default() };
    assert_eq!(change, expected);
    assert_eq!(client.change(), None);
}

#[test]
fn the_same_again_is_no_change_and_wakes_nobody() {
    let (hub, _asks) = hub();
    hub.publish(run_at(1));
    let mut client = hub.follow();
    client.snapshot();
    hub.publish(run_at(1));
    hub.publish(Update::default());
    assert_eq!(client.change(), None);
    assert_eq!(*hub.0.edition.borrow(), 1);
}

#[test]
fn each_client_has_its_own_view() {
    let (hub, _asks) = hub();
    let (mut first, mut second) = (hub.follow(), hub.follow());
    first.snapshot();
    second.snapshot();
    hub.publish(run_at(1));
    assert_eq!(first.change().unwrap().run.unwrap().tick, 1);
    hub.publish(run_at(2));
    assert_eq!(first.change().unwrap().run.unwrap().tick, 2);
    assert_eq!(second.change().unwrap().run.unwrap().tick, 2);
}

#[test]
fn histories_are_bounded_and_say_what_was_missed() {
    let (hub, _asks) = hub();
    let mut client = hub.follow();
    client.snapshot();
    for token in 0..1000 {
        hub.publish(Update { frames: vec![frame(token)], ..Update::default() });
        hub.log(note("again"));
        hub.log(note("and again"));
    }
    let change = client.change().unwrap();
    assert_eq!((change.frames.len(), change.frames_missed), (300, 700));
    assert_eq!((change.frames[0].token, change.frames[299].token), (700, 999));
    assert_eq!((change.log.len(), change.log_missed), (1000, 1000));
    assert_eq!((change.log[0].number, change.log[999].number), (1001, 2000));
    assert_eq!(hub.follow().snapshot().frames.len(), limits::FRAMES_KEPT);
}

#[test]
fn long_texts_and_lists_are_cut() {
    let (hub, _asks) = hub();
    hub.log(Note { part: "p".repeat(1 << 20), code: Some("C".repeat(1 << 20)), ..note(&"é".repeat(1 << 20)) });
    let value = ParamValue { name: "x".to_owned(), value: 0.0 };
    hub.publish(Update { params: Some(vec![value; limits::SECTION_ITEMS + 1]), ..Update::default() });
    let state = hub.follow().snapshot();
    let entry = &state.log[0];
    assert!(entry.text.len() <= limits::LOG_TEXT_BYTES && entry.text.ends_with("é…"));
    assert!(entry.part.len() <= limits::LOG_NAME_BYTES && entry.code.as_ref().unwrap().len() <= limits::LOG_NAME_BYTES);
    assert_eq!(state.params.len(), limits::SECTION_ITEMS);
}

#[test]
fn a_client_that_waits_is_woken_by_what_comes_after_it_looked() {
    let (hub, _asks) = hub();
    let mut client = hub.follow();
    client.snapshot();
    hub.publish(run_at(1));
    wait(async {
        client.changed().await;
        assert!(client.change().is_some());
        let idle = tokio::time::timeout(Duration::from_millis(1), client.changed()).await;
        assert!(idle.is_err(), "nothing has changed");
    });
}

#[test]
fn an_ask_is_answered() {
    let (hub, mut asks) = hub();
    let engine = std::thread::spawn(move || {
        let mut answered = Vec::new();
        let start = Instant::now();
        while answered.len() < 2 && start.elapsed() < Duration::from_secs(20) {
            let Some(pending) = asks.next_waiting() else {
                std::thread::yield_now();
                continue;
            };
            let refused = Problem { code: "NO".to_owned(), message: "no".to_owned(), hint: None };
            answered.push(pending.ask.clone());
            pending.answer(if answered.len() == 1 { Ok(()) } else { Err(refused) });
        }
        answered
    });
    wait(async {
        assert_eq!(hub.ask(Ask::Pause).await, Ok(()));
        assert_eq!(hub.ask(Ask::Step).await.unwrap_err().code(), "NO");
    });
    assert_eq!(engine.join().unwrap(), [Ask::Pause, Ask::Step]);
    assert_eq!(wait(hub.ask(Ask::Stop)), Err(AskError::RunOver));
}

#[test]
fn asks_that_nobody_takes_are_bounded_and_not_carried_out_later() {
    let (hub, mut asks) = hub();
    wait(async {
        for _ in 0..limits::ASKS_WAITING {
            // Dropped at once, as by a client that leaves.
            let _ = tokio::time::timeout(Duration::ZERO, hub.ask(Ask::Pause)).await;
        }
        assert_eq!(hub.ask(Ask::Resume).await, Err(AskError::Busy));
    });
    assert!(asks.next_waiting().is_none());
}

#[test]
fn an_ask_with_a_name_of_any_length_does_not_reach_the_engine() {
    use crate::protocol::Scope;

    let (hub, mut asks) = hub();
    let (short, long) = (String::new, || "x".repeat(100 << 20));
    let permit = |guest, right, object| Ask::Permit { guest, right, object, decision: None, scope: Scope::Run };
    for ask in [
        Ask::Param { name: long(), value: 1.0 },
        Ask::RestartGuest { guest: long() },
        permit(long(), short(), short()),
        permit(short(), long(), short()),
        permit(short(), short(), long()),
    ] {
        let refused = Problem::from(&wait(hub.ask(ask)).unwrap_err());
        assert_eq!(refused.code, "ASK_TOO_LONG");
        assert!(refused.message.len() < 100, "the name is not repeated");
    }
    assert!(asks.next_waiting().is_none());
    wait(async {
        let longest = Ask::RestartGuest { guest: "x".repeat(limits::ASK_TEXT_BYTES) };
        let _ = tokio::time::timeout(Duration::ZERO, hub.ask(longest)).await;
        assert_eq!(hub.ask(Ask::RestartGuest { guest: "x".repeat(limits::ASK_TEXT_BYTES + 1) }).await.unwrap_err().code(), "ASK_TOO_LONG");
    });
}

/// What a feed has sent, each message by its kind, and changes by the tick.
fn heard() -> (Arc<Mutex<Vec<String>>>, impl FnMut(FromEngine) -> bool) {
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let written = heard.clone();
    let send = move |message| {
        written.lock().unwrap().push(match message {
            FromEngine::Hello { .. } => "hello".to_owned(),
            FromEngine::Snapshot { .. } => "snapshot".to_owned(),
            FromEngine::Change { change } => format!("tick {}", change.run.unwrap().tick),
            other => panic!("{other:?}"),
        });
        true
    };
    (heard, send)
}

/// Waits until a feed has sent this and nothing else.
async fn hears(heard: &Mutex<Vec<String>>, expected: &[&str]) {
    for _ in 0..50 {
        if *heard.lock().unwrap() == expected {
            return;
        }
        settle().await;
    }
    assert_eq!(*heard.lock().unwrap(), expected);
}

/// Lets a feed do all that it can do now.
async fn settle() {
    tokio::time::sleep(limits::CHANGE_INTERVAL * 3).await;
}

#[test]
fn a_client_that_takes_nothing_is_sent_nothing_more_and_then_the_latest_state() {
    let (hub, _asks) = hub();
    let (heard, send) = heard();
    let receipts = Receipts::default();
    let test = async {
        settle().await;
        for tick in 1..=50 {
            hub.publish(run_at(tick));
        }
        settle().await;
        // It has taken the hello, and the snapshot is still on its way.
        receipts.took(1);
        settle().await;
        assert_eq!(*heard.lock().unwrap(), ["hello", "snapshot"]);
        receipts.took(2);
        settle().await;
        hub.publish(run_at(51));
        settle().await;
        hears(&heard, &["hello", "snapshot", "tick 50"]).await;
        // Told out of order, the higher number holds.
        receipts.took(3);
        receipts.took(1);
        settle().await;
        hears(&heard, &["hello", "snapshot", "tick 50", "tick 51"]).await;
        receipts.end();
    };
    wait(async { tokio::join!(hub.feed(Rights { ask: true }, &receipts, send), test) });
}

#[test]
fn a_feed_ends_with_its_client_whatever_it_waits_for() {
    let (hub, _asks) = hub();
    for taken in [0, 2] {
        let (heard, send) = heard();
        let receipts = Receipts::default();
        receipts.took(taken);
        let end = async {
            settle().await;
            receipts.end();
        };
        wait(async { tokio::join!(hub.feed(Rights { ask: true }, &receipts, send), end) });
        assert_eq!(*heard.lock().unwrap(), ["hello", "snapshot"]);
    }
}
