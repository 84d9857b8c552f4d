//! Tests of both ends together, without a socket.

use std::sync::atomic::AtomicUsize;

use serde_json::json;

use super::*;

fn hello(port: &BridgePort) -> u64 {
    let (id, _) = port.connect("http://127.0.0.1:1/".into());
    assert!(matches!(port.next(id), Next::Send(Outgoing::Text(text)) if text.contains("welcome")));
    id
}

#[test]
fn a_message_wakes_the_engine_and_is_read_in_order() {
    let (bridge, port) = Bridge::pair();
    let woken = Arc::new(AtomicUsize::new(0));
    let count = woken.clone();
    bridge.on_message(Arc::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
    }));
    let id = hello(&port);
    port.receive_text(id, r#"{"t":"emit","topic":"a","data":1}"#);
    port.receive_binary(id, &wire::encode_binary("b", &[1, 2]));
    assert_eq!(woken.load(Ordering::Relaxed), 3);
    assert!(matches!(bridge.recv(), Some(PageMessage::Connected { .. })));
    assert_eq!(bridge.recv(), Some(PageMessage::Event { topic: "a".into(), payload: json!(1).into() }));
    assert_eq!(bridge.recv(), Some(PageMessage::Event { topic: "b".into(), payload: vec![1, 2].into() }));
    assert_eq!(bridge.recv(), None);
}

#[test]
fn a_second_document_takes_the_place_of_the_first() {
    let (bridge, port) = Bridge::pair();
    let first = hello(&port);
    let second = hello(&port);
    assert_eq!(port.next(first), Next::Replaced);
    port.receive_text(first, r#"{"t":"emit","topic":"old","data":1}"#);
    port.disconnect(first);
    assert!(bridge.connected());
    port.disconnect(second);
    assert!(!bridge.connected());
    let seen: Vec<_> = std::iter::from_fn(|| bridge.recv()).collect();
    let url = "http://127.0.0.1:1/".to_owned();
    assert_eq!(
        seen,
        [PageMessage::Connected { url: url.clone() }, PageMessage::Disconnected, PageMessage::Connected { url }, PageMessage::Disconnected]
    );
}

#[test]
fn a_ping_is_answered_once_and_only_by_its_number() {
    let (bridge, port) = Bridge::pair();
    assert!(!bridge.ping(), "nobody is there");
    let id = hello(&port);
    assert!(bridge.ping());
    assert!(!bridge.ping(), "one at a time");
    assert_eq!(port.next(id), Next::Send(Outgoing::Text(r#"{"t":"ping","id":1}"#.into())));
    port.receive_text(id, r#"{"t":"pong","id":9}"#);
    port.receive_text(id, r#"{"t":"pong","id":1}"#);
    port.receive_text(id, r#"{"t":"pong","id":1}"#);
    let pongs = std::iter::from_fn(|| bridge.recv()).filter(|message| matches!(message, PageMessage::Pong { .. }));
    assert_eq!(pongs.count(), 1);
    assert!(bridge.ping());
}

#[test]
fn what_breaks_the_protocol_is_counted_and_told() {
    let (bridge, port) = Bridge::pair();
    let id = hello(&port);
    port.receive_text(id, "no json");
    port.receive_binary(id, &[1]);
    assert_eq!(bridge.stats().malformed, 2);
    assert!(matches!(port.next(id), Next::Send(Outgoing::Text(text)) if text.contains("MESSAGE_MALFORMED")));
    assert!(matches!(bridge.recv(), Some(PageMessage::Connected { .. })));
    assert_eq!(bridge.recv(), None);
}

#[test]
fn layouts_are_numbered_and_the_latest_is_seen() {
    let (bridge, port) = Bridge::pair();
    let id = hello(&port);
    for width in 1..=3 {
        port.receive_text(id, &format!(r#"{{"t":"layout","viewport":[{width},1],"scale":1,"surfaces":[]}}"#));
    }
    assert!(matches!(bridge.recv(), Some(PageMessage::Connected { .. })));
    let Some(PageMessage::Layout(report)) = bridge.recv() else { panic!("no layout") };
    assert_eq!((report.sequence, report.viewport), (3, [3.0, 1.0]));
    assert_eq!(bridge.stats().inbox_coalesced, 2);
}
