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
    /// An envelope for a letter: the messages of one alert keep their order, and ZStack's five tries of one message
    /// leave one copy. Two letters are the same where all that is in them is, but for the time of receipt.
    ///
    /// Two messages that are equal to the letter may have a recovery between them, unless ZStack gave them an id.
    /// Then `request` tells them apart: an id of the request, and of the message's place in it.
    #[must_use]
    pub fn new(letter: &Letter, request: Option<&str>) -> Self {
        let Letter { version: _, message, labels, around, whole, received: _, alert_key } = letter;
        let counts = [labels.len(), around.len(), usize::from(*whole)].map(|count| count.to_string());
        let mut all = vec![alert_key.as_str(), message, request.unwrap_or_default()];
        all.extend(counts.iter().map(String::as_str));
        all.extend(labels.iter().chain(around).flat_map(|(name, value)| [name.as_str(), value]));
        Self { group: hash(&[alert_key]), deduplication: hash(&all) }
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
    fn copies_of_one_letter_are_one_and_different_ones_are_not() {
        let letter = Letter {
            version: VERSION,
            message: "m".into(),
            labels: vec![("cloud".into(), "a".into())],
            around: vec![("title".into(), "b".into())],
            whole: false,
            received: 1,
            alert_key: "k".into(),
        };
        let envelope = Envelope::new(&letter, None);
        assert_eq!(envelope, Envelope::new(&Letter { received: 2, ..letter.clone() }, None));
        let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        for other in [
            Letter { message: "n".into(), ..letter.clone() },
            Letter { labels: pair("cloud", "b"), ..letter.clone() },
            Letter { around: pair("title", "c"), ..letter.clone() },
            Letter { labels: Vec::new(), around: [pair("cloud", "a"), pair("title", "b")].concat(), ..letter.clone() },
            Letter { whole: true, ..letter.clone() },
        ] {
            let other = Envelope::new(&other, None);
            assert_eq!(envelope.group, other.group);
            assert_ne!(envelope.deduplication, other.deduplication);
        }
        assert_ne!(Envelope::new(&letter, Some("r/0")), envelope);
        assert_ne!(Envelope::new(&letter, Some("r/0")), Envelope::new(&letter, Some("r/1")));
        assert_ne!(envelope.group, Envelope::new(&Letter { alert_key: "l".into(), ..letter }, None).group);
    }
}
