//! Messages in the shape of a default template. Only `${NAME}` is filled, and the server's language is English.

use serde_json::{Map, Value};

use crate::clock;
use crate::tables::{Table, member, text};
use crate::zstack::ZStack;

/// What is sent instead of the plain message; none if ZStack fails and sends nothing.
pub(super) fn body(zstack: &ZStack, plain: Map<String, Value>) -> Option<String> {
    let (kind, recovery) = match plain.get("EVENT_NAME").and_then(Value::as_str) {
        // Third-party alerts never use a template.
        Some("ThirdpartyAlert") => return Some(Value::Object(plain).to_string()),
        Some(_) => ("event", false),
        None => ("alarm", plain.get("ALARM_CURRENT_STATUS").is_some_and(|it| it == "OK")),
    };
    let template = zstack.tables.rows(Table::Templates).iter().find(|it| {
        member(it, "defaultTemplate") == true
            && text(it, "applicationPlatformType") == Some("HTTP")
            && text(it, "type").is_some_and(|it| it.eq_ignore_ascii_case(kind))
    });
    let Some(template) = template else { return Some(Value::Object(plain).to_string()) };
    let written = text(template, if recovery { "recoveryTemplate" } else { "template" })?;
    // The backslashes of an alarm's template are taken out.
    let written = if kind == "alarm" { written.replace('\\', "") } else { written.to_owned() };
    fill(&written, &plain, zstack)
}

fn fill(template: &str, values: &Map<String, Value>, zstack: &ZStack) -> Option<String> {
    let (mut filled, mut rest) = (String::new(), template);
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}')?;
        filled.push_str(before);
        filled.push_str(&match values.get(name) {
            Some(Value::Number(millis)) if name == "ALARM_TIME" => {
                clock::short(millis.as_i64().unwrap_or_default(), zstack.options.zone)
            }
            Some(value) => printed(value),
            // Only this one may be not defined; the others are null.
            None if name == "ALARM_RESOURCE_TYPE" => return None,
            None => "null".to_owned(),
        });
        rest = after;
    }
    Some(filled + rest)
}

/// As Groovy prints it.
fn printed(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(printed).collect::<Vec<_>>().join(", ")),
        Value::Object(members) if members.is_empty() => "[:]".to_owned(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{name}:{}", printed(value)));
            format!("[{}]", members.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
