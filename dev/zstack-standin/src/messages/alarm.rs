//! Resource alarms: they fire, recover, and repeat.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::messages::body::{cluster_name, plain, with_unit};
use crate::messages::{Recorded, Told, messages};
use crate::tables::{Row, Table, member, text};
use crate::zstack::{Problem, ZStack};
use crate::{clock, ids};

/// The memory of last states lasts 30 minutes, so that a rule with this duration never sends a recovery.
const NO_RECOVERY_FROM_SECONDS: f64 = 1800.0;

/// What an alarm is to do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlarmAsked {
    /// The UUID or the name of the rule.
    pub(crate) alarm: String,
    /// The UUID or the name of the resource; without one the rule watches none.
    pub(crate) resource: Option<String>,
    pub(crate) value: Option<f64>,
    /// Which of the resource's devices.
    #[serde(default)]
    pub(crate) context: Map<String, Value>,
    /// Epoch milliseconds.
    pub(crate) at: Option<i64>,
    /// The status before, `InsufficientData` perhaps.
    pub(crate) previous: Option<String>,
    /// The problem begins between two repeats: it is neither recorded nor told.
    #[serde(default)]
    pub(crate) held_back: bool,
    /// With false, the record is written and no message is sent, as after a lost one.
    #[serde(default = "yes")]
    pub(crate) deliver: bool,
}

pub(super) fn yes() -> bool {
    true
}

/// What happened to the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Fires,
    Recovers,
}

/// Writes the record and makes the messages. An error says what was asked wrongly.
pub(crate) fn tell_alarm(zstack: &mut ZStack, change: Change, asked: &AlarmAsked) -> Result<Told, String> {
    let rule = find(zstack, &asked.alarm)?.clone();
    let resource = match asked.resource.as_deref() {
        None => "-".to_owned(),
        Some(asked) => {
            let found = zstack.resources().find(|it| it.uuid == asked || it.name == asked);
            found.map(|it| it.uuid).ok_or_else(|| format!("there is no resource {asked}"))?
        }
    };
    let uuid = text(&rule, "uuid").unwrap_or_default().to_owned();
    let context = if asked.context.is_empty() { String::new() } else { json!(asked.context).to_string() };
    let problem: Problem = (uuid.clone(), resource, context);
    let why_not = |why_not| Ok(Told { why_not: Some(why_not), ..Told::default() });
    if text(&rule, "state") != Some("Enabled") {
        return why_not("the rule is disabled");
    }
    let was_in_problem = zstack.problems.contains(&problem);
    match change {
        Change::Fires => zstack.problems.insert(problem.clone()),
        Change::Recovers => zstack.problems.remove(&problem),
    };
    // Until the next repeat ZStack looks at nothing.
    if asked.held_back {
        return why_not("the repeats are held back for the whole rule");
    }
    let status = if zstack.problems.iter().any(|it| it.0 == uuid) { "Alarm" } else { "OK" };
    if let Some(row) = zstack.tables.find_mut(Table::Alarms, &uuid) {
        row.insert("status".to_owned(), status.into());
    }
    if change == Change::Recovers {
        if !was_in_problem {
            return why_not("the resource was not in problem");
        }
        if asked.previous.as_deref() == Some("InsufficientData") {
            return why_not("a change from InsufficientData to OK is never told");
        }
        if member(&rule, "enableRecovery") != true {
            return why_not("the rule has no recovery notification");
        }
        if member(&rule, "period").as_f64().unwrap_or_default() >= NO_RECOVERY_FROM_SECONDS {
            return why_not("the rule's duration is 30 minutes or more");
        }
    }
    Ok(tell(zstack, &rule, &problem, change, asked))
}

/// A rule by its UUID or its name.
fn find<'a>(zstack: &'a ZStack, alarm: &str) -> Result<&'a Row, String> {
    let is = |row: &&Row| [text(row, "uuid"), text(row, "name")].contains(&Some(alarm));
    zstack.tables.rows(Table::Alarms).iter().find(is).ok_or_else(|| format!("there is no alarm {alarm}"))
}

/// Tells everything again that a rule has in problem, as it does at each `repeatInterval`, and after a change that
/// reloads the rule.
pub(crate) fn repeat_alarm(zstack: &mut ZStack, alarm: &str) -> Result<Told, String> {
    let mut all = Told::default();
    let uuid = text(find(zstack, alarm)?, "uuid").unwrap_or_default();
    let mut problems: Vec<Problem> = zstack.problems.iter().filter(|it| it.0 == uuid).cloned().collect();
    problems.sort();
    for (alarm, resource, context) in problems {
        let asked = AlarmAsked {
            alarm,
            resource: Some(resource).filter(|it| it != "-"),
            context: serde_json::from_str(&context).unwrap_or_default(),
            value: None,
            at: None,
            previous: None,
            held_back: false,
            deliver: true,
        };
        let told = tell_alarm(zstack, Change::Fires, &asked)?;
        all.records.extend(told.records);
        all.why_not = told.why_not;
    }
    Ok(all)
}

fn tell(zstack: &mut ZStack, rule: &Row, problem: &Problem, change: Change, asked: &AlarmAsked) -> Told {
    let (uuid, resource_uuid, context) = problem;
    let at = asked.at.unwrap_or_else(clock::now);
    let data_uuid = ids::random();
    let threshold = member(rule, "threshold").as_f64().unwrap_or_default();
    let over = if change == Change::Fires { threshold + 5.0 } else { threshold - 5.0 };
    let value = asked.value.unwrap_or(over);
    let resource = zstack.resource(resource_uuid);
    let (now, before) = if change == Change::Fires { ("Alarm", "OK") } else { ("OK", "Alarm") };
    let labels: Vec<String> = member(rule, "labels")
        .as_array()
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .map(|it| ["key", "operator", "value"].map(|name| it[name].as_str().unwrap_or_default()).join(" "))
        .collect();
    zstack.records += 1;
    let record = json!({
        "id": zstack.records,
        "createTime": at,
        "alarmUuid": uuid,
        "alarmName": member(rule, "name"),
        "alarmStatus": now,
        "resourceUuid": if resource_uuid == "-" { Value::Null } else { resource_uuid.as_str().into() },
        "resourceType": resource.as_ref().map(|it| it.kind),
        "namespace": member(rule, "namespace"),
        "metricName": member(rule, "metricName"),
        "metricValue": value,
        "threshold": threshold,
        "comparisonOperator": member(rule, "comparisonOperator"),
        "period": member(rule, "period"),
        "emergencyLevel": rule.get("emergencyLevel"),
        "labels": json!(labels).to_string(),
        "context": if context.is_empty() { Value::Null } else { context.as_str().into() },
        "dataUuid": data_uuid,
        "accountUuid": member(rule, "accountUuid"),
        "readStatus": "Unread",
    });
    zstack.tables.add(Table::AlarmRecords, record);
    let metric = member(rule, "metricName").as_str().unwrap_or_default();
    let measured =
        |value: f64| -> Value { if zstack.lacks.numbers { value.into() } else { with_unit(metric, value).into() } };
    let operator = member(rule, "comparisonOperator").as_str().unwrap_or_default();
    let of_resource = |own: Option<String>| own.unwrap_or_else(|| "-".to_owned());
    let body = plain(json!({
        "ALARM_NAME": member(rule, "name"),
        "ALARM_UUID": uuid,
        "ALARM_NAMESPACE": member(rule, "namespace"),
        "ALARM_METRIC": metric,
        "ALARM_COMPARISON_OPERATOR": operator,
        "ALARM_COMPARISON_OPERATOR_REVERSE": reverse(operator),
        "ALARM_THRESHOLD": measured(threshold),
        "ALARM_CURRENT_VALUE": measured(value),
        "ALARM_DURATION": whole(member(rule, "period")),
        "ALARM_LABELS": labels,
        "ALARM_PREVIOUS_STATUS": asked.previous.as_deref().unwrap_or(before),
        "ALARM_CURRENT_STATUS": now,
        "ALARM_EMERGENCY_LEVEL": text(rule, "emergencyLevel").unwrap_or_default(),
        "ALARM_TIME": at,
        "ALARM_RESOURCE_TYPE": resource.as_ref().map(|it| it.kind),
        "ALARM_RESOURCE_ID": resource_uuid,
        "ALARM_RESOURCE_NAME": of_resource(resource.as_ref().map(|it| it.name.clone())),
        "ALARM_RESOURCE_IP": of_resource(resource.as_ref().and_then(|it| it.ip.clone())),
        "ALARM_RESOURCE_CLUSTER_UUID": of_resource(resource.as_ref().and_then(|it| it.cluster.clone())),
        "ALARM_RESOURCE_CLUSTER_NAME": cluster_name(zstack, resource.as_ref()),
        "ALARM_ACCOUNT_UUID": member(rule, "accountUuid"),
        "ALARM_DATA_UUID": data_uuid,
    }));
    let messages = if asked.deliver { messages(zstack, rule, body) } else { Vec::new() };
    Told { records: vec![Recorded { data_uuid, rule: uuid.clone(), messages }], why_not: None }
}

/// The console stores whole numbers, which may come with a decimal point.
fn whole(number: &Value) -> Value {
    let text = number.to_string();
    text.strip_suffix(".0").and_then(|it| it.parse::<i64>().ok()).map_or_else(|| number.clone(), Value::from)
}

fn reverse(operator: &str) -> &'static str {
    match operator {
        "GreaterThan" => "LessThanOrEqualTo",
        "GreaterThanOrEqualTo" => "LessThan",
        "LessThan" => "GreaterThanOrEqualTo",
        _ => "GreaterThan",
    }
}
