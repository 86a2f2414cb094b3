//! Reads values in a text with broken JSON.

use serde_json::Deserializer;
use serde_json::value::RawValue;

use super::brackets::without;
use super::names::{Found, member_names};
use crate::zstack::fields::{Members, Value};

/// After this many values that are not JSON, [`members_in`] reads all others as text. It may take reading to the end of
/// the text to find out that a value is not JSON, so a text with thousands of them would take too long.
const MAX_TRIES: usize = 32;

/// The first value in a text, and the members behind it if it is well-formed JSON. Otherwise the whole text is the
/// value, without the quotation marks around it.
pub(super) fn value_in(text: &str) -> (Value<'_>, Members<'_>) {
    let text = text.trim();
    if let Some((value, rest)) = json(text) {
        let beside = members_in(rest);
        if !beside.is_empty() || rest.chars().all(|c| c.is_whitespace() || "{}[],;".contains(c)) {
            return (Value::Json(value), beside);
        }
    }
    (bare(text), Members::new())
}

/// A value behind a name without quotation marks. Quotation marks around the whole value are removed, but only if there
/// are none inside it.
pub(super) fn printed(text: &str) -> Value<'_> {
    let text = text.trim();
    let within = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).filter(|text| !text.contains('"'));
    Value::Text(within.unwrap_or(text).into())
}

/// A text without the quotation marks around it.
fn bare(text: &str) -> Value<'_> {
    let text = text.trim();
    let text = text.strip_prefix('"').unwrap_or(text);
    Value::Text(text.strip_suffix('"').unwrap_or(text).into())
}

/// The members at the beginning of a text. Brackets and commas between them are ignored.
pub(super) fn members_in(mut text: &str) -> Members<'_> {
    let mut tries = MAX_TRIES;
    let mut members = Members::new();
    loop {
        text = text.trim_start_matches(|c: char| c.is_whitespace() || "{}[],".contains(c));
        let Some(Found { name, value, .. }) = member_names(text).next().filter(|found| found.start == 0) else {
            return members;
        };
        text = &text[value..];
        let ends = |rest: &str| rest.trim_start().chars().next().is_none_or(|c| ",}]".contains(c));
        let value = (tries > 0).then(|| json(text)).flatten();
        if let Some((value, rest)) = value.filter(|(_, rest)| ends(rest)) {
            members.push((name, Value::Json(value)));
            text = rest;
            continue;
        }
        tries = tries.saturating_sub(1);
        // This value is broken as well, or it is an object or list around the next name.
        let (value, rest) = text.split_at(member_names(text).next().map_or(text.len(), |next| next.start));
        if value.contains(char::is_alphanumeric) {
            members.push((name, bare(without(value, &[',']))));
        }
        text = rest;
    }
}

/// The JSON value at the beginning of a text, and the rest of the text.
pub(super) fn json(text: &str) -> Option<(&RawValue, &str)> {
    let mut values = Deserializer::from_str(text).into_iter();
    let value = values.next()?.ok()?;
    Some((value, &text[values.byte_offset()..]))
}
