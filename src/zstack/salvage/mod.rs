//! Reads names and values out of a text that should be JSON and is broken.
//!
//! ZStack puts values into message templates without escaping them. A quotation mark, a backslash or a line break in a
//! name then breaks the JSON around it (`docs/protocols/zstack.md`, "Message templates"). The names of the members are
//! still in their places: a value is the text between its name and the next name.

mod brackets;
mod names;
mod values;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use self::brackets::{closers, is_complete, without};
use self::names::{Found, label_names, member_names};
use self::values::{json, members_in, printed, value_in};
use super::facts::may_repeat;
use super::fields::{Members, Text, string};
use super::labels::Label;
use super::message::{Reading, Shape, begins_with};

/// The names and values in a text with broken JSON.
#[derive(Debug)]
pub struct Salvaged<'a> {
    /// The members of an alarm or event, or the facts, in their order. A value that is not JSON is a text.
    pub known: Members<'a>,
    /// All other members: those before, between and behind the known ones.
    pub beside: Members<'a>,
}

impl<'a> Salvaged<'a> {
    /// The names and values that [`Reading::of`] used for a text with broken JSON. None for any other text.
    #[must_use]
    pub fn of(text: &'a str) -> Option<Self> {
        let Reading { shape, broken, .. } = Reading::of(text);
        broken?;
        if shape == Shape::Facts { facts(text) } else { members(text) }
    }
}

/// The members of an alarm or an event. None if there are none, if the text is cut off, or if one member has two values:
/// then the text holds two messages.
pub(super) fn members(text: &str) -> Option<Salvaged<'_>> {
    let is_known = |name: &str| {
        let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_word && ["ALARM_", "EVENT_"].iter().any(|prefix| begins_with(name, prefix))
    };
    let found = member_names(text).filter(|found| is_known(&found.name));
    read(text, found.collect(), &[','], |_| false)
}

/// The facts of a message. None under the same conditions as [`members`], but some facts may come twice in one message.
pub(super) fn facts(text: &str) -> Option<Salvaged<'_>> {
    let mut found = Vec::new();
    let mut name: Option<Found<'_>> = None;
    for member in member_names(text) {
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

/// Labels with these `names`, from broken JSON, from a map as Groovy prints it (`[name:value, name:value]`) or from
/// lines. None if there are none, if the text is cut off, or if one label has two values.
pub(super) fn labels<'a>(text: &'a str, names: &[&str]) -> Option<Vec<Label<'a>>> {
    let mut found: Vec<_> = names.iter().flat_map(|name| label_names(text, name)).collect();
    found.sort_by_key(|found| found.start);
    let is_between = |separator: &char| {
        let mut behind_first = found.iter().skip(1);
        behind_first.all(|found| text[..found.start].trim_end().ends_with(*separator))
    };
    let separator = [',', ';'].into_iter().find(is_between);
    let Salvaged { known, beside } = read(text, found, separator.as_slice(), |_| false)?;
    Some(known.into_iter().chain(beside).map(|(name, value)| (name, value.text())).collect())
}

/// Reads the values of the names that were found. `frame` is the text between a value and the next name, without white
/// space and in reverse order.
fn read<'a>(
    text: &'a str,
    found: Vec<Found<'a>>,
    frame: &[char],
    may_repeat: fn(&str) -> bool,
) -> Option<Salvaged<'a>> {
    let ahead = &text[..found.first()?.start];
    let ends: Vec<_> = found.iter().skip(1).map(|found| found.start).chain([text.len()]).collect();
    let closers = closers(ahead);
    if !is_complete(text, &text[found.last()?.value..], &closers) {
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

/// The name whose value holds the byte at `place`: the name of a fact if `is_facts`, otherwise of a member.
pub(super) fn name_at(text: &str, place: usize, is_facts: bool) -> Option<Text<'_>> {
    let before = member_names(text).take_while(|found| found.value <= place);
    if !is_facts {
        return before.last().map(|found| found.name);
    }
    let fact = before.filter(|found| found.name == "name").last()?;
    json(&text[fact.value..]).and_then(|(name, _)| string(name.get()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zstack::fields::Value;

    fn texts(members: &Members<'_>) -> Vec<String> {
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
            (r#"{"ALARM_NAME":"a""b":c", "ALARM_UUID":"u"}"#, [r#"ALARM_NAME=a""b":c"#, "ALARM_UUID=u"]),
            (r#"{"ALARM_NAME":"a", b" c", "ALARM_UUID":"u"}"#, ["ALARM_NAME=a\", b\" c", "ALARM_UUID=u"]),
            (r#"[{"ALARM_UUID":"u","ALARM_NAME":"a "b""}]"#, ["ALARM_UUID=u", "ALARM_NAME=a \"b\""]),
            (r#"{"ALARM_UUID":"\u540d","ALARM_NAME":"a"b"} "#, ["ALARM_UUID=名", "ALARM_NAME=a\"b"]),
            (
                r#"{"ALARM_DURATION":300,"ALARM_LABELS":["a "b"", "c"]}"#,
                ["ALARM_DURATION=300", "ALARM_LABELS=[\"a \"b\"\", \"c\"]"],
            ),
        ] {
            assert_eq!(texts(&members(text).unwrap().known), expected, "{text}");
        }
    }

    #[test]
    fn members_beside_them_are_kept_apart() {
        let text = r#"{"title":"T","n":[1],"sections":[{"ALARM_UUID":"u", "note": "x", "more": {"a": 1}, "ALARM_NAME":"a "b""}]}"#;
        let Salvaged { known, beside } = members(text).unwrap();
        assert_eq!(texts(&known), ["ALARM_UUID=u", "ALARM_NAME=a \"b\""]);
        assert_eq!(texts(&beside), ["title=T", "n=[1]", "note=x", "more={\"a\": 1}"]);

        let text = r#"{"title":"a "b", c","sections":[{"ALARM_UUID":"u","note":"x "y" z","n":1}],"end":true}"#;
        let Salvaged { known, beside } = members(text).unwrap();
        assert_eq!(texts(&known), ["ALARM_UUID=u"]);
        assert_eq!(texts(&beside), ["title=a \"b\", c", "note=x \"y\" z", "n=1", "end=true"]);
    }

    #[test]
    fn two_messages_are_not_mixed() {
        assert!(members(r#"[{"ALARM_UUID":"u","ALARM_NAME":"a "b""},{"ALARM_UUID":"v"}]"#).is_none());
        assert!(members(r#"{"ALARM_UUID":"u","ALARM_NAME":"a "b", "alarm_uuid": "v""}"#).is_none());
        assert!(members(r#"{"ALARM_UUID":"u","ALARM_NAME":"a "b", "ALARM_UUID":"u"}"#).is_some());
        assert!(members("disk full").is_none() && members(r#"{"name": "a "b""}"#).is_none());
    }

    #[test]
    fn a_text_that_is_cut_off_is_not_read() {
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
        // The objects of the members beside are closed, but not those around all members.
        let beside =
            r#"{"w":{"ALARM_NAME":"a "b"","ALARM_UUID":"u","more":{"a":{"x":"y"},"z":1},"ALARM_CURRENT_STATUS":"OK"}}"#;
        assert!(members(beside).is_some());
        for end in 1..beside.len() {
            assert!(members(&beside[..end]).is_none(), "{}", &beside[..end]);
        }
        // JSON inside a JSON string is not read either: its names have a backslash.
        assert!(members(r#"{"text":"{\"EVENT_NAME\":\"lost "x" y\"}"}"#).is_none());
    }

    #[test]
    fn a_bracket_in_a_value_opens_nothing() {
        let card = |title: &str, cluster: &str| {
            format!(
                r#"{{"summary":"R","sections":[{{"activityTitle":"{title}","facts":[{{"name":"Recovery Details:","value":null}},{{"name":"UUID","value":"u"}},{{"name":"Cluster Name","value":"{cluster}"}}],"markdown":true}}]}}"#
            )
        };
        for (title, cluster) in [
            (r#"Alarm " changes status to OK"#, ":{"),
            (r#"Alarm " changes status to OK"#, ",{"),
            (r#"Alarm " changes status to OK"#, "[["),
            (r#"Alarm :{" changes status to OK"#, "c"),
            (r#"Alarm },{" changes status to OK"#, ":["),
            (r#"Alarm "[["a changes status to OK"#, "c"),
            (r#"Alarm ",{" b:{" changes status to OK"#, "c"),
            ("Alarm a changes status to OK", r#"":{"#),
            ("Alarm a changes status to OK", r#"a"b,{"#),
        ] {
            let text = card(title, cluster);
            let Salvaged { known, beside } = facts(&text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(texts(&known)[..2], ["Recovery Details:=", "UUID=u"], "{text}");
            assert!(known[2].1.text().starts_with(cluster), "{text}");
            assert_eq!(texts(&beside)[1], format!("activityTitle={title}"), "{text}");
            for end in 1..text.len() {
                assert!(facts(&text[..end]).is_none(), "{}", &text[..end]);
            }
        }
    }

    #[test]
    fn the_place_of_a_mistake_is_given_by_a_name() {
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
        assert_eq!(texts(&members(&text).unwrap().known), ["ALARM_UUID=u"]);
        assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
    }

    #[test]
    fn facts_are_found_by_their_names() {
        let text = r#"{"title":"T","facts":[{"name":"UUID","value":"u"},{ "name": "当前值", "value": "9 "x" 1" }, {"name":"标签","value":null}]}"#;
        let Salvaged { known, beside } = facts(text).unwrap();
        assert_eq!(texts(&known), ["UUID=u", "当前值=9 \"x\" 1", "标签="]);
        assert_eq!(texts(&beside), ["title=T"]);

        let text = r#"{"sections":[{"facts":[{"name":"当前值","value":"9"},{"name":"名","value":"a "b""},{"name":"当前值","value":"紧急"},{"name":"UUID","value":"u"}],"markdown":true}]}"#;
        let Salvaged { known, beside } = facts(text).unwrap();
        assert_eq!(texts(&known), ["当前值=9", "名=a \"b\"", "当前值=紧急", "UUID=u"]);
        assert_eq!(texts(&beside), ["markdown=true"]);
    }

    #[test]
    fn what_was_found_can_be_shown() {
        let shown = |text| Salvaged::of(text).map(|it| texts(&it.known));
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
        // A value without quotation marks is not JSON. Only the separator between two labels is removed.
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
