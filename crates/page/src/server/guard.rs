//! Who may ask: the checks of host, origin and token.

use axum::http::{HeaderMap, Uri, header};

use wasm_engine_loopback::Token;

use super::reply::Refusal;

/// The subprotocol that a page's script asks for and the server confirms.
pub(super) const PROTOCOL: &str = "wasm-engine.v1";

/// What precedes the token in the list of subprotocols. A subprotocol is the one part of a WebSocket's request that a script
/// can set and that is not part of an address.
pub(super) const TOKEN_PREFIX: &str = "wasm-engine.token.";

/// Refuses requests for other hosts.
pub(super) fn host(headers: &HeaderMap, uri: &Uri, port: u16) -> Result<(), Refusal> {
    if wasm_engine_loopback::is_for_us(headers, uri, port) { Ok(()) } else { Err(Refusal::Host) }
}

/// Refuses requests that the script of another origin makes.
pub(super) fn origin(headers: &HeaderMap, port: u16) -> Result<(), Refusal> {
    if wasm_engine_loopback::is_of_own_origin(headers, port) { Ok(()) } else { Err(Refusal::Origin) }
}

/// Refuses a WebSocket without an origin, and one without the token.
pub(super) fn socket(headers: &HeaderMap, port: u16, token: &Token) -> Result<(), Refusal> {
    if !headers.contains_key(header::ORIGIN) {
        return Err(Refusal::Origin);
    }
    origin(headers, port)?;
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let mut guesses = offered
        .iter()
        .flat_map(|list| list.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| name.trim_ascii().strip_prefix(TOKEN_PREFIX.as_bytes()));
    // One guess a request; a list of them would be a way of trying many at once.
    let guess = guesses.next().ok_or(Refusal::Token)?;
    (guesses.next().is_none() && token.matches(guess)).then_some(()).ok_or(Refusal::Token)
}
