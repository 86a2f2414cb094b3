//! The webhook token: the secret that callers must show.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

/// The webhook token: while it is being rotated, the new one and the old one. Holds no more than their
/// hashes, and does not print those either.
#[derive(Clone)]
pub struct Token(Vec<[u8; 32]>);

/// Why a text is no token. Never says what the text was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// Nothing but white space.
    #[error("is empty")]
    Empty,
    /// ZStack writes its Basic header in US-ASCII and could not send it.
    #[error("has characters other than visible ASCII, which ZStack cannot send")]
    NotAscii,
}

impl Token {
    /// Takes a token, or several with white space between them. White space around them is dropped: it
    /// comes from a shell or an editor.
    ///
    /// # Errors
    ///
    /// Where nobody could ever show it.
    pub fn read(text: &str) -> Result<Self, InvalidToken> {
        if text.trim().is_empty() {
            return Err(InvalidToken::Empty);
        }
        let hash = |token: &str| {
            let sendable = token.bytes().all(|byte| byte.is_ascii_graphic());
            sendable.then(|| Sha256::digest(token).into()).ok_or(InvalidToken::NotAscii)
        };
        text.split_whitespace().map(hash).collect::<Result<_, _>>().map(Self)
    }

    /// Whether `shown` is the token. Takes the same time wherever the two differ.
    #[must_use]
    pub fn is(&self, shown: &str) -> bool {
        let shown: [u8; 32] = Sha256::digest(shown).into();
        self.0.iter().fold(Choice::from(0), |any, token| any | token.ct_eq(&shown)).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_is_the_token() {
        let token = Token::read(" open-sesame\n").unwrap();
        assert!(token.is("open-sesame"));
        for other in ["", "open-sesam", "open-sesame ", "Open-Sesame"] {
            assert!(!token.is(other), "{other}");
        }
        assert_eq!(format!("{token:?}"), "Token(…)");
    }

    #[test]
    fn two_tokens_are_both_the_token() {
        let token = Token::read("new\nold").unwrap();
        assert!(token.is("new") && token.is("old"));
        assert!(!token.is("new\nold") && !token.is("newold") && !token.is(""));
    }

    #[test]
    fn a_token_that_cannot_be_shown_is_none() {
        assert_eq!(Token::read(" \n").unwrap_err(), InvalidToken::Empty);
        assert_eq!(Token::read("口令").unwrap_err(), InvalidToken::NotAscii);
        assert_eq!(Token::read("open-sesame 口令").unwrap_err(), InvalidToken::NotAscii);
    }
}
