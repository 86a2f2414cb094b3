//! What a translation is made from, one thing at a time, and each of them with something else in its place.

use std::sync::Arc;

use serde::Serialize;
use zstack_flashduty::translate::{Context, Kind};
use zstack_flashduty::zstack::{Level, Message, Part, Reading, State, StateSource, clean, is_condition, tells_kind};

use super::members::{self, Member, Within, object};

/// Where a field of an event comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Source {
    #[serde(rename = "in")]
    pub(crate) place: Place,
    /// The member's, the fact's or the parameter's name; empty for the text.
    pub(crate) name: String,
}

/// Where a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// A member of the message's object, or a fact.
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

/// Names of facts: an alarm's, and its recovery's. Two heads in one list would contradict each other.
const HEADS: [&str; 2] = ["Alarm Details", "Recovery Details"];
const CONDITIONS: [&str; 2] = ["Trigger Condition", "Recovery Condition"];

/// The longest text that may be a level or a state, in bytes: longer ones are not worth the try.
const LONGEST_WORD: usize = 32;

/// A message with all that goes into its translation.
pub(super) struct Subject<'a> {
    part: &'a Part,
    context: &'a Context,
    members: Vec<Member>,
    /// Where its event says how it is.
    state: Option<&'static StateSource>,
}

/// One thing that goes into a translation.
pub(super) struct Input {
    pub(super) source: Source,
    /// What it says; empty only where that may be how an event says that it is over.
    pub(super) says: String,
    /// Whether it is how an event says how it is.
    is_state: bool,
    slot: Slot,
    /// What to try in its place for the status alone.
    states: Vec<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Slot {
    Message(members::Place),
    Around(usize),
    Url(usize),
}

/// Something else in an input's place.
pub(super) struct Probe {
    pub(super) text: &'static str,
    pub(super) tells: Tells,
}

/// What a probe tells by what it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tells {
    /// Whatever changes comes from the input.
    All,
    /// Labels that change do not: it is a word of ZStack's in the place of a text that is none.
    NoLabels,
    /// The status alone.
    Status,
}

impl<'a> Subject<'a> {
    pub(super) fn new(part: &'a Part, context: &'a Context) -> Self {
        let reading = Reading::of(&part.text);
        let members = members::of_message(&part.text, &reading);
        let entry = if let Message::Event(event) = &reading.message { event.entry() } else { None };
        Self { part, context, members, state: entry.and_then(|entry| entry.state.as_ref()) }
    }

    /// Everything that says something, in the order it came.
    pub(super) fn inputs(&self) -> Vec<Input> {
        use members::Place::{Fact, FactName, Label, Value};

        let mut inputs = Vec::new();
        for (at, member) in self.members.iter().enumerate() {
            match &member.within {
                Within::Nothing => inputs.push(Input::new(Slot::Message(Value(at)), &member.name, &member.says)),
                Within::Labels(labels) => inputs.extend(labels.iter().enumerate().map(|(within, label)| {
                    let name = format!("{}.{}", member.name, label.name);
                    self.label(&label.name, Input::new(Slot::Message(Label(at, within)), &name, &label.says))
                })),
                Within::Facts(facts) => {
                    for (within, fact) in facts.iter().enumerate() {
                        let name = if fact.name.is_empty() { &member.name } else { &fact.name };
                        inputs.push(Input::new(Slot::Message(Fact(at, within)), name, &fact.says));
                        if tells_kind(&fact.name) {
                            inputs.push(Input::new(Slot::Message(FactName(at, within)), name, &fact.name));
                        }
                    }
                }
            }
        }
        if let Some(StateSource::Error) = self.state {
            for input in &mut inputs {
                // That something is not there may tell that the event is over.
                input.states.push("");
            }
        }
        let around = self.part.around.iter().enumerate();
        inputs.extend(around.map(|(at, (name, says))| Input::new(Slot::Around(at), name, says)));
        let url = self.context.url_labels.iter().enumerate();
        inputs.extend(url.map(|(at, (name, says))| Input::new(Slot::Url(at), name, clean(says))));
        inputs.retain(|input| !input.says.is_empty() || !input.states.is_empty());
        inputs
    }

    /// The input of a label, which may be how its event says how it is.
    fn label(&self, name: &str, mut input: Input) -> Input {
        if let Some(StateSource::Label { name: state, trouble, over, .. }) = self.state
            && state.eq_ignore_ascii_case(name)
        {
            input.is_state = true;
            input.states.extend([trouble.first(), over.first()].into_iter().flatten());
        }
        input
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
        let mut within = None;
        match change {
            Some((Slot::Message(place), text)) => within = Some((place, text)),
            Some((Slot::Around(at), text)) => text.clone_into(&mut Arc::make_mut(&mut around)[at].1),
            Some((Slot::Url(at), text)) => text.clone_into(&mut context.url_labels[at].1),
            None => {}
        }
        let text = if self.members.is_empty() { self.part.text.clone() } else { object(&self.members, within) };
        (Part { text, around }, context)
    }
}

impl Input {
    fn new(slot: Slot, name: &str, says: &str) -> Self {
        let place = match slot {
            Slot::Message(_) => Place::Message,
            Slot::Around(_) => Place::Around,
            Slot::Url(_) => Place::Url,
        };
        let source = Source { place, name: name.to_owned() };
        Self { source, says: says.to_owned(), is_state: false, slot, states: Vec::new() }
    }

    /// What it says, where that is how an event says how it is.
    pub(super) fn state(&self) -> Option<&str> {
        self.is_state.then_some(&self.says)
    }

    /// What to try in its place: for a level the other levels, since anything else there has the translation say
    /// that it does not know it. For any other text, something else; and where it may be a state, or a level that
    /// nobody knows, all those that are known.
    pub(super) fn probes(&self) -> Vec<Probe> {
        let as_probes =
            |texts: &[&'static str], tells| -> Vec<_> { texts.iter().map(|text| Probe { text, tells }).collect() };
        if self.says.is_empty() {
            return as_probes(&[SOMETHING_ELSE], Tells::Status);
        }
        let levels = LEVELS.map(Level::as_str);
        let mut probes = match self.slot {
            Slot::Message(members::Place::FactName(..)) if is_condition(&self.says) => {
                as_probes(&CONDITIONS, Tells::All)
            }
            Slot::Message(members::Place::FactName(..)) => as_probes(&HEADS, Tells::All),
            _ if Level::read(&self.says).is_some() => as_probes(&levels, Tells::All),
            _ => as_probes(&[SOMETHING_ELSE], Tells::All),
        };
        probes.extend(as_probes(&self.states, Tells::Status));
        if self.may_be_word() {
            probes.extend(as_probes(&levels, Tells::NoLabels));
            probes.extend(as_probes(&STATES.map(State::as_str), Tells::NoLabels));
        }
        probes
    }

    /// Whether it may be a state, or a level that nobody knows.
    fn may_be_word(&self) -> bool {
        let is_value = matches!(self.slot, Slot::Message(members::Place::Value(_) | members::Place::Fact(..)));
        is_value && self.says.len() <= LONGEST_WORD && Level::read(&self.says).is_none()
    }
}
