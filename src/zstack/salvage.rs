//! Names and values out of a text that is no JSON, though it was meant to be.
//!
//! ZStack puts values into message templates as they are, so that a quotation mark, a backslash or a line break in a
//! name breaks the JSON around it (`docs/protocols/zstack.md`, "Message templates"). The names still stand where
//! they stood: a value is what stands between its name and the next one.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::Deserializer;
use serde_json::value::RawValue;

use super::brackets::{closers, ends_whole, without};
use super::facts::may_repeat;
use super::fields::{Members, Text, Value, string};
use super::labels::Label;
use super::message::{Reading, Shape, begins_with};

/// What was found in a text with broken JSON.
#[derive(Debug)]
pub struct Salvaged<'a> {
    /// The names that were looked for, with their values, in their order: members, or facts. A value that is no JSON
    /// is a text.
    pub known: Members<'a>,
    /// Other members in front of them, between them and behind them.
    pub beside: Members<'a>,
}

impl<'a> Salvaged<'a> {
    /// What [`Reading::of`] found in a text; none where it read the text in another way.
    #[must_use]
    pub fn of(text: &'a str) -> Option<Self> {
        let Reading { shape, broken, .. } = Reading::of(text);
        broken?;
        if shape == Shape::Facts { facts(text) } else { members(text) }
    }
}

/// A name in a text.
struct Found<'a> {
    name: Text<'a>,
    /// Where the name begins.
    start: usize,
    /// Where its value begins.
    value: usize,
    /// Whether it stands there without quotation marks: then its value is no JSON.
    is_bare: bool,
}

/// The members of an alarm or an event. None where there are none, or where one of them has two values: then there
/// are two messages in the text.
pub(super) fn members(text: &str) -> Option<Salvaged<'_>> {
    let is_known = |name: &str| {
        let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_word && ["ALARM_", "EVENT_"].iter().any(|prefix| begins_with(name, prefix))
    };
    let found = names(text).filter(|found| is_known(&found.name));
    read(text, found.collect(), &[','], |_| false)
}

/// The facts of a message, under the same conditions, but for the names that one message may have twice.
pub(super) fn facts(text: &str) -> Option<Salvaged<'_>> {
    let mut found = Vec::new();
    let mut name: Option<Found<'_>> = None;
    for member in names(text) {
        if member.name == "name" {
            name = Some(member);
        } else if member.name == "value"
            && let Some(Found { start, value, .. }) = name.take()
            && let Some((fact, rest)) = json(&text[value..member.start])
            && let Some(fact) = string(fact.get()).filter(|_| rest.trim() == ",")
        {
            found.push(Found { name: fact, start, value: member.value, is_bare: false });
        }
    }
    read(text, found, &['{', ',', '}'], may_repeat)
}

/// Labels with these `names`, out of an object with a mistake in it, a map as Groovy prints it (`[name:value,
/// name:value]`) or lines. None where there are none, or where one of them has two values.
pub(super) fn labels<'a>(text: &'a str, names: &[&str]) -> Option<Vec<Label<'a>>> {
    let mut found: Vec<_> = names.iter().flat_map(|name| label(text, name)).collect();
    found.sort_by_key(|found| found.start);
    let is_between = |separator: &char| {
        let mut behind_first = found.iter().skip(1);
        behind_first.all(|found| text[..found.start].trim_end().ends_with(*separator))
    };
    let separator = [',', ';'].into_iter().find(is_between);
    let Salvaged { known, beside } = read(text, found, separator.as_slice(), |_| false)?;
    Some(known.into_iter().chain(beside).map(|(name, value)| (name, value.text())).collect())
}

/// Every `"name":` in a text.
fn names(text: &str) -> impl Iterator<Item = Found<'_>> {
    memchr::memchr_iter(b'"', text.as_bytes()).filter_map(|start| {
        let (name, rest) = text[start + 1..].split_once('"')?;
        let value = rest.trim_start().strip_prefix(':')?;
        Some(Found { name: name.into(), start, value: text.len() - value.len(), is_bare: false })
    })
}

/// Every place where a label's name stands before a value, at the beginning of the text or of a line, or behind a
/// bracket, a comma or a semicolon.
fn label<'a>(text: &'a str, name: &str) -> Vec<Found<'a>> {
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

/// The values of names that were found. Behind each stands `frame` before the next name, read from its end.
fn read<'a>(
    text: &'a str,
    found: Vec<Found<'a>>,
    frame: &[char],
    may_repeat: fn(&str) -> bool,
) -> Option<Salvaged<'a>> {
    let ahead = &text[..found.first()?.start];
    let ends: Vec<_> = found.iter().skip(1).map(|found| found.start).chain([text.len()]).collect();
    let closers = closers(ahead);
    if !ends_whole(text, &text[found.last()?.value..], &closers) {
        return None;
    }
    let mut salvaged = Salvaged { known: Members::new(), beside: members_in(ahead) };
    let mut places: HashMap<String, usize> = HashMap::new();
    for (Found { name, value, is_bare, .. }, end) in found.into_iter().zip(ends) {
        let value = without(&text[value..end], if end == text.len() { &closers } else { frame });
        let (value, beside) = if is_bare { (printed(value), Members::new()) } else { value_in(value) };
        salvaged.beside.extend(beside);
        match places.entry(name.to_ascii_lowercase()) {
            Entry::Occupied(place) if salvaged.known[*place.get()].1.text() == value.text() => continue,
            Entry::Occupied(_) if may_repeat(&name) => {}
            Entry::Occupied(_) => return None,
            Entry::Vacant(place) => {
                place.insert(salvaged.known.len());
            }
        }
        salvaged.known.push((name, value));
    }
    Some(salvaged)
}

/// The name in whose value the byte at `place` stands, of a member or, where there are facts, of a fact.
pub(super) fn name_at(text: &str, place: usize, is_facts: bool) -> Option<Text<'_>> {
    let before = names(text).take_while(|found| found.value <= place);
    if !is_facts {
        return before.last().map(|found| found.name);
    }
    let fact = before.filter(|found| found.name == "name").last()?;
    json(&text[fact.value..]).and_then(|(name, _)| string(name.get()))
}

/// The first value in a text, and the members behind it if it is well-formed. Otherwise all of the text is the
/// value, without the quotation marks around it.
fn value_in(text: &str) -> (Value<'_>, Members<'_>) {
    let text = text.trim();
    if let Some((value, rest)) = json(text) {
        let beside = members_in(rest);
        if !beside.is_empty() || rest.chars().all(|c| c.is_whitespace() || "{}[],;".contains(c)) {
            return (Value::Json(value), beside);
        }
    }
    (bare(text), Members::new())
}

/// A value as it was printed, but for quotation marks that can only stand around it.
fn printed(text: &str) -> Value<'_> {
    let text = text.trim();
    let within = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).filter(|text| !text.contains('"'));
    Value::Text(within.unwrap_or(text).into())
}

/// A text without the quotation marks around it.
fn bare(text: &str) -> Value<'_> {
    let text = text.trim();
    let text = text.strip_prefix('"').unwrap_or(text);
    Value::Text(text.strip_suffix('"').unwrap_or(text).into())
}

/// The members that a text begins with, in whatever opens and closes there.
fn members_in(mut text: &str) -> Members<'_> {
    // A value that is no JSON may be read to the text's end to find that out.
    let mut tries: usize = 32;
    let mut members = Members::new();
    loop {
        text = text.trim_start_matches(|c: char| c.is_whitespace() || "{}[],".contains(c));
        let Some(Found { name, value, .. }) = names(text).next().filter(|found| found.start == 0) else {
            return members;
        };
        text = &text[value..];
        let ends = |rest: &str| rest.trim_start().chars().next().is_none_or(|c| ",}]".contains(c));
        let value = (tries > 0).then(|| json(text)).flatten();
        if let Some((value, rest)) = value.filter(|(_, rest)| ends(rest)) {
            members.push((name, Value::Json(value)));
            text = rest;
            continue;
        }
        tries = tries.saturating_sub(1);
        // Broken, too, or what stands around the next name.
        let (value, rest) = text.split_at(names(text).next().map_or(text.len(), |next| next.start));
        if value.contains(char::is_alphanumeric) {
            members.push((name, bare(without(value, &[',']))));
        }
        text = rest;
    }
}

/// The JSON value that a text begins with, and what stands behind it.
fn json(text: &str) -> Option<(&RawValue, &str)> {
    let mut values = Deserializer::from_str(text).into_iter();
    let value = values.next()?.ok()?;
    Some((value, &text[values.byte_offset()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(members: &Members<'_>) -> Vec<String> {
        members.iter().map(|(name, value)| format!("{name}={}", value.text())).collect()
    }

    #[test]
    fn a_value_is_what_stands_between_two_names() {
        for (text, expected) in [
            (
                r#"{"ALARM_NAME": "磁盘 "data" 快满", "ALARM_UUID": "u"}"#,
                ["ALARM_NAME=磁盘 \"data\" 快满", "ALARM_UUID=u"],
            ),
            ("{\"ALARM_NAME\":\"a\nb\",\n\"ALARM_UUID\":\"u\"\n}", ["ALARM_NAME=a\nb", "ALARM_UUID=u"]),
            (r#"{"ALARM_NAME":"C:\", "ALARM_UUID":"u"}"#, [r"ALARM_NAME=C:\", "ALARM_UUID=u"]),
            (r#"{"ALARM_NAME":"12"", "ALARM_UUID":"u"}"#, ["ALARM_NAME=12\"", "ALARM_UUID=u"]),
            (r#"{"ALARM_NAME":""x", "ALARM_UUID":"u"}"#, ["ALARM_NAME=\"x", "ALARM_UUID=u"]),
            (r#"{"ALARM_NAME":"a", b" c", "ALARM_UUID":"u"}"#, ["ALARM_NAME=a\", b\" c", "ALARM_UUID=u"]),
            (r#"[{"ALARM_UUID":"u","ALARM_NAME":"a "b""}]"#, ["ALARM_UUID=u", "ALARM_NAME=a \"b\""]),
            (r#"{"ALARM_UUID":"\u540d","ALARM_NAME":"a"b"} "#, ["ALARM_UUID=名", "ALARM_NAME=a\"b"]),
            (
                r#"{"ALARM_DURATION":300,"ALARM_LABELS":["a "b"", "c"]}"#,
                ["ALARM_DURATION=300", "ALARM_LABELS=[\"a \"b\"\", \"c\"]"],
            ),
        ] {
            assert_eq!(told(&members(text).unwrap().known), expected, "{text}");
        }
    }

    #[test]
    fn members_beside_them_are_kept_apart() {
        let text = r#"{"title":"T","n":[1],"sections":[{"ALARM_UUID":"u", "note": "x", "more": {"a": 1}, "ALARM_NAME":"a "b""}]}"#;
        let Salvaged { known, beside } = members(text).unwrap();
        assert_eq!(told(&known), ["ALARM_UUID=u", "ALARM_NAME=a \"b\""]);
        assert_eq!(told(&beside), ["title=T", "n=[1]", "note=x", "more={\"a\": 1}"]);

        let text = r#"{"title":"a "b", c","sections":[{"ALARM_UUID":"u","note":"x "y" z","n":1}],"end":true}"#;
        let Salvaged { known, beside } = members(text).unwrap();
        assert_eq!(told(&known), ["ALARM_UUID=u"]);
        assert_eq!(told(&beside), ["title=a \"b\", c", "note=x \"y\" z", "n=1", "end=true"]);
    }

    #[test]
    fn two_messages_are_not_mixed() {
        assert!(members(r#"[{"ALARM_UUID":"u","ALARM_NAME":"a "b""},{"ALARM_UUID":"v"}]"#).is_none());
        assert!(members(r#"{"ALARM_UUID":"u","ALARM_NAME":"a "b", "alarm_uuid": "v""}"#).is_none());
        assert!(members(r#"{"ALARM_UUID":"u","ALARM_NAME":"a "b", "ALARM_UUID":"u"}"#).is_some());
        assert!(members("disk full").is_none() && members(r#"{"name": "a "b""}"#).is_none());
    }

    #[test]
    fn what_is_cut_off_is_not_read() {
        let whole =
            r#"{"sections":[{"ALARM_CURRENT_STATUS":"OK","ALARM_NAME":"a "b" {c}","ALARM_RESOURCE_ID":"2a3b"}]}"#;
        assert!(members(whole).is_some());
        let facts_whole =
            r#"{"facts":[{"name":"报警恢复详情","value":null},{"name":"UUID","value":"a "b""}],"markdown":true}"#;
        assert!(facts(facts_whole).is_some());
        for end in (1..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
            assert!(members(&whole[..end]).is_none(), "{}", &whole[..end]);
        }
        for end in (1..facts_whole.len()).filter(|end| facts_whole.is_char_boundary(*end)) {
            assert!(facts(&facts_whole[..end]).is_none(), "{}", &facts_whole[..end]);
        }
        // Nor is JSON within a JSON text, whose names have a backslash.
        assert!(members(r#"{"text":"{\"EVENT_NAME\":\"lost "x" y\"}"}"#).is_none());
    }

    #[test]
    fn the_place_of_a_mistake_is_a_name() {
        let text = r#"{"ALARM_UUID":"u","ALARM_NAME":"a "b"","ALARM_X":"c"}"#;
        assert_eq!(name_at(text, text.find("b\"").unwrap(), false).as_deref(), Some("ALARM_NAME"));
        let text = r#"{"facts":[{"name":"UUID","value":"u"},{"name":"当前值","value":"9 "x" 1"}]}"#;
        assert_eq!(name_at(text, text.find("x\"").unwrap(), true).as_deref(), Some("当前值"));
        assert_eq!(name_at("{broken", 1, false), None);
    }

    #[test]
    fn objects_that_nobody_closes_are_read_in_time() {
        let started = std::time::Instant::now();
        let text = format!(r#"{}"ALARM_UUID":"u"{}"#, r#"{"b":"#.repeat(20_000), "}".repeat(20_000));
        assert_eq!(told(&members(&text).unwrap().known), ["ALARM_UUID=u"]);
        assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
    }

    #[test]
    fn facts_are_found_by_their_names() {
        let text = r#"{"title":"T","facts":[{"name":"UUID","value":"u"},{ "name": "当前值", "value": "9 "x" 1" }, {"name":"标签","value":null}]}"#;
        let Salvaged { known, beside } = facts(text).unwrap();
        assert_eq!(told(&known), ["UUID=u", "当前值=9 \"x\" 1", "标签="]);
        assert_eq!(told(&beside), ["title=T"]);

        let text = r#"{"sections":[{"facts":[{"name":"当前值","value":"9"},{"name":"名","value":"a "b""},{"name":"当前值","value":"紧急"},{"name":"UUID","value":"u"}],"markdown":true}]}"#;
        let Salvaged { known, beside } = facts(text).unwrap();
        assert_eq!(told(&known), ["当前值=9", "名=a \"b\"", "当前值=紧急", "UUID=u"]);
        assert_eq!(told(&beside), ["markdown=true"]);
    }

    #[test]
    fn what_was_found_can_be_shown() {
        let shown = |text| Salvaged::of(text).map(|it| told(&it.known));
        let text = r#"{"ALARM_NAME":"a "b"","ALARM_UUID":"u"}"#;
        assert_eq!(shown(text).unwrap(), ["ALARM_NAME=a \"b\"", "ALARM_UUID=u"]);
        let salvaged = Salvaged::of(text).unwrap();
        let as_text = salvaged.known.iter().filter(|(_, value)| matches!(value, Value::Text(_)));
        assert_eq!(as_text.map(|(name, _)| &**name).collect::<Vec<_>>(), ["ALARM_NAME"]);
        assert_eq!(shown(r#"{"facts":[{"name":"触发条件","value":"a "b""}]}"#).unwrap(), ["触发条件=a \"b\""]);
        for other in [r#"{"ALARM_NAME":"a"}"#, r#"{"name":"a "b""}"#, "disk full", "", r#"{"ALARM_NAME":"""}"#] {
            assert_eq!(shown(other).is_some(), Reading::of(other).broken.is_some(), "{other}");
        }
        assert!(shown(r#"{"ALARM_NAME":"a"}"#).is_none());
    }

    #[test]
    fn labels_are_found_however_they_are_printed() {
        let names = ["PhysicalNicName", "PhysicalNicStatus", "Error"];
        for text in [
            "[PhysicalNicName:ens1f1, PhysicalNicStatus:down]",
            "[PhysicalNicStatus:down, PhysicalNicName:ens1f1]",
            "PhysicalNicName: ens1f1\nPhysicalNicStatus: down",
            "PhysicalNicName=ens1f1; PhysicalNicStatus=down",
            r#"{"PhysicalNicName": "ens1f1", "PhysicalNicStatus": "down", "Error": "x" y"}"#,
            "[Error:lost, at [a, b]: \"x\", PhysicalNicName:ens1f1, PhysicalNicStatus:down]",
        ] {
            let labels = labels(text, &names).unwrap();
            let value = |name| &*labels.iter().find(|(label, _)| label == name).unwrap().1;
            assert_eq!((value("PhysicalNicName"), value("PhysicalNicStatus")), ("ens1f1", "down"), "{text}");
        }
        // What stands there without quotation marks is no JSON, and only what stands between two labels is left out.
        for (text, expected) in [
            ("[PhysicalNicName:6}, PhysicalNicStatus:7]]", ["6}", "7]"]),
            ("[PhysicalNicName:a;, PhysicalNicStatus:b,]", ["a;", "b,"]),
            ("PhysicalNicName: [a]\nPhysicalNicStatus: b;", ["[a]", "b;"]),
            ("PhysicalNicName: a,; PhysicalNicStatus: b;", ["a,", "b;"]),
            (r#"[PhysicalNicName:"a" and "b", PhysicalNicStatus:"c"]"#, [r#""a" and "b""#, "c"]),
            (r#"{"PhysicalNicName": "6}", "PhysicalNicStatus": 7, "Error": "x" y"}"#, ["6}", "7"]),
        ] {
            let labels = labels(text, &names).unwrap();
            assert_eq!([&labels[0].1, &labels[1].1], expected, "{text}");
        }
        assert!(labels("[PhysicalNicName:a, PhysicalNicName:b]", &names).is_none());
        assert!(labels("the PhysicalNicName: lost", &names).is_none() && labels("", &names).is_none());
    }
}
