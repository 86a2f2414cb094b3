//! Requests of 128 KiB that are designed to be expensive.

use std::iter::successors;

use serde_json::Value;
use zstack_flashduty::webhook::MAX_BODY;

use crate::cost::Request;

/// An alarm that gets a number at the end. Without numbers, equal alarms in a row would count as one.
const UNNUMBERED: &str = r#"{"ALARM_NAME":"NNNN"}"#;

/// Every shape, with a name.
pub(crate) fn shapes() -> Vec<(&'static str, Request)> {
    let mut shapes = Vec::new();
    let mut add = |name, body: String| shapes.push((name, Request { body: body.into_bytes(), query: Vec::new() }));
    let alarm = |n: usize| format!(r#"{{"ALARM_NAME":"{n}"}}"#);
    let member = |n: usize| format!(r#""a":"{n}""#);
    let other_member = |n: usize| format!(r#""a{n}":"{n}""#);
    add("many alarms", filled("[", alarm, "]", 1));
    for (name, member) in [
        ("many alarms, many members of one name", &member as &dyn Fn(usize) -> String),
        ("many alarms, many members", &other_member),
    ] {
        let beside = filled("", member, "", 2);
        add(name, format!("{{{beside},\"sections\":{}}}", filled("[", alarm, "]", 2)));
    }
    add("members of one name", filled("{\"ALARM_NAME\":\"a\",", member, "}", 1));
    add("members of fifty names", filled("{\"ALARM_NAME\":\"a\",", |n| format!(r#""a{}":"{n}""#, n % 50), "}", 1));
    add("members of many names", filled("{\"ALARM_NAME\":\"a\",", other_member, "}", 1));
    add("names of one's own", filled("{", other_member, "}", 1));
    add("wrappers in a list", filled("[", |n| format!(r#"{{"a{n}":1,"sections":[{}]}}"#, alarm(n)), "]", 1));
    let three = |within: &str| {
        let wrapper = |n| format!(r#"{{"a{n}":1,"b{n}":2,"sections":{within}}}"#);
        format!("[{}]", (0..3).map(wrapper).collect::<Vec<_>>().join(","))
    };
    add("wrappers in wrappers", wrapped(4, &filled_with("[", |_| UNNUMBERED.to_owned(), "]", 1_000), three));
    add(
        "big wrappers in wrappers",
        wrapped(7, UNNUMBERED, |within| {
            format!(r#"{{{},"sections":[{within}]}}"#, (0..1_500).map(other_member).collect::<Vec<_>>().join(","))
        }),
    );
    add(
        "strings in strings",
        wrapped(7, &format!("[{}]", [UNNUMBERED; 24].join(",")), |within| Value::from(within).to_string()),
    );
    add("lists in lists", format!("{}{}{}", "[".repeat(120), filled("", alarm, "", 1), "]".repeat(120)));
    add("broken, many names", filled("{\"ALARM_NAME\":\"a \" b\",", |n| format!(r#""ALARM_{n}":1"#), "}", 1));
    add("broken, many quotation marks", filled("{\"ALARM_NAME\":\"", |_| "\"".to_owned(), "\"}", 1));
    add("broken, many openers", filled("{\"ALARM_NAME\":", |_| "{[".to_owned(), "}", 1));
    add("broken, many values", filled("{\"ALARM_NAME\":\"a \" b\",", |_| r#""ALARM_UUID":"a""#.to_owned(), "}", 1));
    add("broken in a list", filled("[\"a \" b\",", alarm, "]", 1));
    let fact = |n: usize| format!(r#"{{"name":"触发条件{n}","value":"a 大于 1"}}"#);
    add("facts", filled("{\"facts\":[{\"name\":\"报警器详情\",\"value\":null},", fact, "]}", 1));
    add("broken facts", filled("{\"facts\":[{\"name\":\"报警器详情\",\"value\":\"a \" b\"},", fact, "]}", 1));
    let nic = r#"{"EVENT_NAME":"HostPhysicalNicStatusDown","EVENT_LABELS":"#;
    add("labels in a text", filled(&format!("{nic}\"["), |_| "PhysicalNicName:a".to_owned(), "]\"}", 1));
    add("labels of other names in a text", filled(&format!("{nic}\"["), |n| format!("Physical{n}:a"), "]\"}", 1));
    add("labels as lines", filled(&format!("{nic}["), |n| format!("\"PhysicalNicName:{n}\""), "]}", 1));
    add("labels", filled(&format!("{nic}{{"), other_member, "}}", 1));
    add("commas in an alarm's labels", filled("{\"ALARM_LABELS\":\"", |_| String::new(), "\"}", 1));
    for (name, separator) in [("line breaks in an alarm's labels", "\n"), ("line breaks and blanks in them", "\n ")] {
        // Broken JSON on purpose, in which a line break needs one byte only.
        let labels = separator.repeat((MAX_BODY - 200) / separator.len());
        add(name, format!("{{\"ALARM_UUID\":\"u\",\"ALARM_LABELS\":\"a{labels}b\"}}"));
    }
    add("an alarm's labels", filled("{\"ALARM_LABELS\":\"", |n| format!("a{n} Equal b"), "\"}", 1));
    let event = |n: usize| format!(r#"{{"EVENT_NAME":"VRouterConnected","EVENT_RESOURCE_ID":"{n}"}}"#);
    add("events that close two alerts each", filled("[", event, "]", 1));
    add("a long name", format!("{{\"ALARM_NAME\":\"a\",\"{}\":1}}", "名A".repeat(MAX_BODY / 4 - 10)));
    add("a long value", format!("{{\"ALARM_NAME\":\"{}\"}}", "名".repeat(MAX_BODY / 3 - 10)));
    add("a long text", "名 \n".repeat(MAX_BODY / 5));
    add("white space", filled("{", |_| "   \n\n\n   ".to_owned(), "}", 1));
    shapes.push(("bytes that are no text", Request { body: vec![0xff; MAX_BODY], query: Vec::new() }));
    let query = (0..8_000).map(|n| (format!("a{n}"), "b".to_owned())).collect();
    shapes.push(("a long query, and many alarms", Request { body: filled("[", alarm, "]", 1).into_bytes(), query }));
    shapes
}

/// As many items as fit into a body divided by `part`.
fn filled(before: &str, item: impl Fn(usize) -> String, behind: &str, part: usize) -> String {
    filled_with(before, item, behind, MAX_BODY / part - 64)
}

/// As many items as fit into this many bytes.
fn filled_with(before: &str, item: impl Fn(usize) -> String, behind: &str, bytes: usize) -> String {
    let mut text = before.to_owned();
    let most = bytes - behind.len();
    for n in 0.. {
        let item = item(n);
        if text.len() + item.len() + 1 > most {
            break;
        }
        if n > 0 {
            text.push(',');
        }
        text += &item;
    }
    text + behind
}

/// A text wrapped this many times, or as often as fits into a body.
fn wrapped(times: usize, text: &str, wrap: impl Fn(&str) -> String) -> String {
    let wrapped = successors(Some(text.to_owned()), |within| Some(wrap(within)));
    let text = wrapped.take(times + 1).take_while(|text| text.len() <= MAX_BODY).last().unwrap_or_default();
    let mut pieces = text.split("NNNN");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.enumerate().fold(first, |text, (n, piece)| format!("{text}{n:04}{piece}"))
}
