//! Facts: the list of names and values that ZStack's console fills into a message template for webhooks. ZStack's own
//! templates for Feishu and Teams print the same list (`docs/protocols/zstack.md`, "Facts").
//!
//! The names are in the language that the console had when the template was saved, the values in the server's. No fact
//! holds the status: the head of the list, or the name of its condition, distinguishes an alarm from a recovery.

mod condition;
mod message;
mod names;
mod title;

use serde_json::value::RawValue;

use super::fields::{Fields, Members, Text, Value, text};

pub(super) use message::message;
pub(super) use names::may_repeat;
pub use names::{is_condition, tells_kind};

/// The facts in the JSON of an object, by name, in their order. An item that is not a fact has an empty name.
///
/// None if `json` is not an object, or has no list of facts.
#[must_use]
pub fn facts(json: &str) -> Option<Members<'_>> {
    let Fields(members) = serde_json::from_str(json).ok()?;
    of_object(&members.into_iter().map(|(name, value)| (name, Value::Json(value))).collect())
}

/// [`facts`] of an object that is already read.
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

/// One item of the list. An item that is not a fact becomes a value without a name.
fn fact(item: &RawValue) -> (Text<'_>, Value<'_>) {
    let Ok(Fields(members)) = serde_json::from_str(item.get()) else { return ("".into(), Value::Json(item)) };
    let member = |wanted: &str| members.iter().find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
    match (member("name"), member("value")) {
        (Some((_, name)), Some((_, value))) => (text(name), Value::Json(value)),
        (Some((_, name)), None) => (text(name), Value::Text("".into())),
        _ => ("".into(), Value::Json(item)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
