//! The inputs of a translation, one by one, and the message with another text in the place of one input.

use std::sync::Arc;

use serde::Serialize;
use zstack_flashduty::channel::Channel;
use zstack_flashduty::translate::{Context, Kind};
use zstack_flashduty::zstack::{Level, Message, Part, Reading, State, StateSource, clean, is_condition, tells_kind};

use super::members::{self, Member, Parts, object};

/// What a field of an event comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Source {
    #[serde(rename = "in")]
    pub(super) place: Place,
    /// The name of the member, the fact, the parameter or the channel. Empty for [`Place::Text`].
    pub(super) name: String,
}

/// Where a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    /// A member of the message's object, a label, or a fact.
    Message,
    /// A member of an object around the message.
    Around,
    /// A parameter of the webhook's URL.
    Url,
    /// The channel in the path of the webhook's URL.
    Path,
    /// The message's whole text.
    Text,
}

/// A text that is neither a word that ZStack uses nor a number.
const SOMETHING_ELSE: &str = "?something else?";

/// A name that no channel is likely to have.
const OTHER_CHANNEL: &str = "-.something-else.-";

const LEVELS: [Level; 4] = [Level::Emergent, Level::Important, Level::Normal, Level::Recovery];
const STATES: [State; 3] = [State::Ok, State::Alarm, State::InsufficientData];

/// The names of the first fact, in an alarm and in its recovery. Only these replace each other: with two first facts, a
/// list would contradict itself.
const HEADS: [&str; 2] = ["Alarm Details", "Recovery Details"];
/// The names of the fact with the condition, in an alarm and in its recovery.
const CONDITIONS: [&str; 2] = ["Trigger Condition", "Recovery Condition"];

/// The longest text that is tried as a level or a state, in bytes.
const LONGEST_WORD: usize = 32;

/// A message, with everything that its translation depends on.
pub(super) struct Subject<'a> {
    part: &'a Part,
    context: &'a Context,
    members: Vec<Member>,
    /// Where the event says whether there is a problem or it is over.
    state: Option<&'static StateSource>,
}

/// One input of a translation.
pub(super) struct Input {
    pub(super) source: Source,
    /// Its text. Empty only if a missing text can mean that the event is over.
    pub(super) text: String,
    /// Whether it says if there is a problem or the event is over.
    is_state: bool,
    slot: Slot,
    /// Texts that are tried in its place to see only whether the status changes.
    states: Vec<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Slot {
    Message(members::Target),
    Around(usize),
    Url(usize),
    Channel,
}

/// Another text that is tried in the place of an input.
pub(super) struct Probe {
    pub(super) text: &'static str,
    pub(super) shows: Shows,
}

/// Which changed fields show that they come from the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shows {
    All,
    /// All fields but labels. A word that ZStack uses stands in the place of another text, so labels change anyway.
    NotLabels,
    StatusOnly,
}

impl<'a> Subject<'a> {
    pub(super) fn new(part: &'a Part, context: &'a Context) -> Self {
        let reading = Reading::of(&part.text);
        let members = members::of_message(&part.text, &reading);
        let entry = if let Message::Event(event) = &reading.message { event.entry() } else { None };
        Self { part, context, members, state: entry.and_then(|entry| entry.state.as_ref()) }
    }

    /// All inputs that are not empty, in the order of the message.
    pub(super) fn inputs(&self) -> Vec<Input> {
        use members::Target::{Fact, FactName, Label, Value};

        let mut inputs = Vec::new();
        for (at, member) in self.members.iter().enumerate() {
            match &member.parts {
                Parts::None => inputs.push(Input::new(Slot::Message(Value(at)), &member.name, &member.text)),
                Parts::Labels(labels) => inputs.extend(labels.iter().enumerate().map(|(within, label)| {
                    let name = format!("{}.{}", member.name, label.name);
                    self.label(&label.name, Input::new(Slot::Message(Label(at, within)), &name, &label.text))
                })),
                Parts::Facts(facts) => {
                    for (within, fact) in facts.iter().enumerate() {
                        let name = if fact.name.is_empty() { &member.name } else { &fact.name };
                        inputs.push(Input::new(Slot::Message(Fact(at, within)), name, &fact.text));
                        if tells_kind(&fact.name) {
                            inputs.push(Input::new(Slot::Message(FactName(at, within)), name, &fact.name));
                        }
                    }
                }
            }
        }
        if let Some(StateSource::Error) = self.state {
            for input in &mut inputs {
                // A missing value can mean that the event is over.
                input.states.push("");
            }
        }
        let around = self.part.around.iter().enumerate();
        inputs.extend(around.map(|(at, (name, text))| Input::new(Slot::Around(at), name, text)));
        let url = self.context.url_labels.iter().enumerate();
        inputs.extend(url.map(|(at, (name, text))| Input::new(Slot::Url(at), name, clean(text))));
        let channel = self.context.channel.iter().map(Channel::as_str);
        inputs.extend(channel.map(|name| Input::new(Slot::Channel, name, name)));
        inputs.retain(|input| !input.text.is_empty() || !input.states.is_empty());
        inputs
    }

    /// Marks the input of a label if this is the label with the event's state.
    fn label(&self, name: &str, mut input: Input) -> Input {
        if let Some(StateSource::Label { name: state, trouble, over, .. }) = self.state
            && state.eq_ignore_ascii_case(name)
        {
            input.is_state = true;
            input.states.extend([trouble.first(), over.first()].into_iter().flatten());
        }
        input
    }

    /// The message as it is, but written in the same way as its variants.
    pub(super) fn unchanged(&self) -> (Part, Context) {
        self.written(None)
    }

    /// The message with another text, but the same members if it can be read.
    pub(super) fn with_other_text(&self, kind: Kind) -> (Part, Context) {
        let (mut part, context) = self.unchanged();
        part.text = match part.text.strip_prefix('{') {
            Some(rest) if kind != Kind::Raw => format!("{{ {rest}"),
            _ => format!("{SOMETHING_ELSE} {}", part.text),
        };
        (part, context)
    }

    /// The message with `text` in the place of an input.
    pub(super) fn with(&self, input: &Input, text: &str) -> (Part, Context) {
        self.written(Some((input.slot, text)))
    }

    fn written(&self, change: Option<(Slot, &str)>) -> (Part, Context) {
        let (mut around, mut context) = (Arc::clone(&self.part.around), self.context.clone());
        let mut change_within = None;
        match change {
            Some((Slot::Message(target), text)) => change_within = Some((target, text)),
            Some((Slot::Around(at), text)) => text.clone_into(&mut Arc::make_mut(&mut around)[at].1),
            Some((Slot::Url(at), text)) => text.clone_into(&mut context.url_labels[at].1),
            Some((Slot::Channel, name)) => context.channel = Channel::read(name).ok(),
            None => {}
        }
        let text = if self.members.is_empty() { self.part.text.clone() } else { object(&self.members, change_within) };
        (Part { text, around }, context)
    }
}

impl Input {
    fn new(slot: Slot, name: &str, text: &str) -> Self {
        let place = match slot {
            Slot::Message(_) => Place::Message,
            Slot::Around(_) => Place::Around,
            Slot::Url(_) => Place::Url,
            Slot::Channel => Place::Path,
        };
        let source = Source { place, name: name.to_owned() };
        Self { source, text: text.to_owned(), is_state: false, slot, states: Vec::new() }
    }

    /// Its text, if it is the event's state.
    pub(super) fn state(&self) -> Option<&str> {
        self.is_state.then_some(&self.text)
    }

    /// What to try in its place.
    ///
    /// A level is replaced by the other levels: for an unknown level, the translation would add a remark. Any other text
    /// is replaced by an arbitrary one. If it can be a state, or an unknown level, all known ones are tried as well.
    pub(super) fn probes(&self) -> Vec<Probe> {
        let as_probes =
            |texts: &[&'static str], shows| -> Vec<_> { texts.iter().map(|text| Probe { text, shows }).collect() };
        if self.text.is_empty() {
            return as_probes(&[SOMETHING_ELSE], Shows::StatusOnly);
        }
        let levels = LEVELS.map(Level::as_str);
        let mut probes = match self.slot {
            Slot::Message(members::Target::FactName(..)) if is_condition(&self.text) => {
                as_probes(&CONDITIONS, Shows::All)
            }
            Slot::Message(members::Target::FactName(..)) => as_probes(&HEADS, Shows::All),
            Slot::Channel => return as_probes(&[OTHER_CHANNEL], Shows::All),
            _ if Level::read(&self.text).is_some() => as_probes(&levels, Shows::All),
            _ => as_probes(&[SOMETHING_ELSE], Shows::All),
        };
        probes.extend(as_probes(&self.states, Shows::StatusOnly));
        if self.may_be_state_or_level() {
            probes.extend(as_probes(&levels, Shows::NotLabels));
            probes.extend(as_probes(&STATES.map(State::as_str), Shows::NotLabels));
        }
        probes
    }

    /// Whether it can be a state or an unknown level.
    fn may_be_state_or_level(&self) -> bool {
        let is_value = matches!(self.slot, Slot::Message(members::Target::Value(_) | members::Target::Fact(..)));
        is_value && self.text.len() <= LONGEST_WORD && Level::read(&self.text).is_none()
    }
}
