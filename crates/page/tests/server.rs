//! The app server over real sockets: what it serves, whom it refuses, and the talk over the WebSocket.

#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{runtime::Handle, sync::oneshot};
use tungstenite::{
    ClientRequestBuilder, Message, WebSocket,
    error::ProtocolError,
    http::StatusCode,
    protocol::{CloseFrame, frame::coding::CloseCode},
};
use wasm_engine_page::{
    bridge::{
        Bridge, PageMessage, ParamValue, Payload,
        limits::{INBOX_MESSAGES, MAX_MESSAGE_BYTES, MAX_SURFACES, MAX_TEXT_BYTES, WINDOW_MESSAGES},
    },
    server::{AppServer, ServerOptions, limits},
};

/// How long anything may take before the test gives up; nothing waits for it when all is well.
const PATIENCE: Duration = Duration::from_secs(20);

struct Fixture {
    server: Option<AppServer>,
    bridge: Bridge,
    woken: mpsc::Receiver<()>,
    address: SocketAddr,
    token: String,
    root: TempDir,
    _io: oneshot::Sender<()>,
}

/// The runtime on its own thread, as the engine has it. It ends when the sender is dropped.
fn io_thread() -> (Handle, oneshot::Sender<()>) {
    let (end, ended) = oneshot::channel();
    let (give, take) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        give.send(runtime.handle().clone()).unwrap();
        let _ = runtime.block_on(ended);
    });
    (take.recv().unwrap(), end)
}

impl Fixture {
    fn new() -> Self {
        let root = TempDir::new().unwrap();
        let page = root.path().join("page");
        fs::create_dir_all(page.join("sub folder")).unwrap();
        for (name, content) in [
            ("page/index.html", "<!doctype html><p>hello</p>"),
            ("page/app.js", "1"),
            ("page/module.wasm", "\0asm"),
            ("page/é.txt", "accent"),
            ("page/.secret", "hidden"),
            ("page/sub folder/index.html", "sub"),
            ("secret.txt", "outside"),
        ] {
            fs::write(root.path().join(name), content).unwrap();
        }
        fs::create_dir(page.join(".git")).unwrap();
        fs::write(page.join(".git/config"), "hidden").unwrap();
        Self::serving(root)
    }

    fn serving(root: TempDir) -> Self {
        let (runtime, io) = io_thread();
        let (bridge, port) = Bridge::pair();
        let (wake, woken) = mpsc::channel();
        bridge.on_message(Arc::new(move || {
            let _ = wake.send(());
        }));
        let server = AppServer::start(&runtime, ServerOptions { root: root.path().join("page"), bridge: port }).unwrap();
        let address = server.address();
        let token = server.browser_url().split_once("#engine=").unwrap().1.to_owned();
        Self { server: Some(server), bridge, woken, address, token, root, _io: io }
    }

    fn page(&self) -> std::path::PathBuf {
        self.root.path().join("page")
    }

    /// Sends a request as it stands and reads the whole answer.
    fn raw(&self, request: &str) -> Reply {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Reply::parse(&bytes)
    }

    fn request(&self, method: &str, path: &str, headers: &str) -> Reply {
        self.raw(&format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\r\n", self.address))
    }

    fn get(&self, path: &str) -> Reply {
        self.request("GET", path, "")
    }

    fn socket(&self) -> Client {
        let mut client = self.connect(&self.address.to_string(), Some(&self.token)).unwrap();
        client.say(&json!({ "t": "hello", "v": 1, "url": "http://test/" }));
        assert_eq!(client.hear()["t"], "welcome");
        assert!(matches!(self.next_message(), PageMessage::Connected { url } if url == "http://test/"));
        client
    }

    fn connect(&self, origin: &str, token: Option<&str>) -> Result<Client, tungstenite::Error> {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut request = ClientRequestBuilder::new(format!("ws://{}/__engine/socket", self.address).parse().unwrap())
            .with_header("Origin", format!("http://{origin}"))
            .with_sub_protocol("wasm-engine.v1");
        if let Some(token) = token {
            request = request.with_sub_protocol(format!("wasm-engine.token.{token}"));
        }
        match tungstenite::client(request, stream) {
            Ok((socket, response)) => {
                assert_eq!(response.headers()["sec-websocket-protocol"], "wasm-engine.v1");
                Ok(Client { socket })
            }
            Err(tungstenite::HandshakeError::Failure(error)) => Err(error),
            Err(tungstenite::HandshakeError::Interrupted(_)) => panic!("no answer to the handshake"),
        }
    }

    fn next_message(&self) -> PageMessage {
        loop {
            if let Some(message) = self.bridge.recv() {
                return message;
            }
            self.woken.recv_timeout(PATIENCE).expect("the page's message arrives");
        }
    }
}

struct Client {
    socket: WebSocket<TcpStream>,
}

impl Client {
    fn say(&mut self, message: &Value) {
        self.socket.send(Message::text(message.to_string())).unwrap();
    }

    fn read(&mut self) -> Message {
        loop {
            match self.socket.read().unwrap() {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    fn hear(&mut self) -> Value {
        match self.read() {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("no text but {other:?}"),
        }
    }

    fn close_code(&mut self) -> u16 {
        loop {
            match self.socket.read() {
                Ok(Message::Close(Some(frame))) => return frame.code.into(),
                Ok(_) => {}
                Err(error) => panic!("no close frame but {error}"),
            }
        }
    }

    fn is_ended(&mut self) -> bool {
        loop {
            match self.socket.read() {
                Ok(Message::Close(_)) | Err(_) => return true,
                Ok(_) => {}
            }
        }
    }
}

struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Reply {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer with headers");
        let head = str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers =
            lines.map(|line| line.split_once(": ").unwrap()).map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Self { status, headers, body: bytes[end + 4..].to_vec() }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(header, _)| header == name).map_or("", |(_, value)| value)
    }

    fn code(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).expect("a readable refusal");
        assert!(!body["message"].as_str().unwrap().is_empty() && !body["hint"].as_str().unwrap().is_empty());
        body["code"].as_str().unwrap().to_owned()
    }
}

#[test]
fn files_are_served_with_type_and_security() {
    let fixture = Fixture::new();
    let index = fixture.get("/");
    assert_eq!((index.status, index.body.as_slice()), (200, &b"<!doctype html><p>hello</p>"[..]));
    assert_eq!(index.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(index.header("cache-control"), "no-cache");
    assert_eq!(index.header("x-content-type-options"), "nosniff");
    assert!(index.header("content-security-policy").contains(&format!("ws://127.0.0.1:{}", fixture.address.port())));
    for (path, kind, body) in [
        ("/index.html?v=2", "text/html; charset=utf-8", "<!doctype html><p>hello</p>"),
        ("/app.js", "text/javascript; charset=utf-8", "1"),
        ("/module.wasm", "application/wasm", "\0asm"),
        ("/%C3%A9.txt", "text/plain; charset=utf-8", "accent"),
        ("/sub%20folder/", "text/html; charset=utf-8", "sub"),
    ] {
        let reply = fixture.get(path);
        assert_eq!((reply.status, reply.header("content-type"), reply.body.as_slice()), (200, kind, body.as_bytes()), "{path}");
    }
    let folder = fixture.get("/sub%20folder");
    assert_eq!((folder.status, folder.header("location")), (308, "/sub%20folder/"));
    let script = fixture.get("/__engine/engine.js");
    assert_eq!((script.status, script.header("content-type")), (200, "text/javascript; charset=utf-8"));
    assert!(!String::from_utf8(script.body).unwrap().contains(&fixture.token), "the script anybody can load has no token");
    assert!(fixture.server.as_ref().unwrap().user_script().contains(&fixture.token));
}

#[test]
fn the_folder_cannot_be_left() {
    let fixture = Fixture::new();
    for path in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2E%2E%2Fsecret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/sub%20folder/../../secret.txt",
        "/sub%20folder/..%2f..%2fsecret.txt",
        "/.%2e/secret.txt",
        "/C:/secret.txt",
    ] {
        let reply = fixture.get(path);
        assert_eq!((reply.status, reply.code().as_str()), (403, "PATH_OUTSIDE_APP"), "{path}");
    }
    for path in ["/%2fetc/passwd", "//etc/passwd", "/%00", "/index.html%00.png", "/%ff", "/%c0%ae%c0%ae/secret.txt", "/%zz"] {
        let reply = fixture.get(path);
        assert_eq!((reply.status, reply.code().as_str()), (400, "PATH_INVALID"), "{path}");
    }
    for path in [
        "/.secret",
        "/%2esecret",
        "/.git/config",
        "/missing",
        "/index.html/",
        "/index.html/x",
        "/%252e%252e/secret.txt",
        "/__engine/other",
        &format!("/{}", "a".repeat(300)),
    ] {
        let reply = fixture.get(path);
        assert_eq!((reply.status, reply.code().as_str()), (404, "NOT_FOUND"), "{path}");
    }
    let absolute =
        fixture.raw(&format!("GET http://{0}/../secret.txt HTTP/1.1\r\nHost: {0}\r\nConnection: close\r\n\r\n", fixture.address));
    assert_eq!(absolute.code(), "PATH_OUTSIDE_APP");
}

#[cfg(unix)]
#[test]
fn links_are_followed_only_inside() {
    use std::os::unix::fs::symlink;
    let fixture = Fixture::new();
    let page = fixture.page();
    symlink(fixture.root.path().join("secret.txt"), page.join("out.txt")).unwrap();
    symlink(fixture.root.path(), page.join("up")).unwrap();
    symlink("/etc", page.join("etc")).unwrap();
    symlink(page.join("index.html"), page.join("in.html")).unwrap();
    symlink(page.join(".secret"), page.join("shown.txt")).unwrap();
    symlink(page.join("circle"), page.join("circle")).unwrap();
    for path in ["/out.txt", "/up/secret.txt", "/up/", "/etc/passwd"] {
        assert_eq!(fixture.get(path).code(), "PATH_OUTSIDE_APP", "{path}");
    }
    assert_eq!(fixture.get("/shown.txt").code(), "NOT_FOUND", "a link does not show what is hidden");
    assert_eq!(fixture.get("/circle").code(), "NOT_FOUND");
    assert_eq!(fixture.get("/in.html").status, 200);
    assert_eq!(fixture.get("/up/page/index.html").status, 200, "a way round that ends inside");
}

#[test]
fn only_get_and_head_are_taken() {
    let fixture = Fixture::new();
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"] {
        let reply = fixture.request(method, "/", "");
        assert_eq!((reply.status, reply.code().as_str(), reply.header("allow")), (405, "METHOD_NOT_ALLOWED", "GET, HEAD"), "{method}");
    }
    let head = fixture.request("HEAD", "/index.html", "");
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, "27", 0));
    let missing = fixture.request("HEAD", "/missing", "");
    assert_eq!((missing.status, missing.body.len()), (404, 0));
    let html = fixture.request("GET", "/missing", "Accept: text/html,*/*\r\n");
    assert!(String::from_utf8(html.body).unwrap().contains("<h1>NOT_FOUND</h1>"));
}

#[test]
fn other_hosts_and_origins_are_refused() {
    let fixture = Fixture::new();
    let port = fixture.address.port();
    for host in ["evil.test", &format!("evil.test:{port}"), "127.0.0.1", &format!("localhost.evil.test:{port}"), &format!("0.0.0.0:{port}")]
    {
        let reply = fixture.raw(&format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
        assert_eq!((reply.status, reply.code().as_str()), (403, "HOST_REFUSED"), "{host}");
    }
    let reply = fixture.raw("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(reply.code(), "HOST_REFUSED", "no host at all");
    let reply = fixture.raw(&format!("GET http://evil.test/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"));
    assert_eq!(reply.code(), "HOST_REFUSED");
    assert_eq!(fixture.raw(&format!("GET / HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n")).status, 200);
    for origin in ["http://evil.test", "null", "https://127.0.0.1"] {
        assert_eq!(fixture.request("GET", "/", &format!("Origin: {origin}\r\n")).code(), "ORIGIN_REFUSED", "{origin}");
    }
}

#[test]
fn what_the_browser_has_is_not_sent_again() {
    let fixture = Fixture::new();
    let first = fixture.get("/index.html");
    let (tag, date) = (first.header("etag"), first.header("last-modified"));
    for condition in [
        format!("If-None-Match: {tag}"),
        format!("If-None-Match: \"x\", W/{tag}"),
        "If-None-Match: *".into(),
        format!("If-Modified-Since: {date}"),
    ] {
        let reply = fixture.request("GET", "/index.html", &format!("{condition}\r\n"));
        assert_eq!((reply.status, reply.body.len(), reply.header("etag")), (304, 0, tag), "{condition}");
    }
    for condition in ["If-None-Match: \"x\"", "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT", "If-Modified-Since: nonsense"] {
        assert_eq!(fixture.request("GET", "/index.html", &format!("{condition}\r\n")).status, 200, "{condition}");
    }
    fs::write(fixture.page().join("index.html"), "changed").unwrap();
    let changed = fixture.request("GET", "/index.html", &format!("If-None-Match: {tag}\r\n"));
    assert_eq!((changed.status, changed.body.as_slice()), (200, &b"changed"[..]));
}

#[test]
fn ranges_of_a_large_file_are_streamed() {
    let fixture = Fixture::new();
    let content: Vec<u8> = (0..3_000_000_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(fixture.page().join("large.bin"), &content).unwrap();
    let whole = fixture.get("/large.bin");
    assert_eq!((whole.status, whole.header("content-type")), (200, "application/octet-stream"));
    assert!(whole.body == content);
    let tag = whole.header("etag");
    for (range, start, end) in
        [("0-0", 0, 1), ("5-999999", 5, 1_000_000), ("2999990-", 2_999_990, 3_000_000), ("-10", 2_999_990, 3_000_000)]
    {
        let reply = fixture.request("GET", "/large.bin", &format!("Range: bytes={range}\r\nIf-Range: {tag}\r\n"));
        assert_eq!((reply.status, reply.header("content-range")), (206, format!("bytes {start}-{}/3000000", end - 1).as_str()), "{range}");
        assert!(reply.body == content[start..end], "{range}");
    }
    let beyond = fixture.request("GET", "/large.bin", "Range: bytes=3000000-\r\n");
    assert_eq!((beyond.status, beyond.header("content-range"), beyond.code().as_str()), (416, "bytes */3000000", "RANGE_NOT_SATISFIABLE"));
    let stale = fixture.request("GET", "/large.bin", "Range: bytes=0-1\r\nIf-Range: \"old\"\r\n");
    assert_eq!((stale.status, stale.body.len()), (200, 3_000_000));
}

#[test]
fn what_is_too_large_is_refused() {
    let fixture = Fixture::new();
    fs::File::create(fixture.page().join("huge.bin")).unwrap().set_len(limits::MAX_FILE_BYTES + 1).unwrap();
    let reply = fixture.get("/huge.bin");
    assert_eq!((reply.status, reply.code().as_str()), (413, "FILE_TOO_LARGE"));
    let reply = fixture.request("GET", "/", &format!("X-Long: {}\r\n", "x".repeat(limits::MAX_HEADER_BYTES)));
    assert_eq!(reply.status, 431);
    let reply = fixture.request("GET", "/", &"X-Many: x\r\n".repeat(limits::MAX_HEADERS + 1));
    assert_eq!(reply.status, 431);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_no_file() {
    let fixture = Fixture::new();
    let made = std::process::Command::new("mkfifo").arg(fixture.page().join("pipe")).status();
    assert!(made.is_ok_and(|status| status.success()));
    assert_eq!(fixture.get("/pipe").code(), "NOT_FOUND");
}

#[test]
fn a_crowd_of_connections_waits_and_then_is_served() {
    let fixture = Fixture::new();
    let crowd: Vec<_> = (0..limits::MAX_CONNECTIONS + 32).map(|_| TcpStream::connect(fixture.address).unwrap()).collect();
    let address = fixture.address;
    let late = thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(format!("GET /app.js HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Reply::parse(&bytes).status
    });
    drop(crowd);
    assert_eq!(late.join().unwrap(), 200);
}

#[test]
fn a_socket_needs_origin_and_token() {
    let fixture = Fixture::new();
    let own = fixture.address.to_string();
    let wrong = "0".repeat(64);
    for (origin, token, status) in [
        ("evil.test", Some(fixture.token.as_str()), StatusCode::FORBIDDEN),
        ("127.0.0.1:1", Some(&fixture.token), StatusCode::FORBIDDEN),
        (&own, None, StatusCode::UNAUTHORIZED),
        (&own, Some(&wrong), StatusCode::UNAUTHORIZED),
        (&own, Some(&fixture.token[1..]), StatusCode::UNAUTHORIZED),
        (&own, Some("x"), StatusCode::UNAUTHORIZED),
    ] {
        match fixture.connect(origin, token) {
            Err(tungstenite::Error::Http(response)) => assert_eq!(response.status(), status, "{origin} {token:?}"),
            Err(other) => panic!("refused otherwise: {other}"),
            Ok(_) => panic!("{origin} {token:?} was let in"),
        }
    }
    let upgrade =
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
    let bare = format!(
        "GET /__engine/socket HTTP/1.1\r\nHost: {own}\r\n{upgrade}Sec-WebSocket-Protocol: wasm-engine.v1, wasm-engine.token.{}\r\n\r\n",
        fixture.token
    );
    let mut stream = TcpStream::connect(fixture.address).unwrap();
    stream.write_all(bare.as_bytes()).unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 403", "a request without an origin is no page's");
    assert!(!fixture.bridge.connected());
    let headers = format!("Origin: http://{own}\r\nSec-WebSocket-Protocol: wasm-engine.token.{}\r\n", fixture.token);
    assert_eq!(fixture.request("GET", "/__engine/socket", &headers).code(), "UPGRADE_REQUIRED");
}

#[test]
fn the_first_message_must_be_a_hello_of_this_version() {
    let fixture = Fixture::new();
    for (message, code) in [(json!({ "t": "emit", "topic": "a" }), 4000), (json!(null), 4000), (json!({ "t": "hello", "v": 2 }), 4002)] {
        let mut client = fixture.connect(&fixture.address.to_string(), Some(&fixture.token)).unwrap();
        client.say(&message);
        assert_eq!(client.close_code(), code, "{message}");
    }
    assert!(!fixture.bridge.connected());
}

#[test]
fn a_page_that_closes_is_answered() {
    let fixture = Fixture::new();
    let mut client = fixture.socket();
    client.socket.close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() })).unwrap();
    assert_eq!(client.close_code(), 1000);
}

#[test]
fn json_and_bytes_go_both_ways() {
    let fixture = Fixture::new();
    let mut client = fixture.socket();
    client.say(&json!({ "t": "emit", "topic": "hit", "data": { "at": [1, 2.5], "é": null } }));
    let data = json!({ "at": [1, 2.5], "é": null });
    assert_eq!(fixture.next_message(), PageMessage::Event { topic: "hit".into(), payload: Payload::Json(data.clone()) });

    let bytes: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    let mut frame = vec![1, 1, 3, 0];
    frame.extend_from_slice(b"raw");
    frame.extend_from_slice(&bytes);
    client.socket.send(Message::binary(frame.clone())).unwrap();
    assert_eq!(fixture.next_message(), PageMessage::Event { topic: "raw".into(), payload: bytes.clone().into() });

    fixture.bridge.publish("state", data.clone()).unwrap();
    assert_eq!(client.hear(), json!({ "t": "pub", "topic": "state", "data": data }));
    fixture.bridge.send("raw", bytes).unwrap();
    assert_eq!(client.read(), Message::binary(frame));
}

#[test]
fn parameters_go_both_ways_and_greet_the_next_document() {
    let fixture = Fixture::new();
    fixture.bridge.set_param("speed", 1.0).unwrap();
    let mut client = fixture.connect(&fixture.address.to_string(), Some(&fixture.token)).unwrap();
    client.say(&json!({ "t": "hello", "v": 1, "url": "a" }));
    let welcome = client.hear();
    assert_eq!((&welcome["v"], &welcome["params"]), (&json!(1), &json!({ "speed": 1.0 })));
    assert!(matches!(fixture.next_message(), PageMessage::Connected { .. }));
    client.say(&json!({ "t": "param", "name": "speed", "value": 99 }));
    assert_eq!(fixture.next_message(), PageMessage::Param { name: "speed".into(), value: ParamValue::Number(99.0) });
    fixture.bridge.set_param("speed", 10.0).unwrap();
    assert_eq!(client.hear(), json!({ "t": "params", "values": { "speed": 10.0 } }));
}

#[test]
fn a_slow_page_gets_the_latest() {
    let fixture = Fixture::new();
    let mut client = fixture.socket();
    for index in 0..10_000 {
        fixture.bridge.publish("count", json!(index)).unwrap();
    }
    let mut last = Value::Null;
    let mut heard = 0;
    while heard < WINDOW_MESSAGES && last != 9_999 {
        last = client.hear()["data"].clone();
        heard += 1;
    }
    if last != 9_999 {
        // The window is full: what is next is the latest, and only that.
        client.say(&json!({ "t": "ack", "n": 1 }));
        assert_eq!(client.hear()["data"], 9_999);
    }
    client.say(&json!({ "t": "ack", "n": 1_000_000 }));
    fixture.bridge.send("end", json!(null)).unwrap();
    assert_eq!(client.hear()["topic"], "end");
    assert!(fixture.bridge.stats().outbox_coalesced >= 10_000 - WINDOW_MESSAGES as u64 - 1);
}

#[test]
fn large_messages_both_ways_at_once_do_not_wedge() {
    let fixture = Fixture::new();
    let mut client = fixture.socket();
    let size = MAX_MESSAGE_BYTES - 64;
    fixture.bridge.send("down", vec![7; size]).unwrap();
    let mut frame = vec![1, 1, 2, 0, b'u', b'p'];
    frame.resize(size, 9);
    client.socket.send(Message::binary(frame)).unwrap();
    assert!(matches!(fixture.next_message(), PageMessage::Event { topic, .. } if topic == "up"));
    assert_eq!(client.read().len(), 4 + "down".len() + size);
}

#[test]
fn oversized_messages_are_refused() {
    let fixture = Fixture::new();
    let mut client = fixture.socket();
    client.say(&json!({ "t": "emit", "topic": "a", "data": "x".repeat(MAX_TEXT_BYTES) }));
    assert_eq!(client.hear()["code"], "MESSAGE_TOO_LARGE");
    let sent = client.socket.send(Message::binary(vec![1; MAX_MESSAGE_BYTES + 1]));
    assert!(matches!(
        sent,
        Ok(()) | Err(tungstenite::Error::Io(_) | tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))
    ));
    assert!(client.is_ended());
    assert_eq!(fixture.next_message(), PageMessage::Disconnected);
    fixture.socket();
}

#[test]
fn hostile_messages_are_refused_and_the_talk_goes_on() {
    let fixture = Fixture::new();
    let mut client = fixture.socket();
    let layout = |surfaces: &str| format!(r#"{{"t":"layout","viewport":[800,600],"scale":1,"surfaces":{surfaces}}}"#);
    let surface = |x: &str| format!(r#"{{"name":"a","x":{x},"y":0,"w":1,"h":1,"clip":[0,0,1,1],"opacity":1,"visible":true}}"#);
    let many = format!("[{}]", vec![surface("0"); MAX_SURFACES + 1].join(","));
    let hostile = [
        ("MESSAGE_MALFORMED", "{".to_owned()),
        ("MESSAGE_MALFORMED", "[".repeat(100_000)),
        ("MESSAGE_MALFORMED", layout(&format!("[{}]", surface("NaN")))),
        ("MESSAGE_MALFORMED", layout(&format!("[{}]", surface("1e999")))),
        ("MESSAGE_MALFORMED", layout(&format!("[{}]", surface("\"1\"")))),
        ("MESSAGE_MALFORMED", layout(&format!("[{}]", surface("null")))),
        ("LAYOUT_REFUSED", layout(&format!("[{}]", surface("1e30")))),
        ("MESSAGE_MALFORMED", layout(&many)),
        ("MESSAGE_MALFORMED", layout(&format!("[{}]", "0,".repeat(400_000)))),
        ("MESSAGE_MALFORMED", layout("1000000000")),
        ("MESSAGE_MALFORMED", layout(r#"{"length":1000000000}"#)),
        ("MESSAGE_UNKNOWN", r#"{"t":"shutdown"}"#.to_owned()),
        ("PROTOCOL_VERSION", r#"{"t":"hello","v":77}"#.to_owned()),
        ("PARAM_INVALID", r#"{"t":"param","name":"\u0000","value":1}"#.to_owned()),
    ];
    for (code, message) in &hostile {
        client.socket.send(Message::text(message.clone())).unwrap();
        let answer = client.hear();
        assert_eq!((&answer["t"], &answer["code"]), (&json!("error"), &json!(code)), "{}", &message[..message.len().min(120)]);
    }
    for frame in [vec![], vec![1], vec![9, 1, 0, 0], vec![1, 9, 1, 0, b'a'], vec![1, 1, 0xff, 0xff, b'a'], vec![1, 1, 1, 0, 0xff]] {
        client.socket.send(Message::binary(frame)).unwrap();
        assert_eq!(client.hear()["t"], "error");
    }
    client.socket.send(Message::text(layout(&format!("[{}]", surface("-3.5"))))).unwrap();
    let PageMessage::Layout(report) = fixture.next_message() else { panic!("no layout") };
    assert_eq!((report.surfaces[0].x, report.sequence), (-3.5, 1), "nothing hostile came through");
    assert_eq!(fixture.bridge.stats().malformed, hostile.len() as u64 + 6);
}

#[test]
fn a_flood_of_events_is_refused_where_the_queue_ends() {
    const FLOOD: usize = 5000;
    let fixture = Fixture::new();
    let mut client = fixture.socket();
    for index in 0..FLOOD {
        client.say(&json!({ "t": "emit", "topic": "flood", "data": index }));
    }
    client.say(&json!({ "t": "param", "name": "speed", "value": 4 }));
    assert_eq!(client.hear()["code"], "QUEUE_FULL");
    let deadline = Instant::now() + PATIENCE;
    let seen = || fixture.bridge.stats().received + fixture.bridge.stats().inbox_refused;
    while seen() < FLOOD as u64 + 2 {
        assert!(Instant::now() < deadline, "the flood is read to its end");
        thread::yield_now();
    }
    for index in 0..INBOX_MESSAGES {
        assert_eq!(fixture.bridge.recv(), Some(PageMessage::Event { topic: "flood".into(), payload: json!(index).into() }));
    }
    assert_eq!(
        fixture.bridge.recv(),
        Some(PageMessage::Param { name: "speed".into(), value: 4.0.into() }),
        "a slider is not lost in a flood"
    );
    assert_eq!(fixture.bridge.recv(), None);
    assert_eq!(fixture.bridge.stats().inbox_refused, (FLOOD - INBOX_MESSAGES) as u64);
}

#[test]
fn a_new_document_takes_the_place_and_the_engine_hears_of_it() {
    let fixture = Fixture::new();
    let mut first = fixture.socket();
    let mut second = fixture.connect(&fixture.address.to_string(), Some(&fixture.token)).unwrap();
    second.say(&json!({ "t": "hello", "v": 1, "url": "second" }));
    assert_eq!(first.close_code(), 4001);
    assert_eq!(fixture.next_message(), PageMessage::Disconnected);
    assert_eq!(fixture.next_message(), PageMessage::Connected { url: "second".into() });
    second.socket.close(None).unwrap();
    assert_eq!(fixture.next_message(), PageMessage::Disconnected);
    assert!(!fixture.bridge.connected());
}

#[test]
fn a_ping_comes_back() {
    let fixture = Fixture::new();
    let mut client = fixture.socket();
    assert!(fixture.bridge.ping());
    let ping = client.hear();
    assert_eq!(ping["t"], "ping");
    client.say(&json!({ "t": "pong", "id": ping["id"] }));
    assert!(matches!(fixture.next_message(), PageMessage::Pong { .. }));
}

#[test]
fn the_end_of_the_server_ends_everything() {
    let mut fixture = Fixture::new();
    let mut client = fixture.socket();
    fixture.server = None;
    assert_eq!(client.close_code(), 1001);
    assert_eq!(fixture.next_message(), PageMessage::Disconnected);
}

#[test]
fn a_missing_folder_is_named() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let start = |root: &Path| {
        let (_, bridge) = Bridge::pair();
        AppServer::start(runtime.handle(), ServerOptions { root: root.to_path_buf(), bridge }).unwrap_err()
    };
    assert_eq!(start(&folder.path().join("nowhere")).code(), "PAGE_ROOT_MISSING");
    assert_eq!(start(&folder.path().join("file")).code(), "PAGE_ROOT_NOT_A_FOLDER");
}
