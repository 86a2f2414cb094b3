//! Event alarms, field by field, and what they tell.

use super::catalogue::{Entry, StateSource};
use super::fields::{Members, Text, Value};
use super::labels::{self, Label};
use super::message::{Resource, fill, upper_case};

/// An event alarm (`docs/protocols/zstack.md`, "Event alarm"). Every text is empty where unknown.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Event<'a> {
    /// The event's name, such as `HostDisconnected`.
    pub name: Text<'a>,
    /// The event's namespace, such as `ZStack/Host`. It depends on the subscription, too.
    pub namespace: Text<'a>,
    /// What the event says of itself, sorted by name.
    pub labels: Vec<Label<'a>>,
    /// The emergency level.
    pub level: Text<'a>,
    /// The error, where ZStack sends it as a field of its own.
    pub error: Text<'a>,
    /// Whether the field for the error came, with or without one in it.
    pub error_came: bool,
    /// A date in the server's own format and time zone.
    pub time: Text<'a>,
    /// The subscription that made ZStack send the message.
    pub subscription: Text<'a>,
    /// What the event is about.
    pub resource: Resource<'a>,
    /// The owner.
    pub account: Text<'a>,
    /// The message's own UUID, new at every message.
    pub data: Text<'a>,
    /// Fields this version does not know, sorted by name.
    pub other: Vec<Label<'a>>,
}

/// What an event tells of its problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventState {
    /// It is there.
    Trouble,
    /// It is over.
    Over,
    /// It may come or go: a step on the way to one of the two.
    Step,
    /// The event does not say: it has no state, or one that is not known.
    Unknown,
}

impl<'a> Event<'a> {
    pub(super) fn read(members: Members<'a>) -> Self {
        let mut event = Self::default();
        let mut labels: Vec<Value<'a>> = Vec::new();
        for (name, value) in members {
            let slot = match &*upper_case(&name) {
                "EVENT_NAME" => &mut event.name,
                "EVENT_NAMESPACE" => &mut event.namespace,
                "EVENT_LABELS" => {
                    labels.push(value);
                    continue;
                }
                "EVENT_EMERGENCY_LEVEL" => &mut event.level,
                "EVENT_ERROR" => {
                    event.error_came = true;
                    &mut event.error
                }
                "EVENT_TIME" => &mut event.time,
                "EVENT_SUBSCRIPTION_UUID" => &mut event.subscription,
                "EVENT_RESOURCE_ID" => &mut event.resource.id,
                "EVENT_RESOURCE_NAME" => &mut event.resource.name,
                "EVENT_RESOURCE_IP" => &mut event.resource.ip,
                "EVENT_RESOURCE_TYPE" => &mut event.resource.kind,
                "EVENT_RESOURCE_CLUSTER_UUID" => &mut event.resource.cluster_id,
                "EVENT_RESOURCE_CLUSTER_NAME" => &mut event.resource.cluster_name,
                "EVENT_ACCOUNT_UUID" => &mut event.account,
                "EVENT_DATA_UUID" => &mut event.data,
                _ => {
                    event.other.push((name, value.text()));
                    continue;
                }
            };
            fill(slot, name, value.text(), &mut event.other);
        }
        let names = event.entry().map_or(&[][..], |entry| entry.labels);
        event.labels = labels.iter().flat_map(|value| labels::of_event(value, names)).collect();
        event.other.sort();
        event
    }

    /// What is known of this event, if anything is.
    #[must_use]
    pub fn entry(&self) -> Option<&'static Entry> {
        Entry::of(&self.name)
    }

    /// What the event tells by its state. An error is trouble, whatever a label says: with an error ZStack sends
    /// no labels.
    #[must_use]
    pub fn state(&self, entry: &Entry) -> EventState {
        match &entry.state {
            Some(_) if !self.error.is_empty() => EventState::Trouble,
            Some(StateSource::Label { name, trouble, over, steps }) => {
                let value = self.label(name);
                let states = [(over, EventState::Over), (trouble, EventState::Trouble), (steps, EventState::Step)];
                let is_in = |values: &[&str]| values.iter().any(|known| known.eq_ignore_ascii_case(value));
                states.into_iter().find(|(values, _)| is_in(values)).map_or(EventState::Unknown, |(_, state)| state)
            }
            // A template may leave the field out. So it counts as empty only where it came, or where a label is
            // there that comes without an error only.
            Some(StateSource::Error)
                if self.error_came || entry.labels.iter().any(|name| !self.label(name).is_empty()) =>
            {
                EventState::Over
            }
            Some(StateSource::Error) | None => EventState::Unknown,
        }
    }

    /// Whether this event wraps an alert of another system.
    #[must_use]
    pub fn is_third_party(&self) -> bool {
        self.name.eq_ignore_ascii_case("ThirdpartyAlert")
    }

    /// The value of the event label `name`; empty where there is none.
    #[must_use]
    pub fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(label, _)| label.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// The labels without a name as one text: where a template printed them in a way of its own.
    #[must_use]
    pub fn unnamed_labels(&self) -> String {
        let unnamed = self.labels.iter().filter(|(name, _)| name.is_empty());
        unnamed.map(|(_, value)| &**value).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zstack::Message;

    fn state(json: &str) -> EventState {
        let Message::Event(event) = Message::read(json) else { panic!("{json}") };
        event.state(event.entry().unwrap())
    }

    #[test]
    fn a_label_tells_the_state_in_any_case() {
        for (labels, expected) in [
            (r#"{"OldStatus":"Connected","NewStatus":"Disconnected"}"#, EventState::Trouble),
            (r#"{"OldStatus":"Disconnected","NewStatus":" connected "}"#, EventState::Over),
            (r#""[OldStatus:Disconnected, NewStatus:Connecting]""#, EventState::Step),
            (r#"{"NewStatus":"Rebooting"}"#, EventState::Unknown),
            ("{}", EventState::Unknown),
        ] {
            assert_eq!(state(&format!(r#"{{"EVENT_NAME":"HostStatusChanged","EVENT_LABELS":{labels}}}"#)), expected);
        }
        assert_eq!(state(r#"{"EVENT_NAME":"VMStopScheduler","EVENT_LABELS":{"isSuccess":true}}"#), EventState::Over);
        assert_eq!(state(r#"{"EVENT_NAME":"HostDisconnected","EVENT_LABELS":{}}"#), EventState::Unknown);
    }

    #[test]
    fn an_error_is_trouble_whatever_a_label_says() {
        for value in ["success", "checking", "Unheard"] {
            let json = format!(
                r#"{{"EVENT_NAME":"VMHAProcess","EVENT_LABELS":{{"HAProcess":"{value}"}},"EVENT_ERROR":"no host"}}"#
            );
            assert_eq!(state(&json), EventState::Trouble, "{value}");
        }
        // Where there is no state, an error is none.
        assert_eq!(state(r#"{"EVENT_NAME":"HostDisconnected","EVENT_ERROR":"lost"}"#), EventState::Unknown);
    }

    #[test]
    fn a_start_is_over_only_where_an_error_would_have_come() {
        for (fields, expected) in [
            (r#""EVENT_ERROR":"no host has room","EVENT_LABELS":{}"#, EventState::Trouble),
            (r#""EVENT_LABELS":{"DestinationHostUuid":"1f2e"}"#, EventState::Over),
            (r#""EVENT_LABELS":"[DestinationHostUuid:1f2e]""#, EventState::Over),
            (r#""EVENT_ERROR":"null","EVENT_LABELS":"[:]""#, EventState::Over),
            (r#""EVENT_ERROR":null"#, EventState::Over),
            // A template that leaves the field out: this may be a start that failed.
            (r#""EVENT_LABELS":"[:]""#, EventState::Unknown),
            (r#""EVENT_LABELS":{"DestinationHostUuid":"None"}"#, EventState::Unknown),
            (r#""EVENT_RESOURCE_ID":"1f2e""#, EventState::Unknown),
        ] {
            assert_eq!(state(&format!(r#"{{"EVENT_NAME":"VMHAStarted",{fields}}}"#)), expected, "{fields}");
        }
    }
}
