//! Why a message could not be read or its JSON is broken, and at which character parsing stopped.

mod cause;
mod stop;

use serde::Serialize;
use zstack_flashduty::zstack::{Message, Reading};

use cause::Cause;
use stop::Stop;

/// What is wrong with a message, and where in its text.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Problem {
    /// The relay's own description. A column in it counts bytes.
    why: String,
    /// Whether the message was meant as JSON, and the JSON is broken.
    broken: bool,
    /// Whether its values were still found, by their names.
    read: bool,
    /// The line at which parsing stopped, counted from 1.
    line: usize,
    /// The column at which parsing stopped, counted in characters from 1.
    column: usize,
    /// The text before that character.
    before: String,
    /// The character at which parsing stopped. Empty at the end of the text.
    at: String,
    /// The text after that character.
    after: String,
    cause: Cause,
}

impl Problem {
    /// `None` if the message was read and its JSON is not broken.
    pub(super) fn of(text: &str, reading: &Reading<'_>) -> Option<Self> {
        let (why, read) = match (&reading.broken, &reading.message) {
            (Some(place), _) => (place.to_string(), true),
            (None, Message::Raw(raw)) => (raw.why.to_string(), false),
            (None, _) => return None,
        };
        let is_meant_as_json = read || text.trim_start().starts_with(['{', '[']);
        let stop = Stop::of(text);
        let (at, cause) = match &stop {
            _ if !is_meant_as_json => (text.len() - text.trim_start().len(), Cause::NotJson),
            None => (text.len(), Cause::NoFields),
            Some(stop) => (stop.at, Cause::of(text, stop)),
        };
        let (before, rest) = text.split_at(at);
        let length = rest.chars().next().map_or(0, char::len_utf8);
        let (character, after) = rest.split_at(length);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Some(Self {
            why,
            broken: is_meant_as_json && stop.is_some(),
            read,
            line: 1 + before.matches('\n').count(),
            column: 1 + before[line_start..].chars().count(),
            before: before.to_owned(),
            at: character.to_owned(),
            after: after.to_owned(),
            cause,
        })
    }

    /// Whether the message was meant as JSON, and the JSON is broken.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem_of(text: &str) -> Option<Problem> {
        Problem::of(text, &Reading::of(text))
    }

    #[test]
    fn the_place_is_counted_in_characters() {
        let place = |text| problem_of(text).map(|problem| (problem.line, problem.column, problem.at));
        let text = "{\n  \"ALARM_NAME\": \"磁盘 \"数据\" 已满\"\n}";
        assert_eq!(place(text), Some((2, 22, "数".to_owned())));
        assert_eq!(place("{\"A\": \"磁盘\n\"}"), Some((1, 10, "\n".to_owned())));
        assert_eq!(place("{\"A\": \"💥\"💥\"}"), Some((1, 10, "💥".to_owned())));
        assert_eq!(place("{\"A\":\n\n"), Some((3, 1, String::new())));
        assert_eq!(place("磁盘"), Some((1, 1, "磁".to_owned())));
        assert_eq!(place("{\"ALARM_NAME\": \"a\"}"), None);
    }

    #[test]
    fn half_a_surrogate_pair_in_a_name_is_broken_json() {
        let problem = problem_of(r#"{"\ud800": 1}"#).unwrap();
        assert!(problem.broken && problem.why.contains("hex escape"), "{problem:?}");
        assert_eq!(problem.cause, Cause::Backslash);
    }

    #[test]
    fn the_description_is_the_relays_own() {
        let problem = problem_of(r#"{"A": "x" "B": 1}"#).unwrap();
        assert_eq!(problem.why, "broken JSON: expected `,` or `}` at line 1 column 11");
        assert!(!problem.read);
    }

    #[test]
    fn a_message_that_was_read_although_it_is_broken_has_a_problem() {
        for (text, cause) in [
            (r#"{"ALARM_NAME": "x" "ALARM_UUID": 1}"#, Cause::Other),
            (r#"{"ALARM_NAME": "a "b"", "ALARM_UUID": 1}"#, Cause::Quote),
            (r#"{"facts": [{"name": "触发条件", "value": "a "b""}]}"#, Cause::Quote),
            // A value is found even outside of an object.
            (r#"alarm: "ALARM_NAME": "x""#, Cause::Other),
        ] {
            let problem = problem_of(text).unwrap();
            assert_eq!((problem.read, problem.broken, problem.cause), (true, true, cause), "{text}");
            assert_eq!(Some(problem.why), Reading::of(text).broken.map(|place| place.to_string()), "{text}");
        }
    }
}
