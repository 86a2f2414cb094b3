//! Why parsing JSON stopped.

use serde::Serialize;

use super::stop::Stop;

/// The cause of a problem, as far as people can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Cause {
    /// A backslash in a string, not escaped by another one. It started an invalid escape, or it escaped the quotation
    /// mark that was to end the string.
    Backslash,
    /// A quotation mark in a string, not escaped by a backslash. It ended the string early.
    Quote,
    /// A line break or another control character in a string.
    Control,
    /// The text ends before the JSON does.
    End,
    /// The text is not JSON at all.
    NotJson,
    /// The text is JSON, but without the fields of an alarm or an event.
    NoFields,
    /// Any other error.
    Other,
}

impl Cause {
    /// The cause of parsing having stopped there.
    pub(super) fn of(text: &str, stop: &Stop) -> Self {
        if stop.is_escape || has_unescaped_backslash(text, stop) {
            Self::Backslash
        } else if stop.is_end {
            Self::End
        } else if is_control(text, stop) {
            Self::Control
        } else if has_unescaped_quote(text, stop.at) {
            Self::Quote
        } else {
            Self::Other
        }
    }
}

/// Whether parsing stopped at a control character. Outside strings JSON allows some of them as white space, so this one
/// is in a string.
fn is_control(text: &str, stop: &Stop) -> bool {
    text[stop.at..].starts_with(|c: char| c < ' ')
}

/// Whether parsing stopped because a value ends with a backslash, as in `"C:\"`. The backslash escapes the quotation mark
/// that was to end the string.
///
/// To find out, the backslash is doubled. It was the cause if parsing then gets further than to the next character after
/// the stop.
fn has_unescaped_backslash(text: &str, stop: &Stop) -> bool {
    let Some(backslash) = text[..stop.at].rfind("\\\"") else { return false };
    let before = &text[..backslash];
    if (before.len() - before.trim_end_matches('\\').len()) % 2 == 1 {
        // The backslash is itself escaped, so the quotation mark is not.
        return false;
    }
    let rest = &text[stop.at..];
    let next = text.len() - rest.trim_start().len();
    // Plus one, because the corrected text is one byte longer.
    Stop::reached(&format!("{before}\\{}", &text[backslash..])) > next + 1
}

/// Whether parsing stopped at `at` because the last quotation mark before it belongs to a value.
///
/// The cause could also be another error, such as a missing comma. To decide, each error is corrected in turn: the
/// quotation mark, then the others. The correction with which parsing gets furthest shows the cause.
fn has_unescaped_quote(text: &str, at: usize) -> bool {
    let (before, rest) = text.split_at(at);
    let Some(quote) = before.rfind('"') else { return false };
    let between = &before[quote + 1..];
    if between.contains(|c| !matches!(c, ' ' | '\t' | ',')) || between.contains(',') && starts_with_unquoted_name(rest)
    {
        return false;
    }
    let corrected = format!(r"{}\{}", &text[..quote], &text[quote..]);
    let both = rest.starts_with('"') && between.is_empty();
    let with_both = both.then(|| Stop::reached(&format!(r#"{}\"\{rest}"#, &text[..quote])));
    let reached = match Stop::of(&corrected) {
        None => usize::MAX,
        // The string now has no end.
        Some(stop) if stop.is_end || is_control(&corrected, &stop) => {
            return rest.starts_with(char::is_alphanumeric);
        }
        Some(stop) => stop.at,
    };
    let mut others = vec![(",", rest), (":", rest)];
    // A punctuation mark may be superfluous, or stand for a comma or a colon.
    let sign = |c: &char| !c.is_alphanumeric();
    if let Some(behind) = rest.chars().next().filter(sign).map(|sign| &rest[sign.len_utf8()..]) {
        others.extend([("", behind), (",", behind), (":", behind)]);
    }
    let others = others.into_iter().map(|(instead, rest)| Stop::reached(&format!("{before}{instead}{rest}")));
    let other = others.max().unwrap_or_default();
    reached > at + 1 && other <= reached || with_both.is_some_and(|reached| reached > at + 2 && other < reached)
}

/// Whether a text starts with a member's name that lacks its quotation marks, as in `{name: 1}`.
fn starts_with_unquoted_name(text: &str) -> bool {
    let name = text.trim_start_matches('\'');
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
    end > 0 && name[end..].trim_start_matches('\'').trim_start().starts_with(':')
}

#[cfg(test)]
mod tests {
    use zstack_flashduty::zstack::Reading;

    use super::super::Problem;
    use super::*;

    /// Asserts that parsing stops at the character after `⟦`, and the cause.
    #[track_caller]
    fn assert_stops(marked: &str, cause: Cause) {
        let (before, rest) = marked.split_once('⟦').unwrap();
        let text = format!("{before}{rest}");
        let problem = Problem::of(&text, &Reading::of(&text)).unwrap();
        assert_eq!((problem.before.as_str(), problem.cause), (before, cause), "{text}");
        assert_eq!(format!("{}{}{}", problem.before, problem.at, problem.after), text);
        assert!(problem.at.chars().count() <= 1);
        let broken = !matches!(cause, Cause::NotJson | Cause::NoFields);
        assert_eq!(problem.broken, broken, "{text}");
    }

    #[test]
    fn an_unescaped_quotation_mark_is_found() {
        for marked in [
            // One, inside a value, before white space or text in any script.
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
            // Around the whole value.
            r#"{"ALARM_NAME": ""⟦data"", "B": "y"}"#,
            // At the end of the value.
            r#"{"ALARM_NAME":"disk 12"⟦"","B":"y"}"#.replace("\"\",", "\",").as_str(),
            r#"{"ALARM_NAME": "disk 12"⟦", "B": "y"}"#,
            r#"{"ALARM_NAME": "disk 12" ⟦", "B": "y"}"#,
            "{\"ALARM_NAME\": \"disk 12\"⟦\",\n\"B\": \"y\"}",
            r#"{"A": 1, "ALARM_NAME": "disk 12"⟦"}"#,
            r#"{"ALARM_NAME": ""⟦", "B": "y"}"#,
            // Before a comma.
            r#"{"ALARM_NAME": "12", ⟦5 inch", "B": "y"}"#,
            // In the last value, and in an item of a list.
            r#"{"A": 1, "ALARM_NAME": "a "⟦b" c"}"#,
            r#"{"ALARM_LABELS": ["Name = "⟦a""], "B": "y"}"#,
            r#"[{"ALARM_NAME": "a "⟦b" c"}]"#,
            // Two side by side.
            r#"{"ALARM_NAME": ""⟦"", "B": "y"}"#,
            r#"{"ALARM_NAME": "a"⟦"b", "B": "y"}"#,
            "{\n\"ALARM_NAME\": \"a\"⟦\"b\",\n\"B\": \"y\"\n}",
            r#"{"B": "y", "ALARM_NAME": "a"⟦"b"}"#,
            // After an escaped backslash.
            r#"{"ALARM_NAME": "C:\\"⟦x", "B": "y"}"#,
            // With the end of the text missing as well.
            r#"{"ALARM_NAME": "磁盘 "⟦数据"#,
        ] {
            assert_stops(marked, Cause::Quote);
        }
    }

    #[test]
    fn other_errors_are_not_taken_for_a_quotation_mark() {
        for marked in [
            // A missing comma or colon, or another punctuation mark in its place.
            r#"{"A": "x" ⟦"B": "y"}"#,
            r#"{"A": "x"⟦"B": "y", "C": "z"}"#,
            "{\"A\": \"x\"\n ⟦\"B\": \"y\"}",
            r#"{"A" ⟦"x", "B": "y"}"#,
            r#"{"A": "x"⟦; "B": "y"}"#,
            r#"{"A"⟦= "x", "B": "y"}"#,
            // Superfluous punctuation marks.
            r#"{"A": "x",⟦, "B": "y"}"#,
            r#"{"A": "x",⟦}"#,
            r#"{"A": "x"⟦]"#,
            "{\"A\": \"x\"⟦]\n}",
            // Names and values without quotation marks, or with apostrophes.
            r#"{"A": "x", ⟦B: "y"}"#,
            r#"{"A": "x", ⟦'B': 'y', "C": "z"}"#,
            r"{⟦'A': 'x'}",
            r#"{"A": ⟦x}"#,
            r#"{"A": ⟦${ALARM_NAME}}"#,
            // Text after the JSON.
            r#"{"A": "x"} ⟦{"B": "y"}"#,
            // A correctly escaped quotation mark before an error.
            r#"{"A": "say \"x\"" ⟦"B": "y"}"#,
            r#"["a"⟦"b"]"#,
        ] {
            assert_stops(marked, Cause::Other);
        }
    }

    #[test]
    fn an_unescaped_backslash_is_found() {
        for marked in [
            // An invalid escape.
            r#"{"A": "C:\⟦data", "B": "y"}"#,
            r#"{"A": "\\share\⟦x", "B": "y"}"#,
            r#"{"A": "\u12"⟦, "B": "y"}"#,
            r#"{"A": "C:\user⟦s", "B": "y"}"#,
            "{\"A\": \"a\\⟦\n\"}",
            // At the end of a value: of a middle or the last member, all in one line or one member a line.
            r#"{"A": "a\", "⟦B": "y"}"#,
            "{\n  \"A\": \"a\\\",⟦\n  \"B\": \"y\"\n}",
            r#"{"B": "y", "A": "a\"}⟦"#,
            "{\n  \"B\": \"y\",\n  \"A\": \"a\\\"⟦\n}",
            // In one of several messages, and after correctly escaped quotation marks.
            r#"[{"A": "a\"}, {"⟦A": "b"}]"#,
            r#"{"A": "\"磁盘\" C:\", "⟦B": "y"}"#,
            r#"{"A": "a\\\", "⟦B": "y"}"#,
        ] {
            assert_stops(marked, Cause::Backslash);
        }
        // A correctly escaped quotation mark is not the cause of a later error.
        assert_stops("{\"A\": \"say \\\"x\\\"⟦\nmore\"}", Cause::Control);
        assert_stops(r#"{"A": "say \"x\" and "⟦y"", "B": "y"}"#, Cause::Quote);
        assert_stops(r#"{"A": "say \"x\"⟦"#, Cause::End);
        assert_stops(r#"{"A": "a\⟦"#, Cause::End);
    }

    #[test]
    fn a_control_character_in_a_string_is_found() {
        assert_stops("{\"ALARM_NAME\": \"磁盘⟦\n已满\"}", Cause::Control);
        assert_stops("{\"ALARM_NAME\": \"磁盘⟦\r\n已满\"}", Cause::Control);
        assert_stops("{\n\n\"ALARM_NAME\": \"a⟦\tb\"}", Cause::Control);
        assert_stops("{\"ALARM_NAME\": \"a⟦\u{1}b\"}", Cause::Control);
        // A missing quotation mark looks the same.
        assert_stops("{\"A\": \"x,⟦\n\"B\": \"y\"}", Cause::Control);
    }

    #[test]
    fn text_that_ends_too_early_is_found() {
        for marked in [r"{⟦", r#"{"A": "磁盘⟦"#, r#"{"A": "x"⟦"#, r#"{"A": "x",⟦"#, r#"{"A": tru⟦"#, r#"[{"A": "x"}⟦"#]
        {
            assert_stops(marked, Cause::End);
        }
    }

    #[test]
    fn text_that_is_not_json_is_not_broken_json() {
        assert_stops("⟦disk full", Cause::NotJson);
        assert_stops("⟦<html>", Cause::NotJson);
        assert_stops("⟦12", Cause::NotJson);
        assert_stops(r#"{"level": "high"}⟦"#, Cause::NoFields);
        assert_stops("[1, 2]⟦", Cause::NoFields);
    }
}
