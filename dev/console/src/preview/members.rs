//! The members of a message's object: read, and written again with something else in one place.

use serde_json::Value as Json;
use zstack_flashduty::zstack::{Fields, Reading, Salvaged, Shape, Text, Value, facts};

/// A member of an object, a label or a fact.
pub(super) struct Member {
    pub(super) name: String,
    /// What it says, as the translation reads it.
    pub(super) says: String,
    pub(super) within: Within,
    /// Its value as JSON.
    json: String,
}

/// What is in a member's value, where each thing in it counts alone.
pub(super) enum Within {
    Nothing,
    /// The labels of an alarm or an event: an object, or a string that holds one. The translation reads both alike.
    Labels(Vec<Member>),
    /// A list of facts.
    Facts(Vec<Member>),
}

/// A place for something else.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A member's value.
    Value(usize),
    /// The value of a label in a member.
    Label(usize, usize),
    /// The value of a fact in a member.
    Fact(usize, usize),
    /// The name of a fact in a member.
    FactName(usize, usize),
}

impl Member {
    fn new((name, value): (Text<'_>, Value<'_>)) -> Self {
        let says = value.text().into_owned();
        let json = match value {
            Value::Json(json) => json.get().to_owned(),
            Value::Text(text) => string(&text),
        };
        Self { name: name.into_owned(), says, within: Within::Nothing, json }
    }

    /// With the labels in it told apart.
    fn with_labels(mut self) -> Self {
        let labels = if is_labels(&self.name) { members(&self.says) } else { Vec::new() };
        if !labels.is_empty() {
            self.within = Within::Labels(labels);
        }
        self
    }

    fn facts(facts: Vec<(Text<'_>, Value<'_>)>) -> Self {
        let facts = facts.into_iter().map(Self::new).collect();
        Self { name: FACTS.to_owned(), says: String::new(), within: Within::Facts(facts), json: String::new() }
    }
}

/// The member that is the list of facts.
const FACTS: &str = "facts";

/// The members of a message's object, or what was found in broken JSON; none where it is neither.
pub(super) fn of_message(json: &str, reading: &Reading<'_>) -> Vec<Member> {
    let (members, facts) = match Salvaged::of(json) {
        // Written again, it is no longer broken; what it says stays.
        Some(Salvaged { known, beside }) => match reading.shape {
            Shape::Facts => (beside.into_iter().map(Member::new).collect(), Some(known)),
            _ => (known.into_iter().chain(beside).map(Member::new).collect(), None),
        },
        None => (members(json), facts(json).filter(|_| reading.shape == Shape::Facts)),
    };
    let is_told_apart = |member: &Member| facts.is_some() && member.name.trim().eq_ignore_ascii_case(FACTS);
    let members: Vec<_> = members.into_iter().filter(|member| !is_told_apart(member)).collect();
    members.into_iter().map(Member::with_labels).chain(facts.map(Member::facts)).collect()
}

/// The members of an object; none where it is something else.
fn members(json: &str) -> Vec<Member> {
    let Ok(Fields(fields)) = serde_json::from_str(json) else { return Vec::new() };
    fields.into_iter().map(|(name, value)| Member::new((name, Value::Json(value)))).collect()
}

fn is_labels(name: &str) -> bool {
    ["ALARM_LABELS", "EVENT_LABELS"].iter().any(|labels| labels.eq_ignore_ascii_case(name.trim()))
}

/// An object's JSON, with a text in some place.
pub(super) fn object(members: &[Member], change: Option<(Place, &str)>) -> String {
    let written = members.iter().enumerate().map(|(at, member)| {
        let value = match (&member.within, change) {
            (_, Some((Place::Value(changed), text))) if changed == at => string(text),
            (Within::Labels(labels), Some((Place::Label(changed, label), text))) if changed == at => {
                object(labels, Some((Place::Value(label), text)))
            }
            (Within::Facts(facts), change) => list(facts, change.filter(|(place, _)| place.is_in(at))),
            _ => member.json.clone(),
        };
        format!("{}:{value}", string(&member.name))
    });
    format!("{{{}}}", written.collect::<Vec<_>>().join(","))
}

/// The JSON of a list of facts.
fn list(facts: &[Member], change: Option<(Place, &str)>) -> String {
    let written = facts.iter().enumerate().map(|(at, fact)| {
        let (name, value) = (string(&fact.name), &fact.json);
        let (name, value) = match change {
            Some((Place::Fact(_, changed), text)) if changed == at => (name, &string(text)),
            Some((Place::FactName(_, changed), text)) if changed == at => (string(text), value),
            _ => (name, value),
        };
        format!(r#"{{"name":{name},"value":{value}}}"#)
    });
    format!("[{}]", written.collect::<Vec<_>>().join(","))
}

impl Place {
    /// Whether it is in a fact of this member.
    fn is_in(self, member: usize) -> bool {
        matches!(self, Self::Fact(at, _) | Self::FactName(at, _) if at == member)
    }
}

fn string(text: &str) -> String {
    Json::from(text).to_string()
}
