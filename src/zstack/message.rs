//! Reads one message, in any of the shapes in which ZStack may send it.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::alarm::Alarm;
use super::event::Event;
use super::facts;
use super::fields::{Fields, Members, Text, Value, string};
use super::labels::Label;
use super::salvage::{self, Salvaged};

/// A message, as far as it can be read.
#[derive(Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// A resource alarm: a metric crossed its threshold, or recovered.
    Alarm(Box<Alarm<'a>>),
    /// An event alarm: something happened.
    Event(Box<Event<'a>>),
    /// The message of the console's button *Send Test Message*.
    Test(Test<'a>),
    /// Messages that are not read one by one: they come after the first 199 of a request, or are nested too deep.
    List(Vec<Text<'a>>),
    /// Any other text. It may still be meant as an alarm.
    Raw(Raw<'a>),
}

/// The form in which a message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An object with ZStack's own field names.
    Plain,
    /// A list of facts, as the console fills it into a message template.
    Facts,
    /// An object with other field names.
    OwnNames,
    /// Anything else.
    Text,
}

/// A message, with its shape and with the mistake in its JSON.
#[derive(Debug, PartialEq, Eq)]
pub struct Reading<'a> {
    /// The content.
    pub message: Message<'a>,
    /// The form in which the content is written.
    pub shape: Shape,
    /// Where the JSON is broken, if the message was read anyway.
    pub broken: Option<Broken>,
}

/// Where the JSON of a message is broken: `in ALARM_NAME`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// In the value with this name.
    #[error("in {0}")]
    In(String),
    /// At this place.
    #[error(transparent)]
    At(JsonError),
}

/// A mistake in JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct JsonError {
    /// The mistake and its place, in English.
    what: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted in bytes from 1.
    pub column: usize,
}

impl From<&serde_json::Error> for JsonError {
    fn from(error: &serde_json::Error) -> Self {
        Self { what: error.to_string(), line: error.line(), column: error.column() }
    }
}

/// Why a message cannot be read as an alarm or an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not meant as JSON.
    #[error("plain text")]
    PlainText,
    /// Its JSON is broken, and no names of ZStack's were found in it.
    #[error("broken JSON: {0}")]
    BrokenJson(JsonError),
    /// It is a list of other things.
    #[error("a JSON list that holds no alarm and no event")]
    ListWithoutMessages,
    /// It has other field names.
    #[error("JSON without the fields of an alarm or an event")]
    NoFields,
}

/// The resource of an alarm or event. A text is empty if ZStack does not know it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Resource<'a> {
    /// The resource's UUID.
    pub(crate) id: Text<'a>,
    /// The name that people gave it.
    pub(crate) name: Text<'a>,
    /// Its IP address, or the host name of a backup storage.
    pub(crate) ip: Text<'a>,
    /// Its type, such as `VmInstanceVO`.
    pub(crate) kind: Text<'a>,
    /// The UUID of its cluster.
    pub(crate) cluster_id: Text<'a>,
    /// The name of its cluster.
    pub(crate) cluster_name: Text<'a>,
}

/// The console's test message (`docs/protocols/zstack.md`, "Send Test Message").
#[derive(Debug, PartialEq, Eq)]
pub struct Test<'a> {
    pub(crate) fields: Vec<Label<'a>>,
}

/// A message that cannot be read as an alarm or an event.
#[derive(Debug, PartialEq, Eq)]
pub struct Raw<'a> {
    /// The text as it came.
    pub(crate) text: &'a str,
    /// Why it cannot be read.
    pub why: Unreadable,
    /// The fields, if the text is a JSON object.
    pub(crate) fields: Vec<Label<'a>>,
}

/// The only test message that ZStack sends. All fields must match, because the alert of a test is closed at once. A real
/// alert must not be.
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
    /// Reads the text of one message: [`Reading::of`], without the details.
    #[must_use]
    pub fn read(json: &'a str) -> Self {
        Reading::of(json).message
    }

    /// Reads an alarm or an event. An alarm names its rule or its metric, an event itself. An object that names neither,
    /// or both, has field names of its own: it is returned as an error.
    fn of_members(members: Members<'a>) -> Result<Self, Members<'a>> {
        // A template for both kinds leaves the fields of the other kind empty, so an empty value does not count.
        let has_one_of = |first_letter: u8, names: &[&str]| {
            members.iter().any(|(name, value)| {
                // The first letter alone excludes most names, which is fast. White space may stand before it.
                let may_be = name.as_bytes().first().is_some_and(|byte| byte | 0x20 == first_letter || *byte <= b' ');
                may_be && names.iter().any(|known| known.eq_ignore_ascii_case(name.trim())) && !value.text().is_empty()
            })
        };
        match (has_one_of(b'a', &["ALARM_NAME", "ALARM_UUID", "ALARM_METRIC"]), has_one_of(b'e', &["EVENT_NAME"])) {
            (true, false) => Ok(Self::Alarm(Box::new(Alarm::read(members)))),
            (false, true) => Ok(Self::Event(Box::new(Event::read(members)))),
            _ => Err(members),
        }
    }
}

impl<'a> Reading<'a> {
    /// Reads the text of one message. A text that cannot be read becomes [`Message::Raw`].
    #[must_use]
    pub fn of(json: &'a str) -> Self {
        let raw = |why| Self::whole(Message::Raw(Raw { text: json, why, fields: Vec::new() }), Shape::Text);
        match serde_json::from_str(json).map_err(|error| syntax_error(json, error)) {
            Ok(Fields(members)) => {
                let members = members.into_iter().map(|(name, value)| (name, Value::Json(value))).collect();
                Self::of_object(json, members)
            }
            Err(None) => match list(json) {
                Some(messages) => Self::whole(messages, Shape::Text),
                None => raw(not_an_object(json)),
            },
            Err(Some(error)) => Self::salvaged(json, &error).unwrap_or_else(|| raw(why_not_json(json, &error))),
        }
    }

    fn whole(message: Message<'a>, shape: Shape) -> Self {
        Self { message, shape, broken: None }
    }

    fn of_object(json: &'a str, members: Members<'a>) -> Self {
        let members = match Message::of_members(members) {
            Ok(message) => return Self::whole(message, Shape::Plain),
            Err(members) => members,
        };
        let mut fields = Members::new();
        if let Some(facts) = facts::of_object(&members) {
            if let Some(message) = facts::message(facts.clone(), members.clone()) {
                return Self::whole(message, Shape::Facts);
            }
            fields = facts;
        }
        let beside = members.into_iter().filter(|(name, _)| fields.is_empty() || !facts::is_list(name));
        let beside: Vec<_> = beside.collect();
        let fields: Vec<_> = fields.into_iter().chain(beside).map(|(name, value)| (name, value.text())).collect();
        if fields.len() == TEST.len() && TEST.iter().all(|test| fields.iter().any(|(n, v)| (&**n, &**v) == *test)) {
            return Self::whole(Message::Test(Test { fields }), Shape::Plain);
        }
        Self::whole(Message::Raw(Raw { text: json, why: Unreadable::NoFields, fields }), Shape::OwnNames)
    }

    /// Reads a text with broken JSON by the names in it, if it has any.
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

/// Sets a field. If it comes more than once, the last value counts, as usual in JSON. The values before it go to `other`.
pub(super) fn fill<'a>(slot: &mut Text<'a>, name: Text<'a>, value: Text<'a>, other: &mut Vec<Label<'a>>) {
    if value.is_empty() || *slot == value {
        return;
    }
    let before = std::mem::replace(slot, value);
    if !before.is_empty() {
        other.push((name, before));
    }
}

/// A field's name in upper case, as ZStack writes it. A message template may write it in another way.
pub(super) fn upper_case(name: &str) -> Cow<'_, str> {
    let name = name.trim();
    if name.bytes().any(|byte| byte.is_ascii_lowercase()) { name.to_ascii_uppercase().into() } else { name.into() }
}

/// Whether a member's name begins with `prefix`. Upper and lower case are the same.
pub(super) fn begins_with(name: &str, prefix: &str) -> bool {
    let name = name.trim_start();
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// The mistake in the JSON, if there is one. `error` may only say that the text is not an object. Then the rest of the
/// text was not read yet.
fn syntax_error(json: &str, error: serde_json::Error) -> Option<serde_json::Error> {
    if error.is_data() { serde_json::from_str::<IgnoredAny>(json).err() } else { Some(error) }
}

/// Where the JSON is broken: the name of the value. Line and column may change at every repeat of an alarm, which would
/// add an event to the alert's history each time.
fn place(text: &str, error: &serde_json::Error, is_facts: bool) -> Broken {
    let line_starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
    let line_start = line_starts.take(error.line()).last().unwrap_or_default();
    match salvage::name_at(text, line_start + error.column(), is_facts) {
        Some(name) => Broken::In(name.into_owned()),
        None => Broken::At(error.into()),
    }
}

/// The items of a list, if at least one of them is a message.
fn list(json: &str) -> Option<Message<'_>> {
    let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    let texts: Vec<_> = items.into_iter().map(|item| string(item.get()).unwrap_or(item.get().into())).collect();
    // Lists in the list are not read: each level would read all levels below it once more.
    let is_message = |text: &Text<'_>| !text.starts_with('[') && !matches!(Message::read(text), Message::Raw(_));
    texts.iter().any(is_message).then_some(Message::List(texts))
}

/// Why JSON that is not an object cannot be read.
fn not_an_object(json: &str) -> Unreadable {
    match json.trim_start().as_bytes().first() {
        Some(b'[') => Unreadable::ListWithoutMessages,
        _ => Unreadable::PlainText,
    }
}

/// Why a text that is not JSON cannot be read.
fn why_not_json(text: &str, error: &serde_json::Error) -> Unreadable {
    match text.trim_start().as_bytes().first() {
        Some(b'{' | b'[') => Unreadable::BrokenJson(error.into()),
        _ => Unreadable::PlainText,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_message_says_why_it_cannot_be_read() {
        for (text, why) in [
            ("[1, 2]", "a JSON list that holds no alarm and no event"),
            (r#"[{"name":"a "b" c"}]"#, "broken JSON: expected `,` or `}` at line 1 column 14"),
            ("[broken", "broken JSON: expected value at line 1 column 2"),
            ("{broken", "broken JSON: key must be a string at line 1 column 2"),
            ("{}", "JSON without the fields of an alarm or an event"),
            ("disk full", "plain text"),
        ] {
            let Message::Raw(raw) = Message::read(text) else { panic!("{text}") };
            assert_eq!(raw.why.to_string(), why, "{text}");
        }
    }
}
