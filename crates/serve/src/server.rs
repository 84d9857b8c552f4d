//! The panel's server: its files over HTTP on the loopback interface, and the WebSocket `/panel`.
//!
//! Whoever else is on this machine, or in its browser, gets nothing by it: host and origin are checked, only files that were read at the start are given
//! out, and the socket needs a token of 256 bits that is in the printed address and nowhere else.

mod files;
mod guard;
mod reply;
mod socket;

use std::{
    convert::Infallible,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    pin::pin,
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::Duration,
};

use axum::{
    body::Body,
    extract::{FromRequestParts, ws::WebSocketUpgrade},
    http::{Method, Request, Response, request::Parts},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::timeout,
};

pub use self::files::{PanelFile, PanelFiles};
use wasm_engine_loopback::Token;

use self::{reply::Refusal, socket::Client};
use crate::{error::ServeError, hub::Hub, limits, protocol::Rights};

/// Where the WebSocket is.
const SOCKET: &str = "/panel";

/// What the server needs to know.
#[derive(Debug)]
pub struct ServerOptions {
    /// Port on 127.0.0.1; 0 is any that is free.
    pub port: u16,
    /// What clients may do besides looking.
    pub rights: Rights,
    /// The panel's files.
    pub files: PanelFiles,
}

/// What every connection shares.
struct App {
    port: u16,
    token: Token,
    hub: Hub,
    rights: Rights,
    files: PanelFiles,
    clients: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
}

/// A place among the open connections. It is taken until both the HTTP connection and the WebSocket that came of it are gone.
type Place = Arc<OwnedSemaphorePermit>;

/// A running server. It ends when this is dropped, with every connection.
pub struct Server {
    address: SocketAddr,
    token: Token,
    stop: watch::Sender<bool>,
    /// Says nothing; ends with the last client. In a lock only so that the server can be shared between threads.
    over: Mutex<mpsc::Receiver<()>>,
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Server {
    /// Serves a panel on 127.0.0.1, with tasks on `runtime`, whose time and input/output must be enabled. Clients are fed from `hub`.
    ///
    /// # Errors
    /// When the port cannot be had, or there is no randomness.
    pub fn start(runtime: &Handle, hub: Hub, options: ServerOptions) -> Result<Self, ServeError> {
        let ServerOptions { port, rights, files } = options;
        let bind = |source| ServeError::Bind { port, source };
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(bind)?;
        listener.set_nonblocking(true).map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let token = Token::random().map_err(ServeError::Random)?;
        let (stop, stopped) = watch::channel(false);
        let clients = Arc::new(Semaphore::new(limits::CLIENTS_MAX));
        let app = Arc::new(App { port: address.port(), token: token.clone(), hub, rights, files, clients, stop: stopped });
        let listener = {
            let _context = runtime.enter();
            TcpListener::from_std(listener).map_err(bind)?
        };
        let (alive, over) = mpsc::channel();
        runtime.spawn(accept(listener, app, alive));
        Ok(Self { address, token, stop, over: Mutex::new(over) })
    }

    /// The address the server listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The panel's address for a browser, with the token in the fragment, which browsers keep to themselves. Whoever has this address may connect.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/#token={}", self.address, self.token.reveal())
    }

    /// The WebSocket's address for a program, with the token. Whoever has this address may connect.
    #[must_use]
    pub fn socket_url(&self) -> String {
        format!("ws://{}{SOCKET}?{}{}", self.address, guard::TOKEN_PARAMETER, self.token.reveal())
    }

    /// Tells every client the last state and that the engine ends, and waits for that, up to a time. Not to be called on the server's runtime.
    pub fn shutdown(self, patience: Duration) {
        self.stop.send_replace(true);
        // An error is what is waited for: the last task is gone.
        let _ = self.over.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(patience);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// Takes connections until the server is dropped; those that are open end with it. `alive` goes when the last client has gone.
async fn accept(listener: TcpListener, app: Arc<App>, alive: mpsc::Sender<()>) {
    let mut stop = app.stop.clone();
    let places = Arc::new(Semaphore::new(limits::CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            Some(_) = connections.join_next() => {}
            connection = next(&listener, &places) => {
                if let Some((stream, place)) = connection {
                    connections.spawn(converse(stream, app.clone(), place));
                }
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
    // WebSockets have left their connections; their places say whether they are still there.
    let _ = places.acquire_many(limits::CONNECTIONS_MAX as u32).await;
    drop(alive);
}

/// Waits until the server is dropped.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error says that nobody is left who could say it otherwise.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The next connection, once there is room for it.
async fn next(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<(TcpStream, Place)> {
    let place = places.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, Arc::new(place))),
        Err(error) => {
            report(&error);
            // Out of file descriptors, most likely: to try again at once would only spin.
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

fn report(error: &io::Error) {
    tracing::warn!(%error, "a connection of a panel could not be accepted");
}

async fn converse(stream: TcpStream, app: Arc<App>, place: Place) {
    // Answers are small and wanted at once.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let (app, place) = (app.clone(), place.clone());
        async move { Ok::<_, Infallible>(respond(&app, request, place).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEADER_TIMEOUT)
        .max_header_size(limits::HEADER_BYTES)
        .max_headers(limits::HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    // Ends when the connection has become a WebSocket, too, which has limits of its own. One that asks and never reads must not keep its place for ever.
    let ended = match timeout(limits::REQUESTS_TIMEOUT, connection.as_mut()).await {
        Ok(ended) => Ok(ended),
        Err(_) => {
            connection.as_mut().graceful_shutdown();
            timeout(limits::WRITE_TIMEOUT, connection).await
        }
    };
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection of a panel ended"),
        Err(_) => tracing::debug!("a connection of a panel was cut off: it does not read"),
    }
}

/// Answers one request, with the headers that every answer carries.
async fn respond(app: &App, request: Request<Incoming>, place: Place) -> Response<Body> {
    let (mut parts, _) = request.into_parts();
    let result = dispatch(app, &mut parts, place).await;
    let mut response = result.unwrap_or_else(|refusal| {
        // The path and not the address: that of the socket has a token in it.
        tracing::debug!(code = refusal.code(), path = parts.uri.path(), "request refused");
        refusal.reply()
    });
    if parts.method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    reply::secure(&mut response, app.port);
    response
}

async fn dispatch(app: &App, parts: &mut Parts, place: Place) -> Result<Response<Body>, Refusal> {
    guard::host(&parts.headers, &parts.uri, app.port)?;
    guard::origin(&parts.headers, app.port)?;
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return Err(Refusal::Method);
    }
    if parts.uri.path() == SOCKET {
        return upgrade(app, parts, place).await;
    }
    app.files.find(parts.uri.path()).map(reply::file).ok_or(Refusal::NotFound)
}

async fn upgrade(app: &App, parts: &mut Parts, place: Place) -> Result<Response<Body>, Refusal> {
    guard::token(&parts.uri, &app.token)?;
    let Ok(upgrade) = WebSocketUpgrade::from_request_parts(parts, &()).await else {
        return Err(Refusal::Upgrade);
    };
    // A client too many is let in as far as it takes to tell it so: a browser shows no script why a handshake failed.
    let seat = app.clients.clone().try_acquire_owned().ok();
    let client = Client { hub: app.hub.clone(), rights: app.rights, stop: app.stop.clone(), seat, _place: place };
    Ok(upgrade
        .max_message_size(limits::MESSAGE_BYTES)
        .max_frame_size(limits::MESSAGE_BYTES)
        .on_upgrade(move |socket| socket::run(socket, client)))
}
