//! The app server: the page's folder over HTTP on the loopback interface, and the WebSocket of `window.engine`.
//!
//! A page gets a secure origin of its own (`http://127.0.0.1:PORT`), which `file:` would not give it. Whoever else is on this
//! machine, or in its browser, gets nothing by it: host and origin are checked, the folder cannot be left, and the socket needs a
//! token of 256 bits that only the page's script is given.

pub mod limits;

mod file;
mod guard;
mod mime;
mod path;
mod range;
mod reply;
mod socket;

use std::{
    collections::HashSet,
    convert::Infallible,
    fmt, fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use axum::{
    body::Body,
    extract::{FromRequestParts, ws::WebSocketUpgrade},
    http::{HeaderValue, Method, Request, Response, StatusCode, header, request::Parts},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};

use crate::bridge::{BridgePort, limits::MAX_MESSAGE_BYTES};
use reply::Refusal;
use wasm_engine_loopback::Token;

/// The script that defines `window.engine`.
static SCRIPT: LazyLock<String> = LazyLock::new(|| ENGINE.replacen(GEOMETRY_PLACE, GEOMETRY.trim_end_matches([';', '\n']), 1));

/// What it is made of.
const ENGINE: &str = include_str!("script/engine.js");
const GEOMETRY: &str = include_str!("script/geometry.js");

/// Where the script takes in the geometry.
const GEOMETRY_PLACE: &str = "/*ENGINE_GEOMETRY*/ null";

/// What makes up for inputs that Servo paints but does not let a person use.
const CONTROLS: &str = include_str!("script/controls.js");

/// What tells authors of their everyday mistakes.
const HINTS: &str = include_str!("script/hints.js");

/// Where the script takes what it must know to connect.
const SCRIPT_CONFIG: &str = "/*ENGINE_CONFIG*/ null";

/// Where the paths that are not files begin.
const RESERVED: &str = "/__engine/";

/// What the server needs to know.
#[derive(Debug)]
pub struct ServerOptions {
    /// The page's folder. Nothing outside it is served.
    pub root: PathBuf,
    /// The server's end of the bridge.
    pub bridge: BridgePort,
}

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The page's folder is not there.
    #[error("the folder of the page, {}, cannot be opened: {source}", path.display())]
    Root {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The page's folder is a file.
    #[error("{} is not a folder", path.display())]
    RootIsNoFolder {
        /// The path.
        path: PathBuf,
    },
    /// No port of the loopback interface could be had.
    #[error("the app server cannot listen on 127.0.0.1: {0}")]
    Bind(#[source] io::Error),
    /// The operating system gave no randomness for the token.
    #[error("no randomness for the token: {0}")]
    Random(wasm_engine_loopback::RandomError),
}

impl ServerError {
    /// Stable name of the error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Root { .. } => "PAGE_ROOT_MISSING",
            Self::RootIsNoFolder { .. } => "PAGE_ROOT_NOT_A_FOLDER",
            Self::Bind(_) => "SERVER_BIND",
            Self::Random(_) => "NO_RANDOMNESS",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Root { .. } | Self::RootIsNoFolder { .. } => Some("name the folder that holds index.html in the manifest".to_owned()),
            Self::Bind(_) => Some("the loopback interface must be up, and the process must be allowed to listen".to_owned()),
            Self::Random(_) => None,
        }
    }
}

/// Paths that were told.
type Told = Arc<Mutex<HashSet<String>>>;

/// What every connection shares.
struct App {
    root: Arc<Path>,
    port: u16,
    token: Token,
    bridge: Arc<BridgePort>,
    sockets: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
    /// Paths whose refusal was told to the author of this document.
    told: Told,
}

impl App {
    /// Tells the author what was refused, once for each path and of a bounded number of them: Servo shows nothing where a file is missing, or names another cause.
    fn tell(&self, refusal: Refusal, path: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        // Browsers ask for this one by themselves, and strangers for what they like.
        let is_the_authors = path != "/favicon.ico" && !matches!(refusal, Refusal::Host | Refusal::Origin | Refusal::Token);
        if is_the_authors && told.len() < limits::MAX_REFUSALS_TOLD && !told.contains(path) {
            told.insert(path.to_owned());
            let (message, hint) = refusal.message();
            tracing::warn!(code = refusal.code(), path, "a request was refused: {message} {hint}");
        } else {
            tracing::debug!(code = refusal.code(), path, "a request was refused");
        }
    }
}

/// A running server. It ends when this is dropped, with every connection.
pub struct AppServer {
    address: SocketAddr,
    token: Token,
    stop: watch::Sender<bool>,
}

impl fmt::Debug for AppServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AppServer").field("address", &self.address).finish_non_exhaustive()
    }
}

impl AppServer {
    /// Serves `options.root` on a free port of 127.0.0.1, with tasks on `runtime`, whose time and input/output must be enabled.
    ///
    /// # Errors
    /// When the folder is not there or no port can be had.
    pub fn start(runtime: &Handle, options: ServerOptions) -> Result<Self, ServerError> {
        let ServerOptions { root, bridge } = options;
        // Canonical once, here: every request's real path is compared with it.
        let canonical = fs::canonicalize(&root).map_err(|source| ServerError::Root { path: root.clone(), source })?;
        if !canonical.is_dir() {
            return Err(ServerError::RootIsNoFolder { path: root });
        }
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(ServerError::Bind)?;
        listener.set_nonblocking(true).map_err(ServerError::Bind)?;
        let address = listener.local_addr().map_err(ServerError::Bind)?;
        let token = Token::random().map_err(ServerError::Random)?;
        let (stop, stopped) = watch::channel(false);
        let app = Arc::new(App {
            root: canonical.into(),
            port: address.port(),
            token: token.clone(),
            bridge: Arc::new(bridge),
            sockets: Arc::new(Semaphore::new(limits::MAX_CONNECTIONS)),
            stop: stopped,
            told: Told::default(),
        });
        let listener = {
            let _context = runtime.enter();
            TcpListener::from_std(listener).map_err(ServerError::Bind)?
        };
        runtime.spawn(accept(listener, app));
        Ok(Self { address, token, stop })
    }

    /// The address the server listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The page's origin, without a slash at the end.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The page's address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The page's address for an ordinary browser, with the token in the fragment, which browsers keep to themselves. The page
    /// must load `/__engine/engine.js`. Whoever has this address may talk to the engine.
    #[must_use]
    pub fn browser_url(&self) -> String {
        format!("http://{}/#engine={}", self.address, self.token.reveal())
    }

    /// The script that defines `window.engine` in the page, with the token in it. To be run in every document before its own
    /// scripts; documents of other origins learn nothing from it.
    #[must_use]
    pub fn user_script(&self) -> String {
        let config = serde_json::json!({ "origin": self.origin(), "token": self.token.reveal() });
        SCRIPT.replacen(SCRIPT_CONFIG, &config.to_string(), 1) + CONTROLS + HINTS
    }
}

impl Drop for AppServer {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// Takes connections until the server is dropped; those that are open end with it.
async fn accept(listener: TcpListener, app: Arc<App>) {
    let mut stop = app.stop.clone();
    let slots = Arc::new(Semaphore::new(limits::MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            Some(_) = connections.join_next() => {}
            connection = next(&listener, &slots) => {
                if let Some((stream, slot)) = connection {
                    connections.spawn(converse(stream, app.clone(), slot));
                }
            }
        }
    }
}

/// The next connection, once there is room for it.
async fn next(listener: &TcpListener, slots: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let slot = slots.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, slot)),
        Err(error) => {
            // Out of file descriptors, most likely: to try again at once would only spin.
            tracing::warn!(%error, "a connection of the page could not be accepted");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            None
        }
    }
}

async fn converse(stream: TcpStream, app: Arc<App>, _slot: OwnedSemaphorePermit) {
    // Messages of the page are small and wanted at once.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let app = app.clone();
        async move { Ok::<_, Infallible>(respond(&app, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEADER_TIMEOUT)
        .max_header_size(limits::MAX_HEADER_BYTES)
        .max_headers(limits::MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection of the page ended");
    }
}

/// Answers one request, with the headers that every answer carries.
async fn respond(app: &App, request: Request<Incoming>) -> Response<Body> {
    let (mut parts, _) = request.into_parts();
    let result = dispatch(app, &mut parts).await;
    let mut response = result.unwrap_or_else(|refusal| {
        app.tell(refusal, parts.uri.path());
        let mut response = refusal.reply(&parts.headers);
        if parts.method == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
        response
    });
    reply::secure(&mut response, app.port);
    response
}

async fn dispatch(app: &App, parts: &mut Parts) -> Result<Response<Body>, Refusal> {
    guard::host(&parts.headers, &parts.uri, app.port)?;
    guard::origin(&parts.headers, app.port)?;
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return Err(Refusal::Method);
    }
    match parts.uri.path().strip_prefix(RESERVED) {
        Some("socket") => upgrade(app, parts).await,
        Some("engine.js") => Ok(script()),
        Some(_) => Err(Refusal::NotFound),
        None => file::serve(app.root.clone(), parts.method.clone(), parts.uri.path().to_owned(), parts.headers.clone()).await,
    }
}

/// The script without the token, for pages that load it themselves: in a browser they get the token from the address, in the
/// engine the script is there already.
fn script() -> Response<Body> {
    let mut response = Response::new(Body::from(SCRIPT.as_str()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8"));
    response
}

async fn upgrade(app: &App, parts: &mut Parts) -> Result<Response<Body>, Refusal> {
    guard::socket(&parts.headers, app.port, &app.token)?;
    let Ok(upgrade) = WebSocketUpgrade::from_request_parts(parts, &()).await else {
        return Err(Refusal::Upgrade);
    };
    let Ok(slot) = app.sockets.clone().try_acquire_owned() else {
        return Ok(reply::empty(StatusCode::SERVICE_UNAVAILABLE));
    };
    let (bridge, stop, told) = (app.bridge.clone(), app.stop.clone(), app.told.clone());
    Ok(upgrade.max_message_size(MAX_MESSAGE_BYTES).max_frame_size(MAX_MESSAGE_BYTES).protocols([guard::PROTOCOL]).on_upgrade(
        async move |socket| {
            socket::run(socket, bridge, stop, slot).await;
            // The next document may make the same mistakes, and its author has to hear of them again.
            told.lock().unwrap_or_else(PoisonError::into_inner).clear();
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::limits::PROTOCOL_VERSION;

    #[test]
    fn the_script_has_one_place_for_its_config_and_speaks_this_version() {
        assert_eq!(SCRIPT.matches(SCRIPT_CONFIG).count(), 1);
        assert_eq!(ENGINE.matches(GEOMETRY_PLACE).count(), 1);
        assert!(SCRIPT.contains(&format!("const PROTOCOL_VERSION = {PROTOCOL_VERSION};")));
        assert!(SCRIPT.contains(guard::PROTOCOL));
        assert!(SCRIPT.contains(guard::TOKEN_PREFIX));
    }
}
