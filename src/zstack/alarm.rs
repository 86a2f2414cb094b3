//! Resource alarms, field by field.

use super::fields::{Members, Text};
use super::labels::{self, Label};
use super::message::{Resource, fill, upper_case};

/// A resource alarm (`docs/protocols/zstack.md`, "Resource alarm"). Every text is empty where unknown.
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
    pub labels: Vec<Label<'a>>,
    /// The state before.
    pub previous_status: Text<'a>,
    /// The state now.
    pub status: Text<'a>,
    /// The emergency level.
    pub level: Text<'a>,
    /// Epoch milliseconds, or whatever a template prints.
    pub time: Text<'a>,
    /// What the alarm is about.
    pub resource: Resource<'a>,
    /// The owner.
    pub account: Text<'a>,
    /// The message's own UUID, new at every repeat.
    pub data: Text<'a>,
    /// Fields this version does not know, sorted by name.
    pub other: Vec<Label<'a>>,
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
                // The same condition the other way round; the resource's name once more.
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
