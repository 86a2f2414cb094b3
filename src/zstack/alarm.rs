//! Resource alarms.

use super::fields::{Members, Text};
use super::labels::{self, Label};
use super::message::{Resource, fill, upper_case};

/// A resource alarm (`docs/protocols/zstack.md`, "Resource alarm"). A text is empty if ZStack does not send or does not
/// know it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Alarm<'a> {
    /// The rule's name, as people wrote it.
    pub(crate) name: Text<'a>,
    /// The rule's UUID.
    pub(crate) uuid: Text<'a>,
    /// The metric's namespace, such as `ZStack/VM`.
    pub(crate) namespace: Text<'a>,
    /// The metric's name, such as `CPUAverageUsedUtilization`.
    pub(crate) metric: Text<'a>,
    /// A word for an [`Operator`](super::Operator).
    pub(crate) operator: Text<'a>,
    /// A number, with or without its unit.
    pub(crate) threshold: Text<'a>,
    /// A number, with or without its unit.
    pub(crate) current_value: Text<'a>,
    /// How long the condition must be true before the alarm triggers, in seconds.
    pub(crate) duration: Text<'a>,
    /// The filters of the rule: name and value, or an empty name and a whole expression.
    pub(crate) labels: Vec<Label<'a>>,
    /// The [`State`](super::State) before.
    pub(crate) previous_status: Text<'a>,
    /// The [`State`](super::State) now.
    pub(crate) status: Text<'a>,
    /// The emergency [`Level`](super::Level).
    pub(crate) level: Text<'a>,
    /// Milliseconds since 1970, or anything that a message template prints.
    pub(crate) time: Text<'a>,
    /// The resource that the alarm is about.
    pub(crate) resource: Resource<'a>,
    /// The UUID of the owner's account.
    pub(crate) account: Text<'a>,
    /// The message's own UUID, new at every repeat.
    pub(crate) data: Text<'a>,
    /// The fields that this version does not know, sorted by name.
    pub(crate) other: Vec<Label<'a>>,
}

impl<'a> Alarm<'a> {
    pub(super) fn read(members: Members<'a>) -> Self {
        let mut alarm = Self::default();
        for (name, value) in members {
            let slot = match &*upper_case(&name) {
                "ALARM_NAME" => &mut alarm.name,
                "ALARM_UUID" => &mut alarm.uuid,
                "ALARM_NAMESPACE" => &mut alarm.namespace,
                "ALARM_METRIC" => &mut alarm.metric,
                "ALARM_COMPARISON_OPERATOR" => &mut alarm.operator,
                // They repeat other fields: the operator, reversed, and the resource's name.
                "ALARM_COMPARISON_OPERATOR_REVERSE" | "TITLE_ALARM_RESOURCE_NAME" => continue,
                "ALARM_THRESHOLD" => &mut alarm.threshold,
                "ALARM_CURRENT_VALUE" => &mut alarm.current_value,
                "ALARM_DURATION" => &mut alarm.duration,
                "ALARM_LABELS" => {
                    alarm.labels.extend(labels::of_alarm(&value));
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
                    alarm.other.push((name, value.text()));
                    continue;
                }
            };
            fill(slot, name, value.text(), &mut alarm.other);
        }
        alarm.other.sort();
        alarm
    }
}
