//! What is stored of an alert that waits.

use std::ops::Not;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::flashduty::{AlertKey, hash};
use crate::zstack::Part;

/// The version of [`Letter`]'s format.
const VERSION: u32 = 1;
/// The version of a letter with a channel. A version of this program without channels moves it to the dead letter queue.
/// Otherwise it would push it to the stack's own push URL.
const VERSION_WITH_CHANNEL: u32 = 2;

/// ZStack's message about one alert, as it waits in a queue.
///
/// It is the message and not the events made of it, so that the version that delivers it translates it anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    version: u32,
    /// The channel that it came for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// ZStack's message.
    pub message: String,
    /// The labels of the webhook's URL.
    pub labels: Arc<Vec<(String, String)>>,
    /// The members that stood around the message in the request's body.
    #[serde(default)]
    pub around: Arc<Vec<(String, String)>>,
    /// Whether the message is a request's whole body, which may hold several messages.
    #[serde(default)]
    pub whole: bool,
    /// When ZStack's request came, in milliseconds since the Unix epoch.
    pub received: u64,
    /// The alert's key. It orders the letters, and helps people who look into the queue. It is empty until the message is
    /// translated: see [`Letter::about`].
    pub alert_key: String,
    /// Whether Flashduty has the alert already. The letter then only keeps its place among the letters of its alert.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub pushed: bool,
}

/// Why a message in the retry queue is no letter for this version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLetter {
    /// It is not a letter: why.
    #[error("not a message of zstack-flashduty: {0}")]
    Unreadable(String),
    /// Another version of this program wrote it, in another format.
    #[error("written by another version: {0}")]
    Version(u32),
}

impl Letter {
    /// A letter of one message, or of a request's whole body, that came for a channel at `received` to a URL with these
    /// labels.
    #[must_use]
    pub fn new(
        channel: Option<Channel>,
        part: Part,
        whole: bool,
        labels: Arc<Vec<(String, String)>>,
        received: u64,
    ) -> Self {
        let version = if channel.is_some() { VERSION_WITH_CHANNEL } else { VERSION };
        let (Part { text: message, around }, alert_key) = (part, String::new());
        Self { version, channel, message, labels, around, whole, received, alert_key, pushed: false }
    }

    /// The letter of one of the alerts that its message is about.
    #[must_use]
    pub fn about(self, alert_key: &AlertKey) -> Self {
        Self { alert_key: alert_key.to_string(), ..self }
    }

    /// The letter of an alert that Flashduty has already.
    #[must_use]
    pub fn pushed(self) -> Self {
        Self { pushed: true, ..self }
    }

    /// Reads a letter as it is stored.
    ///
    /// # Errors
    ///
    /// If it is none, or in a format that this version does not know.
    pub fn read(json: &str) -> Result<Self, InvalidLetter> {
        let letter: Self = serde_json::from_str(json).map_err(|error| InvalidLetter::Unreadable(error.to_string()))?;
        match (letter.version, &letter.channel) {
            (VERSION, None) | (VERSION_WITH_CHANNEL, Some(_)) => Ok(letter),
            (VERSION | VERSION_WITH_CHANNEL, _) => {
                Err(InvalidLetter::Unreadable("its version and its channel do not fit together".to_owned()))
            }
            (version, _) => Err(InvalidLetter::Version(version)),
        }
    }

    /// The message group, which keeps the order of an alert's letters. In two channels, the same key is two alerts.
    #[must_use]
    pub fn group(&self) -> String {
        match &self.channel {
            None => hash(&[&self.alert_key]),
            Some(channel) => hash(&[channel.as_str(), &self.alert_key]),
        }
    }

    /// The letter as it is stored.
    ///
    /// # Panics
    ///
    /// Never: a letter is strings and numbers under string keys.
    #[must_use]
    pub fn to_json(&self) -> String {
        #[expect(clippy::expect_used, reason = "strings and numbers under string keys are JSON")]
        sendable(&serde_json::to_string(self).expect("a letter is always JSON"))
    }
}

/// What SQS orders and deduplicates the messages of a FIFO queue by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FifoIds {
    pub(super) group: String,
    pub(super) deduplication: String,
}

impl FifoIds {
    /// The ids of a new letter. Two letters are copies if everything but the time of receipt and the mark is equal, so that
    /// ZStack's five tries of one message leave one copy.
    ///
    /// Two messages may be equal although a recovery came between them, unless ZStack gave them an id. For such
    /// messages `request` makes the difference: the request's id, and the message's place in it.
    #[must_use]
    pub fn new(letter: &Letter, request: Option<&str>) -> Self {
        let Letter { version: _, channel, message, labels, around, whole, received: _, alert_key, pushed: _ } = letter;
        let counts = [labels.len(), around.len(), usize::from(*whole)].map(|count| count.to_string());
        let mut all = vec![alert_key.as_str(), message, request.unwrap_or_default()];
        all.extend(counts.iter().map(String::as_str));
        all.extend(labels.iter().chain(around.iter()).flat_map(|(name, value)| [name.as_str(), value]));
        all.extend(channel.as_ref().map(Channel::as_str));
        Self { group: letter.group(), deduplication: hash(&all) }
    }

    /// The ids of a message that moves from one queue to the other: it stays in its group.
    #[must_use]
    pub fn moved(group: &str, message_id: &str) -> Self {
        Self { group: group.to_owned(), deduplication: hash(&[group, message_id]) }
    }
}

/// Escapes U+FFFE and U+FFFF, which SQS accepts nowhere.
fn sendable(json: &str) -> String {
    json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
}

/// `text` with blanks in place of the characters that SQS accepts nowhere.
pub(super) fn printable(text: &str) -> String {
    text.replace(|c: char| c < ' ' && !matches!(c, '\t' | '\n' | '\r') || matches!(c, '\u{fffe}' | '\u{ffff}'), " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_read_as_it_was_written() {
        let letter = Letter {
            version: VERSION_WITH_CHANNEL,
            channel: Some(Channel::read("database").unwrap()),
            message: "名 \u{ffff} \"quoted\"".into(),
            labels: Arc::new(vec![("cloud".into(), "北京".into())]),
            around: Arc::default(),
            whole: false,
            received: 1_720_144_800_000,
            alert_key: "zstack:test".into(),
            pushed: true,
        };
        let body = letter.to_json();
        assert!(!body.contains('\u{ffff}'));
        assert_eq!(Letter::read(&body).unwrap(), letter);
    }

    #[test]
    fn a_letter_for_a_channel_is_none_for_versions_without_channels() {
        let letter = |channel: Option<&str>| {
            let part = Part { text: "m".into(), around: Arc::default() };
            let channel = channel.map(|name| Channel::read(name).unwrap());
            Letter::new(channel, part, false, Arc::default(), 1).to_json()
        };
        assert!(letter(None).starts_with(r#"{"version":1,"message":"m""#), "{}", letter(None));
        assert!(letter(Some("a")).starts_with(r#"{"version":2,"channel":"a","message":"m""#), "{}", letter(Some("a")));
        let other = letter(Some("a")).replace(r#""a""#, r#""../a""#);
        assert!(matches!(Letter::read(&other), Err(InvalidLetter::Unreadable(_))), "{other}");
        // Without its channel it would go to the stack's own push URL.
        let lost = letter(Some("a")).replace(r#""channel":"a","#, "");
        let early = letter(Some("a")).replace(r#""version":2"#, r#""version":1"#);
        for other in [lost, early] {
            assert!(matches!(Letter::read(&other), Err(InvalidLetter::Unreadable(_))), "{other}");
        }
    }

    #[test]
    fn copies_of_one_letter_are_one_and_different_ones_are_not() {
        let pairs = |pairs: &[(&str, &str)]| {
            Arc::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>())
        };
        let pair = |name, value| pairs(&[(name, value)]);
        let letter = Letter {
            version: VERSION,
            channel: None,
            message: "m".into(),
            labels: pair("cloud", "a"),
            around: pair("title", "b"),
            whole: false,
            received: 1,
            alert_key: "k".into(),
            pushed: false,
        };
        let ids = FifoIds::new(&letter, None);
        let (group, deduplication) = (
            "42d9f8b63022a2b1a4f0869d68680ebb7ac39693aec2a83099c51f96289cccfe",
            "e38004b4d62d38d4a5f15efdec642242dcd7811471c6e04fc9f01fa601fe922b",
        );
        assert_eq!(
            (&*ids.group, &*ids.deduplication),
            (group, deduplication),
            "as versions without channels have them"
        );
        assert_eq!(ids, FifoIds::new(&Letter { received: 2, pushed: true, ..letter.clone() }, None));
        for other in [
            Letter { message: "n".into(), ..letter.clone() },
            Letter { labels: pair("cloud", "b"), ..letter.clone() },
            Letter { around: pair("title", "c"), ..letter.clone() },
            Letter { labels: Arc::default(), around: pairs(&[("cloud", "a"), ("title", "b")]), ..letter.clone() },
            Letter { whole: true, ..letter.clone() },
        ] {
            let other = FifoIds::new(&other, None);
            assert_eq!(ids.group, other.group);
            assert_ne!(ids.deduplication, other.deduplication);
        }
        assert_ne!(FifoIds::new(&letter, Some("r/0")), ids);
        assert_ne!(FifoIds::new(&letter, Some("r/0")), FifoIds::new(&letter, Some("r/1")));
        assert_ne!(ids.group, FifoIds::new(&Letter { alert_key: "l".into(), ..letter.clone() }, None).group);
        let of = |name| FifoIds::new(&Letter { channel: Channel::read(name).ok(), ..letter.clone() }, None);
        for (one, other) in [(&ids, &of("a")), (&of("a"), &of("b")), (&ids, &of("k"))] {
            assert_ne!(one.group, other.group);
            assert_ne!(one.deduplication, other.deduplication);
        }
    }
}
