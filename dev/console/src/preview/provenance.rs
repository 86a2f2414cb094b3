//! Where each field of an event comes from, found by experiment.
//!
//! A table of which field is made of which would be a second translation, and go stale. So the message is
//! translated again and again, each time with something else in the place of one input: what changes then
//! comes from that input. What nothing changes is this program's own.
//!
//! What keeps an input from being blamed for what it is not:
//!
//! - A level is tried with other levels only, so that the translation's word on levels that it does not know is
//!   not seen; see [`Input::probes`](super::inputs::Input::probes).
//! - Something else is put in the input's place instead of leaving it out: where a name is free, another
//!   label would move up to it.
//! - What changes with the text alone, members and values being the same, such as the key of a message that
//!   names no rule, comes from the text.
//! - Where the message becomes one of another kind, everything changes; so it does in one that cannot be read
//!   and is shown as text. Then only the label that holds what the input says is the input's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use zstack_flashduty::flashduty::Event;
use zstack_flashduty::translate::{Context, Kind, translate};
use zstack_flashduty::zstack::Part;

use super::inputs::{Place, Source, Subject, Tells};

/// What stands before a label's name in the name of a field.
const LABELS: &str = "labels.";

const STATUS: &str = "event_status";

/// The fields of an event by name; labels are `labels.NAME`.
pub(super) type EventFields = BTreeMap<String, String>;

/// The sources of each field of each event of a message.
pub(super) type Provenance = Vec<BTreeMap<String, Vec<Source>>>;

/// How much may still be tried, in bytes of messages. A request may hold thousands of messages, and a message
/// thousands of fields.
pub(super) struct Budget(usize);

impl Budget {
    /// A second or so, which is enough for a dozen messages of the usual size.
    pub(super) fn new() -> Self {
        Self(4_000_000)
    }

    /// Whether there is enough left for a message of so many bytes.
    fn take(&mut self, bytes: usize) -> bool {
        // Making an event takes its time even where the message is short.
        let left = self.0.checked_sub(1_000 + bytes);
        self.0 = left.unwrap_or_default();
        left.is_some()
    }
}

/// What a message became.
struct Made {
    kind: Kind,
    /// The events of each alert.
    alerts: Vec<Vec<EventFields>>,
}

impl Made {
    fn of((part, context): &(Part, Context), budget: &mut Budget) -> Option<Self> {
        budget.take(part.text.len()).then(|| {
            let alerts = translate(part, context);
            let kind = alerts[0].kind;
            Self { kind, alerts: alerts.iter().map(|alert| alert.events.iter().map(fields).collect()).collect() }
        })
    }

    fn events(&self) -> usize {
        self.alerts.iter().map(Vec::len).sum()
    }

    /// The fields that are otherwise in `other`: of which event, the name, and the value here.
    ///
    /// Where there is no such event, it is compared with the last one that there is: the test message becomes two
    /// events, and what is made of it when it changes is one. But where it is a state that is otherwise, it tells
    /// whether there is such an alert, and whatever holds `state`.
    fn differences<'a>(&'a self, other: &'a Self, state: Option<&str>) -> Vec<(usize, &'a str, &'a str)> {
        let mut differences = Vec::new();
        let mut number = 0;
        for (at, alert) in self.alerts.iter().enumerate() {
            let same = other.alerts.get(at).or(other.alerts.last().filter(|_| state.is_none()));
            for (at, event) in alert.iter().enumerate() {
                let same = same.and_then(|alert| alert.get(at).or(alert.last()));
                let differs = |(name, value): &(&'a String, &'a String)| match same {
                    Some(same) => same.get(*name) != Some(*value),
                    None => {
                        *name == STATUS || state.is_some_and(|state| value.split([' ', '\n']).any(|it| it == state))
                    }
                };
                let changed = event.iter().filter(differs);
                differences.extend(changed.map(|(name, value)| (number, name.as_str(), value.as_str())));
                number += 1;
            }
        }
        differences
    }
}

/// An event's fields.
pub(super) fn fields(event: &Event) -> EventFields {
    let event: BTreeMap<String, Value> = serde_json::from_slice(&event.to_json()).unwrap_or_default();
    let mut fields = EventFields::new();
    for (name, value) in event {
        match value {
            Value::String(text) => {
                fields.insert(name, text);
            }
            Value::Object(labels) => fields.extend(labels.into_iter().filter_map(|(label, value)| {
                let Value::String(text) = value else { return None };
                Some((format!("{LABELS}{label}"), text))
            })),
            _ => {}
        }
    }
    fields
}

/// Finds the sources of all fields; none where there is not enough left to find all of them.
pub(super) fn provenance(part: &Part, context: &Context, budget: &mut Budget) -> Option<Provenance> {
    let subject = Subject::new(part, context);
    let made = Made::of(&subject.unchanged(), budget)?;
    let by_text = Made::of(&subject.retold(made.kind), budget)?;
    let by_text: BTreeSet<_> = made.differences(&by_text, None).into_iter().map(|(at, field, _)| (at, field)).collect();
    let mut found: Provenance = vec![BTreeMap::new(); made.events()];
    for input in subject.inputs() {
        for probe in input.probes() {
            let changed = Made::of(&subject.with(&input, probe.text), budget)?;
            let can_be_told = made.kind == changed.kind && made.kind != Kind::Raw;
            for (at, field, value) in made.differences(&changed, input.state()) {
                let is_label = field.starts_with(LABELS);
                let told = match input.source.place {
                    Place::Message if !can_be_told => is_label && holds(value, &input.says),
                    Place::Message if by_text.contains(&(at, field)) => false,
                    Place::Message => match probe.tells {
                        Tells::All => true,
                        // A word in the place of any text tells whether it is taken for one, and no more.
                        Tells::NoLabels => !is_label,
                        Tells::Status => field == STATUS,
                    },
                    Place::Around | Place::Url | Place::Text => true,
                };
                if told {
                    blame(found[at].entry(field.to_owned()).or_default(), &input.source);
                }
            }
        }
    }
    for (at, field) in by_text {
        let sources = found[at].entry(field.to_owned()).or_default();
        if sources.iter().all(|source| source.place != Place::Message) {
            sources.push(Source { place: Place::Text, name: String::new() });
        }
    }
    Some(found)
}

/// Whether a label's value is what an input says, or the beginning of it.
fn holds(value: &str, says: &str) -> bool {
    value == says || value.strip_suffix('…').is_some_and(|beginning| says.starts_with(beginning))
}

fn blame(sources: &mut Vec<Source>, source: &Source) {
    if !sources.contains(source) {
        sources.push(source.clone());
    }
}
