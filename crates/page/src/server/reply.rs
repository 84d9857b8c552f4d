//! Answers: what every one of them carries, and the small readable ones that say no.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The path cannot be read.
    BadPath,
    /// The path, or the link it ends in, leaves the page's folder.
    Outside,
    /// There is no such file, or it is hidden.
    NotFound,
    /// The file is there and the operating system does not give it.
    Unreadable,
    /// The file is larger than the limit.
    TooLarge,
    /// Neither GET nor HEAD.
    Method,
    /// The host is not this server's.
    Host,
    /// The origin is not this server's.
    Origin,
    /// The token is missing or wrong.
    Token,
    /// The WebSocket's address was asked for without a WebSocket.
    Upgrade,
    /// No byte of the range lies in the file, whose size is given.
    Range(u64),
}

impl Refusal {
    /// Stable name of the refusal.
    pub(super) fn code(self) -> &'static str {
        self.parts().1
    }

    /// What happened, and what to do.
    pub(super) fn message(self) -> (&'static str, &'static str) {
        let (_, _, message, hint) = self.parts();
        (message, hint)
    }

    fn parts(self) -> (StatusCode, &'static str, &'static str, &'static str) {
        match self {
            Self::BadPath => {
                (StatusCode::BAD_REQUEST, "PATH_INVALID", "This path cannot be read.", "Use plain names, separated by single slashes.")
            }
            Self::Outside => (
                StatusCode::FORBIDDEN,
                "PATH_OUTSIDE_APP",
                "This path leaves the folder of the page.",
                "Put the file into the folder of the page; links must stay in it too.",
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "NOT_FOUND",
                "There is no such file.",
                "Paths are case-sensitive; names that begin with a dot are never served.",
            ),
            Self::Unreadable => (StatusCode::FORBIDDEN, "FILE_UNREADABLE", "The file cannot be read.", "Check its permissions."),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "FILE_TOO_LARGE", "The file is larger than 2 GiB.", "Split it."),
            Self::Method => (
                StatusCode::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED",
                "Only GET and HEAD are served here.",
                "Files can only be read; what kernels are to know goes by engine.param(name).",
            ),
            Self::Host => (
                StatusCode::FORBIDDEN,
                "HOST_REFUSED",
                "The request was meant for another host.",
                "Open the page at 127.0.0.1 or localhost, with the port that the engine printed.",
            ),
            Self::Origin => (
                StatusCode::FORBIDDEN,
                "ORIGIN_REFUSED",
                "The request comes from another origin.",
                "Only the app's own page may talk to the engine.",
            ),
            Self::Token => (
                StatusCode::UNAUTHORIZED,
                "TOKEN_REFUSED",
                "The token is missing or wrong.",
                "Open the page in the engine, or in a browser with the whole address that the engine printed.",
            ),
            Self::Upgrade => {
                (StatusCode::UPGRADE_REQUIRED, "UPGRADE_REQUIRED", "This address takes WebSockets only.", "Use window.engine.")
            }
            Self::Range(_) => (
                StatusCode::RANGE_NOT_SATISFIABLE,
                "RANGE_NOT_SATISFIABLE",
                "No byte of this range lies in the file.",
                "Ask for a range within its size.",
            ),
        }
    }

    /// The answer: HTML for whoever asks for it, JSON for everybody else.
    pub(super) fn reply(self, headers: &HeaderMap) -> Response<Body> {
        let (status, code, message, hint) = self.parts();
        let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        let (kind, body) = if accept.contains("text/html") {
            let html = format!(
                "<!doctype html><html lang=en><meta charset=utf-8><title>{code}</title><body style=\"font:16px/1.5 sans-serif;margin:3em\"><h1>{code}</h1><p>{message}</p><p>{hint}</p></body></html>\n"
            );
            ("text/html; charset=utf-8", html)
        } else {
            ("application/json", format!("{{\"code\":\"{code}\",\"message\":\"{message}\",\"hint\":\"{hint}\"}}\n"))
        };
        let mut response = empty(status);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        match self {
            Self::Method => insert(&mut response, header::ALLOW, "GET, HEAD"),
            Self::Upgrade => insert(&mut response, header::UPGRADE, "websocket"),
            Self::Range(size) => insert(&mut response, header::CONTENT_RANGE, &format!("bytes */{size}")),
            _ => {}
        }
        *response.body_mut() = Body::from(body);
        response
    }
}

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Sets a header whose value is made of ASCII by construction; one that is not is left out.
pub(super) fn insert(response: &mut Response<Body>, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// The headers that every answer carries.
///
/// The page may load from its own folder and talk to its own engine, and reach nothing else: an app is offline unless its guests
/// are granted otherwise. WebAssembly and inline scripts are the app's own, like everything in its folder.
pub(super) fn secure(response: &mut Response<Body>, port: u16) {
    let policy = format!(
        "default-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' data: blob:; \
         connect-src 'self' data: blob: ws://127.0.0.1:{port} ws://localhost:{port}; \
         object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
    );
    insert(response, header::CONTENT_SECURITY_POLICY, &policy);
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
}
