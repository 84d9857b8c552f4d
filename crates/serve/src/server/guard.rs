//! Who may ask: the checks of host, origin and token.

use axum::http::{HeaderMap, Uri};

use wasm_engine_loopback::Token;

use super::reply::Refusal;

/// What precedes the token in the query of the socket's address.
pub(super) const TOKEN_PARAMETER: &str = "token=";

/// Refuses requests for other hosts.
pub(super) fn host(headers: &HeaderMap, uri: &Uri, port: u16) -> Result<(), Refusal> {
    if wasm_engine_loopback::is_for_us(headers, uri, port) { Ok(()) } else { Err(Refusal::Host) }
}

/// Refuses requests that the script of another origin makes.
pub(super) fn origin(headers: &HeaderMap, port: u16) -> Result<(), Refusal> {
    if wasm_engine_loopback::is_of_own_origin(headers, port) { Ok(()) } else { Err(Refusal::Origin) }
}

/// Refuses a WebSocket without the token. One guess a request: a list of them would be a way of trying many at once.
pub(super) fn token(uri: &Uri, token: &Token) -> Result<(), Refusal> {
    let guess = uri.query().and_then(|query| query.strip_prefix(TOKEN_PARAMETER));
    if guess.is_some_and(|guess| token.matches(guess.as_bytes())) { Ok(()) } else { Err(Refusal::Token) }
}

#[cfg(test)]
mod tests {
    use super::*;

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
