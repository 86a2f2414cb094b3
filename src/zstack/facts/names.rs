//! The names of facts, in both languages of ZStack's console.

/// What a list of facts reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reported {
    Alarm,
    Recovery,
    Event,
}

/// The meaning of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    /// The head of the list: its name says what the list reports.
    Head(Reported),
    /// Metric, operator and threshold. Some of its names distinguish an alarm from a recovery.
    Condition(Option<Reported>),
    /// A field, by ZStack's name without `ALARM_` or `EVENT_`.
    Field(&'static str),
    /// The current value. ZStack's own English card for Teams has the level under this name as well, by mistake.
    CurrentValue,
}

/// Every name of every fact, in lower case and without a colon at its end.
const NAMES: [(&str, Fact); 61] = [
    ("报警器详情", Fact::Head(Reported::Alarm)),
    ("报警详情", Fact::Head(Reported::Alarm)),
    ("alarm details", Fact::Head(Reported::Alarm)),
    ("报警恢复详情", Fact::Head(Reported::Recovery)),
    ("恢复详情", Fact::Head(Reported::Recovery)),
    ("alarm recovery details", Fact::Head(Reported::Recovery)),
    ("recovery details", Fact::Head(Reported::Recovery)),
    ("事件详情", Fact::Head(Reported::Event)),
    ("event details", Fact::Head(Reported::Event)),
    ("触发条件", Fact::Condition(Some(Reported::Alarm))),
    ("trigger condition", Fact::Condition(Some(Reported::Alarm))),
    ("恢复条件", Fact::Condition(Some(Reported::Recovery))),
    ("recovery condition", Fact::Condition(Some(Reported::Recovery))),
    ("condition", Fact::Condition(None)),
    ("uuid", Fact::Field("UUID")),
    ("名称", Fact::Field("NAME")),
    ("name", Fact::Field("NAME")),
    ("资源类型", Fact::Field("NAMESPACE")),
    ("resource type", Fact::Field("NAMESPACE")),
    ("resourcetype", Fact::Field("NAMESPACE")),
    ("触发条件持续时间", Fact::Field("DURATION")),
    ("trigger condition duration", Fact::Field("DURATION")),
    ("duration", Fact::Field("DURATION")),
    ("先前状态", Fact::Field("PREVIOUS_STATUS")),
    ("previous status", Fact::Field("PREVIOUS_STATUS")),
    ("当前值", Fact::CurrentValue),
    ("current value", Fact::CurrentValue),
    ("current metric value", Fact::CurrentValue),
    ("报警资源uuid", Fact::Field("RESOURCE_ID")),
    ("资源uuid", Fact::Field("RESOURCE_ID")),
    ("alarm resource uuid", Fact::Field("RESOURCE_ID")),
    ("resource uuid", Fact::Field("RESOURCE_ID")),
    ("报警触发时间", Fact::Field("TIME")),
    ("alarm trigger time", Fact::Field("TIME")),
    ("报警资源名称", Fact::Field("RESOURCE_NAME")),
    ("资源名称", Fact::Field("RESOURCE_NAME")),
    ("alarm resource name", Fact::Field("RESOURCE_NAME")),
    ("resource name", Fact::Field("RESOURCE_NAME")),
    ("报警级别", Fact::Field("EMERGENCY_LEVEL")),
    ("severity", Fact::Field("EMERGENCY_LEVEL")),
    ("emergency level", Fact::Field("EMERGENCY_LEVEL")),
    ("标签", Fact::Field("LABELS")),
    ("tag", Fact::Field("LABELS")),
    ("labels", Fact::Field("LABELS")),
    ("事件订阅uuid", Fact::Field("SUBSCRIPTION_UUID")),
    ("event subscription uuid", Fact::Field("SUBSCRIPTION_UUID")),
    ("subscription uuid", Fact::Field("SUBSCRIPTION_UUID")),
    ("错误", Fact::Field("ERROR")),
    ("错误（如果没有错误时为空）", Fact::Field("ERROR")),
    ("error", Fact::Field("ERROR")),
    ("error(empty if no error)", Fact::Field("ERROR")),
    ("报警资源ip", Fact::Field("RESOURCE_IP")),
    ("alarm resource ip", Fact::Field("RESOURCE_IP")),
    ("resource ip", Fact::Field("RESOURCE_IP")),
    ("所属集群uuid", Fact::Field("RESOURCE_CLUSTER_UUID")),
    ("报警集群uuid", Fact::Field("RESOURCE_CLUSTER_UUID")),
    ("cluster uuid", Fact::Field("RESOURCE_CLUSTER_UUID")),
    ("所属集群名称", Fact::Field("RESOURCE_CLUSTER_NAME")),
    ("报警集群名称", Fact::Field("RESOURCE_CLUSTER_NAME")),
    ("cluster name", Fact::Field("RESOURCE_CLUSTER_NAME")),
    ("资源ip", Fact::Field("RESOURCE_IP")),
];

impl Fact {
    pub(super) fn of(name: &str) -> Option<Self> {
        let name = name.trim().trim_end_matches([':', '：']).trim_end().to_lowercase();
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, fact)| *fact)
    }
}

/// Whether the name of a fact alone may distinguish an alarm, its recovery and an event.
#[must_use]
pub fn tells_kind(name: &str) -> bool {
    matches!(Fact::of(name), Some(Fact::Head(_) | Fact::Condition(Some(_))))
}

/// Whether a fact of this name holds the condition of an alarm or of its recovery.
#[must_use]
pub fn is_condition(name: &str) -> bool {
    matches!(Fact::of(name), Some(Fact::Condition(_)))
}

/// Whether one message may have two facts of this name. True for unknown names, and for the current value: see
/// [`Fact::CurrentValue`].
pub(in crate::zstack) fn may_repeat(name: &str) -> bool {
    matches!(Fact::of(name), None | Some(Fact::CurrentValue))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_written_as_it_is_looked_up() {
        for (name, fact) in NAMES {
            for name in [name.to_owned(), format!(" {name}: "), format!("{name}："), name.to_uppercase()] {
                assert_eq!(Fact::of(&name), Some(fact), "{name}");
            }
        }
        assert_eq!(NAMES.iter().filter(|(name, _)| Fact::of(name).is_some()).count(), NAMES.len());
    }
}
