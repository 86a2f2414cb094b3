//! What is stored of an alert that waits.

use serde::{Deserialize, Serialize};

use crate::flashduty::hash;

/// One alert's message as it waits in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The version of this format.
    pub version: u32,
    /// ZStack's message.
    pub message: String,
    /// The labels of the webhook's URL.
    pub labels: Vec<(String, String)>,
    /// What stood around the message.
    #[serde(default)]
    pub around: Vec<(String, String)>,
    /// Whether the message is a request's whole body, which may hold several.
    #[serde(default)]
    pub whole: bool,
    /// When it was received, in epoch milliseconds.
    pub received: u64,
    /// The alert's key, for people who look into the queue.
    pub alert_key: String,
}

impl Letter {
    /// The letter as it is stored.
    ///
    /// # Panics
    ///
    /// Never: a letter is strings and numbers under string keys.
    #[must_use]
    pub fn to_text(&self) -> String {
        #[expect(clippy::expect_used, reason = "strings and numbers under string keys are JSON")]
        sendable(&serde_json::to_string(self).expect("a letter is always JSON"))
    }
}

/// The version of [`Letter`] that is written, and the only one there is.
pub const VERSION: u32 = 1;

/// What orders and tells apart the messages of a FIFO queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    pub(super) group: String,
    pub(super) deduplication: String,
}

impl Envelope {
    /// An envelope for the alert `key`: messages of one alert keep their order, and ZStack's five tries
    /// of one message, which has `id` and makes events of these `statuses`, leave one copy.
    #[must_use]
    pub fn new(key: &str, statuses: &str, id: &str) -> Self {
        Self { group: hash(&[key]), deduplication: hash(&[key, statuses, id]) }
    }

    /// An envelope for a message that moves from one queue to the other: it stays in its group.
    #[must_use]
    pub fn moved(group: &str, id: &str) -> Self {
        Self { group: group.to_owned(), deduplication: hash(&[group, id]) }
    }
}

/// SQS takes no U+FFFE and no U+FFFF, not even in JSON, where they can be written otherwise.
pub(super) fn sendable(json: &str) -> String {
    json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
}

/// `text` without what SQS takes nowhere.
pub(super) fn printable(text: &str) -> String {
    text.replace(|c: char| c < ' ' && !matches!(c, '\t' | '\n' | '\r') || matches!(c, '\u{fffe}' | '\u{ffff}'), " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_read_as_it_was_written() {
        let letter = Letter {
            version: VERSION,
            message: "名 \u{ffff} \"quoted\"".into(),
            labels: vec![("cloud".into(), "北京".into())],
            around: Vec::new(),
            whole: false,
            received: 1_720_144_800_000,
            alert_key: "zstack:test".into(),
        };
        let body = letter.to_text();
        assert!(!body.contains('\u{ffff}'));
        assert_eq!(serde_json::from_str::<Letter>(&body).unwrap(), letter);
    }

    #[test]
    fn copies_of_one_message_are_one_and_different_ones_are_not() {
        let envelope = Envelope::new("k", "Critical", "1");
        assert_eq!(envelope, Envelope::new("k", "Critical", "1"));
        for other in [("k", "Ok", "1"), ("k", "Critical", "2")] {
            let other = Envelope::new(other.0, other.1, other.2);
            assert_eq!(envelope.group, other.group);
            assert_ne!(envelope.deduplication, other.deduplication);
        }
        assert_ne!(envelope.group, Envelope::new("l", "Critical", "1").group);
    }
}
