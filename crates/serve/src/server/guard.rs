//! Who may ask: the checks of host, origin and token.

use axum::http::{HeaderMap, Uri, header};

use super::{reply::Refusal, token::Token};

/// What precedes the token in the query of the socket's address.
pub(super) const TOKEN_PARAMETER: &str = "token=";

/// Refuses requests for other hosts. A name that was made to point to this machine for the purpose (DNS rebinding) is one.
pub(super) fn host(headers: &HeaderMap, uri: &Uri, port: u16) -> Result<(), Refusal> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let named = hosts.next().is_some_and(|host| is_own_host(host.as_bytes(), port));
    let target = uri.authority().is_none_or(|authority| is_own_host(authority.as_str().as_bytes(), port));
    if named && target && hosts.next().is_none() { Ok(()) } else { Err(Refusal::Host) }
}

/// Refuses requests that the script of another origin makes. A request without an origin is one that no script made.
pub(super) fn origin(headers: &HeaderMap, port: u16) -> Result<(), Refusal> {
    let own = |origin: &[u8]| origin.strip_prefix(b"http://").is_some_and(|host| is_own_host(host, port));
    let good = headers.get_all(header::ORIGIN).iter().all(|origin| own(origin.as_bytes()));
    if good { Ok(()) } else { Err(Refusal::Origin) }
}

/// Refuses a WebSocket without the token. One guess a request: a list of them would be a way of trying many at once.
pub(super) fn token(uri: &Uri, token: &Token) -> Result<(), Refusal> {
    let guess = uri.query().and_then(|query| query.strip_prefix(TOKEN_PARAMETER));
    if guess.is_some_and(|guess| token.matches(guess.as_bytes())) { Ok(()) } else { Err(Refusal::Token) }
}

fn is_own_host(host: &[u8], port: u16) -> bool {
    let Ok(host) = str::from_utf8(host) else { return false };
    host.rsplit_once(':')
        .is_some_and(|(name, digits)| (name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost")) && digits == port.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(names: &[&str], uri: &str) -> bool {
        let mut headers = HeaderMap::new();
        for name in names {
            headers.append(header::HOST, name.parse().unwrap());
        }
        host(&headers, &uri.parse().unwrap(), 80).is_ok()
    }

    #[test]
    fn only_our_own_host_passes() {
        for name in ["127.0.0.1:80", "localhost:80", "LocalHost:80"] {
            assert!(hosts(&[name], "/"), "{name}");
        }
        for name in
            ["127.0.0.1", "127.0.0.1:81", "127.0.0.1:080", "evil.test:80", "localhost.evil.test:80", "[::1]:80", "0.0.0.0:80", "", ":80"]
        {
            assert!(!hosts(&[name], "/"), "{name:?}");
        }
        assert!(!hosts(&[], "/"));
        assert!(!hosts(&["127.0.0.1:80", "127.0.0.1:80"], "/"));
        assert!(!hosts(&["127.0.0.1:80"], "http://evil.test/"));
    }

    #[test]
    fn only_our_own_origin_passes() {
        for (name, good) in [
            ("http://127.0.0.1:80", true),
            ("http://localhost:80", true),
            ("https://127.0.0.1:80", false),
            ("http://127.0.0.1:80.evil.test", false),
            ("http://evil.test", false),
            ("null", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ORIGIN, name.parse().unwrap())]);
            assert_eq!(origin(&headers, 80).is_ok(), good, "{name}");
        }
        assert!(origin(&HeaderMap::new(), 80).is_ok());
    }

    #[test]
    fn only_one_guess_passes() {
        let secret = Token::random().unwrap();
        let text = secret.reveal();
        for (query, good) in [
            (format!("?token={text}"), true),
            (format!("?token=x&token={text}"), false),
            (format!("?token={text}&token=x"), false),
            ("?token=".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(token(&format!("/panel{query}").parse().unwrap(), &secret).is_ok(), good, "{query}");
        }
    }
}
