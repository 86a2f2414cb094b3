//! Splits the body of a request into messages.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::fields::{Fields, Text, string, text};
use super::message::Message;

/// How deep messages may be nested in strings that hold JSON, in lists and in `sections`. Anything deeper is not read.
const MAX_WRAPPERS: usize = 8;

/// How many members around the messages are kept. An alert cannot have more labels, and each of perhaps thousands of
/// messages has a copy of them in its alert.
const MAX_AROUND: usize = 50;

/// The most messages of one request that are read one by one. ZStack itself sends one message in a request.
pub(crate) const MAX_MESSAGES: usize = 200;

/// Names with their values as text.
type Texts = Vec<(String, String)>;

/// One message of a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// The message's own text, as it is in the body.
    pub text: String,
    /// The members beside `sections` in the objects around the message, the outermost object first. If there are more
    /// than 50, the member `left_out` counts the others.
    pub around: Arc<Texts>,
}

/// The members around messages.
#[derive(Default)]
struct Around {
    /// Those of the outermost object come first.
    members: Texts,
    /// How many there were beyond [`MAX_AROUND`].
    left_out: usize,
    /// [`Part::around`] of these messages.
    of_part: Arc<Texts>,
}

impl Around {
    /// For messages one object deeper, with the members `beside` them in that object.
    fn and(&self, beside: Vec<(Text<'_>, &RawValue)>) -> Self {
        let room = beside.len().min(MAX_AROUND.saturating_sub(self.members.len()));
        let left_out = self.left_out + beside.len() - room;
        let own = beside.into_iter().take(room).map(|(name, value)| (name.into_owned(), text(value).into_owned()));
        let members: Texts = self.members.iter().cloned().chain(own).collect();
        let mut of_part = members.clone();
        of_part.extend((left_out > 0).then(|| ("left_out".to_owned(), left_out.to_string())));
        Self { members, left_out, of_part: Arc::new(of_part) }
    }
}

/// Splits a body into its messages. Strings that hold JSON are opened. Lists and `{"sections": [...]}` become one part
/// for each item. If no item is a message, the whole list is one part, unless it holds a single object.
///
/// There is always at least one part, and at most 200. Everything in the body is in one of them. Bytes that are not UTF-8
/// become `%D6` as in URLs, so that different bodies stay different. If there are more than 200 messages, the last part
/// is a list of all that are left.
#[must_use]
pub fn split(body: &[u8]) -> Vec<Part> {
    let mut parts = Vec::with_capacity(1);
    open(&utf8(body), &Around::default(), MAX_WRAPPERS, &mut parts);
    if parts.len() > MAX_MESSAGES {
        let rest = parts.split_off(MAX_MESSAGES - 1);
        parts.push(Part { text: list(&rest), around: rest[0].around.clone() });
    }
    parts
}

/// The parts as one JSON list. A part that is not JSON becomes a string.
fn list(parts: &[Part]) -> String {
    let items = parts.iter().map(|part| match serde_json::from_str::<IgnoredAny>(&part.text) {
        Ok(_) => Cow::Borrowed(part.text.as_str()),
        Err(_) => Cow::Owned(serde_json::Value::from(part.text.as_str()).to_string()),
    });
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn utf8(body: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(body) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(body.len() * 2);
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    Cow::Owned(text)
}

fn open(json: &str, around: &Around, depth: usize, parts: &mut Vec<Part>) {
    let json = json.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\0'));
    let mut within = Vec::new();
    match json.as_bytes().first() {
        Some(b'"') if depth > 0 => match string(json) {
            Some(content) if !content.trim().is_empty() => return open(&content, around, depth - 1, parts),
            _ => {}
        },
        Some(b'[') if depth > 0 => {
            for item in items(json) {
                open(item, around, depth - 1, &mut within);
            }
        }
        Some(b'{') if depth > 0 => {
            if let Some((sections, beside)) = sections(json) {
                if is_message(json) {
                    parts.push(Part { text: json.to_owned(), around: around.of_part.clone() });
                }
                open(sections, &around.and(beside), depth - 1, &mut within);
            } else if let Some(content) = only_text(json) {
                open(&content, around, depth - 1, &mut within);
            }
        }
        _ => {}
    }
    let is_object = |part: &Part| part.text.starts_with('{');
    if within.iter().any(|part| is_message(&part.text)) || within.len() == 1 && within.iter().all(is_object) {
        parts.append(&mut within);
    } else if parts.last().is_none_or(|part| part.text != json) {
        parts.push(Part { text: json.to_owned(), around: around.of_part.clone() });
    }
}

fn is_message(json: &str) -> bool {
    !matches!(Message::read(json), Message::Raw(_) | Message::List(_))
}

/// The items of a JSON list without those that are empty.
fn items(json: &str) -> Vec<&str> {
    let items: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
    items.into_iter().filter(|item| !text(item).is_empty()).map(RawValue::get).collect()
}

/// The value of `sections` in an object, and the object's other members.
fn sections(json: &str) -> Option<(&str, Vec<(Text<'_>, &RawValue)>)> {
    if !may_name(json, b"sections") {
        return None;
    }
    let Fields(mut members) = serde_json::from_str(json).ok()?;
    let at = members.iter().position(|(name, _)| name.trim().eq_ignore_ascii_case("sections"))?;
    let (_, sections) = members.remove(at);
    Some((sections.get(), members))
}

/// The content of an object whose only member is a string that holds an object. The templates that print all values at
/// once have this form, because the console accepts only JSON (`docs/protocols/zstack.md`, "Message templates").
fn only_text(json: &str) -> Option<Text<'_>> {
    let (_, value) = json.split_once(':')?;
    if !value.trim_start().starts_with("\"{") {
        return None;
    }
    let Fields(members) = serde_json::from_str(json).ok()?;
    let [(_, value)] = &members[..] else { return None };
    string(value.get())
}

/// Whether `json` may have a member of this name, in upper or lower case. Most messages do not, so they need not be
/// parsed. A name with escapes (`\u…`) is possible, too.
fn may_name(json: &str, name: &[u8]) -> bool {
    let json = json.as_bytes();
    let begins = |at: usize| json[at..].get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name));
    let [lower, upper] = [name[0].to_ascii_lowercase(), name[0].to_ascii_uppercase()];
    memchr::memchr2_iter(lower, upper, json).any(begins) || memchr::memmem::find(json, b"\\u").is_some()
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
        // An item that is not a message is kept if another item is one.
        assert_eq!(texts(r#"[{"ALARM_NAME":"a"}, "look!"]"#), [r#"{"ALARM_NAME":"a"}"#, "look!"]);
    }

    #[test]
    fn what_stands_beside_sections_is_kept() {
        let parts = split(br#"{"title": "T", "sections": [{"ALARM_NAME":"a"}, {"ALARM_NAME":"b"}], "n": 1}"#);
        let around = vec![("title".to_owned(), "T".to_owned()), ("n".to_owned(), "1".to_owned())];
        assert_eq!(parts.len(), 2);
        assert!(parts.iter().all(|part| *part.around == around), "{parts:?}");
    }

    #[test]
    fn of_thousands_around_fifty_are_kept_and_the_rest_is_counted() {
        let around = |from, to| (from..to).map(|n| format!(r#""f{n}":"{n}""#)).collect::<Vec<_>>().join(",");
        let within = format!(r#"{{{},"sections":[{{"ALARM_NAME":"a"}},{{"ALARM_NAME":"b"}}]}}"#, around(30, 5_000));
        let parts = split(format!(r#"{{{},"sections":[{within}]}}"#, around(0, 30)).as_bytes());
        assert_eq!(parts.len(), 2);
        for part in parts {
            let names: Vec<_> = part.around.iter().map(|(name, _)| name.clone()).collect();
            assert_eq!(names, (0..50).map(|n| format!("f{n}")).chain(["left_out".to_owned()]).collect::<Vec<_>>());
            assert_eq!(part.around.last().unwrap().1, "4950");
        }
    }

    #[test]
    fn messages_beyond_the_limit_are_one_list() {
        let messages = |n: usize| (0..n).map(|n| format!(r#"{{"ALARM_NAME":"{n}"}}"#)).collect::<Vec<_>>();
        let body = |n| format!("[{}]", messages(n).join(","));
        assert_eq!(texts(&body(MAX_MESSAGES)), messages(MAX_MESSAGES));
        let parts = texts(&format!("[{},\"look!\"]", messages(MAX_MESSAGES + 1).join(",")));
        assert_eq!(parts.len(), MAX_MESSAGES);
        assert_eq!(parts[MAX_MESSAGES - 1], r#"[{"ALARM_NAME":"199"},{"ALARM_NAME":"200"},"look!"]"#);
    }

    #[test]
    fn sections_may_be_written_in_other_ways() {
        let alarm = r#"{"ALARM_NAME":"a"}"#;
        for body in [
            r#"{"sections": {"ALARM_NAME":"a"}}"#,
            r#"{"Sections ": "[{\"ALARM_NAME\":\"a\"}]"}"#,
            r#"{"\u0073ections": [{"ALARM_NAME":"a"}]}"#,
            "\"\u{feff}{\\\"ALARM_NAME\\\":\\\"a\\\"}\"",
            "{\"ALARM_NAME\":\"a\"}\0\n",
        ] {
            assert_eq!(texts(body), [alarm], "{body}");
        }
        let everything = r#"{"message":"{\"ALARM_NAME\":\"a\"}"}"#;
        assert_eq!(texts(everything), [alarm]);
        assert_eq!(texts(&format!(r#"{{"sections":[{everything}]}}"#)), [alarm]);
        let own = r#"{"message":"{\"level\":\"high\"}","b":1}"#;
        assert_eq!(texts(own), [own], "a text beside others is one of them");
        let own = r#"{"ALARM_NAME":"own","sections":[{"ALARM_NAME":"a"}]}"#;
        assert_eq!(texts(own), [own, alarm], "a wrapper that is a message itself");
        let own = r#"{"ALARM_NAME":"own","sections":[1]}"#;
        assert_eq!(texts(own), [own]);
    }

    #[test]
    fn bytes_that_are_no_utf_8_stay_different() {
        let texts = [&b"\xcd\xf8\xbf\xa8"[..], b"\xb4\xc5\xc5\xcc"].map(|gbk| split(gbk).remove(0).text);
        assert_eq!(texts, ["%CD%F8%BF%A8", "%B4%C5%C5%CC"]);
    }

    #[test]
    fn a_list_without_messages_is_one_part() {
        for body in ["[1, 2]", "[]", "[{}]", r#"{"sections": []}"#, r#"{"sections": [{"a": "t"}, {"a": "u"}], "b": 1}"#]
        {
            assert_eq!(texts(body), [body]);
        }
        let own = r#"{"alertname": "CPU", "status": "Alarm"}"#;
        assert_eq!(texts(&format!(r#"{{"sections": [{own}], "b": 1}}"#)), [own], "an object with names of its own");
    }

    #[test]
    fn endless_wrapping_ends() {
        let deep = format!("{}{}", "[".repeat(60_000), "]".repeat(60_000));
        assert_eq!(texts(&deep), [deep]);
        let alarm = format!(r#"{}{{"ALARM_NAME":"a"}}{}"#, "[".repeat(9), "]".repeat(9));
        assert_eq!(texts(&alarm), [alarm]);
    }
}
