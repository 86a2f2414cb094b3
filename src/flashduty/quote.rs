//! Words of others in errors and answers, without the integration key.

use std::fmt;

use super::push_url::PushUrl;
use super::text::shorten;

/// The longest quotation, in characters.
pub(super) const MAX_QUOTE: usize = 300;

/// Words of Flashduty, or of the network. They are in no language of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Quote {
    /// At most [`MAX_QUOTE`] characters of them.
    Text(String),
    /// They contain the integration key or a part of it.
    Withheld,
}

impl Quote {
    /// Quotes a text. It is withheld if any of it reveals the key of the push URL, even a part that would be cut off.
    pub(super) fn new(url: &PushUrl, text: &str) -> Self {
        if url.key_is_in(text) { Self::Withheld } else { Self::Text(shorten(text, MAX_QUOTE).into_owned()) }
    }

    /// The text, or in English that it is withheld.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Withheld => "(withheld: it contains the integration key or a part of it)",
        }
    }
}

impl Default for Quote {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl fmt::Display for Quote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
