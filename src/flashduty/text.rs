//! Cutting text to a limit.

use std::borrow::Cow;

/// `text` with at most `limit` characters; where it must be cut, `…` says so.
///
/// Flashduty's limits are in characters, and a cut inside one would not be text any more.
#[must_use]
pub fn shorten(text: &str, limit: usize) -> Cow<'_, str> {
    // No text has more characters than bytes, so most need no counting.
    if text.len() <= limit || text.chars().count() <= limit {
        return Cow::Borrowed(text);
    }
    let mut short: String = text.chars().take(limit.saturating_sub(1)).collect();
    short.push('…');
    Cow::Owned(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_between_characters() {
        assert_eq!(shorten("磁盘已满", 4), "磁盘已满");
        assert_eq!(shorten("磁盘已满了", 4), "磁盘已…");
        assert_eq!(shorten("", 4), "");
    }
}
