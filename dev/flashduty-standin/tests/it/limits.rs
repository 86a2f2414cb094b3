//! The exact value of each limit. 警 is one character and three bytes.

use flashduty_standin::check::{Event, EventStatus, check};
use serde_json::{Map, Value, json};

/// A valid event with some fields changed; null removes a field.
fn event(changes: Value) -> Vec<u8> {
    let mut event = json!({"title_rule": "CPU", "event_status": "Critical", "alert_key": "k"});
    let (Value::Object(event_fields), Value::Object(changes)) = (&mut event, changes) else {
        unreachable!("both are written as objects");
    };
    for (field, value) in changes {
        event_fields.insert(field, value);
    }
    event_fields.retain(|_, value| !value.is_null());
    event.to_string().into_bytes()
}

#[track_caller]
fn assert_accepted(changes: Value) {
    assert_eq!(check(&event(changes)).err(), None);
}

#[track_caller]
fn assert_refused(changes: Value, violations: &[&str]) {
    let violations = violations.iter().map(ToString::to_string).collect();
    assert_eq!(check(&event(changes)), Err(violations));
}

fn labels(count: usize) -> Map<String, Value> {
    (0..count).map(|n| (format!("label_{n}"), json!("x"))).collect()
}

#[test]
fn an_event_is_read_whole() {
    let body = json!({
        "title_rule": "[TPL]${resource}",
        "event_status": "Warning",
        "alert_key": "k",
        "description": "高",
        "labels": {"resource": "云主机"},
        "images": [{"src": "https://example.com/a.png"}],
    });
    let wanted = Event {
        title_rule: "[TPL]${resource}".to_owned(),
        status: EventStatus::Warning,
        alert_key: Some("k".to_owned()),
        description: "高".to_owned(),
        labels: [("resource".to_owned(), "云主机".to_owned())].into(),
    };
    assert_eq!(check(body.to_string().as_bytes()), Ok(wanted));
}

#[test]
fn the_body_is_an_object() {
    for body in ["", "{", "[]", "null", "\"CPU\"", "{} {}"] {
        let violation = "the body is not a JSON object".to_owned();
        assert_eq!(check(body.as_bytes()), Err(vec![violation]), "{body}");
    }
}

#[test]
fn title_rule() {
    assert_accepted(json!({"title_rule": "警".repeat(512)}));
    let over = "title_rule has 513 characters, at most 512 are allowed";
    assert_refused(json!({"title_rule": "警".repeat(513)}), &[over]);
    assert_refused(json!({"title_rule": null}), &["title_rule is required"]);
    assert_refused(json!({"title_rule": ""}), &["title_rule is required"]);
    assert_refused(json!({"title_rule": 7}), &["title_rule must be a string"]);
}

#[test]
fn event_status() {
    for status in ["Critical", "Warning", "Info", "Ok"] {
        assert_accepted(json!({"event_status": status}));
    }
    let wrong = "event_status must be Critical, Warning, Info or Ok";
    for status in [json!("critical"), json!("OK"), json!(""), json!(1), Value::Null] {
        assert_refused(json!({"event_status": status}), &[wrong]);
    }
}

#[test]
fn alert_key() {
    assert_accepted(json!({"alert_key": "警".repeat(255)}));
    let over = "alert_key has 256 characters, at most 255 are allowed";
    assert_refused(json!({"alert_key": "警".repeat(256)}), &[over]);
    assert_refused(json!({"alert_key": 7}), &["alert_key must be a string"]);
    for absent in [json!(""), Value::Null] {
        let read = check(&event(json!({"alert_key": absent}))).unwrap();
        assert_eq!(read.alert_key, None);
        let closing = json!({"alert_key": absent, "event_status": "Ok"});
        assert_refused(closing, &["alert_key is required"]);
    }
}

#[test]
fn description() {
    assert_accepted(json!({"description": "警".repeat(2048)}));
    let over = "description has 2049 characters, at most 2048 are allowed";
    assert_refused(json!({"description": "警".repeat(2049)}), &[over]);
    assert_refused(json!({"description": {}}), &["description must be a string"]);
}

#[test]
fn labels_in_number() {
    assert_accepted(json!({"labels": labels(50)}));
    let over = "labels are 51, at most 50 are allowed";
    assert_refused(json!({"labels": labels(51)}), &[over]);
    assert_refused(json!({"labels": []}), &["labels must be an object"]);
}

#[test]
fn label_names() {
    for name in ["_", "a", "Z9_", "_9"] {
        assert_accepted(json!({"labels": {name: "x"}}));
    }
    for name in ["", "9a", "a-b", "a.b", "a b", "é", "资源"] {
        let wrong = format!("labels: the name {name:?} does not match [a-zA-Z_][a-zA-Z0-9_]*");
        assert_refused(json!({"labels": {name: "x"}}), &[&wrong]);
    }
    assert_accepted(json!({"labels": {"a".repeat(128): "x"}}));
    let long = "a".repeat(129);
    let over = format!("labels: the name {long:?} has 129 characters, at most 128 are allowed");
    assert_refused(json!({"labels": {long: "x"}}), &[&over]);
}

#[test]
fn label_values() {
    assert_accepted(json!({"labels": {"a": "警".repeat(2048), "b": ""}}));
    let over = r#"labels["a"] has 2049 characters, at most 2048 are allowed"#;
    assert_refused(json!({"labels": {"a": "警".repeat(2049)}}), &[over]);
    for value in [json!(1), json!(true), json!(["x"]), Value::Null] {
        assert_refused(json!({"labels": {"a": value}}), &[r#"labels["a"] must be a string"#]);
    }
}

#[test]
fn unknown_fields() {
    assert_accepted(json!({"images": []}));
    assert_refused(json!({"severity": "high"}), &[r#""severity" is not a known field"#]);
}

#[test]
fn every_violation_is_reported() {
    let changes = json!({
        "title_rule": "",
        "event_status": "ok",
        "alert_key": 7,
        "description": "警".repeat(2049),
        "labels": {"9": 9},
        "title": "CPU",
    });
    assert_refused(
        changes,
        &[
            "title_rule is required",
            "event_status must be Critical, Warning, Info or Ok",
            "alert_key must be a string",
            "description has 2049 characters, at most 2048 are allowed",
            r#"labels: the name "9" does not match [a-zA-Z_][a-zA-Z0-9_]*"#,
            r#"labels["9"] must be a string"#,
            r#""title" is not a known field"#,
        ],
    );
}
