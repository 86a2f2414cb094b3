//! Facts: what ZStack's console fills into a message template for webhooks, and what ZStack's own templates for Feishu
//! and Teams print (`docs/protocols/zstack.md`, "Facts").
//!
//! Names are in the language that the console had when the template was saved, values in the server's. There is no
//! status: the head of the list, or the name of its condition, tells an alarm from a recovery.

use serde_json::value::RawValue;

use super::alarm::Alarm;
use super::catalogue::Entry;
use super::event::Event;
use super::fields::{Fields, Members, Text, Value};
use super::message::Message;
use super::words::{Level, Operator, State};

/// What a list of facts tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Alarm,
    Recovery,
    Event,
}

/// What a fact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fact {
    /// Tells what the others tell of.
    Head(Told),
    /// Metric, operator and threshold; and whether its name alone tells an alarm from a recovery.
    Condition(Option<Told>),
    /// A field, by its name without `ALARM_` or `EVENT_`.
    Field(&'static str),
    /// The current value; in one of ZStack's own templates the level, by mistake.
    CurrentValue,
}

/// Every name of every fact, in small letters and without a colon behind it.
const NAMES: [(&str, Fact); 61] = [
    ("报警器详情", Fact::Head(Told::Alarm)),
    ("报警详情", Fact::Head(Told::Alarm)),
    ("alarm details", Fact::Head(Told::Alarm)),
    ("报警恢复详情", Fact::Head(Told::Recovery)),
    ("恢复详情", Fact::Head(Told::Recovery)),
    ("alarm recovery details", Fact::Head(Told::Recovery)),
    ("recovery details", Fact::Head(Told::Recovery)),
    ("事件详情", Fact::Head(Told::Event)),
    ("event details", Fact::Head(Told::Event)),
    ("触发条件", Fact::Condition(Some(Told::Alarm))),
    ("trigger condition", Fact::Condition(Some(Told::Alarm))),
    ("恢复条件", Fact::Condition(Some(Told::Recovery))),
    ("recovery condition", Fact::Condition(Some(Told::Recovery))),
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
    fn of(name: &str) -> Option<Self> {
        let name = name.trim().trim_end_matches([':', '：']).trim_end().to_lowercase();
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, fact)| *fact)
    }
}

/// The facts in the JSON of an object, by name, in their order. An item that is no fact has an empty name.
#[must_use]
pub fn facts(json: &str) -> Option<Members<'_>> {
    let Fields(members) = serde_json::from_str(json).ok()?;
    of_object(&members.into_iter().map(|(name, value)| (name, Value::Json(value))).collect())
}

/// Whether a fact's name alone may tell an alarm, its recovery and an event from each other.
#[must_use]
pub fn tells_kind(name: &str) -> bool {
    matches!(Fact::of(name), Some(Fact::Head(_) | Fact::Condition(Some(_))))
}

/// Whether a fact of this name holds the condition of an alarm or of its recovery.
#[must_use]
pub fn is_condition(name: &str) -> bool {
    matches!(Fact::of(name), Some(Fact::Condition(_)))
}

/// The facts in an object, by name.
pub(super) fn of_object<'a>(members: &Members<'a>) -> Option<Members<'a>> {
    let (_, facts) = members.iter().find(|(name, _)| is_list(name))?;
    let Value::Json(facts) = facts else { return None };
    let facts: Vec<&'a RawValue> = serde_json::from_str(facts.get()).ok()?;
    Some(facts.into_iter().map(fact).collect())
}

/// Whether the member `name` is the list of facts.
pub(super) fn is_list(name: &str) -> bool {
    name.trim().eq_ignore_ascii_case("facts")
}

/// One item of the list. One that is no fact is a value without a name.
fn fact(item: &RawValue) -> (Text<'_>, Value<'_>) {
    let Ok(Fields(members)) = serde_json::from_str(item.get()) else { return ("".into(), Value::Json(item)) };
    let member = |wanted: &str| members.iter().find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
    match (member("name"), member("value")) {
        (Some((_, name)), Some((_, value))) => (super::fields::text(name), Value::Json(value)),
        (Some((_, name)), None) => (super::fields::text(name), Value::Text("".into())),
        _ => ("".into(), Value::Json(item)),
    }
}

/// Whether one message may have two facts of this name: somebody's own, and the current value, since ZStack's English
/// card for Teams has the level under its name.
pub(super) fn may_repeat(name: &str) -> bool {
    matches!(Fact::of(name), None | Some(Fact::CurrentValue))
}

/// The message that facts make, with what stands beside their list. None where they tell of nothing.
pub(super) fn message<'a>(facts: Members<'a>, beside: Members<'a>) -> Option<Message<'a>> {
    let facts: Vec<_> = facts.into_iter().map(|(name, value)| (Fact::of(&name), name, value)).collect();
    let value = |field| {
        let found = facts.iter().find(|(fact, ..)| *fact == Some(Fact::Field(field)));
        found.map(|(.., value)| value.text()).unwrap_or_default()
    };
    if is_said_twice(&facts) {
        return None;
    }
    let heads =
        facts.iter().filter_map(|(fact, ..)| if let Some(Fact::Head(told)) = fact { Some(*told) } else { None });
    let head = heads.reduce(worse);
    let conditions = facts.iter().filter_map(|(fact, ..)| match fact {
        Some(Fact::Condition(told)) => Some(*told),
        _ => None,
    });
    let condition =
        conditions.reduce(|one, other| Some(one.zip(other).map_or(Told::Alarm, |(one, other)| worse(one, other))));
    let (title, mut members): (Members<'a>, Members<'a>) =
        beside.into_iter().partition(|(name, _)| name.eq_ignore_ascii_case("activityTitle"));
    members.retain(|(name, _)| !is_list(name));
    let headline = title.first().and_then(|(_, title)| Title::read(&title.text(), &value("RESOURCE_NAME")));
    let told = head
        .or(condition.flatten())
        .or_else(|| condition.and(headline.as_ref()).and_then(Title::told))
        .or_else(|| Entry::of(&value("NAME")).map(|_| Told::Event));
    // A card may say in its title that it is no recovery.
    let told = match headline.as_ref().and_then(Title::told) {
        Some(Told::Alarm) if told == Some(Told::Recovery) => Some(Told::Alarm),
        _ => told,
    };
    let names_something = if told == Some(Told::Event) {
        !value("NAME").is_empty()
    } else {
        condition.is_some() || headline.is_some() || ["UUID", "NAME"].iter().any(|name| !value(name).is_empty())
    };
    if !names_something {
        return None;
    }

    let prefix = if told == Some(Told::Event) { "EVENT_" } else { "ALARM_" };
    if told != Some(Told::Event) {
        let status = match told {
            Some(Told::Recovery) => State::Ok.as_str().to_owned(),
            Some(_) => State::Alarm.as_str().to_owned(),
            None => {
                condition?;
                headline.as_ref().map(|title| title.status.clone()).unwrap_or_default()
            }
        };
        members.push(("ALARM_CURRENT_STATUS".into(), Value::Text(status.into())));
        members.extend(headline.map(|title| ("ALARM_NAME".into(), Value::Text(title.alarm.into()))));
    }
    members.extend(title);
    for (fact, name, value) in facts {
        let field = match fact {
            Some(Fact::Head(_)) if value.text().is_empty() => continue,
            Some(Fact::Condition(own)) if prefix == "ALARM_" => {
                members.extend(condition_fields(&value.text(), own.or(told) == Some(Told::Recovery)));
                continue;
            }
            Some(Fact::CurrentValue) if Level::read(&value.text()).is_some() => "EMERGENCY_LEVEL",
            Some(Fact::CurrentValue) => "CURRENT_VALUE",
            Some(Fact::Field(field)) => field,
            Some(Fact::Head(_) | Fact::Condition(_)) | None => {
                members.push((name, value));
                continue;
            }
        };
        members.push((format!("{prefix}{field}").into(), value));
    }
    Some(match prefix {
        "EVENT_" => Message::Event(Box::new(Event::read(members))),
        _ => Message::Alarm(Box::new(Alarm::read(members))),
    })
}

/// Of two that contradict each other the one that calls somebody.
fn worse(one: Told, other: Told) -> Told {
    if one == other { one } else { Told::Alarm }
}

/// Whether a fact that one message has once is there with two values: then there are two messages in the list.
fn is_said_twice(facts: &[(Option<Fact>, Text<'_>, Value<'_>)]) -> bool {
    let mut fields: Vec<(&str, Text<'_>)> = Vec::new();
    facts.iter().any(|(fact, _, value)| {
        let Some(Fact::Field(field)) = fact else { return false };
        let value = value.text();
        if let Some((_, known)) = fields.iter().find(|(known, _)| known == field) {
            return *known != value;
        }
        fields.push((*field, value));
        false
    })
}

/// The fields in `metric operator threshold`. The condition of a recovery is the alarm's the other way round. A text
/// of another form is taken for the metric.
fn condition_fields<'a>(text: &str, is_recovery: bool) -> Members<'a> {
    let parts = text.rsplit_once(' ').and_then(|(left, threshold)| {
        // ZStack's template for Teams has two blanks here.
        let (metric, operator) = left.trim_end().rsplit_once(' ')?;
        Some((metric, Operator::read(operator)?, threshold))
    });
    let field = |name: &'static str, text: &str| (Text::from(name), Value::Text(text.to_owned().into()));
    let Some((metric, operator, threshold)) = parts else { return vec![field("ALARM_METRIC", text)] };
    let operator = if is_recovery { operator.reverse() } else { operator };
    vec![
        field("ALARM_METRIC", metric),
        field("ALARM_COMPARISON_OPERATOR", operator.symbol()),
        field("ALARM_THRESHOLD", threshold),
    ]
}

/// The title of a Teams card: `Alarm NAME Resource RESOURCE changes status to STATUS`, or in Chinese.
struct Title {
    alarm: String,
    status: String,
}

impl Title {
    fn read(text: &str, resource: &str) -> Option<Self> {
        let forms = [("Alarm ", " changes status to ", " Resource "), ("报警器 ", " 状态改变成 ", " 中资源 ")];
        forms.into_iter().find_map(|(begin, change, of)| {
            let (alarm, status) = text.strip_prefix(begin)?.rsplit_once(change)?;
            State::read(status)?;
            let alarm = alarm.strip_suffix(&format!("{of}{resource}")).unwrap_or(alarm);
            Some(Self { alarm: alarm.to_owned(), status: status.to_owned() })
        })
    }

    fn told(&self) -> Option<Told> {
        match State::read(&self.status)? {
            State::Ok => Some(Told::Recovery),
            State::Alarm => Some(Told::Alarm),
            State::InsufficientData => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_metric_operator_and_threshold() {
        let told = |text: &str, is_recovery| {
            let fields = condition_fields(text, is_recovery);
            fields.iter().map(|(_, value)| value.text().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(told("CPU平均使用率 大于等于 80.00%", false), ["CPU平均使用率", ">=", "80.00%"]);
        assert_eq!(told("CPU平均使用率 小于 80.00%", true), ["CPU平均使用率", ">=", "80.00%"]);
        assert_eq!(told("Memory used GreaterThan 1.50GB", false), ["Memory used", ">", "1.50GB"]);
        assert_eq!(told("Memory used LessThanOrEqualTo 1.50GB", true), ["Memory used", ">", "1.50GB"]);
        assert_eq!(told("too hot", true), ["too hot"]);
    }

    #[test]
    fn facts_can_be_shown() {
        let shown = |json| Some(facts(json)?.iter().map(|(name, value)| format!("{name}={}", value.text())).collect());
        let expected = |facts: &[&str]| Some(facts.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        let json = r#"{"a":1,"Facts":[{"name":"报警详情","value":null},{"name":"UUID","value":"u"},{"name":"x"},7]}"#;
        assert_eq!(shown(json), expected(&["报警详情=", "UUID=u", "x=", "=7"]));
        assert_eq!(shown(r#"{"facts":{}}"#), None);
        assert_eq!(shown("facts"), None);
        let telling = ["报警恢复详情：", "Event Details", "恢复条件", "trigger condition"];
        assert!(telling.into_iter().all(tells_kind) && !["Condition", "UUID", "x", ""].into_iter().any(tells_kind));
    }

    #[test]
    fn a_cards_title_tells_rule_and_state() {
        let told = |text: &str, resource: &str| Title::read(text, resource).map(|it| (it.alarm, it.status));
        let expected = |alarm: &str, status: &str| Some((alarm.to_owned(), status.to_owned()));
        assert_eq!(told("Alarm CPU high Resource web 1 changes status to OK", "web 1"), expected("CPU high", "OK"));
        assert_eq!(told("Alarm CPU high changes status to Alarm", ""), expected("CPU high", "Alarm"));
        assert_eq!(told("报警器 磁盘 中资源 库 状态改变成 监控中", "库"), expected("磁盘", "监控中"));
        assert_eq!(told("报警器 磁盘 状态改变成 好", ""), None);
        assert_eq!(told("a title", ""), None);
    }

    #[test]
    fn a_card_without_a_head_is_told_by_its_title() {
        for (status, condition, reversed) in [("OK", "<", ">="), ("Alarm", ">=", ">=")] {
            let text = format!(
                r#"{{"activityTitle":"Alarm CPU changes status to {status}","facts":[{{"name":"Condition","value":"CPU {condition} 8"}}]}}"#
            );
            let Message::Alarm(alarm) = Message::read(&text) else { panic!("{text}") };
            assert_eq!((&*alarm.name, &*alarm.status, &*alarm.operator), ("CPU", status, reversed));
        }
    }

    #[test]
    fn broken_facts_of_two_messages_are_not_mixed() {
        let facts = |facts: &str| format!(r#"{{"facts":[{{"name":"触发条件","value":"a "b" > 1"}},{facts}]}}"#);
        let own = facts(r#"{"name":"备注","value":"1"},{"name":"备注","value":"2"},{"name":"UUID","value":"u"}"#);
        let Message::Alarm(alarm) = Message::read(&own) else { panic!("{own}") };
        assert_eq!((&*alarm.uuid, alarm.other.len()), ("u", 2));
        let two = facts(r#"{"name":"UUID","value":"u"},{"name":"UUID","value":"v"}"#);
        assert!(matches!(Message::read(&two), Message::Raw(_)));
    }

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
