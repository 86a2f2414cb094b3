//! Finds out by experiment where each field of an event comes from.
//!
//! A table of fields and their sources would repeat the translation and become outdated. So the message is translated
//! many times, each time with another text in the place of one input. The fields that change come from that input. The
//! fields that never change are set by the relay itself.
//!
//! These rules prevent wrong sources:
//!
//! - A level is replaced only by other levels, because an unknown level adds a remark to the description. See
//!   [`Input::probes`](super::inputs::Input::probes).
//! - An input is replaced, not left out. If a label were left out, another label could get its name.
//! - A field that changes with the message's text, although all members and values are the same, comes from the text. An
//!   example is the alert key of a message that names no alarm rule.
//! - If the message changes its kind, all fields change. The same is true of a message that cannot be read and is shown
//!   as text. In both cases, an input is only the source of a label with the input's own text.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use zstack_flashduty::flashduty::Event;
use zstack_flashduty::translate::{Context, Kind, translate};
use zstack_flashduty::zstack::Part;

use super::inputs::{Place, Shows, Source, Subject};

/// The prefix of a label's field name.
const LABELS: &str = "labels.";

const STATUS: &str = "event_status";

/// The fields of an event by name. A label's field is named `labels.NAME`.
pub(super) type EventFields = BTreeMap<String, String>;

/// The sources of each field of each event of a message.
pub(super) type Provenance = Vec<BTreeMap<String, Vec<Source>>>;

/// How much may still be translated for a request, in bytes. Without a limit, a request with thousands of messages or
/// fields would take too long.
pub(super) struct Budget(usize);

impl Budget {
    /// About a second of work, which is enough for a dozen messages of the usual size.
    pub(super) fn new() -> Self {
        Self(4_000_000)
    }

    /// Uses up the budget for a message of this many bytes. Returns false if not enough is left.
    fn take(&mut self, bytes: usize) -> bool {
        // A translation takes some time even if the message is short.
        let left = self.0.checked_sub(1_000 + bytes);
        self.0 = left.unwrap_or_default();
        left.is_some()
    }
}

/// What a message was translated to.
struct Translation {
    kind: Kind,
    /// The events of each alert.
    alerts: Vec<Vec<EventFields>>,
}

impl Translation {
    fn of((part, context): &(Part, Context), budget: &mut Budget) -> Option<Self> {
        budget.take(part.text.len()).then(|| {
            let alerts = translate(&part.text, &part.around, context);
            let kind = alerts[0].kind;
            Self { kind, alerts: alerts.iter().map(|alert| alert.events.iter().map(fields).collect()).collect() }
        })
    }

    fn events(&self) -> usize {
        self.alerts.iter().map(Vec::len).sum()
    }

    /// The fields that differ in `other`: the number of the event, the field's name, and the value here.
    ///
    /// An event that `other` does not have is compared with its last event: the test message makes two events, and only
    /// one once it is changed. If the change replaced the event's `state`, an alert that `other` does not have exists
    /// because of that state. Then its status differs, and every field that contains the state.
    fn differences<'a>(&'a self, other: &'a Self, state: Option<&str>) -> Vec<(usize, &'a str, &'a str)> {
        let mut differences = Vec::new();
        let mut number = 0;
        for (at, alert) in self.alerts.iter().enumerate() {
            let counterpart = other.alerts.get(at).or(other.alerts.last().filter(|_| state.is_none()));
            for (at, event) in alert.iter().enumerate() {
                let counterpart = counterpart.and_then(|alert| alert.get(at).or(alert.last()));
                let differs = |(name, value): &(&'a String, &'a String)| match counterpart {
                    Some(counterpart) => counterpart.get(*name) != Some(*value),
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

/// The fields of an event, read from the JSON that is pushed.
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

/// Finds the sources of all fields. `None` if the budget is not enough to find all of them.
pub(super) fn provenance(part: &Part, context: &Context, budget: &mut Budget) -> Option<Provenance> {
    let subject = Subject::new(part, context);
    let original = Translation::of(&subject.unchanged(), budget)?;
    let by_text = Translation::of(&subject.with_other_text(original.kind), budget)?;
    let by_text: BTreeSet<_> =
        original.differences(&by_text, None).into_iter().map(|(at, field, _)| (at, field)).collect();
    let mut found: Provenance = vec![BTreeMap::new(); original.events()];
    for input in subject.inputs() {
        for probe in input.probes() {
            let changed = Translation::of(&subject.with(&input, probe.text), budget)?;
            let is_comparable = original.kind == changed.kind && original.kind != Kind::Raw;
            for (at, field, value) in original.differences(&changed, input.state()) {
                let is_label = field.starts_with(LABELS);
                let comes_from_input = match input.source.place {
                    Place::Message if !is_comparable => is_label && holds(value, &input.text),
                    Place::Message if by_text.contains(&(at, field)) => false,
                    Place::Message => match probe.shows {
                        Shows::All => true,
                        Shows::NotLabels => !is_label,
                        Shows::StatusOnly => field == STATUS,
                    },
                    Place::Around | Place::Url | Place::Path | Place::Text => true,
                };
                if comes_from_input {
                    add_source(found[at].entry(field.to_owned()).or_default(), &input.source);
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

/// Whether a label's value is this text, or the beginning of it.
fn holds(value: &str, text: &str) -> bool {
    value == text || value.strip_suffix('…').is_some_and(|beginning| text.starts_with(beginning))
}

fn add_source(sources: &mut Vec<Source>, source: &Source) {
    if !sources.contains(source) {
        sources.push(source.clone());
    }
}
