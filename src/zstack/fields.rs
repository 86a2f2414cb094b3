//! JSON read leniently: an object as the list of its members, any value as text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Text of a message; empty where ZStack did not say or did not know.
pub type Text<'a> = Cow<'a, str>;

/// The members of a JSON object, in the order they came, each value as it stands in the text.
pub struct Fields<'a>(pub Vec<(Text<'a>, &'a RawValue)>);

/// A string borrowed where it holds no escape; `Cow` alone would always copy.
#[derive(serde::Deserialize)]
struct Str<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(32);
                while let Some((Str(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Fields(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// The content of a JSON string, if `json` is one.
pub(super) fn string(json: &str) -> Option<Text<'_>> {
    serde_json::from_str(json).ok().map(|Str(text)| text)
}

/// The content of a JSON string that holds no escape: what stands between its quotation marks.
fn unescaped(json: &str) -> Option<&str> {
    let content = json.strip_prefix('"')?.strip_suffix('"')?;
    (!content.contains('\\')).then_some(content)
}

/// Any JSON value as text: a string's content, anything else as it was written.
///
/// White space around it is dropped. `null`, an empty value and ZStack's dash all mean that there is
/// nothing to say, so they are empty.
#[must_use]
pub fn text(value: &RawValue) -> Text<'_> {
    let json = value.get();
    let text = match json {
        "null" | "{}" | "[]" => Cow::Borrowed(""),
        _ if json.starts_with('"') => match unescaped(json) {
            Some(content) => Cow::Borrowed(content),
            // A string with half a surrogate pair is no valid text; show it as it was written.
            None => string(json).unwrap_or(Cow::Borrowed(json)),
        },
        _ => Cow::Borrowed(json),
    };
    cleaned(text)
}

/// `text` without white space around it; nothing where it is ZStack's dash for "unknown".
#[must_use]
pub fn clean(text: &str) -> &str {
    match text.trim() {
        "-" => "",
        text => text,
    }
}

fn cleaned(text: Text<'_>) -> Text<'_> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(clean(text)),
        Cow::Owned(text) if clean(&text).len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(clean(&text).to_owned()),
    }
}

/// Name and value pairs out of whatever stands where ZStack puts labels, sorted by name, since Gson's
/// order may differ from one message to the next.
///
/// An object gives its members. A list gives each of its items with an empty name. A string that
/// holds an object, as templates print it, is read like that object; any other value is one item.
pub(super) fn pairs(value: &RawValue) -> Vec<(Text<'_>, Text<'_>)> {
    let json = value.get();
    let mut pairs = if json.starts_with('{') {
        members(json)
    } else if json.starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
        items.into_iter().map(|item| (Cow::Borrowed(""), text(item))).collect()
    } else {
        match text(value) {
            Cow::Borrowed(text) if text.starts_with('{') => members(text),
            Cow::Owned(text) if text.starts_with('{') && serde_json::from_str::<Fields<'_>>(&text).is_ok() => {
                let own = |text: Text<'_>| Cow::Owned(text.into_owned());
                members(&text).into_iter().map(|(name, value)| (own(name), own(value))).collect()
            }
            text => vec![(Cow::Borrowed(""), text)],
        }
    };
    pairs.retain(|(_, value)| !value.is_empty());
    pairs.sort();
    pairs
}

fn members(json: &str) -> Vec<(Text<'_>, Text<'_>)> {
    match serde_json::from_str(json) {
        Ok(Fields(members)) => members.into_iter().map(|(name, value)| (name, text(value))).collect(),
        Err(_) => vec![(Cow::Borrowed(""), Cow::Borrowed(clean(json)))],
    }
}
