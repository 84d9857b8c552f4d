//! A hub, its server on a thread, and clients that are real sockets.

use std::{
    net::{SocketAddr, TcpStream},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, sync::oneshot};
use tungstenite::{ClientRequestBuilder, HandshakeError, Message, WebSocket};
use wasm_engine_serve::{
    Asks, Hub, Note, PanelFile, PanelFiles, Server, ServerOptions, Update,
    protocol::{AppInfo, Change, Frame, FromEngine, FromPanel, Level, Problem, Rights, Run, State, VERSION},
};

/// How long anything may take before a test gives up; nothing waits for it when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) type Socket = WebSocket<TcpStream>;

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

pub(crate) struct Fixture {
    pub(crate) hub: Hub,
    pub(crate) asks: Option<Asks>,
    pub(crate) server: Option<Server>,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    _io: oneshot::Sender<()>,
}

impl Fixture {
    pub(crate) fn new(rights: Rights) -> Self {
        let (runtime, io) = io_thread();
        let app = AppInfo { name: "swarm".to_owned(), title: "Swarm".to_owned(), version: "1".to_owned(), params: Vec::new() };
        let (hub, asks) = Hub::new("0.0.0", app);
        let file = |path: &str, text: &'static str, mime: &'static str| PanelFile {
            path: path.to_owned(),
            bytes: text.as_bytes().into(),
            mime: mime.into(),
        };
        let files = PanelFiles::new([
            file("index.html", "<!doctype html><p>panel</p>", "text/html; charset=utf-8"),
            file("assets/panel.js", "1", "text/javascript; charset=utf-8"),
        ]);
        let server = Server::start(&runtime, hub.clone(), ServerOptions { port: 0, rights, files }).unwrap();
        let (address, url) = (server.address(), server.url());
        let token = url.split_once("#token=").unwrap().1.to_owned();
        assert_eq!(server.socket_url(), format!("ws://{address}/panel?token={token}"));
        Self { hub, asks: Some(asks), server: Some(server), address, token, _io: io }
    }

    pub(crate) fn looking() -> Self {
        Self::new(Rights { ask: false })
    }

    /// A handshake with this token, and with these headers in place of the usual ones.
    pub(crate) fn handshake(&self, token: &str, headers: &[(&str, &str)]) -> Result<Socket, tungstenite::Error> {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let host =
            headers.iter().find(|(name, _)| *name == "Host").map_or_else(|| self.address.to_string(), |(_, host)| (*host).to_owned());
        let uri = format!("ws://{host}/panel?token={token}").parse().unwrap();
        let others = headers.iter().filter(|(name, _)| *name != "Host");
        let request = others.fold(ClientRequestBuilder::new(uri), |request, (name, value)| request.with_header(*name, *value));
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(socket),
            Err(HandshakeError::Failure(error)) => Err(error),
            Err(HandshakeError::Interrupted(_)) => panic!("no answer to the handshake"),
        }
    }

    /// A socket that has said nothing yet.
    pub(crate) fn connect(&self) -> Socket {
        self.handshake(&self.token, &[]).unwrap()
    }

    /// A client that has said hello and was given the snapshot.
    pub(crate) fn attach(&self) -> (Socket, State) {
        let mut socket = self.connect();
        say_hello(&mut socket);
        assert!(matches!(receive(&mut socket), FromEngine::Hello { version: VERSION, .. }));
        let FromEngine::Snapshot { state } = receive(&mut socket) else { panic!("a snapshot comes after the hello") };
        (socket, state)
    }
}

pub(crate) fn say(socket: &mut Socket, message: &FromPanel) {
    socket.send(Message::text(serde_json::to_string(message).unwrap())).unwrap();
}

pub(crate) fn say_hello(socket: &mut Socket) {
    say(socket, &FromPanel::Hello { version: VERSION });
}

/// The next message that says something new.
pub(crate) fn receive(socket: &mut Socket) -> FromEngine {
    loop {
        let message = receive_any(socket);
        if message != FromEngine::Alive {
            return message;
        }
    }
}

/// The next message.
pub(crate) fn receive_any(socket: &mut Socket) -> FromEngine {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

/// The next change.
pub(crate) fn receive_change(socket: &mut Socket) -> Change {
    match receive(socket) {
        FromEngine::Change { change } => change,
        other => panic!("a change was expected: {other:?}"),
    }
}

/// What the engine says before it closes; everything before that is passed over.
pub(crate) fn receive_bye(socket: &mut Socket) -> Problem {
    loop {
        if let FromEngine::Bye { problem } = receive(socket) {
            return problem;
        }
    }
}

/// Reads until the connection ends, whichever way.
pub(crate) fn read_to_the_end(socket: &mut Socket) {
    let start = Instant::now();
    while socket.read().is_ok() {}
    assert!(start.elapsed() < PATIENCE, "the connection has not ended");
}

pub(crate) fn run_at(tick: u64) -> Update {
    Update { run: Some(Run { tick, ..Run::default() }), ..Update::default() }
}

pub(crate) fn frame(token: u64) -> Frame {
    Frame { token, wait: Some(0.1), compute: Some(1.0), page: None, compose: Some(2.0), present: None, total: Some(3.1), late: false }
}

pub(crate) fn note(text: String) -> Note {
    Note { tick: Some(1), level: Level::Info, part: "engine".to_owned(), code: None, text }
}
