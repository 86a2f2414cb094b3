//! One message of ZStack's, read field by field.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::fields::{Fields, Text, pairs, text};
use super::recovery::Recovery;

/// A message, as far as it could be read.
#[derive(Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// A resource alarm: a metric crossed its threshold, or came back.
    Alarm(Box<Alarm<'a>>),
    /// An event alarm: something happened.
    Event(Box<Event<'a>>),
    /// What the console's *Send Test Message* sends.
    Test(Test<'a>),
    /// Anything else: still somebody's alarm.
    Raw(Raw<'a>),
}

/// What an alarm or event is about.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Resource<'a> {
    /// The resource's UUID.
    pub id: Text<'a>,
    /// The name people gave it.
    pub name: Text<'a>,
    /// Its address.
    pub ip: Text<'a>,
    /// Its type, such as `VmInstanceVO`.
    pub kind: Text<'a>,
    /// The UUID of the cluster it is in.
    pub cluster_id: Text<'a>,
    /// The name of the cluster it is in.
    pub cluster_name: Text<'a>,
}

/// A resource alarm (`zstack-webhook.md`, "Resource alarm"). Every text is empty where unknown.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Alarm<'a> {
    /// The rule's name, as people wrote it.
    pub name: Text<'a>,
    /// The rule's UUID.
    pub uuid: Text<'a>,
    /// The metric's namespace, such as `ZStack/VM`.
    pub namespace: Text<'a>,
    /// The metric.
    pub metric: Text<'a>,
    /// `GreaterThan` and the like.
    pub operator: Text<'a>,
    /// The threshold, a number or a number with its unit.
    pub threshold: Text<'a>,
    /// The metric's value, a number or a number with its unit.
    pub current_value: Text<'a>,
    /// For how many seconds the condition must have held.
    pub duration: Text<'a>,
    /// What the rule filters the metric by: name and value, or an empty name and a whole expression.
    pub labels: Vec<(Text<'a>, Text<'a>)>,
    /// The state before.
    pub previous_status: Text<'a>,
    /// The state now.
    pub status: Text<'a>,
    /// The emergency level.
    pub level: Text<'a>,
    /// Epoch milliseconds.
    pub time: Text<'a>,
    /// What the alarm is about.
    pub resource: Resource<'a>,
    /// The owner.
    pub account: Text<'a>,
    /// The message's own UUID, new at every repeat.
    pub data: Text<'a>,
    /// Fields this version does not know, sorted by name.
    pub other: Vec<(Text<'a>, Text<'a>)>,
}

/// An event alarm (`zstack-webhook.md`, "Event alarm"). Every text is empty where unknown.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Event<'a> {
    /// The event's name, such as `HostDisconnected`.
    pub name: Text<'a>,
    /// The event's namespace, such as `ZStack/Host`.
    pub namespace: Text<'a>,
    /// What the event says of itself, sorted by name.
    pub labels: Vec<(Text<'a>, Text<'a>)>,
    /// The emergency level.
    pub level: Text<'a>,
    /// The error, where ZStack sends it as a field of its own.
    pub error: Text<'a>,
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
    pub other: Vec<(Text<'a>, Text<'a>)>,
}

/// The console's test message (`zstack-webhook.md`, "Send Test Message").
#[derive(Debug, PartialEq, Eq)]
pub struct Test<'a> {
    /// Its fields.
    pub fields: Vec<(Text<'a>, Text<'a>)>,
}

/// A message that could not be read.
#[derive(Debug, PartialEq, Eq)]
pub struct Raw<'a> {
    /// The text as it came.
    pub text: &'a str,
    /// Why it could not be read.
    pub why: String,
    /// Its fields, where it is a JSON object after all.
    pub fields: Vec<(Text<'a>, Text<'a>)>,
}

/// The one test message there is. All of it must match: a real alert that were taken for a test would
/// be closed at once.
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
    /// Reads the text of one message. Whatever cannot be read is [`Message::Raw`].
    #[must_use]
    pub fn read(json: &'a str) -> Self {
        let raw = |why, fields| Self::Raw(Raw { text: json, why, fields });
        let Fields(members) = match serde_json::from_str(json) {
            Ok(fields) => fields,
            Err(error) => return raw(why(json, &error), Vec::new()),
        };
        // A template that serves both kinds leaves the fields of the other one empty.
        let says = |prefix| members.iter().any(|(name, value)| begins_with(name, prefix) && !text(value).is_empty());
        if says("ALARM_") {
            return Self::Alarm(Box::new(Alarm::read(members)));
        }
        if says("EVENT_") {
            return Self::Event(Box::new(Event::read(members)));
        }
        let fields: Vec<_> = members.into_iter().map(|(name, value)| (name, text(value))).collect();
        if fields.len() == TEST.len() && TEST.iter().all(|test| fields.iter().any(|(n, v)| (&**n, &**v) == *test)) {
            return Self::Test(Test { fields });
        }
        raw("JSON without the fields of an alarm or an event".to_owned(), fields)
    }
}

impl<'a> Alarm<'a> {
    fn read(members: Vec<(Text<'a>, &'a RawValue)>) -> Self {
        let mut alarm = Self::default();
        for (name, value) in members {
            let slot = match &*upper_case(&name) {
                "ALARM_NAME" => &mut alarm.name,
                "ALARM_UUID" => &mut alarm.uuid,
                "ALARM_NAMESPACE" => &mut alarm.namespace,
                "ALARM_METRIC" => &mut alarm.metric,
                "ALARM_COMPARISON_OPERATOR" => &mut alarm.operator,
                // The same condition the other way round.
                "ALARM_COMPARISON_OPERATOR_REVERSE" => continue,
                "ALARM_THRESHOLD" => &mut alarm.threshold,
                "ALARM_CURRENT_VALUE" => &mut alarm.current_value,
                "ALARM_DURATION" => &mut alarm.duration,
                "ALARM_LABELS" => {
                    alarm.labels.extend(pairs(value));
                    continue;
                }
                "ALARM_PREVIOUS_STATUS" => &mut alarm.previous_status,
                "ALARM_CURRENT_STATUS" => &mut alarm.status,
                "ALARM_EMERGENCY_LEVEL" => &mut alarm.level,
                "ALARM_TIME" => &mut alarm.time,
                "ALARM_RESOURCE_ID" => &mut alarm.resource.id,
                "ALARM_RESOURCE_NAME" => &mut alarm.resource.name,
                "ALARM_RESOURCE_IP" => &mut alarm.resource.ip,
                "ALARM_RESOURCE_TYPE" => &mut alarm.resource.kind,
                "ALARM_RESOURCE_CLUSTER_UUID" => &mut alarm.resource.cluster_id,
                "ALARM_RESOURCE_CLUSTER_NAME" => &mut alarm.resource.cluster_name,
                "ALARM_ACCOUNT_UUID" => &mut alarm.account,
                "ALARM_DATA_UUID" => &mut alarm.data,
                _ => {
                    alarm.other.push((name, text(value)));
                    continue;
                }
            };
            fill(slot, name, text(value), &mut alarm.other);
        }
        alarm.other.sort();
        alarm
    }
}

impl<'a> Event<'a> {
    fn read(members: Vec<(Text<'a>, &'a RawValue)>) -> Self {
        let mut event = Self::default();
        for (name, value) in members {
            let slot = match &*upper_case(&name) {
                "EVENT_NAME" => &mut event.name,
                "EVENT_NAMESPACE" => &mut event.namespace,
                "EVENT_LABELS" => {
                    event.labels.extend(pairs(value));
                    continue;
                }
                "EVENT_EMERGENCY_LEVEL" => &mut event.level,
                "EVENT_ERROR" => &mut event.error,
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
                    event.other.push((name, text(value)));
                    continue;
                }
            };
            fill(slot, name, text(value), &mut event.other);
        }
        event.other.sort();
        event
    }

    /// The pair of problem and way back that this event belongs to, if any.
    #[must_use]
    pub fn recovery(&self) -> Option<&'static Recovery> {
        Recovery::of(&self.name)
    }

    /// Whether this event wraps an alert of another system.
    #[must_use]
    pub fn is_third_party(&self) -> bool {
        self.name.eq_ignore_ascii_case("ThirdpartyAlert")
    }

    /// All event labels as one text: tells events apart where the label that should is not to be found,
    /// since a template printed the labels in a way of its own.
    #[must_use]
    pub fn labels_as_text(&self) -> String {
        let labels = self.labels.iter().map(|(name, value)| match &**name {
            "" => value.to_string(),
            name => format!("{name}={value}"),
        });
        labels.collect::<Vec<_>>().join(",")
    }

    /// The value of the event label `name`; empty where there is none.
    #[must_use]
    pub fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(label, _)| label.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }
}

/// Fills a field. Where it comes more than once the last one counts, as in any JSON; the ones before
/// are kept beside it.
fn fill<'a>(slot: &mut Text<'a>, name: Text<'a>, value: Text<'a>, other: &mut Vec<(Text<'a>, Text<'a>)>) {
    if value.is_empty() || *slot == value {
        return;
    }
    let before = std::mem::replace(slot, value);
    if !before.is_empty() {
        other.push((name, before));
    }
}

/// A field's name as ZStack writes it, whatever a template makes of it.
fn upper_case(name: &str) -> Cow<'_, str> {
    let name = name.trim();
    if name.bytes().any(|byte| byte.is_ascii_lowercase()) { name.to_ascii_uppercase().into() } else { name.into() }
}

fn begins_with(name: &str, prefix: &str) -> bool {
    let name = name.trim_start();
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn why(json: &str, error: &serde_json::Error) -> String {
    match json.trim_start().as_bytes().first() {
        Some(b'{') if !error.is_data() => format!("broken JSON: {error}"),
        // It was refused for being no object, before anything in it was looked at.
        Some(b'[') => match serde_json::from_str::<IgnoredAny>(json) {
            Ok(_) => "a JSON list that holds no alarm and no event".to_owned(),
            Err(error) => format!("broken JSON: {error}"),
        },
        _ => "plain text".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_message_cannot_be_read_is_told() {
        for (text, told) in [
            ("[1, 2]", "a JSON list that holds no alarm and no event"),
            (r#"[{"ALARM_NAME":"a "b" c"}]"#, "broken JSON: expected `,` or `}` at line 1 column 20"),
            ("[broken", "broken JSON: expected value at line 1 column 2"),
            ("{broken", "broken JSON: key must be a string at line 1 column 2"),
            ("{}", "JSON without the fields of an alarm or an event"),
            ("disk full", "plain text"),
        ] {
            let Message::Raw(raw) = Message::read(text) else { panic!("{text}") };
            assert_eq!(raw.why, told, "{text}");
        }
    }
}
