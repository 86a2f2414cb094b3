//! How ZStack's console saves a message template, restated: which templates it stores, and which are refused.
//!
//! `render.groovy` checks that the templates compile.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::cases;

/// The text that the console stores of a template. `None` if the template is not JSON, which the console refuses.
///
/// The console stores a value that is not an object as JavaScript's `{...value}`. The members are sorted here; the
/// console keeps their order.
pub fn as_stored(text: &str) -> Option<String> {
    let section = match serde_json::from_str(text).ok()? {
        Value::Object(members) => members,
        Value::String(text) => (0..).map(|at: usize| at.to_string()).zip(text.chars().map(|c| json!(c))).collect(),
        Value::Array(items) => (0..).map(|at: usize| at.to_string()).zip(items).collect(),
        _ => serde_json::Map::new(),
    };
    Some(json!({"sections": [section]}).to_string())
}

/// Every reason for which the console or ZStack would refuse `template`. Its `kind` is `alarm` or `event`.
fn refusals(template: &str, kind: &str) -> Vec<String> {
    let values = cases();
    let variables = values[kind].as_object().unwrap();
    let Some(stored) = as_stored(template) else { return vec!["no JSON".to_owned()] };
    let mut refusals = Vec::new();
    for (_, after) in stored.match_indices('$').map(|(at, dollar)| stored.split_at(at + dollar.len())) {
        match after.strip_prefix('{') {
            Some(after) => {
                let expression = after.split_once('}').map_or("", |(expression, _)| expression);
                let word = first_word(expression);
                if !variables.contains_key(word) {
                    refusals.push(format!("no variable: {word:?}"));
                }
            }
            // ZStack looks for a quotation mark in the same line, and what is stored is one line.
            None if after.contains('"') => refusals.push("$ without {".to_owned()),
            None => {}
        }
    }
    refusals
}

fn first_word(text: &str) -> &str {
    let no_part_of_it = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    text.split(no_part_of_it).find(|word| !word.is_empty()).unwrap_or_default()
}

#[test]
fn zstack_accepts_every_template_of_the_repository() {
    let mut found = Vec::new();
    for path in files() {
        let text = fs::read_to_string(&path).unwrap();
        let templates = if path.extension().is_some_and(|it| it == "md") { blocks(&text) } else { vec![&*text] };
        for template in templates {
            let kind = if template.contains("${ALARM_") { "alarm" } else { "event" };
            assert_eq!(refusals(template, kind), [""; 0], "{}: {template}", path.display());
            assert!(serde_json::from_str::<Value>(template).unwrap().is_object(), "{}: {template}", path.display());
            // ZStack removes backslashes from alarms' templates before it fills them in. The console may add some.
            assert!(!as_stored(template).unwrap().contains('\\'), "{}: {template}", path.display());
            found.push(path.file_name().unwrap().to_owned());
        }
    }
    for (name, templates) in [
        ("alarm.txt", 1),
        ("alarm-everything.txt", 1),
        ("event.txt", 1),
        ("event-everything.txt", 1),
        ("README.md", 2),
        ("README.zh-CN.md", 2),
    ] {
        assert!(found.iter().filter(|it| *it == name).count() >= templates, "{name}: {found:?}");
    }
}

#[test]
fn values_json_contains_all_variables() {
    assert_eq!(["alarm", "event"].map(|kind| cases()[kind].as_object().unwrap().len()), [23, 14]);
}

#[test]
fn zstack_refuses_invalid_templates() {
    for (template, why) in [
        // What this repository recommended once.
        (r#"{"ALARM_NAME": ${groovy.json.JsonOutput.toJson(ALARM_NAME)}}"#, "no JSON"),
        (r#"{"ALARM_NAME": "${groovy.json.JsonOutput.toJson(ALARM_NAME)}"}"#, r#"no variable: "groovy""#),
        // The console stores {"0": "$", "1": "{", …}.
        (r#""${ALARM_NAME}""#, "$ without {"),
        (r#"["$", "{ALARM_NAME}"]"#, "$ without {"),
        (r#"{"ALARM_NAME": "$ALARM_NAME"}"#, "$ without {"),
        (r#"{"ALARM_NAME": "\u0024ALARM_NAME"}"#, "$ without {"),
        (r#"{"ALARM_NAME": "\\$ALARM_NAME"}"#, "$ without {"),
        ("{\n\"price\": \"costs $5\"\n}", "$ without {"),
        (r#"{"ALARM_NAME": "${}"}"#, r#"no variable: """#),
        (r#"{"ALARM_NAME": "${''}"}"#, r#"no variable: """#),
        (r#"{"ALARM_NAME": "${ALARM_NAMES}"}"#, r#"no variable: "ALARM_NAMES""#),
        (r#"{"ALARM_NAME": "${EVENT_NAME}"}"#, r#"no variable: "EVENT_NAME""#),
        (r#"{"ALARM_DURATION": ${ALARM_DURATION}}"#, "no JSON"),
        (r#"{"ALARM_NAME": "${ALARM_NAME ?: "none"}"}"#, "no JSON"),
        ("", "no JSON"),
    ] {
        assert_eq!(refusals(template, "alarm"), [why], "{template}");
    }
    for template in [
        r#"{"a": "${ (ALARM_NAME ?: ALARM_UUID) }"}"#,
        r#"{"a": "${ALARM_LABELS.join(\", \")}"}"#,
        r#"{"facts": [{"name": "UUID", "value": "${ALARM_UUID}"}]}"#,
        "{\"a\": \"b\",\n\"c\": 1}",
    ] {
        assert_eq!(refusals(template, "alarm"), [""; 0], "{template}");
    }
}

#[test]
fn the_console_stores_a_template_as_the_only_section() {
    for (text, stored) in [
        ("{\n  \"a\": \"b c\",\n  \"d\": [1, null]\n}\n", r#"{"sections":[{"a":"b c","d":[1,null]}]}"#),
        (r#"{"a": "\u4e2d\/\""}"#, r#"{"sections":[{"a":"中/\""}]}"#),
        (r#"{"sections": [{"a": 1}]}"#, r#"{"sections":[{"sections":[{"a":1}]}]}"#),
        (r#""${""#, r#"{"sections":[{"0":"$","1":"{"}]}"#),
        ("[true, {}]", r#"{"sections":[{"0":true,"1":{}}]}"#),
        ("5", r#"{"sections":[{}]}"#),
    ] {
        assert_eq!(as_stored(text).unwrap(), stored, "{text}");
    }
    assert_eq!(as_stored("{"), None);
}

/// The files that contain templates: `docs/templates`, and every document. `docs/protocols` is left out. It shows
/// ZStack's own templates, and some that ZStack refuses.
fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = ["README.md", "README.zh-CN.md"].map(|name| root.join(name)).into();
    let mut folders = vec![root.join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with("protocols") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|it| it == "md" || it == "txt") {
                files.push(path);
            }
        }
    }
    files
}

/// The fenced blocks of a document that use ZStack's variables.
fn blocks(markdown: &str) -> Vec<&str> {
    let fenced = markdown.split("```").skip(1).step_by(2);
    let contents = fenced.filter_map(|block| block.split_once('\n')).map(|(_, content)| content);
    contents.filter(|it| it.contains("${ALARM_") || it.contains("${EVENT_")).collect()
}
