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

/// Names with their values, in the order they came.
pub type Members<'a> = Vec<(Text<'a>, Value<'a>)>;

/// A field's value: as JSON, or as a text where a message is not JSON or says several things in one text.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// Any JSON.
    Json(&'a RawValue),
    /// A text.
    Text(Text<'a>),
}

impl<'a> Value<'a> {
    /// What it says, by [`text`] and [`clean`].
    #[must_use]
    pub fn text(&self) -> Text<'a> {
        match self {
            Self::Json(json) => text(json),
            Self::Text(text) => cleaned(text.clone()),
        }
    }
}

/// Any JSON value as text: a string's content, anything else as it was written.
///
/// White space around it is dropped. What says nothing (see [`clean`]) is empty.
#[must_use]
pub fn text(value: &RawValue) -> Text<'_> {
    let json = value.get();
    let text = if json.starts_with('"') {
        match unescaped(json) {
            Some(content) => Cow::Borrowed(content),
            // A string with half a surrogate pair is no valid text; show it as it was written.
            None => string(json).unwrap_or(Cow::Borrowed(json)),
        }
    } else {
        Cow::Borrowed(json)
    };
    cleaned(text)
}

/// `text` without white space around it; nothing where it says nothing as a whole: ZStack's dash for "unknown",
/// and how Java, Groovy, Python and JSON print what is not there or empty.
#[must_use]
pub fn clean(text: &str) -> &str {
    let text = text.trim();
    // Most are longer.
    if text.len() <= 4 && matches!(text, "-" | "null" | "None" | "[]" | "[:]" | "{}") { "" } else { text }
}

fn cleaned(text: Text<'_>) -> Text<'_> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(clean(text)),
        Cow::Owned(text) if clean(&text).len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(clean(&text).to_owned()),
    }
}
