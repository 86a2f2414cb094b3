//! Where parsing JSON stops.

use std::iter::once;

use serde_json::value::RawValue;
use zstack_flashduty::zstack::Fields;

/// Where parsing JSON stopped, and why.
#[derive(Debug)]
pub(super) struct Stop {
    /// The offset in bytes of the character at which it stopped.
    pub(super) at: usize,
    /// Whether the text ended before the JSON did.
    pub(super) is_end: bool,
    /// Whether an escape is invalid.
    pub(super) is_escape: bool,
}

impl Stop {
    /// `None` if the text is JSON.
    pub(super) fn of(text: &str) -> Option<Self> {
        // Parsed from a reader: for a slice, serde_json's column includes the unexpected character only sometimes.
        let error = match serde_json::from_reader::<_, Box<RawValue>>(text.as_bytes()) {
            Err(error) => error,
            // `RawValue` accepts half a surrogate pair in a member's name, the relay does not.
            Ok(_) => serde_json::from_str::<Fields<'_>>(text).err().filter(|error| !error.is_data())?,
        };
        if error.is_eof() {
            return Some(Self { at: text.len(), is_end: true, is_escape: false });
        }
        // The column counts the bytes read in this line, including the first byte of the unexpected character. If that
        // character is a line break, the column is 0 in the next line.
        let lines = once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1));
        let line_start = lines.take(error.line()).last().unwrap_or_default();
        let read = (line_start + error.column()).min(text.len());
        let at = text.floor_char_boundary(read.saturating_sub(1));
        // serde_json reports the kind of a syntax error only in its message.
        Some(Self { at, is_end: false, is_escape: error.to_string().contains("escape") })
    }

    /// The offset at which parsing stops, or `usize::MAX` if the text is JSON.
    pub(super) fn reached(text: &str) -> usize {
        Self::of(text).map_or(usize::MAX, |stop| stop.at)
    }
}
