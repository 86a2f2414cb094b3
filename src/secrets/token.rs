//! The webhook token: the secret that callers must show.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

/// The length that a token should have at least, in characters. Sixteen random hex digits have 64 bits.
const LONG_ENOUGH: usize = 16;

/// The webhook token; during a rotation the new one and the old one.
///
/// Holds only hashes, and `Debug` prints not even those.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    hashes: Vec<[u8; 32]>,
    doubts: Vec<&'static str>,
}

/// Why a text is no token. Never holds the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// There is only white space.
    #[error("is empty")]
    Empty,
    /// ZStack could not send it: it writes its Basic header in US-ASCII.
    #[error("has characters other than visible ASCII and blanks, which ZStack cannot send")]
    NotAscii,
}

impl Token {
    /// Reads one token on each line. White space around a line is dropped, because shells and editors add it. Blanks
    /// within a line belong to the token, as in a passphrase.
    ///
    /// If every word of a line has 16 characters or more, each word is a token as well: earlier versions had several
    /// tokens in one line. Shorter words are not tokens. Otherwise the last word of a passphrase would open as well.
    ///
    /// # Errors
    ///
    /// If no caller could ever send one of them.
    pub fn read(text: &str) -> Result<Self, InvalidToken> {
        let lines: Vec<_> = text.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty()).collect();
        if lines.is_empty() {
            return Err(InvalidToken::Empty);
        }
        if !lines.iter().all(|line| line.bytes().all(|byte| byte.is_ascii_graphic() || b" \t".contains(&byte))) {
            return Err(InvalidToken::NotAscii);
        }
        let words: Vec<_> = lines.iter().filter_map(|line| several(line)).flatten().collect();
        let mut doubts = Vec::new();
        if lines.iter().any(|line| line.len() < LONG_ENOUGH) {
            doubts.push("has a token of fewer than 16 characters, which is easier to guess: put in a longer one");
        }
        if !words.is_empty() {
            doubts.push("has several tokens in one line, and each of them counts: put one on a line");
        }
        let hashes = lines.into_iter().chain(words).map(|token| Sha256::digest(token).into()).collect();
        Ok(Self { hashes, doubts })
    }

    /// Whether `shown` is the token. The time does not depend on where the two differ, nor on which of several tokens
    /// matches.
    #[must_use]
    pub fn is(&self, shown: &str) -> bool {
        let shown: [u8; 32] = Sha256::digest(shown).into();
        self.hashes.iter().fold(Choice::from(0), |any, token| any | token.ct_eq(&shown)).into()
    }

    /// What should be changed about the text although it works. Never holds the text.
    #[must_use]
    pub fn doubts(&self) -> &[&'static str] {
        &self.doubts
    }
}

/// The words of a line, if each is long enough to be a token.
fn several(line: &str) -> Option<impl Iterator<Item = &str>> {
    let words = || line.split_ascii_whitespace();
    (words().count() > 1 && words().all(|word| word.len() >= LONG_ENOUGH)).then(words)
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

    const OLD: &str = "0123456789abcdef";
    const NEW: &str = "fedcba9876543210";

    fn opens(value: &str, shown: &str) -> bool {
        Token::read(value).unwrap().is(shown)
    }

    #[test]
    fn several_tokens_are_one_a_line() {
        for value in
            ["new\nold", "new\r\nold\r\n", "\r\n\n  new \n\n\told\u{3000}\n \n", "new\rold", "third\nnew\nold\nfourth"]
        {
            assert!(opens(value, "new") && opens(value, "old"), "{value:?}");
            for other in ["", " ", value, "newold", "new old", "new\nold", "new ", "\r", "ne"] {
                assert!(!opens(value, other), "{value:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_token_may_have_blanks() {
        for passphrase in
            ["correct horse", "correct horse battery staple", "of fifteen char and-of-seventeen-c", "a\tb"]
        {
            for value in [passphrase.to_owned(), format!(" {passphrase} \r\n"), format!("{OLD}\n{passphrase}\n")] {
                assert!(opens(&value, passphrase), "{value:?}");
                for word in passphrase.split_whitespace() {
                    assert!(!opens(&value, word), "{value:?} {word:?}");
                }
            }
        }
    }

    /// As README had it once.
    #[test]
    fn long_words_in_one_line_are_tokens_too() {
        for value in [format!("{NEW} {OLD}"), format!(" {NEW} \t {OLD}\n"), format!("third-of-sixteen\n{NEW}  {OLD}")] {
            let token = Token::read(&value).unwrap();
            assert!(token.is(NEW) && token.is(OLD), "{value:?}");
            assert!(!token.is("") && !token.is(" ") && !token.is(&NEW[1..]), "{value:?}");
            assert_eq!(token.doubts().len(), 1, "{value:?}");
        }
        assert!(opens(&format!("{NEW} {OLD}"), &format!("{NEW} {OLD}")));
        // One word that is too short, and it is a passphrase.
        let value = format!("{NEW} {}", &OLD[1..]);
        assert!(opens(&value, &value) && !opens(&value, NEW) && !opens(&value, &OLD[1..]));
    }

    #[test]
    fn what_is_doubtful_is_told_and_works() {
        let doubts = |value: &str| Token::read(value).unwrap().doubts().to_vec();
        for value in [OLD.to_owned(), format!("{NEW}\n{OLD}"), "correct horse battery".to_owned()] {
            assert!(doubts(&value).is_empty(), "{value:?}");
        }
        for value in ["0123456789abcde".to_owned(), format!("{NEW}\nshort"), "correct horse".to_owned()] {
            assert!(matches!(doubts(&value)[..], [told] if told.contains("16 characters")), "{value:?}");
        }
        assert!(matches!(doubts(&format!("{NEW} {OLD}"))[..], [told] if told.contains("a line")));
        assert_eq!(doubts(&format!("{NEW} {OLD}\nshort")).len(), 2);
    }

    #[test]
    fn a_token_that_cannot_be_shown_is_none() {
        for empty in ["", " \n", "\r\n\r\n", "\t\u{3000}"] {
            assert_eq!(Token::read(empty).unwrap_err(), InvalidToken::Empty, "{empty:?}");
        }
        for other in ["口令", "open-sesame 口令", "open-sesame\n口令", "open\u{7f}", "open\0sesame", "open\u{a0}sesame"]
        {
            assert_eq!(Token::read(other).unwrap_err(), InvalidToken::NotAscii, "{other:?}");
        }
    }
}
