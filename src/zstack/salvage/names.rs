//! Finds names in a text with broken JSON.

use crate::zstack::fields::Text;

/// A name in a text, with the place of its value.
pub(super) struct Found<'a> {
    pub(super) name: Text<'a>,
    /// Where the name begins.
    pub(super) start: usize,
    /// Where its value begins.
    pub(super) value: usize,
    /// Whether the name has no quotation marks around it. Then its value is not JSON.
    pub(super) is_bare: bool,
}

/// Every `"name":` in a text.
pub(super) fn member_names(text: &str) -> impl Iterator<Item = Found<'_>> {
    memchr::memchr_iter(b'"', text.as_bytes()).filter_map(|start| {
        let (name, rest) = text[start + 1..].split_once('"')?;
        let value = rest.trim_start().strip_prefix(':')?;
        Some(Found { name: name.into(), start, value: text.len() - value.len(), is_bare: false })
    })
}

/// Every place where the name of a label stands before a value. The name must be at the beginning of the text or of a
/// line, or behind an opening bracket or a separator.
pub(super) fn label_names<'a>(text: &'a str, name: &str) -> Vec<Found<'a>> {
    let found = text.match_indices(name).filter_map(|(at, name)| {
        let before = &text[..at];
        let is_bare = !before.ends_with('"');
        let before = before.strip_suffix('"').unwrap_or(before);
        let begins =
            before.trim_end_matches([' ', '\t']).chars().next_back().is_none_or(|c| "[{,;|>，；\n\r".contains(c));
        let behind = &text[at + name.len()..];
        let behind = behind.strip_prefix('"').unwrap_or(behind).trim_start_matches([' ', '\t']);
        let value = behind.strip_prefix([':', '=', '：']).filter(|_| begins)?;
        Some(Found { name: name.into(), start: before.len(), value: text.len() - value.len(), is_bare })
    });
    found.collect()
}
