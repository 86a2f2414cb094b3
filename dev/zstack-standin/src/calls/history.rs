//! What was told, newest first, and the names of resources.

use serde_json::{Value, json};

use crate::access::Who;
use crate::args::Args;
use crate::query::{boolean, number};
use crate::refusal::Refusal;
use crate::tables::{Row, Table, actions, member, text};
use crate::zstack::ZStack;

const LIMIT: usize = 100;
const ALARM_KEYS: [&str; 10] = [
    "readStatus",
    "alarmUuid",
    "accountUuid",
    "emergencyLevel",
    "metricName",
    "alarmStatus",
    "namespace",
    "dataUuid",
    "resourceType",
    "resourceUuid",
];
/// Inferred: those of the records.
const EVENT_KEYS: [&str; 8] =
    ["readStatus", "name", "namespace", "accountUuid", "emergencyLevel", "resourceId", "dataUuid", "subscriptionUuid"];

/// What both calls ask for.
struct Asked {
    start_time: i64,
    end_time: i64,
    conditions: Vec<(String, String)>,
    limit: usize,
    start: usize,
    count: bool,
    endpoint: Option<String>,
}

impl Asked {
    fn read(args: &Args, keys: &[&str]) -> Result<Result<Self, Refusal>, String> {
        let mut asked = Self {
            start_time: 0,
            end_time: i64::MAX,
            conditions: Vec::new(),
            limit: LIMIT,
            start: 0,
            count: false,
            endpoint: None,
        };
        for (name, value) in args.query() {
            match name.as_str() {
                "startTime" => asked.start_time = number(name, value)?,
                "endTime" => asked.end_time = number(name, value)?,
                "limit" => asked.limit = number(name, value)?,
                "start" => asked.start = number(name, value)?,
                "count" => asked.count = boolean(name, value)?,
                "endpointUuid" => asked.endpoint = Some(value.clone()),
                "conditions" => match value.split_once('=').filter(|(key, _)| keys.contains(key)) {
                    Some((key, value)) => asked.conditions.push((key.to_owned(), value.to_owned())),
                    None => return Ok(Err(Refusal::argument(format!("unknown condition {value}")))),
                },
                _ => return Err(format!("the stand-in knows no parameter {name} of this call")),
            }
        }
        Ok(Ok(asked))
    }

    /// The newest first, and how many there are without the limit.
    fn rows<'a>(&self, zstack: &'a ZStack, who: &'a Who, table: Table, rules: (Table, &str)) -> (Vec<&'a Row>, usize) {
        let leads = |row: &Row| {
            let Some(endpoint) = &self.endpoint else { return true };
            let rule = text(row, rules.1).and_then(|it| zstack.tables.find(rules.0, it));
            rule.is_some_and(|rule| {
                zstack.tables.rows(Table::Subscribers).iter().any(|it| {
                    text(it, "endpointUuid") == Some(endpoint.as_str())
                        && actions(rule).any(|topic| text(it, "topicUuid") == Some(topic))
                })
            })
        };
        let at = |row: &Row| member(row, "createTime").as_i64().unwrap_or_default();
        let mut found: Vec<&Row> = zstack
            .seen(table, who)
            .filter(|it| (self.start_time..=self.end_time).contains(&at(it)) && leads(it))
            .filter(|it| self.conditions.iter().all(|(key, value)| text(it, key) == Some(value.as_str())))
            .collect();
        found.sort_by_key(|it| std::cmp::Reverse((at(it), member(it, "id").as_i64())));
        let total = found.len();
        (found.into_iter().skip(self.start).take(self.limit).collect(), total)
    }
}

/// The same as the records, with `time` for `createTime`, and the type of the resource.
pub(super) fn alarms(zstack: &ZStack, who: &Who, args: &Args) -> Result<Result<Value, Refusal>, String> {
    let asked = match Asked::read(args, &ALARM_KEYS)? {
        Ok(asked) => asked,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let (rows, total) = asked.rows(zstack, who, Table::AlarmRecords, (Table::Alarms, "alarmUuid"));
    let histories: Vec<Value> = rows
        .into_iter()
        .map(|row| {
            let mut row = row.clone();
            row.remove("id");
            let time = row.remove("createTime");
            row.insert("time".to_owned(), time.unwrap_or_default());
            Value::Object(row)
        })
        .collect();
    Ok(Ok(json!({"histories": histories, "total": asked.count.then_some(total)})))
}

/// `labels` is a map here. That the time is called `time` is inferred.
pub(super) fn events(zstack: &ZStack, who: &Who, args: &Args) -> Result<Result<Value, Refusal>, String> {
    let asked = match Asked::read(args, &EVENT_KEYS)? {
        Ok(asked) => asked,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let (rows, total) = asked.rows(zstack, who, Table::EventRecords, (Table::Subscriptions, "subscriptionUuid"));
    let events: Vec<Value> = rows
        .into_iter()
        .map(|row| {
            let mut row = row.clone();
            row.remove("id");
            let time = row.remove("createTime");
            let labels = text(&row, "labels").and_then(|it| serde_json::from_str(it).ok()).unwrap_or_else(|| json!({}));
            let name = text(&row, "resourceId").and_then(|it| zstack.resource(it)).map(|it| it.name);
            row.insert("time".to_owned(), time.unwrap_or_default());
            row.insert("labels".to_owned(), labels);
            row.insert("resourceName".to_owned(), name.into());
            Value::Object(row)
        })
        .collect();
    Ok(Ok(json!({"events": events, "total": asked.count.then_some(total)})))
}

/// The members of the answer are inferred.
pub(super) fn names(zstack: &ZStack, _: &Who, args: &Args) -> Result<Result<Value, Refusal>, String> {
    let mut found = Vec::new();
    for (name, value) in args.query() {
        if name != "uuids" {
            return Err(format!("the stand-in knows no parameter {name} of this call"));
        }
        found.extend(value.split(',').filter_map(|it| zstack.resource(it)));
    }
    let inventories: Vec<Value> = found
        .into_iter()
        .map(|it| json!({"uuid": it.uuid, "resourceName": it.name, "resourceType": it.kind}))
        .collect();
    Ok(Ok(json!({"inventories": inventories})))
}
