//! Who may connect, and what happens to those who break the rules.

#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]
#![allow(dead_code, reason = "each test file uses its part of the harness")]

#[path = "support/harness.rs"]
mod harness;

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Instant,
};

use harness::{Fixture, PATIENCE, Socket, read_to_the_end, receive, receive_bye, run_at, say, say_hello};
use tungstenite::{
    Message,
    http::StatusCode,
    protocol::{CloseFrame, frame::coding::CloseCode},
};
use wasm_engine_serve::{
    limits,
    protocol::{Ask, FromEngine, FromPanel, VERSION},
};

fn refusal(result: Result<Socket, tungstenite::Error>) -> StatusCode {
    match result {
        Err(tungstenite::Error::Http(response)) => response.status(),
        other => panic!("a refusal was expected: {other:?}"),
    }
}

/// An answer to a request as it was written.
fn request(fixture: &Fixture, text: &str) -> String {
    let mut stream = TcpStream::connect(fixture.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn get(fixture: &Fixture, path: &str, host: &str) -> String {
    request(fixture, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
}

#[test]
fn only_those_with_the_token_and_from_here_may_connect() {
    let fixture = Fixture::looking();
    let port = fixture.address.port();
    for token in ["", "wrong", &"0".repeat(64), &fixture.token[1..], &format!("{}&token={}", "0".repeat(64), fixture.token)] {
        assert_eq!(refusal(fixture.handshake(token, &[])), StatusCode::UNAUTHORIZED, "{token}");
    }
    for origin in ["http://evil.test", "null", "https://127.0.0.1", &format!("http://evil.test:{port}")] {
        assert_eq!(refusal(fixture.handshake(&fixture.token, &[("Origin", origin)])), StatusCode::FORBIDDEN, "{origin}");
    }
    for host in [format!("rebound.evil.test:{port}"), "127.0.0.1".to_owned(), format!("127.0.0.1:{}", port ^ 1)] {
        assert_eq!(refusal(fixture.handshake(&fixture.token, &[("Host", &host)])), StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
    for origin in [format!("http://127.0.0.1:{port}"), format!("http://localhost:{port}")] {
        let mut socket = fixture.handshake(&fixture.token, &[("Origin", &origin)]).unwrap();
        say_hello(&mut socket);
        assert!(matches!(receive(&mut socket), FromEngine::Hello { .. }));
    }
    assert!(fixture.handshake(&fixture.token, &[("Host", &format!("localhost:{port}"))]).is_ok());
}

#[test]
fn files_come_with_their_headers_and_nothing_else_comes() {
    let fixture = Fixture::looking();
    let host = fixture.address.to_string();
    let index = get(&fixture, "/", &host);
    assert!(index.starts_with("HTTP/1.1 200") && index.ends_with("<p>panel</p>"), "{index}");
    for header in [
        "content-type: text/html; charset=utf-8",
        "content-security-policy: default-src 'none'",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cache-control: no-store",
    ] {
        assert!(index.contains(header), "{header}: {index}");
    }
    assert!(get(&fixture, "/assets/panel.js", &host).ends_with("\r\n\r\n1"));
    for path in ["/../Cargo.toml", "/assets/../index.html", "/%2e%2e/Cargo.toml", "/assets", "/index.html%00"] {
        let answer = get(&fixture, path, &host);
        assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("NOT_FOUND") && answer.contains("nosniff"), "{path}: {answer}");
    }
    assert!(get(&fixture, "/", "rebound.evil.test").starts_with("HTTP/1.1 421"));
    assert!(get(&fixture, &format!("/panel?token={}", fixture.token), &host).starts_with("HTTP/1.1 426"));
    let post = request(&fixture, &format!("POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
    assert!(post.starts_with("HTTP/1.1 405"), "{post}");
    let head = request(&fixture, &format!("HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
    assert!(request(&fixture, "nonsense\r\n\r\n").starts_with("HTTP/1.1 400"));
}

#[test]
fn the_first_message_must_be_a_hello_of_this_version() {
    let fixture = Fixture::looking();
    let ask = serde_json::to_string(&FromPanel::Ask { id: 1, ask: Ask::Pause }).unwrap();
    let other = serde_json::to_string(&FromPanel::Hello { version: VERSION + 1 }).unwrap();
    for (message, code) in [
        (Message::text(other), "PROTOCOL_VERSION"),
        (Message::text(ask), "HELLO_EXPECTED"),
        (Message::binary(vec![1, 2, 3]), "HELLO_EXPECTED"),
        (Message::text("{"), "MALFORMED_MESSAGE"),
        (Message::text(""), "MALFORMED_MESSAGE"),
        (Message::text("[".repeat(60_000)), "MALFORMED_MESSAGE"),
        (Message::text(r#"{"type":"hello","version":"one"}"#), "MALFORMED_MESSAGE"),
        (Message::text(r#"{"type":"hello"}"#), "MALFORMED_MESSAGE"),
        (Message::text(r#"{"type":"goodbye"}"#), "MALFORMED_MESSAGE"),
    ] {
        let mut socket = fixture.connect();
        socket.send(message).unwrap();
        let problem = receive_bye(&mut socket);
        assert_eq!(problem.code, code, "{problem:?}");
        read_to_the_end(&mut socket);
    }
}

#[test]
fn a_client_that_closes_is_answered() {
    let fixture = Fixture::looking();
    let early = fixture.connect();
    let (late, _) = fixture.attach();
    for mut socket in [early, late] {
        socket.close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() })).unwrap();
        let answer =
            std::iter::from_fn(|| socket.read().ok()).find_map(|message| if let Message::Close(frame) = message { frame } else { None });
        assert_eq!(answer.map(|frame| frame.code), Some(CloseCode::Normal));
    }
}

#[test]
fn a_hello_that_does_not_come_is_not_waited_for() {
    let fixture = Fixture::looking();
    let mut socket = fixture.connect();
    assert_eq!(receive_bye(&mut socket).code, "HELLO_LATE");
    read_to_the_end(&mut socket);
}

#[test]
fn later_messages_must_be_of_the_protocol_too() {
    let fixture = Fixture::looking();
    for message in [
        "not json",
        r#"{"type":"ask","id":1}"#,
        r#"{"type":"ask","id":"one","ask":{"what":"pause"}}"#,
        r#"{"type":"ask","id":1,"ask":{"what":"explode"}}"#,
        r#"{"type":"ask","id":1,"ask":{"what":"hud","shown":"yes"}}"#,
        r#"{"type":"ask","id":1,"ask":{"what":"restart","seed":"-1"}}"#,
        r#"{"type":"ask","id":1,"ask":{"what":"param","name":7,"value":1}}"#,
        r#"{"type":"ask","id":1,"ask":{"what":"param","name":"x","value":1e999}}"#,
        r#"{"type":"hello","version":2}"#,
        &format!(r#"{{"type":"{}"}}"#, "x".repeat(60_000)),
    ] {
        let (mut socket, _) = fixture.attach();
        socket.send(Message::text(message)).unwrap();
        let problem = receive_bye(&mut socket);
        assert_eq!(problem.code, "MALFORMED_MESSAGE", "{message}");
        assert!(problem.message.len() < 2 * limits::LOG_TEXT_BYTES, "what is too long is not repeated");
        read_to_the_end(&mut socket);
    }
}

#[test]
fn a_message_beyond_the_limit_ends_its_connection_and_no_other() {
    let fixture = Fixture::looking();
    let (mut witness, _) = fixture.attach();
    let (mut socket, _) = fixture.attach();
    let start = Instant::now();
    // The server reads the length and no more, so sending fails before the end or what was sent is thrown away.
    let _ = socket.send(Message::text("x".repeat(100 << 20)));
    read_to_the_end(&mut socket);
    assert!(start.elapsed() < PATIENCE);

    let (mut socket, _) = fixture.attach();
    let _ = socket.send(Message::text("x".repeat(limits::MESSAGE_BYTES + 1)));
    read_to_the_end(&mut socket);

    fixture.hub.publish(run_at(5));
    assert!(matches!(receive(&mut witness), FromEngine::Change { change } if change.run.as_ref().is_some_and(|run| run.tick == 5)));
    say(&mut witness, &FromPanel::Ask { id: 3, ask: Ask::Pause });
    assert!(matches!(receive(&mut witness), FromEngine::Answer { id: 3, .. }));
}
