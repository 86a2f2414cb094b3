//! Cuts text to a limit.

use std::borrow::Cow;

/// `text` with at most `limit` characters, borrowed if it already fits. A text that is cut ends with `…`.
///
/// Flashduty's limits are in characters. A cut inside a character would not be valid text.
#[must_use]
pub(crate) fn shorten(text: &str, limit: usize) -> Cow<'_, str> {
    // A text never has more characters than bytes, so the characters of most texts need not be counted.
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
