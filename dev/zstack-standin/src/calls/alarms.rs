//! Resource alarms.

use serde_json::{Value, json};

use crate::access::Who;
use crate::args::{Args, Kind, Param};
use crate::calls::topics;
use crate::calls::{LEVEL, OPERATOR};
use crate::refusal::Refusal;
use crate::tables::{Table, has_action, text};
use crate::world::{DATA_FOLDER_ALARM, SYSTEM_TOPIC};
use crate::zstack::ZStack;
use crate::{clock, ids, messages};

impl ZStack {
    /// `ZSphere` refuses a UUID of an odd form in every call that changes something, Cloud only where no such rule
    /// exists.
    pub(super) fn check_form(&self, table: Table, uuid: &str) -> Result<(), Refusal> {
        let exists = self.tables.find(table, uuid).is_some();
        if ids::is_regular(uuid) || (self.options.cloud && exists) {
            Ok(())
        } else {
            Err(Refusal::new("SYS.1003", format!("invalid value {uuid}: a uuid is needed")))
        }
    }

    /// A topic that becomes an action.
    pub(super) fn check_action(&self, who: &Who, action: &Value) -> Result<Value, Refusal> {
        let topic = action["actionUuid"].as_str().unwrap_or_default();
        if action["actionType"] != "sns" {
            return Err(Refusal::argument("unknown actionType"));
        }
        let seen = self.seen(Table::Topics, who).any(|it| text(it, "uuid") == Some(topic));
        // The system topic is everybody's: inferred from the advice to use it for own rules.
        if seen || topic == SYSTEM_TOPIC {
            Ok(json!({"actionUuid": topic, "actionType": "sns"}))
        } else {
            Err(Refusal::argument(format!("there is no topic {topic}")))
        }
    }
}

pub(super) fn add_action(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    let uuid = args.path("uuid");
    zstack.check_form(Table::Alarms, uuid)?;
    let asked = json!({"actionUuid": args.text("actionUuid"), "actionType": args.text("actionType")});
    let mut action = zstack.check_action(who, &asked)?;
    let row = zstack.own(Table::Alarms, uuid, who)?;
    if has_action(row, args.text("actionUuid").unwrap_or_default()) {
        return Err(Refusal::new("SYS.1006", "duplicated action"));
    }
    action["alarmUuid"] = uuid.into();
    if let Some(actions) = row.entry("actions").or_insert_with(|| json!([])).as_array_mut() {
        actions.push(action);
    }
    zstack.inventory(Table::Alarms, uuid, &[])
}

pub(super) fn remove_action(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    let (uuid, topic) = (args.path("alarmUuid"), args.path("actionUuid"));
    zstack.check_form(Table::Alarms, uuid)?;
    if (uuid, topic) == (DATA_FOLDER_ALARM, SYSTEM_TOPIC) {
        return Err(Refusal::new("SYS.1006", "the system topic of this alarm cannot be removed"));
    }
    topics::remove_action(zstack.own(Table::Alarms, uuid, who)?, topic);
    zstack.inventory(Table::Alarms, uuid, &[])
}

pub(super) const UPDATE: &[Param] = &[
    Param::optional("name", Kind::Text(255)),
    Param::optional("description", Kind::Text(2047)),
    Param::optional("comparisonOperator", OPERATOR),
    Param::optional("period", Kind::Integer),
    Param::optional("threshold", Kind::Number),
    Param::optional("repeatInterval", Kind::Integer),
    Param::optional("repeatCount", Kind::Integer),
    Param::optional("enableRecovery", Kind::Boolean),
    Param::optional("emergencyLevel", LEVEL),
    Param::optional("actions", Kind::Objects),
];

/// A change of one of these reloads the rule, and everything that it has in problem is told again. ZStack takes about
/// one `period` for it, the stand-in none.
const RELOADING: [&str; 6] =
    ["comparisonOperator", "period", "threshold", "repeatInterval", "repeatCount", "enableRecovery"];

/// `actions` replaces all actions.
pub(super) fn update(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    let uuid = args.path("uuid");
    zstack.check_form(Table::Alarms, uuid)?;
    let below = |name, least| args.get(name).and_then(Value::as_i64).is_some_and(|it| it < least);
    for (name, least) in [("period", 1), ("repeatInterval", 1), ("repeatCount", -1)] {
        if below(name, least) {
            return Err(Refusal::argument(format!("{name} must be at least {least}")));
        }
    }
    let mut actions = None;
    if let Some(asked) = args.get("actions").and_then(Value::as_array) {
        let mut checked = Vec::new();
        for it in asked {
            let mut action = zstack.check_action(who, it)?;
            action["alarmUuid"] = uuid.into();
            checked.push(action);
        }
        actions = Some(Value::Array(checked));
    }
    let row = zstack.own(Table::Alarms, uuid, who)?;
    for param in UPDATE {
        let value = if param.name == "actions" { actions.take() } else { args.get(param.name).cloned() };
        if let Some(value) = value {
            row.insert(param.name.to_owned(), value);
        }
    }
    row.insert("lastOpDate".to_owned(), clock::now().into());
    if RELOADING.iter().any(|it| args.get(it).is_some()) {
        let told = messages::repeat_alarm(zstack, uuid);
        // An error is a resource that was deleted meanwhile.
        zstack.told.extend(told);
    }
    zstack.inventory(Table::Alarms, uuid, &[])
}

pub(super) fn change_state(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    zstack.check_form(Table::Alarms, args.path("uuid"))?;
    zstack.switch(Table::Alarms, args, who)
}
