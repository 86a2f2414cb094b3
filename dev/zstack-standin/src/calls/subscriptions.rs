//! Event subscriptions.

use serde_json::{Value, json};

use crate::access::Who;
use crate::args::{Args, Kind, Param};
use crate::calls::accounts::check_quota;
use crate::calls::{LEVEL, topics};
use crate::clock;
use crate::events;
use crate::refusal::Refusal;
use crate::tables::{Table, has_action};
use crate::zstack::ZStack;

pub(super) const SUBSCRIBE: &[Param] = &[
    Param::required("namespace", Kind::Text(255)),
    Param::required("eventName", Kind::Text(255)),
    Param::optional("actions", Kind::Objects),
    Param::optional("labels", Kind::Objects),
    Param::optional("emergencyLevel", LEVEL),
    Param::optional("name", Kind::Text(255)),
    Param::optional("resourceUuid", Kind::Uuid),
];

/// Doubles are not checked.
pub(super) fn subscribe(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    check_quota(zstack, who, Table::Subscriptions)?;
    let (namespace, name) = (args.text("namespace").unwrap_or_default(), args.text("eventName").unwrap_or_default());
    let event = events::find(namespace, name, zstack.options.cloud);
    let event = event.ok_or_else(|| Refusal::argument(format!("there is no event {namespace}.{name}")))?;
    let list = |name| args.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    for label in list("labels") {
        let key = label["key"].as_str().unwrap_or_default();
        let known = event.labels.iter().any(|it| it == key) || ["ResourceId", "EmergencyLevel"].contains(&key);
        if !known || !["Equal", "Regex"].contains(&label["op"].as_str().unwrap_or_default()) {
            return Err(Refusal::argument(format!("the label {key} is unknown, or its op is not Equal or Regex")));
        }
    }
    let uuid = zstack.new_uuid(args)?;
    let mut actions = Vec::new();
    for it in list("actions") {
        let mut action = zstack.check_action(who, &it)?;
        action["subscriptionUuid"] = uuid.clone().into();
        actions.push(action);
    }
    let row = json!({
        "uuid": uuid,
        "name": args.text("name"),
        "namespace": namespace,
        "eventName": name,
        "emergencyLevel": args.text("emergencyLevel").unwrap_or("Important"),
        "state": "Enabled",
        "actions": actions,
        "labels": list("labels"),
        "accountUuid": who.0,
    });
    zstack.tables.add(Table::Subscriptions, row);
    zstack.inventory(Table::Subscriptions, &uuid, &[])
}

pub(super) fn add_action(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    let uuid = args.path("uuid");
    zstack.check_form(Table::Subscriptions, uuid)?;
    let asked = json!({"actionUuid": args.text("actionUuid"), "actionType": args.text("actionType")});
    let mut action = zstack.check_action(who, &asked)?;
    let row = zstack.own(Table::Subscriptions, uuid, who)?;
    if has_action(row, args.text("actionUuid").unwrap_or_default()) {
        return Err(Refusal::argument("the action is already attached"));
    }
    action["subscriptionUuid"] = uuid.into();
    if let Some(actions) = row.entry("actions").or_insert_with(|| json!([])).as_array_mut() {
        actions.push(action);
    }
    zstack.inventory(Table::Subscriptions, uuid, &[])
}

pub(super) fn remove_action(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    let (uuid, topic) = (args.path("subscriptionUuid"), args.path("actionUuid"));
    zstack.check_form(Table::Subscriptions, uuid)?;
    topics::remove_action(zstack.own(Table::Subscriptions, uuid, who)?, topic);
    zstack.inventory(Table::Subscriptions, uuid, &[])
}

pub(super) const UPDATE: &[Param] =
    &[Param::optional("name", Kind::Text(255)), Param::optional("emergencyLevel", LEVEL)];

pub(super) fn update(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    let uuid = args.path("uuid");
    zstack.check_form(Table::Subscriptions, uuid)?;
    let row = zstack.own(Table::Subscriptions, uuid, who)?;
    for param in UPDATE {
        if let Some(value) = args.get(param.name) {
            row.insert(param.name.to_owned(), value.clone());
        }
    }
    row.insert("lastOpDate".to_owned(), clock::now().into());
    zstack.inventory(Table::Subscriptions, uuid, &[])
}

pub(super) const STATE: &[Param] = &[Param::required("state", Kind::OneOf(&["Enabled", "Disabled"]))];

pub(super) fn change_state(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    let uuid = args.path("uuid");
    zstack.check_form(Table::Subscriptions, uuid)?;
    let row = zstack.own(Table::Subscriptions, uuid, who)?;
    row.insert("state".to_owned(), args.text("state").into());
    zstack.inventory(Table::Subscriptions, uuid, &[])
}

pub(super) fn unsubscribe(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    let uuid = args.path("uuid");
    zstack.check_form(Table::Subscriptions, uuid)?;
    zstack.own(Table::Subscriptions, uuid, who)?;
    zstack.tables.remove(Table::Subscriptions, uuid);
    Ok(json!({}))
}

/// Which events this version knows.
pub(super) fn metadata(zstack: &ZStack, _: &Who, args: &Args) -> Result<Result<Value, Refusal>, String> {
    let (mut namespace, mut name) = (None, None);
    for (parameter, value) in args.query() {
        match parameter.as_str() {
            "namespace" => namespace = Some(value),
            "name" => name = Some(value),
            _ => return Err(format!("the stand-in knows no parameter {parameter} of this call")),
        }
    }
    let known = events::known(zstack.options.cloud).filter(|(it, event)| {
        namespace.is_none_or(|wanted| wanted == it) && name.is_none_or(|wanted| *wanted == event.name)
    });
    let events: Vec<Value> = known
        .map(|(namespace, event)| {
            json!({
                "namespace": namespace,
                "name": event.name,
                "description": event.en,
                "labelNames": event.labels,
            })
        })
        .collect();
    Ok(Ok(json!({"events": events})))
}
