//! Reads JSON leniently: an object becomes the list of its members, and any value becomes text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A text of a message, borrowed if possible. It is empty if ZStack does not send or does not know it.
pub type Text<'a> = Cow<'a, str>;

/// The members of a JSON object in their order, with names that repeat. The values are not parsed.
pub struct Fields<'a>(pub Vec<(Text<'a>, &'a RawValue)>);

/// A string that is borrowed if it has no escapes. Serde reads a plain `Cow` as a copy always.
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

/// The content of a JSON string without escapes.
fn unescaped(json: &str) -> Option<&str> {
    let content = json.strip_prefix('"')?.strip_suffix('"')?;
    (!content.contains('\\')).then_some(content)
}

/// Names with their values, in their order in the message.
pub type Members<'a> = Vec<(Text<'a>, Value<'a>)>;

/// A field's value.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// Any JSON value.
    Json(&'a RawValue),
    /// A text from broken JSON, or a part of another value.
    Text(Text<'a>),
}

impl<'a> Value<'a> {
    /// The value as text: a string's content, any other JSON as it is written. It is empty if [`clean`] empties it.
    #[must_use]
    pub fn text(&self) -> Text<'a> {
        match self {
            Self::Json(json) => text(json),
            Self::Text(text) => cleaned(text.clone()),
        }
    }
}

/// [`Value::text`] of a JSON value.
#[must_use]
pub(super) fn text(value: &RawValue) -> Text<'_> {
    let json = value.get();
    let text = if json.starts_with('"') {
        match unescaped(json) {
            Some(content) => Cow::Borrowed(content),
            // A string with half a surrogate pair is not valid text. It is shown as it is written.
            None => string(json).unwrap_or(Cow::Borrowed(json)),
        }
    } else {
        Cow::Borrowed(json)
    };
    cleaned(text)
}

/// `text` without white space around it. The result is empty if the whole text means "unknown" or "nothing": ZStack's
/// `-`, and `null`, `None`, `[]`, `[:]` and `{}`, as JSON, Java, Groovy and Python print missing or empty values.
#[must_use]
pub fn clean(text: &str) -> &str {
    let text = text.trim();
    // Most texts are longer, and are not compared.
    if text.len() <= 4 && matches!(text, "-" | "null" | "None" | "[]" | "[:]" | "{}") { "" } else { text }
}

fn cleaned(text: Text<'_>) -> Text<'_> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(clean(text)),
        Cow::Owned(text) if clean(&text).len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(clean(&text).to_owned()),
    }
}
