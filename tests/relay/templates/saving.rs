//! What ZStack looks at when a message template is saved, restated: one that it refuses helps nobody.
//!
//! That the text compiles, too, is seen to by `render.groovy`.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use super::cases;

/// Everything for which ZStack would refuse `template`, which is for `alarm` or `event`.
fn refusals(template: &str, kind: &str) -> Vec<String> {
    let values = cases();
    let variables = values[kind].as_object().unwrap();
    let mut refusals = Vec::new();
    if serde_json::from_str::<IgnoredAny>(template).is_err() {
        refusals.push("no JSON".to_owned());
    }
    let template = template.replace('\\', "");
    for line in template.lines() {
        for (_, after) in line.match_indices('$').map(|(at, dollar)| line.split_at(at + dollar.len())) {
            match after.strip_prefix('{') {
                Some(after) => {
                    let expression = after.split_once('}').map_or("", |(expression, _)| expression);
                    let word = first_word(expression);
                    if !variables.contains_key(word) {
                        refusals.push(format!("no variable: {word:?}"));
                    }
                }
                None if after.contains('"') => refusals.push("$ without {".to_owned()),
                None => {}
            }
        }
    }
    refusals
}

fn first_word(text: &str) -> &str {
    let no_part_of_it = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    text.split(no_part_of_it).find(|word| !word.is_empty()).unwrap_or_default()
}

#[test]
fn zstack_takes_every_template_of_the_repository() {
    let mut found = Vec::new();
    for path in files() {
        let text = fs::read_to_string(&path).unwrap();
        let templates = if path.extension().is_some_and(|it| it == "md") { blocks(&text) } else { vec![&*text] };
        for template in templates {
            let kind = if template.contains("${ALARM_") { "alarm" } else { "event" };
            assert_eq!(refusals(template, kind), [""; 0], "{}: {template}", path.display());
            // ZStack takes them out, of alarms' before they are filled in, too.
            assert!(!template.contains('\\'), "{}: {template}", path.display());
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
fn all_variables_are_known() {
    assert_eq!(["alarm", "event"].map(|kind| cases()[kind].as_object().unwrap().len()), [23, 14]);
}

#[test]
fn zstack_refuses_others() {
    for (template, why) in [
        // What this repository recommended once.
        (
            r#"{"ALARM_NAME": ${groovy.json.JsonOutput.toJson(ALARM_NAME)}}"#,
            &["no JSON", r#"no variable: "groovy""#][..],
        ),
        (r#"{"ALARM_NAME": "${groovy.json.JsonOutput.toJson(ALARM_NAME)}"}"#, &[r#"no variable: "groovy""#]),
        (r#"{"ALARM_NAME": "$ALARM_NAME"}"#, &["$ without {"]),
        (r#"{"price": "costs $5"}"#, &["$ without {"]),
        // The backslash is out of the way before ZStack looks.
        (r#"{"ALARM_NAME": "\\$ALARM_NAME"}"#, &["$ without {"]),
        (r#"{"ALARM_NAME": "${}"}"#, &[r#"no variable: """#]),
        (r#"{"ALARM_NAME": "${''}"}"#, &[r#"no variable: """#]),
        (r#"{"ALARM_NAME": "${ALARM_NAMES}"}"#, &[r#"no variable: "ALARM_NAMES""#]),
        (r#"{"ALARM_NAME": "${EVENT_NAME}"}"#, &[r#"no variable: "EVENT_NAME""#]),
        (r#"{"ALARM_DURATION": ${ALARM_DURATION}}"#, &["no JSON"]),
        (r#"{"ALARM_NAME": "${ALARM_NAME ?: "none"}"}"#, &["no JSON"]),
        ("", &["no JSON"]),
    ] {
        assert_eq!(refusals(template, "alarm"), why, "{template}");
    }
    for template in [r#""${ALARM_NAME}""#, r#"{"a": "${ (ALARM_NAME ?: ALARM_UUID) }"}"#, "{\"a\": \"b\",\n\"c\": 1}"] {
        assert_eq!(refusals(template, "alarm"), [""; 0], "{template}");
    }
}

/// Where templates are: `docs/templates`, and every document.
fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = ["README.md", "README.zh-CN.md"].map(|name| root.join(name)).into();
    let mut folders = vec![root.join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
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
