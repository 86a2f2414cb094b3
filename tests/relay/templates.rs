//! The message templates that we recommend, `docs/templates/`, filled in with what breaks others.
//!
//! `templates/rendered.json` is what Groovy makes of them and `templates/values.json`, by
//! `templates/render.groovy`, so that no test needs Groovy.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};
use zstack_flashduty::zstack::{Alarm, Event, Message};

use crate::support::{World, post};

const ALARM: &str = "zstack:alarm:5a4c7a3f0c6e4b0e8d1f2a3b4c5d6e7f:9b2f6c1d7e8a4f3bb0c1d2e3f4a5b6c7";
const NIC: &str = "zstack:event:ZStack/Host:HostPhysicalNicStatusDown:3c4b5a69788796a5b4c3d2e1f01f0e2d:ens2\"f0";

/// What becomes of each case: the alert's key and its status.
const ALERTS: [(&str, &str, &str); 6] = [
    ("alarm", ALARM, "Critical"),
    ("alarm-recovery", ALARM, "Ok"),
    ("alarm-with-little", "zstack:alarm:5a4c7a3f0c6e4b0e8d1f2a3b4c5d6e7f:-", "Warning"),
    ("event", NIC, "Warning"),
    ("event-recovery", NIC, "Ok"),
    (
        "event-with-little",
        "zstack:event:ZStack/ManagementNode:ManagementNodeClockDrift:7d8e9fa0b1c2d3e4f5061728394a5b6c",
        "Warning",
    ),
];

#[tokio::test]
async fn every_case_becomes_its_alert() {
    let rendered = cases("rendered");
    assert_eq!(rendered.len(), ALERTS.len());
    let mut world = World::new().await;
    for (case, key, status) in ALERTS {
        let (answered, body) = world.send(&post(text(&rendered[case]))).await;
        assert_eq!(answered, 200, "{case}: {body}");
        let alerts = body["alerts"].as_array().unwrap();
        assert_eq!(alerts.len(), 1, "{case}");
        assert_eq!((text(&alerts[0]["alert_key"]), text(&alerts[0]["event_status"])), (key, status), "{case}");
    }
    world.end();
}

#[test]
fn what_people_write_arrives_as_they_wrote_it() {
    let (rendered, values) = (cases("rendered"), cases("values"));
    for (case, value) in &rendered {
        let wanted = |name: &str| text(&values[case][name]).trim().to_owned();
        match Message::read(text(value)) {
            Message::Alarm(alarm) => {
                let Alarm { name, labels, resource, other, .. } = *alarm;
                assert_eq!(
                    (&*name, &*resource.name),
                    (&*wanted("ALARM_NAME"), &*wanted("ALARM_RESOURCE_NAME")),
                    "{case}"
                );
                let printed: Vec<_> = labels.iter().map(|(_, value)| &**value).collect();
                let mut given: Vec<_> =
                    values[case]["ALARM_LABELS"].as_array().unwrap().iter().map(|it| text(it).trim()).collect();
                given.sort_unstable();
                assert_eq!(printed, given, "{case}");
                assert!(other.iter().all(|(_, value)| value.is_empty()), "{case}: {other:?}");
            }
            Message::Event(event) => {
                assert_eq!(event.label("Error"), text(&values[case]["EVENT_LABELS"]["Error"]).trim(), "{case}");
                let Event { error, resource, other, .. } = *event;
                assert_eq!(
                    (&*error, &*resource.name),
                    (&*wanted("EVENT_ERROR"), &*wanted("EVENT_RESOURCE_NAME")),
                    "{case}"
                );
                assert!(other.iter().all(|(_, value)| value.is_empty()), "{case}: {other:?}");
            }
            read => panic!("{case}: {read:?}"),
        }
    }
}

#[test]
fn what_was_rendered_are_these_templates() {
    let (rendered, values) = (cases("rendered"), cases("values"));
    for (case, value) in &rendered {
        let filled = fill(&template(case), values[case].as_object().unwrap());
        let [filled, made]: [Value; 2] = [&*filled, text(value)].map(|it| serde_json::from_str(it).unwrap());
        assert_eq!(filled, made, "{case}: run tests/relay/templates/render.groovy");
    }
}

/// README says so to those who may not call methods.
#[test]
fn the_lines_that_call_a_method_may_be_left_out() {
    let values = cases("values");
    for (case, key, _) in ALERTS {
        let plain: Vec<_> = template(case).lines().filter(|line| !line.contains('(')).map(str::to_owned).collect();
        let filled = fill(&plain.join("\n"), values[case].as_object().unwrap());
        let message: Map<String, Value> = serde_json::from_str(&filled).unwrap();
        assert!(message.len() > 7, "{filled}");
        let ids = match Message::read(&filled) {
            Message::Alarm(alarm) => [alarm.uuid.to_string(), alarm.resource.id.to_string()],
            Message::Event(event) => [event.namespace.to_string(), event.resource.id.to_string()],
            read => panic!("{case}: {read:?}"),
        };
        assert!(ids.iter().all(|id| key.contains(id.as_str())), "{case}: {ids:?}");
    }
}

#[test]
fn they_hold_no_backslash() {
    for name in ["alarm", "event"] {
        assert!(!template(name).contains('\\'), "ZStack may drop it");
    }
}

fn cases(file: &str) -> Map<String, Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/relay/templates").join(file).with_extension("json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The template of a case: `alarm` or `event`.
fn template(case: &str) -> String {
    let name = case.split('-').next().unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/templates").join(name).with_extension("txt");
    fs::read_to_string(path).unwrap()
}

/// A string's content; nothing where there is `null`.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What Groovy does, as far as these templates need it.
fn fill(template: &str, values: &Map<String, Value>) -> String {
    let mut parts = template.split("${");
    let mut filled = parts.next().unwrap().to_owned();
    for part in parts {
        let (expression, rest) = part.split_once('}').unwrap();
        let to_json = expression.strip_prefix("groovy.json.JsonOutput.toJson(").and_then(|it| it.strip_suffix(')'));
        filled += &match (to_json, expression.strip_suffix(" ?: ''")) {
            (Some(name), _) => values[name].to_string(),
            (None, Some(name)) => text(&values[name]).to_owned(),
            (None, None) => values[expression].as_str().map_or_else(|| values[expression].to_string(), str::to_owned),
        };
        filled += rest;
    }
    filled
}
