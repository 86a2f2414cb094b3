//! A request's body taken apart into messages.

use serde_json::value::RawValue;

use super::fields::{Fields, string, text};
use super::message::Message;

/// How deep messages may be wrapped: strings that hold JSON, lists, `sections`. What lies deeper is
/// shown as text.
const MAX_WRAPPERS: usize = 8;

/// One message of a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// The message's own text, as it stood in the body.
    pub text: String,
    /// What stood beside `sections` in the objects around it: names and values.
    pub around: Vec<(String, String)>,
}

/// Takes a body apart: strings that hold JSON are opened, lists and `{"sections": [...]}` become one
/// part for each of their items. Where none of the items is a message, the list as a whole is one.
///
/// There is at least one part, and whatever the body says is in one of them. Bytes that are no UTF-8
/// become U+FFFD.
#[must_use]
pub fn split(body: &[u8]) -> Vec<Part> {
    let mut parts = Vec::with_capacity(1);
    open(String::from_utf8_lossy(body).trim_start_matches('\u{feff}').trim(), &[], MAX_WRAPPERS, &mut parts);
    parts
}

fn open(json: &str, around: &[(String, String)], depth: usize, parts: &mut Vec<Part>) {
    let wrapped = match json.as_bytes().first() {
        Some(b'"') if depth > 0 => match string(json) {
            Some(content) if !content.trim().is_empty() => return open(content.trim(), around, depth - 1, parts),
            _ => None,
        },
        Some(b'[') if depth > 0 => items(json).map(|items| (items, Vec::new())),
        Some(b'{') if depth > 0 => sections(json),
        _ => None,
    };
    if let Some((items, beside)) = wrapped {
        let around = [around, &beside].concat();
        let mut within = Vec::with_capacity(items.len());
        for item in items {
            open(item, &around, depth - 1, &mut within);
        }
        if within.iter().any(|part| !matches!(Message::read(&part.text), Message::Raw(_))) {
            return parts.append(&mut within);
        }
    }
    parts.push(Part { text: json.to_owned(), around: around.to_vec() });
}

/// The items of a JSON list that say anything.
fn items(json: &str) -> Option<Vec<&str>> {
    let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    Some(items.into_iter().filter(|item| !text(item).is_empty()).map(RawValue::get).collect())
}

/// What a wrapper holds: its items, and what stands beside them.
type Wrapped<'a> = (Vec<&'a str>, Vec<(String, String)>);

/// The items of `{"sections": [...]}`, and the object's other members.
fn sections(json: &str) -> Option<Wrapped<'_>> {
    if !json.contains("\"sections\"") {
        return None;
    }
    let Fields(mut members) = serde_json::from_str(json).ok()?;
    let at = members.iter().position(|(name, _)| name == "sections")?;
    let (_, list) = members.remove(at);
    let beside = members.into_iter().map(|(name, value)| (name.into_owned(), text(value).into_owned())).collect();
    Some((items(list.get())?, beside))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(body: &str) -> Vec<String> {
        split(body.as_bytes()).into_iter().map(|part| part.text).collect()
    }

    #[test]
    fn a_message_is_one_part_as_it_stands() {
        assert_eq!(texts(r#" {"ALARM_NAME" : "a"} "#), [r#"{"ALARM_NAME" : "a"}"#]);
        assert_eq!(texts("\u{feff}{}"), ["{}"]);
        assert_eq!(texts("磁盘 full"), ["磁盘 full"]);
    }

    #[test]
    fn strings_are_opened_and_lists_taken_apart() {
        assert_eq!(texts(r#""{\"EVENT_NAME\": \"名\"}""#), [r#"{"EVENT_NAME": "名"}"#]);
        assert_eq!(
            texts(r#"[{"ALARM_NAME":"a"}, null, "{\"ALARM_NAME\":\"b\"}", [{"EVENT_NAME":"c"}], {}]"#),
            [r#"{"ALARM_NAME":"a"}"#, r#"{"ALARM_NAME":"b"}"#, r#"{"EVENT_NAME":"c"}"#]
        );
        // What is no message among messages is not dropped.
        assert_eq!(texts(r#"[{"ALARM_NAME":"a"}, "look!"]"#), [r#"{"ALARM_NAME":"a"}"#, "look!"]);
    }

    #[test]
    fn what_stands_beside_sections_is_kept() {
        let parts = split(br#"{"title": "T", "sections": [{"ALARM_NAME":"a"}, {"ALARM_NAME":"b"}], "n": 1}"#);
        let around = vec![("title".to_owned(), "T".to_owned()), ("n".to_owned(), "1".to_owned())];
        assert_eq!(parts.len(), 2);
        assert!(parts.iter().all(|part| part.around == around), "{parts:?}");
    }

    #[test]
    fn a_list_without_messages_is_one_part() {
        for body in ["[1, 2]", "[]", r#"{"sections": []}"#, r#"{"sections": [{"activityTitle": "t"}], "a": 1}"#] {
            assert_eq!(texts(body), [body]);
        }
    }

    #[test]
    fn endless_wrapping_ends() {
        let deep = format!("{}{}", "[".repeat(60_000), "]".repeat(60_000));
        assert_eq!(texts(&deep), [deep]);
        let alarm = format!(r#"{}{{"ALARM_NAME":"a"}}{}"#, "[".repeat(9), "]".repeat(9));
        assert_eq!(texts(&alarm), [alarm]);
    }
}
