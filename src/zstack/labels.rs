//! Reads the labels of an alarm or an event, in all the forms in which a message template may print them.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::fields::{Fields, Text, Value, clean, text};
use super::salvage;

/// A label's name and value. A label that is only a text has an empty name.
pub type Label<'a> = (Text<'a>, Text<'a>);

/// A label for ZStack's own use: the resources that ZStack has reported often enough. The list grows, and it means nothing
/// to people (`docs/protocols/zstack.md`, "Resource alarm").
const EXCLUDED: &str = "ALARM_EXCLUDE_RESOURCE_LABEL";

/// The operators of an alarm's labels (`docs/protocols/zstack.md`, "Variables").
const OPERATORS: [&str; 5] = ["Equal", "NotEqual", "Regex", "RegexAgainst", "Filter"];

/// The labels of an event, sorted by name, because their order may differ from one message to the next. `names` are the
/// labels that this event is known to have.
///
/// The members of an object become labels, also if the object is inside a string. Any other text is split at `names`. If
/// that fails, the whole text is one label without a name. In a list, each item is a text of its own.
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

/// The labels of an alarm. Each has the form `key operator value` and no name. If they come as an object, they have names.
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
        // EXCLUDED may also be at the end of another label, behind any separator. Most values have no `X` at all.
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

/// The labels in the items of a list. An item may hold several.
fn lines<'a>(items: Vec<Text<'a>>, names: &[&str]) -> Vec<Label<'a>> {
    let apart = |item: Text<'a>| match item {
        Cow::Borrowed(text) => of_text(text, names),
        Cow::Owned(text) => of_text(&text, names).into_iter().map(owned).collect(),
    };
    items.into_iter().flat_map(apart).collect()
}

/// Reads `[key operator value, key operator value]`, with or without brackets and quotation marks, or a string that holds
/// an object. A value may contain a comma, a semicolon or a line break. They end a label only if a name and an operator
/// follow.
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
    // This reads only up to the next separator, so all calls together read the text once.
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

    fn texts(labels: Vec<Label<'_>>) -> Vec<String> {
        labels
            .into_iter()
            .map(|(name, value)| if name.is_empty() { value.into() } else { format!("{name}={value}") })
            .collect()
    }

    #[test]
    fn the_list_of_reported_resources_is_no_label_however_it_is_printed() {
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
            assert_eq!(texts(of_alarm(&json(value))), [expected], "{value}");
        }
        assert!(of_alarm(&json(r#""ALARM_EXCLUDE_RESOURCE_LABEL Equal 2e|3f""#)).is_empty());
    }

    #[test]
    fn a_value_may_contain_a_separator() {
        for (value, expected) in [
            ("[Name Regex a,b|c, HostUuid Equal 1f2e]", &["HostUuid Equal 1f2e", "Name Regex a,b|c"][..]),
            ("Name Regex a, b Equal, HostUuid NotEqual 1", &["HostUuid NotEqual 1", "Name Regex a, b Equal"]),
            ("Name Regex a; b,Disk RegexAgainst sd[a,b]", &["Disk RegexAgainst sd[a,b]", "Name Regex a; b"]),
            ("Name Regex [a]", &["Name Regex [a]"]),
            ("a, b", &["a, b"]),
            ("[]", &[]),
        ] {
            assert_eq!(texts(of_alarm(&Value::Text(value.into()))), expected, "{value}");
        }
    }

    #[test]
    fn an_events_labels_are_sorted_and_not_empty() {
        let names = ["Name", "NewStatus", "Details"];
        for value in [
            r#"{"NewStatus":"down","Name":"a, b: c","Details":"None"}"#,
            r#""{\"NewStatus\":\"down\",\"Name\":\"a, b: c\",\"Details\":null}""#,
            r#""[NewStatus:down, Details:null, Name:a, b: c]""#,
            r#"["NewStatus: down","Name: a, b: c","Details: -"]"#,
            r#""Name = a, b: c, NewStatus = down, Details = -""#,
        ] {
            assert_eq!(texts(of_event(&json(value), &names)), ["Name=a, b: c", "NewStatus=down"], "{value}");
        }
        assert_eq!(texts(of_event(&json(r#"["a: b", "c"]"#), &names)), ["a: b", "c"]);
        assert_eq!(texts(of_event(&json("[]"), &names)), [""; 0]);
    }
}
