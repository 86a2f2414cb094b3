//! The message templates that we recommend, `docs/templates/`, as ZStack's console stores them, filled in with values
//! that break other templates.
//!
//! `templates/render.groovy` fills them in with `templates/values.json` and writes `templates/rendered.json`. The tests
//! read that file, so they do not need Groovy.

mod saving;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{World, post};

const ALARM: &str = "zstack:alarm:5a4c7a3f0c6e4b0e8d1f2a3b4c5d6e7f:9b2f6c1d7e8a4f3bb0c1d2e3f4a5b6c7";
const NIC: &str = "zstack:event:HostPhysicalNicStatusDown:3c4b5a69788796a5b4c3d2e1f01f0e2d:ens2\"f0";

/// The alert that each case must become: its key and its status.
const ALERTS: [(&str, &str, &str); 6] = [
    ("alarm", ALARM, "Critical"),
    ("alarm-recovery", ALARM, "Ok"),
    ("alarm-with-little", "zstack:alarm:5a4c7a3f0c6e4b0e8d1f2a3b4c5d6e7f:-", "Warning"),
    ("event", NIC, "Warning"),
    ("event-recovery", NIC, "Ok"),
    ("event-with-little", "zstack:event:ManagementNodeClockDrift:7d8e9fa0b1c2d3e4f5061728394a5b6c", "Warning"),
];

/// Variables that the templates with named fields leave out: one that ZStack may not define, the operator of the
/// recovery, and words for titles.
const NOT_NAMED: [&str; 3] = ["ALARM_RESOURCE_TYPE", "ALARM_COMPARISON_OPERATOR_REVERSE", "TITLE_ALARM_RESOURCE_NAME"];

const AGAIN: &str = "it has changed, run tests/relay/templates/render.groovy";

#[test]
fn rendered_json_is_up_to_date() {
    let rendered = rendered();
    for (file, stored) in rendered["stored"].as_object().unwrap() {
        let template = fs::read_to_string(root().join("docs/templates").join(file)).unwrap();
        assert_eq!(text(stored), saving::as_stored(&template).unwrap(), "{file}: {AGAIN}");
    }
    let values = Sha256::digest(fs::read(ours("values.json")).unwrap());
    let values = values.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    assert_eq!(rendered["values"], values, "values.json: {AGAIN}");
}

#[tokio::test]
async fn every_case_becomes_the_expected_alert() {
    assert_eq!(cases().len(), ALERTS.len());
    let mut world = World::new().await;
    for (case, key, status) in ALERTS {
        for (template, message) in messages(case) {
            let (answered, body) = world.send(&post(message)).await;
            assert_eq!(answered, 200, "{template}, {case}: {body}");
            let alerts = body["alerts"].as_array().unwrap();
            let pushed: Vec<_> = alerts.iter().map(|it| [&it["alert_key"], &it["event_status"]]).collect();
            assert_eq!(pushed, [[key, status]], "{template}, {case}");
        }
    }
    world.end();
}

#[tokio::test]
async fn a_message_of_a_template_becomes_the_same_alert_as_without_a_template() {
    let mut world = World::new().await;
    // These cases have no unknown values. Other tests cover how templates print those.
    for case in ["alarm", "event"] {
        for (template, message) in messages(case) {
            let mut plain = cases()[case].clone();
            if !template.contains("everything") {
                plain.as_object_mut().unwrap().retain(|name, _| !NOT_NAMED.contains(&&**name));
            }
            for body in [message, plain.to_string()] {
                let (answered, body) = world.send(&post(body)).await;
                assert_eq!(answered, 200, "{template}, {case}: {body}");
            }
            let pushed = world.pushed();
            let [.., filled, plain] = &*pushed else { panic!("{template}, {case}: {pushed:?}") };
            assert_eq!(filled, plain, "{template}, {case}");
        }
    }
    world.end();
}

#[test]
fn templates_with_everything_contain_all_variables_unchanged() {
    for (case, values) in cases() {
        let mut fields = fields("-everything.txt", &case);
        // The template inserts the variables between these two.
        assert_eq!(["a", "z"].map(|name| fields.remove(name)), [Some(json!("")), Some(json!(""))], "{case}");
        assert_eq!(Value::Object(fields), values, "{case}");
    }
}

#[test]
fn templates_with_named_fields_contain_the_variables_as_text() {
    for (case, mut values) in cases() {
        let mut fields = fields(".txt", &case);
        if let Some(labels) = fields.get_mut("EVENT_LABELS") {
            *labels = serde_json::from_str(text(labels)).unwrap();
        }
        let values = values.as_object_mut().unwrap();
        values.retain(|name, _| !NOT_NAMED.contains(&&**name));
        for (name, value) in &mut *values {
            match value {
                // The template adds an empty item at both ends.
                Value::Array(items) => *value = [&[json!("")], &**items, &[json!("")]].concat().into(),
                Value::Null | Value::Number(_) => *value = value.to_string().into(),
                _ => assert!(value.is_string() || name == "EVENT_LABELS"),
            }
        }
        assert_eq!(&fields, values, "{case}");
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn ours(file: &str) -> PathBuf {
    root().join("tests/relay/templates").join(file)
}

/// The values to fill in, by case: an alarm's or an event's variables.
fn cases() -> Map<String, Value> {
    serde_json::from_str(&fs::read_to_string(ours("values.json")).unwrap()).unwrap()
}

fn rendered() -> Value {
    serde_json::from_str(&fs::read_to_string(ours("rendered.json")).unwrap()).unwrap()
}

/// The messages of a case, with the names of the templates that made them.
fn messages(case: &str) -> Vec<(String, String)> {
    let rendered = rendered();
    let of_all = rendered["messages"].as_object().unwrap();
    let of_case: Vec<_> = of_all.iter().filter_map(|(template, of)| Some((template, of.get(case)?))).collect();
    assert_eq!(of_case.len(), 2, "{case}");
    of_case.into_iter().map(|(template, message)| (template.clone(), text(message).to_owned())).collect()
}

/// The fields of the message that a template made of a case.
fn fields(template: &str, case: &str) -> Map<String, Value> {
    let kind = case.split('-').next().unwrap();
    let message = &rendered()["messages"][format!("{kind}{template}")][case];
    let message: Value = serde_json::from_str(text(message)).unwrap();
    let [section] = &message["sections"].as_array().unwrap()[..] else { panic!("{message}") };
    assert_eq!(message, json!({"sections": [section]}));
    section.as_object().unwrap().clone()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
