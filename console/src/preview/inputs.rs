//! What a translation is made from, one thing at a time, and each of them with something else in its place.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use zstack_flashduty::translate::{Context, Kind};
use zstack_flashduty::zstack::{Fields, Level, Part, State, clean, text};

/// Where a field of an event comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Source {
    #[serde(rename = "in")]
    pub(crate) place: Place,
    /// The member's or the parameter's name; empty for the text.
    pub(crate) name: String,
}

/// Where a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// A member of the message's object.
    Message,
    /// A member of the objects around it.
    Around,
    /// A parameter of the webhook's URL.
    Url,
    /// The message's text as a whole.
    Text,
}

/// A text that is neither a word of ZStack's nor a number.
const SOMETHING_ELSE: &str = "?something else?";

const LEVELS: [Level; 4] = [Level::Emergent, Level::Important, Level::Normal, Level::Recovery];
const STATES: [State; 3] = [State::Ok, State::Alarm, State::InsufficientData];

/// The longest text that may be a level or a state, in bytes: longer ones are not worth the try.
const LONGEST_WORD: usize = 32;

/// A message with all that goes into its translation.
pub(super) struct Subject<'a> {
    part: &'a Part,
    context: &'a Context,
    /// The members of its object; none where it is no object.
    members: Vec<Member>,
}

/// A member of an object.
struct Member {
    name: String,
    /// Its value as JSON.
    json: String,
    /// What it says, as the translation reads it.
    says: String,
    /// The labels in it, where it is an object of an alarm's or an event's labels, or a string that holds one:
    /// the translation reads both alike.
    labels: Vec<Member>,
}

/// One thing that goes into a translation.
pub(super) struct Input {
    pub(super) source: Source,
    /// What it says.
    pub(super) says: String,
    slot: Slot,
}

#[derive(Clone, Copy)]
enum Slot {
    Member(usize),
    /// A label within a member.
    Label(usize, usize),
    Around(usize),
    Url(usize),
}

/// Something else in an input's place.
pub(super) struct Probe {
    pub(super) text: &'static str,
    /// Whether it is a word of ZStack's in the place of a text that is none.
    pub(super) is_word: bool,
}

impl<'a> Subject<'a> {
    pub(super) fn new(part: &'a Part, context: &'a Context) -> Self {
        let mut members = members(&part.text);
        for member in members.iter_mut().filter(|member| is_labels(&member.name)) {
            member.labels = self::members(&member.says);
        }
        Self { part, context, members }
    }

    /// Everything that says something, in the order it came.
    pub(super) fn inputs(&self) -> Vec<Input> {
        let mut inputs = Vec::new();
        let mut add = |place, name: String, says: &str, slot| {
            if !says.is_empty() {
                inputs.push(Input { source: Source { place, name }, says: says.to_owned(), slot });
            }
        };
        for (at, member) in self.members.iter().enumerate() {
            if member.labels.is_empty() {
                add(Place::Message, member.name.clone(), &member.says, Slot::Member(at));
            }
            for (label_at, label) in member.labels.iter().enumerate() {
                let name = format!("{}.{}", member.name, label.name);
                add(Place::Message, name, &label.says, Slot::Label(at, label_at));
            }
        }
        for (at, (name, says)) in self.part.around.iter().enumerate() {
            add(Place::Around, name.clone(), says, Slot::Around(at));
        }
        for (at, (name, says)) in self.context.url_labels.iter().enumerate() {
            add(Place::Url, name.clone(), clean(says), Slot::Url(at));
        }
        inputs
    }

    /// The message as it is, written as all its variations are.
    pub(super) fn unchanged(&self) -> (Part, Context) {
        self.written(None)
    }

    /// With another text, which has the same members where the message can be read.
    pub(super) fn retold(&self, kind: Kind) -> (Part, Context) {
        let (mut part, context) = self.unchanged();
        part.text = match part.text.strip_prefix('{') {
            Some(rest) if kind != Kind::Raw => format!("{{ {rest}"),
            _ => format!("{SOMETHING_ELSE} {}", part.text),
        };
        (part, context)
    }

    /// With `text` in the place of an input.
    pub(super) fn with(&self, input: &Input, text: &str) -> (Part, Context) {
        self.written(Some((input.slot, text)))
    }

    fn written(&self, change: Option<(Slot, &str)>) -> (Part, Context) {
        let (mut around, mut context) = (Arc::clone(&self.part.around), self.context.clone());
        match change {
            Some((Slot::Around(at), text)) => text.clone_into(&mut Arc::make_mut(&mut around)[at].1),
            Some((Slot::Url(at), text)) => text.clone_into(&mut context.url_labels[at].1),
            Some((Slot::Member(_) | Slot::Label(..), _)) | None => {}
        }
        let text = if self.members.is_empty() { self.part.text.clone() } else { object(&self.members, change) };
        (Part { text, around }, context)
    }
}

impl Input {
    /// What to try in its place: for a level the other levels, since anything else there has the translation say
    /// that it does not know it. For any other text, something else; and where it may be a state, or a level that
    /// nobody knows, all those that are known.
    pub(super) fn probes(&self) -> Vec<Probe> {
        let levels = LEVELS.map(Level::as_str);
        let like = |text| Probe { text, is_word: false };
        if Level::read(&self.says).is_some() {
            return levels.map(like).into();
        }
        let mut probes = vec![like(SOMETHING_ELSE)];
        if matches!(self.slot, Slot::Member(_)) && self.says.len() <= LONGEST_WORD {
            let words = levels.into_iter().chain(STATES.map(State::as_str));
            probes.extend(words.map(|text| Probe { text, is_word: true }));
        }
        probes
    }
}

/// The members of an object; none where it is something else.
fn members(json: &str) -> Vec<Member> {
    let Ok(Fields(fields)) = serde_json::from_str(json) else { return Vec::new() };
    let read = fields.into_iter().map(|(name, value)| {
        let says = text(value).into_owned();
        Member { name: name.into_owned(), json: value.get().to_owned(), says, labels: Vec::new() }
    });
    read.collect()
}

fn is_labels(name: &str) -> bool {
    ["ALARM_LABELS", "EVENT_LABELS"].iter().any(|labels| labels.eq_ignore_ascii_case(name.trim()))
}

/// An object's JSON, with a change in one of its members.
fn object(members: &[Member], change: Option<(Slot, &str)>) -> String {
    let written = members.iter().enumerate().map(|(at, member)| {
        let value = match change {
            Some((Slot::Member(changed), text)) if changed == at => string(text),
            Some((Slot::Label(changed, label), text)) if changed == at => {
                object(&member.labels, Some((Slot::Member(label), text)))
            }
            _ => member.json.clone(),
        };
        format!("{}:{value}", string(&member.name))
    });
    format!("{{{}}}", written.collect::<Vec<_>>().join(","))
}

fn string(text: &str) -> String {
    Value::from(text).to_string()
}
