//! The secret that opens the WebSocket.

use std::{fmt, hint::black_box};

/// Bytes of randomness in a token.
const TOKEN_BYTES: usize = 32;

/// 256 random bits, in hexadecimal. Never shown by `Debug`, never in a URL that is sent anywhere.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// A new one, from the operating system's randomness.
    ///
    /// # Errors
    /// When the system has none.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// The token itself, for the one who is to have it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether the guess is right. Takes the same time for every guess of the right length.
    #[must_use]
    pub fn matches(&self, guess: &[u8]) -> bool {
        let token = self.0.as_bytes();
        // `black_box` keeps the compiler from leaving the loop at the first difference.
        guess.len() == token.len() && token.iter().zip(guess).fold(0, |sum, (a, b)| black_box(sum | (a ^ b))) == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_matches() {
        let token = Token::random().unwrap();
        let text = token.reveal().to_owned();
        assert_eq!(text.len(), 2 * TOKEN_BYTES);
        assert!(token.matches(text.as_bytes()));
        for wrong in ["", &text[1..], &format!("{text}0"), &format!("x{}", &text[1..]), &format!("{}x", &text[1..])] {
            assert!(!token.matches(wrong.as_bytes()));
        }
        assert_ne!(Token::random().unwrap().reveal(), text);
        assert!(!format!("{token:?}").contains(&text));
    }
}
