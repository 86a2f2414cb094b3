//! Reads the members of a message's JSON object, and writes the object again with one value replaced.

use serde_json::Value as Json;
use zstack_flashduty::zstack::{Fields, Reading, Salvaged, Shape, Text, Value, facts};

/// A member of an object, a label, or a fact.
pub(super) struct Member {
    pub(super) name: String,
    /// Its value as text, as the translation reads it.
    pub(super) text: String,
    pub(super) parts: Parts,
    /// Its value as JSON.
    json: String,
}

/// The parts of a member's value that are traced one by one.
pub(super) enum Parts {
    None,
    /// The labels of an alarm or an event. The value is an object, or a string that contains one: the translation reads
    /// both in the same way.
    Labels(Vec<Member>),
    /// A list of facts.
    Facts(Vec<Member>),
}

/// Which text of an object is replaced. The numbers are indexes of members, and of labels or facts in a member.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A member's value.
    Value(usize),
    /// A label's value.
    Label(usize, usize),
    /// A fact's value.
    Fact(usize, usize),
    /// A fact's name.
    FactName(usize, usize),
}

impl Member {
    fn new((name, value): (Text<'_>, Value<'_>)) -> Self {
        let text = value.text().into_owned();
        let json = match value {
            Value::Json(json) => json.get().to_owned(),
            Value::Text(value) => string(&value),
        };
        Self { name: name.into_owned(), text, parts: Parts::None, json }
    }

    /// Splits the value into labels if this is the member for labels.
    fn split_labels(mut self) -> Self {
        let labels = if is_labels(&self.name) { members(&self.text) } else { Vec::new() };
        if !labels.is_empty() {
            self.parts = Parts::Labels(labels);
        }
        self
    }

    fn facts(facts: Vec<(Text<'_>, Value<'_>)>) -> Self {
        let facts = facts.into_iter().map(Self::new).collect();
        Self { name: FACTS.to_owned(), text: String::new(), parts: Parts::Facts(facts), json: String::new() }
    }
}

/// The name of the member with the list of facts.
const FACTS: &str = "facts";

/// The members of a message's object, or the values found in broken JSON. Empty if the message is neither.
pub(super) fn of_message(json: &str, reading: &Reading<'_>) -> Vec<Member> {
    let (members, facts) = match Salvaged::of(json) {
        // Written again, the JSON is no longer broken, but the values are the same.
        Some(Salvaged { known, beside }) => match reading.shape {
            Shape::Facts => (beside.into_iter().map(Member::new).collect(), Some(known)),
            _ => (known.into_iter().chain(beside).map(Member::new).collect(), None),
        },
        None => (members(json), facts(json).filter(|_| reading.shape == Shape::Facts)),
    };
    let is_facts = |member: &Member| facts.is_some() && member.name.trim().eq_ignore_ascii_case(FACTS);
    let members: Vec<_> = members.into_iter().filter(|member| !is_facts(member)).collect();
    members.into_iter().map(Member::split_labels).chain(facts.map(Member::facts)).collect()
}

/// The members of an object. Empty if the JSON is not an object.
fn members(json: &str) -> Vec<Member> {
    let Ok(Fields(fields)) = serde_json::from_str(json) else { return Vec::new() };
    fields.into_iter().map(|(name, value)| Member::new((name, Value::Json(value)))).collect()
}

fn is_labels(name: &str) -> bool {
    ["ALARM_LABELS", "EVENT_LABELS"].iter().any(|labels| labels.eq_ignore_ascii_case(name.trim()))
}

/// Writes an object's JSON, with one text replaced if there is a change.
pub(super) fn object(members: &[Member], change: Option<(Target, &str)>) -> String {
    let written = members.iter().enumerate().map(|(at, member)| {
        let value = match (&member.parts, change) {
            (_, Some((Target::Value(changed), text))) if changed == at => string(text),
            (Parts::Labels(labels), Some((Target::Label(changed, label), text))) if changed == at => {
                object(labels, Some((Target::Value(label), text)))
            }
            (Parts::Facts(facts), change) => list(facts, change.filter(|(target, _)| target.is_in(at))),
            _ => member.json.clone(),
        };
        format!("{}:{value}", string(&member.name))
    });
    format!("{{{}}}", written.collect::<Vec<_>>().join(","))
}

/// Writes the JSON of a list of facts.
fn list(facts: &[Member], change: Option<(Target, &str)>) -> String {
    let written = facts.iter().enumerate().map(|(at, fact)| {
        let (name, value) = (string(&fact.name), &fact.json);
        let (name, value) = match change {
            Some((Target::Fact(_, changed), text)) if changed == at => (name, &string(text)),
            Some((Target::FactName(_, changed), text)) if changed == at => (string(text), value),
            _ => (name, value),
        };
        format!(r#"{{"name":{name},"value":{value}}}"#)
    });
    format!("[{}]", written.collect::<Vec<_>>().join(","))
}

impl Target {
    /// Whether this is a fact of the member with this index.
    fn is_in(self, member: usize) -> bool {
        matches!(self, Self::Fact(at, _) | Self::FactName(at, _) if at == member)
    }
}

fn string(text: &str) -> String {
    Json::from(text).to_string()
}
