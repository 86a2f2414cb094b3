//! The test message, and messages that could not be read.

use super::{Draft, Kind, NAMELESS, first, labels_of, other_labels};
use crate::flashduty::{AlertKey, Status, hash, shorten};
use crate::zstack::{Raw, Test};

/// How much of a text that cannot be read goes into the alert's title, in characters.
const MAX_HEADLINE: usize = 80;

/// The button opens an alert, so that people see it arrive, and closes it at once, so that it leaves
/// nothing open.
pub(super) fn test(test: &Test<'_>) -> Draft {
    let mut labels = labels_of(Kind::Test);
    labels.put_own("resource", NAMELESS);
    labels.put_own("check", "Test message");
    other_labels(&mut labels, &test.fields, "unnamed");
    let opens = "This is ZStack's test message: alarms get from ZStack to Flashduty. There is nothing to do.";
    let closes = "The test message's alert closes by itself.";
    Draft {
        kind: Kind::Test,
        key: AlertKey::new(&["test"]),
        id: String::new(),
        labels,
        states: vec![(Status::Info, opens.to_owned()), (Status::Ok, closes.to_owned())],
    }
}

/// A message that cannot be read is still somebody's alarm: it is shown as it came.
pub(super) fn raw(raw: &Raw<'_>) -> Draft {
    let words: Vec<_> = raw.text.split_whitespace().collect();
    let mut labels = labels_of(Kind::Raw);
    labels.put_own("resource", NAMELESS);
    labels.put_own("check", first(&[&shorten(&words.join(" "), MAX_HEADLINE), "Message without text"]));
    other_labels(&mut labels, &raw.fields, "unnamed");
    let intro = format!("A message from ZStack that could not be read as an alarm or an event ({}):", raw.why);
    let description = format!("{intro}\n{}", raw.text);
    Draft {
        kind: Kind::Raw,
        key: raw_key(raw.text),
        id: String::new(),
        labels,
        states: vec![(Status::Warning, description)],
    }
}

/// The key of a message that says nothing of what it is about: its text.
pub(super) fn raw_key(text: &str) -> AlertKey {
    AlertKey::new(&["raw", &hash(&[text])])
}
