//! Reads values in a text with broken JSON.

use std::ops::Range;

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
    // A quotation mark directly behind a string belongs to it, as in `"a""b"`.
    if let Some((value, rest)) = json(text).filter(|(_, rest)| !rest.starts_with('"')) {
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
    let mut strings_may_end = true;
    let mut members = Members::new();
    loop {
        text = text.trim_start_matches(|c: char| c.is_whitespace() || "{}[],".contains(c));
        let Some(Found { name, value, .. }) = member_names(text).next().filter(|found| found.start == 0) else {
            return members;
        };
        text = &text[value..];
        let value = (tries > 0).then(|| json(text)).flatten();
        if let Some((value, rest)) = value.filter(|(_, rest)| may_follow(rest)) {
            members.push((name, Value::Json(value)));
            text = rest;
            continue;
        }
        // This value is broken as well, or it is an object or list around the next name.
        tries = tries.saturating_sub(1);
        let is_string = strings_may_end && text.trim_start().starts_with('"');
        let string = is_string.then(|| string_in(text)).flatten();
        // If one string has no end, no string behind it has one.
        strings_may_end &= string.is_some() || !is_string;
        let end = string.map_or(0, |string| string.end + 1);
        let next = member_names(text).find(|next| next.start >= end);
        let (value, rest) = text.split_at(next.map_or(text.len(), |next| next.start));
        if value.contains(char::is_alphanumeric) {
            members.push((name, bare(without(value, &[',']))));
        }
        text = rest;
    }
}

/// The string at the beginning of a text, without quotation marks and up to the first one that may be its end. The string
/// may be longer, but everything up to there belongs to it.
pub(super) fn string_in(text: &str) -> Option<Range<usize>> {
    let content = text.trim_start().strip_prefix('"')?;
    let start = text.len() - content.len();
    let mut quotes = memchr::memchr_iter(b'"', content.as_bytes());
    let end = quotes.find(|quote| may_follow(&content[quote + 1..]))?;
    Some(start..start + end)
}

/// Whether `rest` may stand behind a member's value. In an object, no bracket opens behind a comma.
fn may_follow(rest: &str) -> bool {
    let rest = rest.trim_start();
    match rest.strip_prefix(',') {
        Some(next) => !next.trim_start().starts_with(['{', '[']),
        None => rest.is_empty() || rest.starts_with(['}', ']']),
    }
}

/// The JSON value at the beginning of a text, and the rest of the text.
pub(super) fn json(text: &str) -> Option<(&RawValue, &str)> {
    let mut values = Deserializer::from_str(text).into_iter();
    let value = values.next()?.ok()?;
    Some((value, &text[values.byte_offset()..]))
}
