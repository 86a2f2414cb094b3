//! What messages were wrapped in.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::value::RawValue;
use zstack_flashduty::zstack::Fields;

/// Something with messages in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wrapper {
    /// A JSON string.
    String,
    /// A JSON list.
    List,
    /// The member `sections` of an object.
    Sections,
    /// The one member of an object, which is a text.
    Text,
}

/// The wrappers of a request's messages by their texts, the outermost first.
pub(super) struct Wrappings(HashMap<String, Vec<Wrapper>>);

/// How deep they are looked for: as deep as messages are.
const MAX_DEPTH: usize = 8;

impl Wrappings {
    /// What may be a message, in the way in which requests are taken apart.
    pub(super) fn of(body: &str) -> Self {
        let mut wrappings = Self(HashMap::new());
        wrappings.look(body, &[], MAX_DEPTH);
        wrappings
    }

    /// The wrappers of the message with this text.
    pub(super) fn around(&self, text: &str) -> Vec<Wrapper> {
        self.0.get(text).cloned().unwrap_or_default()
    }

    fn look(&mut self, json: &str, around: &[Wrapper], depth: usize) {
        let json = json.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\0'));
        self.0.entry(json.to_owned()).or_insert_with(|| around.to_vec());
        let Some(depth) = depth.checked_sub(1) else { return };
        let within = |wrapper| [around, &[wrapper]].concat();
        match json.as_bytes().first() {
            Some(b'"') => {
                if let Ok(content) = serde_json::from_str::<String>(json) {
                    self.look(&content, &within(Wrapper::String), depth);
                }
            }
            Some(b'[') => {
                // Of sections there is a list, which goes without saying.
                let is_of_sections = around.last() == Some(&Wrapper::Sections);
                let around = if is_of_sections { around.to_vec() } else { within(Wrapper::List) };
                let items: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
                for item in items {
                    self.look(item.get(), &around, depth);
                }
            }
            Some(b'{') => {
                let Ok(Fields(members)) = serde_json::from_str(json) else { return };
                if let Some((_, sections)) = members.iter().find(|(name, _)| is_sections(name)) {
                    self.look(sections.get(), &within(Wrapper::Sections), depth);
                } else if let [(_, value)] = &members[..]
                    && let Ok(content) = serde_json::from_str::<String>(value.get())
                {
                    self.look(&content, &within(Wrapper::Text), depth);
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
    fn every_way_of_wrapping_is_told() {
        use Wrapper::{List, Sections, String, Text};
        let alarm = r#"{"ALARM_NAME":"a"}"#;
        let string = serde_json::to_string(alarm).unwrap();
        assert_eq!(around(alarm), []);
        assert_eq!(around(&string), [String]);
        assert_eq!(around(&format!("[{alarm}]")), [List]);
        assert_eq!(around(&format!(r#"{{"t":"T","sections":[{alarm}]}}"#)), [Sections]);
        assert_eq!(around(&format!(r#"{{"sections":[{{"a":{string}}}]}}"#)), [Sections, Text]);
        assert_eq!(around(&format!("[{string}]")), [List, String]);
        // What is no message in itself is not taken apart.
        for body in ["[1, 2]", r#"{"a":"b"}"#, "disk full", r#"{"sections":[]}"#, "\u{feff}{} \0", "\"\""] {
            assert_eq!(around(body), [], "{body}");
        }
        assert_eq!(around(&format!("{}{alarm}{}", "[".repeat(9), "]".repeat(9))), []);
        assert_eq!(around(&format!("{}{alarm}{}", "[".repeat(8), "]".repeat(8))), [List; 8]);
    }
}
