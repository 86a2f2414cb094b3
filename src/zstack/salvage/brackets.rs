//! The brackets around members in a text with broken JSON.

use std::ops::Range;

use serde::de::IgnoredAny;

use super::names::member_names;
use super::values::string_in;

/// Whether a text is complete: everything that is opened before the first name is closed behind the last one. A text
/// that is cut off is not read, because the part that is missing may change its meaning.
pub(super) fn is_complete(text: &str, behind_last: &str, closers: &[char]) -> bool {
    let end = closers.iter().try_fold(text.trim_end(), |text, c| text.strip_suffix(*c).map(str::trim_end));
    let (opened, closed): (Vec<_>, Vec<_>) =
        brackets(behind_last).map(|(_, bracket)| bracket).partition(|bracket| "{[".contains(*bracket));
    let outermost = closers.first().is_none_or(|c| text.trim_end().ends_with(*c));
    end.is_some()
        || outermost && (closed.len() >= closers.len() + opened.len() || is_closed_by_json(behind_last, closers))
}

/// Whether JSON behind the last value closes everything that is open, and nothing else. Then an opening bracket in the
/// value, as in the name `:{`, opens nothing.
fn is_closed_by_json(behind_last: &str, closers: &[char]) -> bool {
    let Some(value) = string_in(behind_last) else { return false };
    let opened = closers.iter().map(|c| if *c == '}' { "{\"\":" } else { "[" });
    let whole: String = opened.chain(["\"\"", &behind_last[value.end + 1..]]).collect();
    serde_json::from_str::<IgnoredAny>(&whole).is_ok()
}

/// `text` without the characters of `frame` at its end, the first one being the last in the text, and without white space
/// around them. A character that is missing is skipped.
pub(super) fn without<'a>(text: &'a str, frame: &[char]) -> &'a str {
    frame.iter().fold(text.trim_end(), |text, c| text.strip_suffix(*c).unwrap_or(text).trim_end())
}

/// The brackets that would close what `text` leaves open, the outermost first.
pub(super) fn closers(text: &str) -> Vec<char> {
    let mut closers = Vec::new();
    let mut strings = strings(text).into_iter().peekable();
    for (at, bracket) in brackets(text) {
        while strings.next_if(|string| string.end <= at).is_some() {}
        if strings.peek().is_some_and(|string| string.contains(&at)) {
            continue;
        }
        match bracket {
            '{' => closers.push('}'),
            '[' => closers.push(']'),
            _ => {
                closers.pop_if(|closer| *closer == bracket);
            }
        }
    }
    closers
}

/// The strings that are values, as far as [`string_in`] reads them. The name of a value stands behind `{` or a comma.
fn strings(text: &str) -> Vec<Range<usize>> {
    let mut strings: Vec<Range<usize>> = Vec::new();
    for found in member_names(text) {
        let is_inside = strings.last().is_some_and(|string| found.start <= string.end);
        let is_name = !is_inside && text[..found.start].trim_end().ends_with(['{', ',']);
        if !is_name || !text[found.value..].trim_start().starts_with('"') {
            continue;
        }
        // A string behind this one has no end either.
        let Some(string) = string_in(&text[found.value..]) else { break };
        strings.push(found.value + string.start..found.value + string.end);
    }
    strings
}

/// The brackets of objects and lists with their places, without those inside a value. An opening bracket stands behind a
/// colon, a comma or `[`, and in front of a name or another opening bracket. A closing bracket stands in front of a comma
/// or another closing bracket.
fn brackets(text: &str) -> impl Iterator<Item = (usize, char)> {
    text.char_indices().filter(|(_, c)| "{}[]".contains(*c)).filter(|(at, bracket)| {
        let (at, bracket) = (*at, *bracket);
        let before = || text[..at].trim_end().chars().next_back();
        let behind = text[at + 1..].trim_start().chars().next();
        match bracket {
            '{' | '[' => before().is_none_or(|c| ":,[".contains(c)) && behind.is_none_or(|c| "\"{[".contains(c)),
            _ => behind.is_none_or(|c| ",}]".contains(c)),
        }
    })
}
