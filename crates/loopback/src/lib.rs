//! Who may ask a server on this machine, and how fast. A name that was made to point here (DNS rebinding) is told by the host, another site's script by the origin, and other
//! programs of this machine by the token.

#![forbid(unsafe_code)]

mod pace;
mod token;

use http::{HeaderMap, Uri, header};

pub use getrandom::Error as RandomError;
pub use pace::Pace;
pub use token::Token;

/// Whether a request names this server as its host, once, and nothing else. `port` is the server's.
#[must_use]
pub fn is_for_us(headers: &HeaderMap, uri: &Uri, port: u16) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let named = hosts.next().is_some_and(|host| is_own_host(host.as_bytes(), port));
    let target = uri.authority().is_none_or(|authority| is_own_host(authority.as_str().as_bytes(), port));
    named && target && hosts.next().is_none()
}

/// Whether no script of another origin has made a request. One without an origin is one that no script made.
#[must_use]
pub fn is_of_own_origin(headers: &HeaderMap, port: u16) -> bool {
    headers.get_all(header::ORIGIN).iter().all(|origin| is_own_origin(origin.as_bytes(), port))
}

fn is_own_origin(origin: &[u8], port: u16) -> bool {
    origin.strip_prefix(b"http://").is_some_and(|host| is_own_host(host, port))
}

fn is_own_host(host: &[u8], port: u16) -> bool {
    let Ok(host) = str::from_utf8(host) else { return false };
    // Browsers leave out the port that http has by itself.
    let (name, digits) = host.rsplit_once(':').unwrap_or((host, "80"));
    (name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost")) && digits == port.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(hosts: &[&str], uri: &str) -> bool {
        let mut headers = HeaderMap::new();
        for name in hosts {
            headers.append(header::HOST, name.parse().unwrap());
        }
        is_for_us(&headers, &uri.parse().unwrap(), 80)
    }

    #[test]
    fn only_our_own_host_passes() {
        for host in ["127.0.0.1:80", "localhost:80", "LOCALHOST:80", "127.0.0.1", "localhost"] {
            assert!(check(&[host], "/"), "{host}");
        }
        for host in [
            "evil.test",
            "127.0.0.1:",
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
        assert!(check(&["127.0.0.1"], "http://127.0.0.1/"));
    }

    #[test]
    fn a_port_is_left_out_only_where_it_is_that_of_http() {
        for (port, good) in [(80, true), (8080, false), (8, false)] {
            assert_eq!(is_own_host(b"127.0.0.1", port), good, "{port}");
        }
    }

    #[test]
    fn only_our_own_origin_passes() {
        for (origin, good) in [
            ("http://127.0.0.1:80", true),
            ("http://localhost:80", true),
            ("https://127.0.0.1:80", false),
            ("http://127.0.0.1", true),
            ("http://localhost", true),
            ("https://localhost", false),
            ("http://127.0.0.1:80.evil.test", false),
            ("http://evil.test", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(is_own_origin(origin.as_bytes(), 80), good, "{origin}");
        }
        assert!(is_of_own_origin(&HeaderMap::new(), 80));
    }
}
