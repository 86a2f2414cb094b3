//! In which format a message was written, and what was found in one whose JSON is broken.

use serde::Serialize;
use zstack_flashduty::zstack::{self, Message, Reading, Value};

/// In which format a message was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Shape {
    /// An object with ZStack's own field names.
    Plain,
    /// A list of facts, as ZStack's console fills it into a message template.
    Facts,
    /// An object with field names that a message template chose itself.
    OwnNames,
    /// The test message of ZStack's console.
    Test,
    /// A JSON list without an alarm or an event.
    List,
    /// Broken JSON in which no known field was found.
    Broken,
    /// Plain text.
    Text,
}

impl Shape {
    /// `is_broken` says that the text looks like JSON but cannot be parsed.
    pub(super) fn of(text: &str, reading: &Reading<'_>, is_broken: bool) -> Self {
        match reading.shape {
            _ if matches!(reading.message, Message::Test(_)) => Self::Test,
            zstack::Shape::Plain => Self::Plain,
            zstack::Shape::Facts => Self::Facts,
            zstack::Shape::OwnNames => Self::OwnNames,
            zstack::Shape::Text if is_broken => Self::Broken,
            zstack::Shape::Text if text.starts_with('[') => Self::List,
            zstack::Shape::Text => Self::Text,
        }
    }
}

/// What was found in a message whose JSON is broken.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Salvaged {
    /// How many values were found by their names.
    found: usize,
    /// The values that could not be read as JSON.
    as_text: Vec<Found>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Found {
    name: String,
    value: String,
}

impl Salvaged {
    pub(super) fn of(text: &str) -> Option<Self> {
        let known = zstack::Salvaged::of(text)?.known;
        let found = known.len();
        let as_text = known.into_iter().filter(|(_, value)| matches!(value, Value::Text(_)));
        let as_text = as_text.map(|(name, value)| Found { name: name.into_owned(), value: value.text().into_owned() });
        Some(Self { found, as_text: as_text.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_breaks_the_json_is_named() {
        let found = |text| Salvaged::of(text).map(|it| (it.found, it.as_text));
        let as_text = |name: &str, value: &str| Found { name: name.to_owned(), value: value.to_owned() };
        let quoted = r#"{"ALARM_NAME": "a "b"", "ALARM_UUID": "u", "ALARM_TIME": 7}"#;
        assert_eq!(found(quoted), Some((3, vec![as_text("ALARM_NAME", "a \"b\"")])));
        // Here the error is not in a value.
        assert_eq!(found(r#"{"ALARM_NAME": "a", "ALARM_UUID": "u",}"#), Some((2, vec![])));
        assert_eq!(found(r#"{"ALARM_NAME": "a"}"#), None);
        assert_eq!(found(r#"{"a": "b "c""}"#), None);
    }
}
