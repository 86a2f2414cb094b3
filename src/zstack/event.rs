//! Event alarms, and the state that they report.

use super::catalogue::{Entry, StateSource};
use super::fields::{Members, Text, Value};
use super::labels::{self, Label};
use super::message::{Resource, fill, upper_case};

/// An event alarm (`docs/protocols/zstack.md`, "Event alarm"). A text is empty if ZStack does not send or does not know
/// it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Event<'a> {
    /// The event's name, such as `HostDisconnected`.
    pub(crate) name: Text<'a>,
    /// The event's namespace, such as `ZStack/Host`. Two subscriptions may report one event under two namespaces.
    pub(crate) namespace: Text<'a>,
    /// The event labels, sorted by name.
    pub(crate) labels: Vec<Label<'a>>,
    /// The emergency [`Level`](super::Level).
    pub(crate) level: Text<'a>,
    /// The error, if ZStack sends it as a field of its own and not as a label.
    pub(crate) error: Text<'a>,
    /// Whether the message has the field for the error, even an empty one.
    pub(crate) has_error_field: bool,
    /// A date in the server's own format and time zone.
    pub(crate) time: Text<'a>,
    /// The UUID of the subscription for which ZStack sent the message.
    pub(crate) subscription: Text<'a>,
    /// The resource that the event is about.
    pub(crate) resource: Resource<'a>,
    /// The UUID of the owner's account.
    pub(crate) account: Text<'a>,
    /// The message's own UUID. Copies to several topics share it.
    pub(crate) data: Text<'a>,
    /// The fields that this version does not know, sorted by name.
    pub(crate) other: Vec<Label<'a>>,
}

/// The state of a problem, as an event reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventState {
    /// The problem is there.
    Trouble,
    /// The problem is over.
    Over,
    /// A step between the two, such as `Connecting`.
    Step,
    /// The event has no state, or one that is not in the catalogue.
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
                    event.has_error_field = true;
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

    /// This event's entry in the catalogue.
    #[must_use]
    pub fn entry(&self) -> Option<&'static Entry> {
        Entry::of(&self.name)
    }

    /// The state that the event reports, by its `entry` in the catalogue. An error means trouble whatever a label says:
    /// ZStack itself sends no labels with an error.
    #[must_use]
    pub(crate) fn state(&self, entry: &Entry) -> EventState {
        match &entry.state {
            Some(_) if !self.error.is_empty() => EventState::Trouble,
            Some(StateSource::Label { name, trouble, over, steps }) => {
                let value = self.label(name);
                let states = [(over, EventState::Over), (trouble, EventState::Trouble), (steps, EventState::Step)];
                let is_in = |values: &[&str]| values.iter().any(|known| known.eq_ignore_ascii_case(value));
                states.into_iter().find(|(values, _)| is_in(values)).map_or(EventState::Unknown, |(_, state)| state)
            }
            // A template may leave the field out, so that a missing field proves nothing. The problem is over only if
            // the field is there and empty, or if there is a label: labels come only without an error.
            Some(StateSource::Error)
                if self.has_error_field || entry.labels.iter().any(|name| !self.label(name).is_empty()) =>
            {
                EventState::Over
            }
            Some(StateSource::Error) | None => EventState::Unknown,
        }
    }

    /// Whether this event holds an alert of another system.
    #[must_use]
    pub(crate) fn is_third_party(&self) -> bool {
        self.name.eq_ignore_ascii_case("ThirdpartyAlert")
    }

    /// The value of the event label `name`, in upper or lower case; empty if there is none.
    #[must_use]
    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(label, _)| label.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// The labels without a name, joined with commas. There are such labels if a template prints them in a form of its
    /// own.
    #[must_use]
    pub(crate) fn unnamed_labels(&self) -> String {
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
    fn a_label_holds_the_state_in_any_case() {
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
        // An event without a state in the catalogue does not get one from an error.
        assert_eq!(state(r#"{"EVENT_NAME":"HostDisconnected","EVENT_ERROR":"lost"}"#), EventState::Unknown);
    }

    #[test]
    fn a_start_is_over_only_if_the_message_would_have_an_error() {
        for (fields, expected) in [
            (r#""EVENT_ERROR":"no host has room","EVENT_LABELS":{}"#, EventState::Trouble),
            (r#""EVENT_LABELS":{"DestinationHostUuid":"1f2e"}"#, EventState::Over),
            (r#""EVENT_LABELS":"[DestinationHostUuid:1f2e]""#, EventState::Over),
            (r#""EVENT_ERROR":"null","EVENT_LABELS":"[:]""#, EventState::Over),
            (r#""EVENT_ERROR":null"#, EventState::Over),
            // The template leaves the field out, so this may be a start that failed.
            (r#""EVENT_LABELS":"[:]""#, EventState::Unknown),
            (r#""EVENT_LABELS":{"DestinationHostUuid":"None"}"#, EventState::Unknown),
            (r#""EVENT_RESOURCE_ID":"1f2e""#, EventState::Unknown),
        ] {
            assert_eq!(state(&format!(r#"{{"EVENT_NAME":"VMHAStarted",{fields}}}"#)), expected, "{fields}");
        }
    }
}
