//! Who may ask: the checks of host, origin and token.

use axum::http::{HeaderMap, Uri, header};

use super::{reply::Refusal, token::Token};

/// The subprotocol that a page's script asks for and the server confirms.
pub(super) const PROTOCOL: &str = "wasm-engine.v1";

/// What precedes the token in the list of subprotocols. A subprotocol is the one part of a WebSocket's request that a script
/// can set and that is not part of an address.
pub(super) const TOKEN_PREFIX: &str = "wasm-engine.token.";

/// Refuses requests for other hosts. A name that was made to point to this machine for the purpose (DNS rebinding) is one.
pub(super) fn host(headers: &HeaderMap, uri: &Uri, port: u16) -> Result<(), Refusal> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let named = hosts.next().is_some_and(|host| is_own_host(host.as_bytes(), port));
    let target = uri.authority().is_none_or(|authority| is_own_host(authority.as_str().as_bytes(), port));
    (named && target && hosts.next().is_none()).then_some(()).ok_or(Refusal::Host)
}

/// Refuses requests that the script of another origin makes. A request without an origin is one that no script made.
pub(super) fn origin(headers: &HeaderMap, port: u16) -> Result<(), Refusal> {
    let good = headers.get_all(header::ORIGIN).iter().all(|origin| is_own_origin(origin.as_bytes(), port));
    good.then_some(()).ok_or(Refusal::Origin)
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

fn is_own_origin(origin: &[u8], port: u16) -> bool {
    origin.strip_prefix(b"http://").is_some_and(|host| is_own_host(host, port))
}

fn is_own_host(host: &[u8], port: u16) -> bool {
    let Ok(host) = str::from_utf8(host) else { return false };
    host.rsplit_once(':')
        .is_some_and(|(name, digits)| (name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost")) && digits == port.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(hosts: &[&str], uri: &str) -> bool {
        let mut headers = HeaderMap::new();
        for name in hosts {
            headers.append(header::HOST, name.parse().unwrap());
        }
        host(&headers, &uri.parse().unwrap(), 80).is_ok()
    }

    #[test]
    fn only_our_own_host_passes() {
        for host in ["127.0.0.1:80", "localhost:80", "LOCALHOST:80"] {
            assert!(check(&[host], "/"), "{host}");
        }
        for host in [
            "127.0.0.1",
            "127.0.0.1:81",
            "127.0.0.1:080",
            "127.0.0.1:+80",
            "evil.test:80",
            "localhost.evil.test:80",
            "127.0.0.1:80:80",
            "[::1]:80",
            "127.0.0.2:80",
            "0.0.0.0:80",
            "user@127.0.0.1:80",
            "",
            ":80",
            "127.0.0.1:80 ",
        ] {
            assert!(!check(&[host], "/"), "{host:?}");
        }
        assert!(!check(&[], "/"));
        assert!(!check(&["127.0.0.1:80", "127.0.0.1:80"], "/"));
        assert!(!check(&["127.0.0.1:80"], "http://evil.test/"));
        assert!(check(&["127.0.0.1:80"], "http://127.0.0.1:80/"));
    }

    #[test]
    fn only_our_own_origin_passes() {
        for (origin, good) in [
            ("http://127.0.0.1:80", true),
            ("http://localhost:80", true),
            ("https://127.0.0.1:80", false),
            ("http://127.0.0.1", false),
            ("http://127.0.0.1:80.evil.test", false),
            ("http://evil.test", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(is_own_origin(origin.as_bytes(), 80), good, "{origin}");
        }
    }
}
