//! Why a message could not be read, or not as JSON, and where reading it stopped.

use std::iter::once;

use serde::Serialize;
use serde_json::value::RawValue;
use zstack_flashduty::zstack::{Fields, Message, Reading};

/// What is wrong with a message, and where.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    /// Why, as the relay says it. Its columns are bytes.
    why: String,
    /// Whether this is JSON that is broken.
    broken: bool,
    /// Whether its values were found all the same, by their names.
    read: bool,
    /// The line where reading stopped, from 1.
    line: usize,
    /// The column, from 1, in characters.
    column: usize,
    /// The text before that place.
    before: String,
    /// The character at which reading stopped; empty at the end.
    at: String,
    /// The text after it.
    after: String,
    cause: Cause,
}

/// What people can do something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    /// A backslash within a string, without another `\` before it, began an escape that there is not, or kept a
    /// quotation mark from ending the string.
    Backslash,
    /// A quotation mark within a string, without `\` before it, ended the string early.
    Quote,
    /// A line break or another control character within a string.
    Control,
    /// The text ends before the JSON does.
    End,
    /// This was not meant to be JSON.
    NotJson,
    /// JSON, but without the fields of an alarm or an event.
    NoFields,
    /// Any other mistake.
    Other,
}

impl Problem {
    /// The problem of a message that cannot be read, or that was read although its JSON is broken.
    pub(crate) fn of(text: &str, reading: &Reading<'_>) -> Option<Self> {
        let (why, read) = match (&reading.broken, &reading.message) {
            (Some(place), _) => (place, true),
            (None, Message::Raw(raw)) => (&raw.why, false),
            (None, _) => return None,
        };
        let is_meant_as_json = read || text.trim_start().starts_with(['{', '[']);
        let stop = Stop::of(text);
        let (at, cause) = match &stop {
            _ if !is_meant_as_json => (text.len() - text.trim_start().len(), Cause::NotJson),
            None => (text.len(), Cause::NoFields),
            Some(stop) => (stop.at, cause(text, stop)),
        };
        let (before, rest) = text.split_at(at);
        let found = rest.chars().next().map_or(0, char::len_utf8);
        let (found, after) = rest.split_at(found);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Some(Self {
            why: why.clone(),
            broken: is_meant_as_json && stop.is_some(),
            read,
            line: 1 + before.matches('\n').count(),
            column: 1 + before[line_start..].chars().count(),
            before: before.to_owned(),
            at: found.to_owned(),
            after: after.to_owned(),
            cause,
        })
    }

    /// Whether this is JSON that is broken.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }
}

/// Where reading JSON stopped.
#[derive(Debug)]
struct Stop {
    /// The offset of the character at which it stopped.
    at: usize,
    /// Whether it stopped because there was no more text.
    is_end: bool,
    /// Whether what stands behind a backslash made it stop.
    is_escape: bool,
}

impl Stop {
    /// None where all of it is JSON.
    fn of(text: &str) -> Option<Self> {
        // From a slice, serde_json counts the character that it does not want in some places and not in others.
        let error = match serde_json::from_reader::<_, Box<RawValue>>(text.as_bytes()) {
            Err(error) => error,
            // A member's name must be text as well: no half of a surrogate pair.
            Ok(_) => serde_json::from_str::<Fields<'_>>(text).err().filter(|error| !error.is_data())?,
        };
        if error.is_eof() {
            return Some(Self { at: text.len(), is_end: true, is_escape: false });
        }
        // The bytes that were read of the line, the first one of the character that is not wanted included. Where
        // that is a line break, there are none of the next line.
        let lines = once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1));
        let line_start = lines.take(error.line()).last().unwrap_or_default();
        let read = (line_start + error.column()).min(text.len());
        let at = text.floor_char_boundary(read.saturating_sub(1));
        // Of the kind of a mistake, serde_json tells no more than this.
        Some(Self { at, is_end: false, is_escape: error.to_string().contains("escape") })
    }

    /// How far reading a text gets.
    fn reached(text: &str) -> usize {
        Self::of(text).map_or(usize::MAX, |stop| stop.at)
    }
}

fn cause(text: &str, stop: &Stop) -> Cause {
    if stop.is_escape || has_bare_backslash(text, stop) {
        Cause::Backslash
    } else if stop.is_end {
        Cause::End
    } else if is_control(text, stop) {
        Cause::Control
    } else if has_bare_quote(text, stop.at) {
        Cause::Quote
    } else {
        Cause::Other
    }
}

/// JSON has these characters outside strings only, as white space.
fn is_control(text: &str, stop: &Stop) -> bool {
    text[stop.at..].starts_with(|c: char| c < ' ')
}

/// Whether reading stopped because a backslash was the last character of a value, as in `"C:\"`, so that the quotation
/// mark behind it did not end the string.
///
/// With that backslash doubled, reading gets further: not only to the next thing behind the string.
fn has_bare_backslash(text: &str, stop: &Stop) -> bool {
    let Some(backslash) = text[..stop.at].rfind("\\\"") else { return false };
    let before = &text[..backslash];
    if (before.len() - before.trim_end_matches('\\').len()) % 2 == 1 {
        // The backslash itself is escaped, and the quotation mark is not.
        return false;
    }
    let rest = &text[stop.at..];
    let next = text.len() - rest.trim_start().len();
    // One byte more than the text has.
    Stop::reached(&format!("{before}\\{}", &text[backslash..])) > next + 1
}

/// Whether reading stopped at `at` because a quotation mark before it was meant to be part of its string.
///
/// Reading stops only behind such a mark. To tell it from other mistakes, such as a missing comma, the mark
/// is mended, and then, instead, the other mistakes are: whatever gets reading further was it.
fn has_bare_quote(text: &str, at: usize) -> bool {
    let (before, rest) = text.split_at(at);
    let Some(quote) = before.rfind('"') else { return false };
    let between = &before[quote + 1..];
    if between.contains(|c| !matches!(c, ' ' | '\t' | ',')) || between.contains(',') && begins_with_bare_name(rest) {
        return false;
    }
    let mended = format!(r"{}\{}", &text[..quote], &text[quote..]);
    let both = rest.starts_with('"') && between.is_empty();
    let with_both = both.then(|| Stop::reached(&format!(r#"{}\"\{rest}"#, &text[..quote])));
    let reached = match Stop::of(&mended) {
        None => usize::MAX,
        // The string does not end any more.
        Some(stop) if stop.is_end || is_control(&mended, &stop) => {
            return rest.starts_with(char::is_alphanumeric);
        }
        Some(stop) => stop.at,
    };
    let mut others = vec![(",", rest), (":", rest)];
    // A sign may be there by mistake.
    let sign = |c: &char| !c.is_alphanumeric();
    if let Some(behind) = rest.chars().next().filter(sign).map(|sign| &rest[sign.len_utf8()..]) {
        others.extend([("", behind), (",", behind), (":", behind)]);
    }
    let others = others.into_iter().map(|(instead, rest)| Stop::reached(&format!("{before}{instead}{rest}")));
    let other = others.max().unwrap_or_default();
    reached > at + 1 && other <= reached || with_both.is_some_and(|reached| reached > at + 2 && other < reached)
}

/// Whether a text begins with the name of a member without the quotation marks it needs, as in `{name: 1}`.
fn begins_with_bare_name(text: &str) -> bool {
    let name = text.trim_start_matches('\'');
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
    end > 0 && name[end..].trim_start_matches('\'').trim_start().starts_with(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem_of(text: &str) -> Option<Problem> {
        Problem::of(text, &Reading::of(text))
    }

    /// Checks where reading a text stops, at the character after `⟦`, and why.
    #[track_caller]
    fn assert_stops(marked: &str, cause: Cause) {
        let (before, rest) = marked.split_once('⟦').unwrap();
        let text = format!("{before}{rest}");
        let problem = problem_of(&text).unwrap();
        assert_eq!((problem.before.as_str(), problem.cause), (before, cause), "{text}");
        assert_eq!(format!("{}{}{}", problem.before, problem.at, problem.after), text);
        assert!(problem.at.chars().count() <= 1);
        let broken = !matches!(cause, Cause::NotJson | Cause::NoFields);
        assert_eq!(problem.broken, broken, "{text}");
    }

    #[test]
    fn a_quotation_mark_in_a_name_is_told() {
        for marked in [
            // One, within; with white space and text of any script behind it.
            r#"{"ALARM_NAME": "12⟦x disk", "B": "y"}"#.replace("12", "12\"").as_str(),
            r#"{"ALARM_NAME": "12" ⟦disk", "B": "y"}"#,
            "{\"ALARM_NAME\": \"12\" ⟦disk\",\n \"B\": \"y\"}",
            r#"{"ALARM_NAME": "磁盘"⟦已满", "B": "y"}"#,
            r#"{"ALARM_NAME":"12"⟦-inch","B":"y"}"#,
            r#"{"ALARM_NAME":"12"⟦: inch","B":"y"}"#,
            // Two.
            r#"{"ALARM_NAME": "磁盘 "⟦数据" 已满", "B": "y"}"#,
            "{\n  \"ALARM_NAME\": \"磁盘 \"⟦数据\" 已满\",\n  \"B\": \"y\"\n}",
            r#"{"ALARM_NAME":"say "⟦yes" or "no"","B":"y"}"#,
            r#"{"ALARM_NAME": "a "⟦b", c" d", "B": "y"}"#,
            // Around the whole of it.
            r#"{"ALARM_NAME": ""⟦data"", "B": "y"}"#,
            // At the end of the value.
            r#"{"ALARM_NAME":"disk 12"⟦"","B":"y"}"#.replace("\"\",", "\",").as_str(),
            r#"{"ALARM_NAME": "disk 12"⟦", "B": "y"}"#,
            r#"{"ALARM_NAME": "disk 12" ⟦", "B": "y"}"#,
            "{\"ALARM_NAME\": \"disk 12\"⟦\",\n\"B\": \"y\"}",
            r#"{"A": 1, "ALARM_NAME": "disk 12"⟦"}"#,
            r#"{"ALARM_NAME": ""⟦", "B": "y"}"#,
            // With a comma behind it.
            r#"{"ALARM_NAME": "12", ⟦5 inch", "B": "y"}"#,
            // In the last value, and in one that is a list's item.
            r#"{"A": 1, "ALARM_NAME": "a "⟦b" c"}"#,
            r#"{"ALARM_LABELS": ["Name = "⟦a""], "B": "y"}"#,
            r#"[{"ALARM_NAME": "a "⟦b" c"}]"#,
            // Two of them side by side.
            r#"{"ALARM_NAME": ""⟦"", "B": "y"}"#,
            r#"{"ALARM_NAME": "a"⟦"b", "B": "y"}"#,
            "{\n\"ALARM_NAME\": \"a\"⟦\"b\",\n\"B\": \"y\"\n}",
            r#"{"B": "y", "ALARM_NAME": "a"⟦"b"}"#,
            // Behind a backslash that is escaped.
            r#"{"ALARM_NAME": "C:\\"⟦x", "B": "y"}"#,
            // With the end missing as well.
            r#"{"ALARM_NAME": "磁盘 "⟦数据"#,
        ] {
            assert_stops(marked, Cause::Quote);
        }
    }

    #[test]
    fn other_mistakes_are_not_taken_for_a_quotation_mark() {
        for marked in [
            // A comma or a colon is missing, or another sign stands there.
            r#"{"A": "x" ⟦"B": "y"}"#,
            r#"{"A": "x"⟦"B": "y", "C": "z"}"#,
            "{\"A\": \"x\"\n ⟦\"B\": \"y\"}",
            r#"{"A" ⟦"x", "B": "y"}"#,
            r#"{"A": "x"⟦; "B": "y"}"#,
            r#"{"A"⟦= "x", "B": "y"}"#,
            // Too many of them.
            r#"{"A": "x",⟦, "B": "y"}"#,
            r#"{"A": "x",⟦}"#,
            r#"{"A": "x"⟦]"#,
            "{\"A\": \"x\"⟦]\n}",
            // Names and values without quotation marks, or with others.
            r#"{"A": "x", ⟦B: "y"}"#,
            r#"{"A": "x", ⟦'B': 'y', "C": "z"}"#,
            r"{⟦'A': 'x'}",
            r#"{"A": ⟦x}"#,
            r#"{"A": ⟦${ALARM_NAME}}"#,
            // Something behind it.
            r#"{"A": "x"} ⟦{"B": "y"}"#,
            // A quotation mark that is escaped as it must be, before a mistake.
            r#"{"A": "say \"x\"" ⟦"B": "y"}"#,
            r#"["a"⟦"b"]"#,
        ] {
            assert_stops(marked, Cause::Other);
        }
    }

    #[test]
    fn a_backslash_in_a_name_is_told() {
        for marked in [
            // Before something that it does not escape.
            r#"{"A": "C:\⟦data", "B": "y"}"#,
            r#"{"A": "\\share\⟦x", "B": "y"}"#,
            r#"{"A": "\u12"⟦, "B": "y"}"#,
            r#"{"A": "C:\user⟦s", "B": "y"}"#,
            "{\"A\": \"a\\⟦\n\"}",
            // At the end of a value: in one line, or in a line for each member; in the middle, or the last.
            r#"{"A": "a\", "⟦B": "y"}"#,
            "{\n  \"A\": \"a\\\",⟦\n  \"B\": \"y\"\n}",
            r#"{"B": "y", "A": "a\"}⟦"#,
            "{\n  \"B\": \"y\",\n  \"A\": \"a\\\"⟦\n}",
            // In one of many messages, and behind marks that are escaped as they must be.
            r#"[{"A": "a\"}, {"⟦A": "b"}]"#,
            r#"{"A": "\"磁盘\" C:\", "⟦B": "y"}"#,
            r#"{"A": "a\\\", "⟦B": "y"}"#,
        ] {
            assert_stops(marked, Cause::Backslash);
        }
        // An escaped quotation mark is not at fault for what comes behind it.
        assert_stops("{\"A\": \"say \\\"x\\\"⟦\nmore\"}", Cause::Control);
        assert_stops(r#"{"A": "say \"x\" and "⟦y"", "B": "y"}"#, Cause::Quote);
        assert_stops(r#"{"A": "say \"x\"⟦"#, Cause::End);
        assert_stops(r#"{"A": "a\⟦"#, Cause::End);
    }

    #[test]
    fn a_line_break_in_a_name_is_told() {
        assert_stops("{\"ALARM_NAME\": \"磁盘⟦\n已满\"}", Cause::Control);
        assert_stops("{\"ALARM_NAME\": \"磁盘⟦\r\n已满\"}", Cause::Control);
        assert_stops("{\n\n\"ALARM_NAME\": \"a⟦\tb\"}", Cause::Control);
        assert_stops("{\"ALARM_NAME\": \"a⟦\u{1}b\"}", Cause::Control);
        // A quotation mark is missing, which looks the same.
        assert_stops("{\"A\": \"x,⟦\n\"B\": \"y\"}", Cause::Control);
    }

    #[test]
    fn what_ends_too_early_is_told() {
        for marked in [r"{⟦", r#"{"A": "磁盘⟦"#, r#"{"A": "x"⟦"#, r#"{"A": "x",⟦"#, r#"{"A": tru⟦"#, r#"[{"A": "x"}⟦"#]
        {
            assert_stops(marked, Cause::End);
        }
    }

    #[test]
    fn what_is_no_json_at_all_is_not_broken() {
        assert_stops("⟦disk full", Cause::NotJson);
        assert_stops("⟦<html>", Cause::NotJson);
        assert_stops("⟦12", Cause::NotJson);
        assert_stops(r#"{"level": "high"}⟦"#, Cause::NoFields);
        assert_stops("[1, 2]⟦", Cause::NoFields);
    }

    #[test]
    fn the_place_is_counted_in_characters() {
        let place = |text| problem_of(text).map(|problem| (problem.line, problem.column, problem.at));
        let text = "{\n  \"ALARM_NAME\": \"磁盘 \"数据\" 已满\"\n}";
        assert_eq!(place(text), Some((2, 22, "数".to_owned())));
        assert_eq!(place("{\"A\": \"磁盘\n\"}"), Some((1, 10, "\n".to_owned())));
        assert_eq!(place("{\"A\": \"💥\"💥\"}"), Some((1, 10, "💥".to_owned())));
        assert_eq!(place("{\"A\":\n\n"), Some((3, 1, String::new())));
        assert_eq!(place("磁盘"), Some((1, 1, "磁".to_owned())));
        assert_eq!(place("{\"ALARM_NAME\": \"a\"}"), None);
    }

    #[test]
    fn half_a_surrogate_pair_in_a_name_is_broken_too() {
        let problem = problem_of(r#"{"\ud800": 1}"#).unwrap();
        assert!(problem.broken && problem.why.contains("hex escape"), "{problem:?}");
        assert_eq!(problem.cause, Cause::Backslash);
    }

    #[test]
    fn why_is_what_the_relay_says() {
        let problem = problem_of(r#"{"A": "x" "B": 1}"#).unwrap();
        assert_eq!(problem.why, "broken JSON: expected `,` or `}` at line 1 column 11");
        assert!(!problem.read);
    }

    #[test]
    fn a_message_that_was_read_all_the_same_has_its_problem() {
        for (text, cause) in [
            (r#"{"ALARM_NAME": "x" "ALARM_UUID": 1}"#, Cause::Other),
            (r#"{"ALARM_NAME": "a "b"", "ALARM_UUID": 1}"#, Cause::Quote),
            (r#"{"facts": [{"name": "触发条件", "value": "a "b""}]}"#, Cause::Quote),
            // Not in an object, and found all the same.
            (r#"alarm: "ALARM_NAME": "x""#, Cause::Other),
        ] {
            let problem = problem_of(text).unwrap();
            assert_eq!((problem.read, problem.broken, problem.cause), (true, true, cause), "{text}");
            assert_eq!(Some(problem.why), Reading::of(text).broken, "{text}");
        }
    }
}
