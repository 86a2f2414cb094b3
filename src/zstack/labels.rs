//! What stands where ZStack puts labels, however a message template prints it.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::fields::{Fields, Text, Value, clean, text};
use super::salvage;

/// A label's name and value; the name is empty where it has none.
pub type Label<'a> = (Text<'a>, Text<'a>);

/// ZStack's own memory of which resources it has told already. It grows with every message, and says nothing to
/// people (`docs/protocols/zstack.md`, "Resource alarm").
const EXCLUDED: &str = "ALARM_EXCLUDE_RESOURCE_LABEL";

/// The operators of an alarm's labels (`docs/protocols/zstack.md`, "Variables").
const OPERATORS: [&str; 5] = ["Equal", "NotEqual", "Regex", "RegexAgainst", "Filter"];

/// The labels of an event, sorted by name, since Gson's order may differ from one message to the next. `names`
/// are those that the event is known to have.
///
/// An object gives its members, and so does a text that holds one. Any other text, and a list of texts, is taken
/// apart at the names; where that fails, each text is one label without a name.
pub(super) fn of_event<'a>(value: &Value<'a>, names: &[&str]) -> Vec<Label<'a>> {
    let mut labels = match value {
        Value::Json(json) if json.get().starts_with('{') => object(json.get()).unwrap_or_default(),
        Value::Json(json) if json.get().starts_with('[') => lines(items(json), names),
        _ => match value.text() {
            Cow::Borrowed(text) => of_text(text, names),
            Cow::Owned(text) => of_text(&text, names).into_iter().map(owned).collect(),
        },
    };
    finish(&mut labels);
    labels
}

/// The labels of an alarm, `key operator value` each, or name and value where they came as an object.
pub(super) fn of_alarm<'a>(value: &Value<'a>) -> Vec<Label<'a>> {
    let mut labels = match value {
        Value::Json(json) if json.get().starts_with('{') => object(json.get()).unwrap_or_default(),
        Value::Json(json) if json.get().starts_with('[') => items(json).into_iter().map(unnamed).collect(),
        _ => match value.text() {
            Cow::Borrowed(text) => conditions(text),
            Cow::Owned(text) => conditions(&text).into_iter().map(owned).collect(),
        },
    };
    labels.retain(|(name, _)| !name.starts_with(EXCLUDED));
    for (_, value) in &mut labels {
        // However it is separated from what stands in front of it. Most values have no such letter at all.
        if memchr::memchr(b'X', value.as_bytes()).is_some()
            && let Some(at) = value.find(EXCLUDED)
        {
            let kept = value[..at].trim_end_matches("<br>").trim_end_matches([' ', ',', ';', '|', '\n']).len();
            *value = value[..kept].to_owned().into();
        }
    }
    finish(&mut labels);
    labels
}

fn finish(labels: &mut Vec<Label<'_>>) {
    labels.retain(|(_, value)| !value.is_empty());
    labels.sort();
}

/// The members of an object, if `json` is one.
fn object(json: &str) -> Option<Vec<Label<'_>>> {
    let Fields(members) = serde_json::from_str(json).ok()?;
    Some(members.into_iter().map(|(name, value)| (name, text(value))).collect())
}

fn items(json: &RawValue) -> Vec<Text<'_>> {
    let items: Vec<&RawValue> = serde_json::from_str(json.get()).unwrap_or_default();
    items.into_iter().map(text).collect()
}

fn of_text<'a>(text: &'a str, names: &[&str]) -> Vec<Label<'a>> {
    if let Some(members) = text.starts_with('{').then(|| object(text)).flatten() {
        return members;
    }
    salvage::labels(text, names).unwrap_or_else(|| vec![unnamed(text.into())])
}

/// Labels out of a list, one or more of them in each item.
fn lines<'a>(items: Vec<Text<'a>>, names: &[&str]) -> Vec<Label<'a>> {
    let apart = |item: Text<'a>| match item {
        Cow::Borrowed(text) => of_text(text, names),
        Cow::Owned(text) => of_text(&text, names).into_iter().map(owned).collect(),
    };
    items.into_iter().flat_map(apart).collect()
}

/// `[key operator value, key operator value]`, with or without the brackets, and with quotation marks or without; or a
/// JSON text with names and values. A comma, a semicolon or a line break may stand in a value: only where a name and an
/// operator follow, another label begins.
fn conditions(text: &str) -> Vec<Label<'_>> {
    if let Some(members) = text.starts_with('{').then(|| object(text)).flatten() {
        return members;
    }
    let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let mut labels = Vec::new();
    let mut start = 0;
    for (end, _) in text.match_indices([',', ';', '\n']) {
        if begins_condition(&text[end + 1..]) {
            labels.push(&text[start..end]);
            start = end + 1;
        }
    }
    labels.push(&text[start..]);
    labels.into_iter().map(|label| unnamed(clean(label.trim().trim_matches('"')).into())).collect()
}

fn begins_condition(text: &str) -> bool {
    // Not beyond the next separator, from where the look begins anew.
    let text = text.trim_start_matches([' ', '\t', '\r', '"']);
    let behind = text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let operator = behind.strip_prefix(' ').filter(|_| behind.len() < text.len());
    operator.is_some_and(|text| {
        OPERATORS.iter().any(|operator| text.strip_prefix(operator).is_some_and(|rest| rest.starts_with(' ')))
    })
}

fn unnamed(value: Text<'_>) -> Label<'_> {
    (Cow::Borrowed(""), value)
}

fn owned<'a>((name, value): Label<'_>) -> Label<'a> {
    (Cow::Owned(name.into_owned()), Cow::Owned(value.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Value<'_> {
        Value::Json(serde_json::from_str(text).unwrap())
    }

    fn told(labels: Vec<Label<'_>>) -> Vec<String> {
        labels
            .into_iter()
            .map(|(name, value)| if name.is_empty() { value.into() } else { format!("{name}={value}") })
            .collect()
    }

    #[test]
    fn zstacks_own_memory_is_no_label_however_it_is_printed() {
        for (value, expected) in [
            (r#"["HostUuid Equal 1f2e","ALARM_EXCLUDE_RESOURCE_LABEL Equal 2e|3f"]"#, "HostUuid Equal 1f2e"),
            (r#"["ALARM_EXCLUDE_RESOURCE_LABEL Filter 2e|3f","HostUuid Equal 1f2e"]"#, "HostUuid Equal 1f2e"),
            (r#"{"ALARM_EXCLUDE_RESOURCE_LABEL":"2e|3f","HostUuid":"1f2e"}"#, "HostUuid=1f2e"),
            // A text: with and without brackets, as JSON, between other separators.
            (r#""[HostUuid Equal 1f2e, ALARM_EXCLUDE_RESOURCE_LABEL Equal 2e|3f]""#, "HostUuid Equal 1f2e"),
            (r#""ALARM_EXCLUDE_RESOURCE_LABEL Equal 2e|3f,HostUuid Equal 1f2e""#, "HostUuid Equal 1f2e"),
            (r#""HostUuid Equal 1f2e; ALARM_EXCLUDE_RESOURCE_LABEL Equal 2e|3f""#, "HostUuid Equal 1f2e"),
            (r#""HostUuid Equal 1f2e | ALARM_EXCLUDE_RESOURCE_LABEL Equal 2e|3f""#, "HostUuid Equal 1f2e"),
            (r#""HostUuid Equal 1f2e<br>ALARM_EXCLUDE_RESOURCE_LABEL Equal 2e|3f""#, "HostUuid Equal 1f2e"),
            (r#""HostUuid Equal 1f2e\nALARM_EXCLUDE_RESOURCE_LABEL Equal 2e|3f""#, "HostUuid Equal 1f2e"),
            (r#""[\"HostUuid Equal 1f2e\",\"ALARM_EXCLUDE_RESOURCE_LABEL Equal 2e|3f\"]""#, "HostUuid Equal 1f2e"),
            (r#""{\"HostUuid\":\"1f2e\",\"ALARM_EXCLUDE_RESOURCE_LABEL\":\"2e|3f\"}""#, "HostUuid=1f2e"),
        ] {
            assert_eq!(told(of_alarm(&json(value))), [expected], "{value}");
        }
        assert!(of_alarm(&json(r#""ALARM_EXCLUDE_RESOURCE_LABEL Equal 2e|3f""#)).is_empty());
    }

    #[test]
    fn what_separates_conditions_may_stand_in_a_value() {
        for (value, expected) in [
            ("[Name Regex a,b|c, HostUuid Equal 1f2e]", &["HostUuid Equal 1f2e", "Name Regex a,b|c"][..]),
            ("Name Regex a, b Equal, HostUuid NotEqual 1", &["HostUuid NotEqual 1", "Name Regex a, b Equal"]),
            ("Name Regex a; b,Disk RegexAgainst sd[a,b]", &["Disk RegexAgainst sd[a,b]", "Name Regex a; b"]),
            ("Name Regex [a]", &["Name Regex [a]"]),
            ("a, b", &["a, b"]),
            ("[]", &[]),
        ] {
            assert_eq!(told(of_alarm(&Value::Text(value.into()))), expected, "{value}");
        }
    }

    #[test]
    fn an_events_labels_are_sorted_and_say_something() {
        let names = ["Name", "NewStatus", "Details"];
        for value in [
            r#"{"NewStatus":"down","Name":"a, b: c","Details":"None"}"#,
            r#""{\"NewStatus\":\"down\",\"Name\":\"a, b: c\",\"Details\":null}""#,
            r#""[NewStatus:down, Details:null, Name:a, b: c]""#,
            r#"["NewStatus: down","Name: a, b: c","Details: -"]"#,
            r#""Name = a, b: c, NewStatus = down, Details = -""#,
        ] {
            assert_eq!(told(of_event(&json(value), &names)), ["Name=a, b: c", "NewStatus=down"], "{value}");
        }
        assert_eq!(told(of_event(&json(r#"["a: b", "c"]"#), &names)), ["a: b", "c"]);
        assert_eq!(told(of_event(&json("[]"), &names)), [""; 0]);
    }
}
