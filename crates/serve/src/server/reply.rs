//! Answers: files, the small readable ones that say no, and what every one of them carries.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};

use super::files::Content;
use crate::protocol::Problem;

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no such file.
    NotFound,
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
}

impl Refusal {
    /// Stable name of the refusal.
    pub(super) fn code(self) -> &'static str {
        self.parts().1
    }

    /// Status, code, message, and what to do.
    fn parts(self) -> (StatusCode, &'static str, &'static str, &'static str) {
        match self {
            Self::NotFound => {
                (StatusCode::NOT_FOUND, "NOT_FOUND", "The panel has no such file.", "Open the address that the engine printed.")
            }
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "Files can only be read.", "Use GET or HEAD."),
            Self::Host => (
                StatusCode::MISDIRECTED_REQUEST,
                "HOST_REFUSED",
                "The request is for another host.",
                "Open the address that the engine printed, as it was printed.",
            ),
            Self::Origin => (
                StatusCode::FORBIDDEN,
                "ORIGIN_REFUSED",
                "The request comes from another origin.",
                "Only the engine's own panel may connect.",
            ),
            Self::Token => (
                StatusCode::UNAUTHORIZED,
                "TOKEN_REFUSED",
                "The token is missing or wrong.",
                "Open the whole address that the engine printed; each run has its own token.",
            ),
            Self::Upgrade => {
                (StatusCode::UPGRADE_REQUIRED, "UPGRADE_REQUIRED", "This address takes WebSockets only.", "Open the panel's address.")
            }
        }
    }

    /// The answer.
    pub(super) fn reply(self) -> Response<Body> {
        let (status, code, message, hint) = self.parts();
        let problem = Problem { code: code.to_owned(), message: message.to_owned(), hint: Some(hint.to_owned()) };
        let mut response = Response::new(Body::from(serde_json::to_string(&problem).unwrap_or_default()));
        *response.status_mut() = status;
        insert(&mut response, header::CONTENT_TYPE, "application/json");
        match self {
            Self::Method => insert(&mut response, header::ALLOW, "GET, HEAD"),
            Self::Upgrade => insert(&mut response, header::UPGRADE, "websocket"),
            _ => {}
        }
        response
    }
}

/// A file of the panel.
pub(super) fn file(content: Content) -> Response<Body> {
    let mut response = Response::new(Body::from(content.bytes));
    insert(&mut response, header::CONTENT_TYPE, &content.mime);
    response
}

/// The headers that every answer carries.
///
/// The panel may load its own files and talk to its own engine, and reach nothing else. Nothing is kept by a browser: the next run may have another panel.
pub(super) fn secure(response: &mut Response<Body>, port: u16) {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self' ws://127.0.0.1:{port} ws://localhost:{port}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    insert(response, header::CONTENT_SECURITY_POLICY, &policy);
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

/// Sets a header. A value that cannot be one is left out: a type that the caller gave.
fn insert(response: &mut Response<Body>, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
