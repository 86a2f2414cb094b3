//! Event alarms.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::access::ADMIN;
use crate::events::{self, Event};
use crate::messages::alarm::yes;
use crate::messages::body::{cluster_name, plain};
use crate::messages::{Recorded, Told, messages};
use crate::tables::{Row, Table, member, text};
use crate::zstack::{Resource, ZStack};
use crate::{clock, ids};

/// What happens.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventAsked {
    /// The event's name.
    pub(crate) name: String,
    /// The first of the event's by default.
    pub(crate) namespace: Option<String>,
    /// The UUID or the name of a resource; any other text is taken as an id without a name.
    pub(crate) resource: Option<String>,
    #[serde(default)]
    pub(crate) labels: Map<String, Value>,
    /// Replaces the labels.
    pub(crate) error: Option<String>,
    /// Epoch milliseconds.
    pub(crate) at: Option<i64>,
    /// With false, records are written and no message is sent.
    #[serde(default = "yes")]
    pub(crate) deliver: bool,
    /// Tells it whatever ZStack remembers of earlier problems.
    #[serde(default)]
    pub(crate) always: bool,
}

/// Writes a record for each subscription that matches, and makes its messages. An error says what was asked wrongly.
pub(crate) fn tell_event(zstack: &mut ZStack, asked: &EventAsked) -> Result<Told, String> {
    let mut known = events::known(zstack.options.cloud);
    let is = |namespace: &str| asked.namespace.as_deref().is_none_or(|it| it == namespace);
    let (namespace, event) = known
        .find(|(namespace, event)| is(namespace) && event.name == asked.name)
        .ok_or_else(|| format!("there is no event {}", asked.name))?;
    if let Some(label) = asked.labels.keys().find(|it| !event.labels.is_empty() && !event.labels.contains(it)) {
        return Err(format!("{} has no label {label}", asked.name));
    }
    let resource =
        asked.resource.as_deref().and_then(|asked| zstack.resources().find(|it| it.uuid == asked || it.name == asked));
    let id = resource.as_ref().map(|it| it.uuid.clone()).or_else(|| asked.resource.clone());
    if let Some(why_not) = remember(zstack, event, id.as_deref().unwrap_or_default()).filter(|_| !asked.always) {
        return Ok(Told { why_not: Some(why_not), ..Told::default() });
    }
    let matching: Vec<Row> = zstack
        .tables
        .rows(Table::Subscriptions)
        .iter()
        .filter(|it| text(it, "state") == Some("Enabled"))
        .filter(|it| text(it, "namespace") == Some(namespace) && text(it, "eventName") == Some(asked.name.as_str()))
        // The resources are all of `admin`: another account sees only the events of its own.
        .filter(|it| text(it, "accountUuid") == Some(ADMIN))
        .filter(|it| labels_match(it, asked, id.as_deref()))
        .cloned()
        .collect();
    if matching.is_empty() {
        return Ok(Told { why_not: Some("no enabled subscription matches"), ..Told::default() });
    }
    let records = matching.iter().map(|it| tell(zstack, it, event, asked, id.as_deref(), resource.as_ref())).collect();
    Ok(Told { records, why_not: None })
}

/// ZStack tells a problem once until it is over, and its end only while it remembers the problem.
fn remember(zstack: &mut ZStack, event: &Event, resource: &str) -> Option<&'static str> {
    let remembered = &mut zstack.remembered;
    if event.forgets_problem() {
        remembered.retain(|(_, it)| it != resource);
    }
    if event.needs_problem() {
        let before = remembered.len();
        remembered.retain(|(problem, it)| it != resource || !event.undoes(problem));
        return (remembered.len() == before).then_some("ZStack remembers no problem that this event ends");
    }
    let is_new = !event.is_barrier() || remembered.insert((event.name.clone(), resource.to_owned()));
    (!is_new).then_some("ZStack has told this problem, and it is not over")
}

/// Only `Equal` is known to the stand-in; with another operator nothing matches.
fn labels_match(subscription: &Row, asked: &EventAsked, resource: Option<&str>) -> bool {
    let labels = subscription.get("labels").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    labels.iter().all(|label| {
        let key = label["key"].as_str().unwrap_or_default();
        let value = match key {
            "ResourceId" => resource,
            "EmergencyLevel" => text(subscription, "emergencyLevel"),
            key => asked.labels.get(key).and_then(Value::as_str),
        };
        label["op"] == "Equal" && value == label["value"].as_str()
    })
}

fn tell(
    zstack: &mut ZStack,
    subscription: &Row,
    event: &Event,
    asked: &EventAsked,
    id: Option<&str>,
    resource: Option<&Resource>,
) -> Recorded {
    let at = asked.at.unwrap_or_else(clock::now);
    let data_uuid = ids::random();
    let labels = if asked.error.is_some() { Map::new() } else { asked.labels.clone() };
    let level = text(subscription, "emergencyLevel").or(event.default_level.as_deref()).unwrap_or_default();
    let namespace = member(subscription, "namespace");
    zstack.records += 1;
    let record = json!({
        "id": zstack.records,
        "createTime": at,
        "namespace": namespace,
        "name": event.name,
        "emergencyLevel": level,
        "resourceId": id,
        "error": asked.error,
        "dataUuid": data_uuid,
        "subscriptionUuid": member(subscription, "uuid"),
        "accountUuid": member(subscription, "accountUuid"),
        "readStatus": "Unread",
        "labels": json!(labels).to_string(),
    });
    zstack.tables.add(Table::EventRecords, record);
    let body = plain(json!({
        "EVENT_NAME": event.name,
        "EVENT_NAMESPACE": namespace,
        "EVENT_LABELS": labels,
        "EVENT_EMERGENCY_LEVEL": level,
        "EVENT_RESOURCE_ID": id,
        "EVENT_RESOURCE_NAME": resource.map(|it| it.name.as_str()),
        "EVENT_ERROR": asked.error,
        "EVENT_TIME": clock::text(at, zstack.options.zone),
        "EVENT_SUBSCRIPTION_UUID": member(subscription, "uuid"),
        "EVENT_ACCOUNT_UUID": member(subscription, "accountUuid"),
        "EVENT_DATA_UUID": data_uuid,
        "EVENT_RESOURCE_IP": resource.and_then(|it| it.ip.as_deref()).unwrap_or("-"),
        "EVENT_RESOURCE_CLUSTER_UUID": resource.and_then(|it| it.cluster.as_deref()).unwrap_or("-"),
        "EVENT_RESOURCE_CLUSTER_NAME": cluster_name(zstack, resource),
    }));
    let messages = if asked.deliver { messages(zstack, subscription, body) } else { Vec::new() };
    Recorded { data_uuid, rule: text(subscription, "uuid").unwrap_or_default().to_owned(), messages }
}
