//! Finds out what the messages of a request were wrapped in.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::value::RawValue;
use zstack_flashduty::zstack::Fields;

/// JSON that contains messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Wrapper {
    /// A JSON string.
    String,
    /// A JSON list.
    List,
    /// The member `sections` of an object.
    Sections,
    /// The only member of an object, whose value is a string.
    Text,
}

/// For each message's text in a request, its wrappers, the outermost first.
pub(super) struct Wrappings(HashMap<String, Vec<Wrapper>>);

/// How many wrappers there can be around a message. `zstack::split` has the same limit.
const MAX_DEPTH: usize = 8;

impl Wrappings {
    /// Unwraps a request's body in the same way as `zstack::split` does.
    pub(super) fn of(body: &str) -> Self {
        let mut wrappings = Self(HashMap::new());
        wrappings.unwrap(body, &[], MAX_DEPTH);
        wrappings
    }

    /// The wrappers of the message with this text.
    pub(super) fn around(&self, text: &str) -> Vec<Wrapper> {
        self.0.get(text).cloned().unwrap_or_default()
    }

    fn unwrap(&mut self, json: &str, around: &[Wrapper], depth: usize) {
        let json = json.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\0'));
        self.0.entry(json.to_owned()).or_insert_with(|| around.to_vec());
        let Some(depth) = depth.checked_sub(1) else { return };
        let within = |wrapper| [around, &[wrapper]].concat();
        match json.as_bytes().first() {
            Some(b'"') => {
                if let Ok(content) = serde_json::from_str::<String>(json) {
                    self.unwrap(&content, &within(Wrapper::String), depth);
                }
            }
            Some(b'[') => {
                // `sections` is always a list, so that list is not named as well.
                let is_of_sections = around.last() == Some(&Wrapper::Sections);
                let around = if is_of_sections { around.to_vec() } else { within(Wrapper::List) };
                let items: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
                for item in items {
                    self.unwrap(item.get(), &around, depth);
                }
            }
            Some(b'{') => {
                let Ok(Fields(members)) = serde_json::from_str(json) else { return };
                if let Some((_, sections)) = members.iter().find(|(name, _)| is_sections(name)) {
                    self.unwrap(sections.get(), &within(Wrapper::Sections), depth);
                } else if let [(_, value)] = &members[..]
                    && let Ok(content) = serde_json::from_str::<String>(value.get())
                {
                    self.unwrap(&content, &within(Wrapper::Text), depth);
                }
            }
            _ => {}
        }
    }
}

fn is_sections(name: &str) -> bool {
    name.trim().eq_ignore_ascii_case("sections")
}

#[cfg(test)]
mod tests {
    use zstack_flashduty::zstack::split;

    use super::*;

    /// The wrappers of the first message of a body.
    #[track_caller]
    fn around(body: &str) -> Vec<Wrapper> {
        let wrappings = Wrappings::of(body);
        let parts = split(body.as_bytes());
        assert!(parts.iter().all(|part| wrappings.0.contains_key(&part.text)), "{body}");
        wrappings.around(&parts[0].text)
    }

    #[test]
    fn every_kind_of_wrapper_is_found() {
        use Wrapper::{List, Sections, String, Text};
        let alarm = r#"{"ALARM_NAME":"a"}"#;
        let string = serde_json::to_string(alarm).unwrap();
        assert_eq!(around(alarm), []);
        assert_eq!(around(&string), [String]);
        assert_eq!(around(&format!("[{alarm}]")), [List]);
        assert_eq!(around(&format!(r#"{{"t":"T","sections":[{alarm}]}}"#)), [Sections]);
        assert_eq!(around(&format!(r#"{{"sections":[{{"a":{string}}}]}}"#)), [Sections, Text]);
        assert_eq!(around(&format!("[{string}]")), [List, String]);
        // These bodies are one message as they are.
        for body in ["[1, 2]", r#"{"a":"b"}"#, "disk full", r#"{"sections":[]}"#, "\u{feff}{} \0", "\"\""] {
            assert_eq!(around(body), [], "{body}");
        }
        assert_eq!(around(&format!("{}{alarm}{}", "[".repeat(9), "]".repeat(9))), []);
        assert_eq!(around(&format!("{}{alarm}{}", "[".repeat(8), "]".repeat(8))), [List; 8]);
    }
}
