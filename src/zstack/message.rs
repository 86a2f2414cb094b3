//! One message of ZStack's, in whatever shape it comes.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::alarm::Alarm;
use super::event::Event;
use super::facts;
use super::fields::{Fields, Members, Text, Value, string};
use super::labels::Label;
use super::salvage::{self, Salvaged};

/// A message, as far as it could be read.
#[derive(Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// A resource alarm: a metric crossed its threshold, or came back.
    Alarm(Box<Alarm<'a>>),
    /// An event alarm: something happened.
    Event(Box<Event<'a>>),
    /// What the console's *Send Test Message* sends.
    Test(Test<'a>),
    /// More messages than are read one by one, or messages that are wrapped too deep.
    List(Vec<Text<'a>>),
    /// Anything else: still somebody's alarm.
    Raw(Raw<'a>),
}

/// How a message was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An object with ZStack's own field names.
    Plain,
    /// Facts: names and values for people, as the console fills them into a template.
    Facts,
    /// An object with names of somebody's own.
    OwnNames,
    /// Anything else.
    Text,
}

/// A message and how it was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Reading<'a> {
    /// The message.
    pub message: Message<'a>,
    /// How it was written.
    pub shape: Shape,
    /// Where its JSON is broken (`in ALARM_NAME`), where the values were found by their names all the same.
    pub broken: Option<String>,
}

/// What an alarm or event is about.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Resource<'a> {
    /// The resource's UUID.
    pub id: Text<'a>,
    /// The name people gave it.
    pub name: Text<'a>,
    /// Its address.
    pub ip: Text<'a>,
    /// Its type, such as `VmInstanceVO`.
    pub kind: Text<'a>,
    /// The UUID of the cluster it is in.
    pub cluster_id: Text<'a>,
    /// The name of the cluster it is in.
    pub cluster_name: Text<'a>,
}

/// The console's test message (`docs/protocols/zstack.md`, "Send Test Message").
#[derive(Debug, PartialEq, Eq)]
pub struct Test<'a> {
    /// Its fields.
    pub fields: Vec<Label<'a>>,
}

/// A message that could not be read.
#[derive(Debug, PartialEq, Eq)]
pub struct Raw<'a> {
    /// The text as it came.
    pub text: &'a str,
    /// Why it could not be read.
    pub why: String,
    /// Its fields, where it is a JSON object after all.
    pub fields: Vec<Label<'a>>,
}

/// The one test message there is. All of it must match: a real alert that were taken for a test would
/// be closed at once.
const TEST: [(&str, &str); 8] = [
    ("product", "zstack"),
    ("service", "zstack"),
    ("metric", "ZStack::CPU"),
    ("alertLevel", "1"),
    ("alertTime", "1111"),
    ("dimensions", "aaa"),
    ("message", "CPU >= 100"),
    ("dataSource", "zstack"),
];

impl<'a> Message<'a> {
    /// Reads the text of one message. Whatever cannot be read is [`Message::Raw`].
    #[must_use]
    pub fn read(json: &'a str) -> Self {
        Reading::of(json).message
    }

    /// An alarm names its rule or its metric, an event itself. Whoever names neither, or both, has fields of his own.
    fn of_members(members: Members<'a>) -> Result<Self, Members<'a>> {
        // A template that serves both kinds leaves the fields of the other one empty.
        let says = |first: u8, names: &[&str]| {
            members.iter().any(|(name, value)| {
                // Most are told by their first letter alone.
                let may_be = name.as_bytes().first().is_some_and(|byte| byte | 0x20 == first || *byte <= b' ');
                may_be && names.iter().any(|known| known.eq_ignore_ascii_case(name.trim())) && !value.text().is_empty()
            })
        };
        match (says(b'a', &["ALARM_NAME", "ALARM_UUID", "ALARM_METRIC"]), says(b'e', &["EVENT_NAME"])) {
            (true, false) => Ok(Self::Alarm(Box::new(Alarm::read(members)))),
            (false, true) => Ok(Self::Event(Box::new(Event::read(members)))),
            _ => Err(members),
        }
    }
}

impl<'a> Reading<'a> {
    /// Reads the text of one message.
    #[must_use]
    pub fn of(json: &'a str) -> Self {
        let whole = |message, shape| Self { message, shape, broken: None };
        let raw = |why, fields| Message::Raw(Raw { text: json, why, fields });
        let Fields(members) = match serde_json::from_str(json).map_err(|error| syntax_error(json, error)) {
            Ok(members) => members,
            Err(None) => {
                let message = list(json).unwrap_or_else(|| raw(no_object(json).to_owned(), Vec::new()));
                return whole(message, Shape::Text);
            }
            Err(Some(error)) => {
                let text = || whole(raw(why(json, &error), Vec::new()), Shape::Text);
                return Self::salvaged(json, &error).unwrap_or_else(text);
            }
        };
        let members = members.into_iter().map(|(name, value)| (name, Value::Json(value))).collect();
        let members = match Message::of_members(members) {
            Ok(message) => return whole(message, Shape::Plain),
            Err(members) => members,
        };
        let mut fields = Members::new();
        if let Some(facts) = facts::of_object(&members) {
            if let Some(message) = facts::message(facts.clone(), members.clone()) {
                return whole(message, Shape::Facts);
            }
            fields = facts;
        }
        let beside = members.into_iter().filter(|(name, _)| fields.is_empty() || !facts::is_list(name));
        let beside: Vec<_> = beside.collect();
        let fields: Vec<_> = fields.into_iter().chain(beside).map(|(name, value)| (name, value.text())).collect();
        if fields.len() == TEST.len() && TEST.iter().all(|test| fields.iter().any(|(n, v)| (&**n, &**v) == *test)) {
            return whole(Message::Test(Test { fields }), Shape::Plain);
        }
        whole(raw("JSON without the fields of an alarm or an event".to_owned(), fields), Shape::OwnNames)
    }

    /// What a text with broken JSON says all the same.
    fn salvaged(text: &'a str, error: &serde_json::Error) -> Option<Self> {
        let of_members = |Salvaged { mut known, beside }: Salvaged<'a>| {
            known.extend(beside);
            Some((Message::of_members(known).ok()?, Shape::Plain))
        };
        let of_facts = |Salvaged { known, beside }: Salvaged<'a>| Some((facts::message(known, beside)?, Shape::Facts));
        let (message, shape) =
            salvage::members(text).and_then(of_members).or_else(|| salvage::facts(text).and_then(of_facts))?;
        Some(Self { message, shape, broken: Some(place(text, error, shape == Shape::Facts)) })
    }
}

/// Fills a field. Where it comes more than once the last one counts, as in any JSON; the ones before
/// are kept beside it.
pub(super) fn fill<'a>(slot: &mut Text<'a>, name: Text<'a>, value: Text<'a>, other: &mut Vec<Label<'a>>) {
    if value.is_empty() || *slot == value {
        return;
    }
    let before = std::mem::replace(slot, value);
    if !before.is_empty() {
        other.push((name, before));
    }
}

/// A field's name as ZStack writes it, whatever a template makes of it.
pub(super) fn upper_case(name: &str) -> Cow<'_, str> {
    let name = name.trim();
    if name.bytes().any(|byte| byte.is_ascii_lowercase()) { name.to_ascii_uppercase().into() } else { name.into() }
}

/// Whether a member's name begins so, in any case.
pub(super) fn begins_with(name: &str, prefix: &str) -> bool {
    let name = name.trim_start();
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Where a text breaks JSON, if it does. One that is no object is refused before anything in it is looked at.
fn syntax_error(json: &str, error: serde_json::Error) -> Option<serde_json::Error> {
    if error.is_data() { serde_json::from_str::<IgnoredAny>(json).err() } else { Some(error) }
}

/// Where a text breaks JSON: in which value, since lines and columns may differ at every repeat.
fn place(text: &str, error: &serde_json::Error, is_facts: bool) -> String {
    let line_starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
    let line_start = line_starts.take(error.line()).last().unwrap_or_default();
    match salvage::name_at(text, line_start + error.column(), is_facts) {
        Some(name) => format!("in {name}"),
        None => error.to_string(),
    }
}

/// The messages of a list, if there is one in it.
fn list(json: &str) -> Option<Message<'_>> {
    let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    let texts: Vec<_> = items.into_iter().map(|item| string(item.get()).unwrap_or(item.get().into())).collect();
    // A list in a list is not looked into: that would be done again for each list around it.
    let is_message = |text: &Text<'_>| !text.starts_with('[') && !matches!(Message::read(text), Message::Raw(_));
    texts.iter().any(is_message).then_some(Message::List(texts))
}

/// Why JSON that is no object is no message.
fn no_object(json: &str) -> &'static str {
    match json.trim_start().as_bytes().first() {
        Some(b'[') => "a JSON list that holds no alarm and no event",
        _ => "plain text",
    }
}

/// Why a text that is no JSON is no message.
fn why(text: &str, error: &serde_json::Error) -> String {
    match text.trim_start().as_bytes().first() {
        Some(b'{' | b'[') => format!("broken JSON: {error}"),
        _ => "plain text".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_message_cannot_be_read_is_told() {
        for (text, told) in [
            ("[1, 2]", "a JSON list that holds no alarm and no event"),
            (r#"[{"name":"a "b" c"}]"#, "broken JSON: expected `,` or `}` at line 1 column 14"),
            ("[broken", "broken JSON: expected value at line 1 column 2"),
            ("{broken", "broken JSON: key must be a string at line 1 column 2"),
            ("{}", "JSON without the fields of an alarm or an event"),
            ("disk full", "plain text"),
        ] {
            let Message::Raw(raw) = Message::read(text) else { panic!("{text}") };
            assert_eq!(raw.why, told, "{text}");
        }
    }
}
