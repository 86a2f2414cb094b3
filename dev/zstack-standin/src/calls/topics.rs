//! Topics and subscribers.

use serde_json::{Value, json};

use crate::access::Who;
use crate::args::{Args, Kind, Param};
use crate::refusal::Refusal;
use crate::tables::{Row, Table, text};
use crate::world::{API_TOPIC, SYSTEM_TOPIC};
use crate::zstack::ZStack;

pub(super) const CREATE: &[Param] = &[
    Param::required("name", Kind::Text(255)),
    Param::optional("description", Kind::Text(2048)),
    Param::optional("locale", Kind::OneOf(&["zh_CN", "en_US"])),
    Param::optional("resourceUuid", Kind::Uuid),
];

pub(super) fn create(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    let uuid = zstack.new_uuid(args)?;
    let row = json!({
        "uuid": uuid,
        "name": args.text("name"),
        "description": args.text("description"),
        "locale": args.text("locale"),
        "state": "Enabled",
        "accountUuid": who.0,
    });
    zstack.tables.add(Table::Topics, row);
    zstack.inventory(Table::Topics, &uuid, &[])
}

pub(super) fn change_state(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    zstack.switch(Table::Topics, args, who)
}

/// The topic is taken out of all rules.
pub(super) fn delete(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    let uuid = args.path("uuid");
    if [SYSTEM_TOPIC, API_TOPIC].contains(&uuid) {
        return Err(Refusal::new("SYS.1006", "a system topic cannot be deleted"));
    }
    zstack.own(Table::Topics, uuid, who)?;
    zstack.tables.remove(Table::Topics, uuid);
    zstack.tables.rows_mut(Table::Subscribers).retain(|it| text(it, "topicUuid") != Some(uuid));
    for table in [Table::Alarms, Table::Subscriptions] {
        for row in zstack.tables.rows_mut(table) {
            remove_action(row, uuid);
        }
    }
    Ok(json!({}))
}

/// Removes a topic from a rule or a subscription.
pub(super) fn remove_action(row: &mut Row, topic: &str) {
    if let Some(actions) = row.get_mut("actions").and_then(Value::as_array_mut) {
        actions.retain(|it| it["actionUuid"] != topic);
    }
}

/// Doubles are not checked: the database refuses the second.
pub(super) fn subscribe(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    let (topic, endpoint) = (args.path("topicUuid"), args.path("endpointUuid"));
    zstack.own(Table::Topics, topic, who)?;
    zstack.own(Table::Endpoints, endpoint, who)?;
    if zstack.tables.rows(Table::Subscribers).iter().any(|it| is(it, topic, endpoint)) {
        return Err(Refusal::double_key("Duplicate entry"));
    }
    zstack.tables.add(Table::Subscribers, json!({"topicUuid": topic, "endpointUuid": endpoint}));
    Ok(json!({}))
}

/// That a subscription which does not exist is no error is inferred.
pub(super) fn unsubscribe(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    let (topic, endpoint) = (args.path("topicUuid"), args.path("endpointUuid"));
    zstack.own(Table::Topics, topic, who)?;
    zstack.own(Table::Endpoints, endpoint, who)?;
    zstack.tables.rows_mut(Table::Subscribers).retain(|it| !is(it, topic, endpoint));
    Ok(json!({}))
}

fn is(row: &Row, topic: &str, endpoint: &str) -> bool {
    text(row, "topicUuid") == Some(topic) && text(row, "endpointUuid") == Some(endpoint)
}
