//! One message in every shape in which ZStack can send it: what is pushed is in `tests/relay/shapes/`. A recovery in one
//! shape closes the alert of a message in any other shape.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::support::goldens::Goldens;
use crate::support::shapes::{ALL, Labels, Language, Message, Shape};
use crate::support::{World, post, translated};

use Language::{Chinese, English};

const HOST: &str = "2a3b4c5d6e7f8091a2b3c4d5e6f70811";

#[test]
fn every_shape_is_read_in_both_languages() {
    let shapes = [
        ("plain", Shape::Plain),
        ("everything", Shape::Everything),
        ("everything-wrapped", Shape::WrappedEverything),
        ("named-english-groovy", Shape::Named(English, Labels::Groovy)),
        ("named-english-json", Shape::Named(English, Labels::Json)),
        ("named-chinese-groovy", Shape::Named(Chinese, Labels::Groovy)),
        ("named-chinese-list", Shape::Named(Chinese, Labels::List)),
        ("named-chinese-lines", Shape::Named(Chinese, Labels::Lines)),
        ("facts-english", Shape::Console(English)),
        ("facts-chinese", Shape::Console(Chinese)),
        ("facts-english-wrapped", Shape::WrappedConsole(English)),
        ("facts-chinese-wrapped", Shape::WrappedConsole(Chinese)),
        ("feishu-english", Shape::Feishu(English)),
        ("feishu-chinese", Shape::Feishu(Chinese)),
        ("teams-english", Shape::Teams(English)),
        ("teams-chinese", Shape::Teams(Chinese)),
    ];
    let mut goldens = Goldens::of("shapes");
    for (name, shape) in shapes {
        let bodies = messages().map(|(case, message)| (case, message.body(shape)));
        goldens.check(name, &pushed(&bodies));
        if shape.can_break() {
            let bodies = messages().map(|(case, message)| (case, broken(&message).body(shape)));
            goldens.check(&format!("{name}-broken"), &pushed(&bodies));
        }
    }
    goldens.check("own-names", &pushed(&own_names()));
    goldens.end();
}

/// If somebody changes or removes a template while an alert is open, the alert is closed all the same.
#[test]
fn an_alert_opened_in_one_shape_is_closed_in_any_other() {
    let [(_, alarm), (_, recovery), (_, event), (_, back), (_, nic), (_, nic_back)] = messages();
    for opens in ALL {
        for closes in ALL {
            let pairs = [
                (&alarm, &recovery, true),
                (&event, &back, true),
                (&nic, &nic_back, opens.has_labels() && closes.has_labels()),
            ];
            for (problem, end, must_share_key) in pairs {
                for (problem, end) in [(problem.clone(), end.clone()), (broken(problem), broken(end))] {
                    let (key, status, labels) = one_event(&problem.body(opens));
                    let (end_key, end_status, end_labels) = one_event(&end.body(closes));
                    assert_eq!((status.as_str(), end_status.as_str()), ("Critical", "Ok"), "{opens:?} {closes:?}");
                    assert!(key == end_key || !must_share_key, "{opens:?} {closes:?}: {key} {end_key}");
                    assert_eq!(labels["resource"], end_labels["resource"], "{opens:?} {closes:?}");
                    // Facts have no rule name.
                    if opens == closes || problem.is_event() {
                        assert_eq!(labels["check"], end_labels["check"], "{opens:?} {closes:?}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn no_alert_stays_open_in_flashduty_after_a_change_of_template() {
    let [(_, alarm), (_, recovery), (_, event), (_, back), (_, nic), (_, nic_back)] = messages();
    let mut world = World::new().await;
    for (at, opens) in ALL.into_iter().enumerate() {
        let closes = ALL[(at * 7 + 5) % ALL.len()];
        let labels = opens.has_labels() && closes.has_labels();
        for (problem, end) in
            [(&alarm, &recovery), (&event, &back)].into_iter().chain(labels.then_some((&nic, &nic_back)))
        {
            world.flashduty.clear();
            for (body, open) in [(problem.body(opens), true), (broken(end).body(closes), false)] {
                let (status, answer) = world.send(&post(body)).await;
                assert_eq!(status, 200, "{answer}");
                let alerts: Vec<_> = world.flashduty.alerts().iter().map(|alert| alert.open).collect();
                assert_eq!(alerts, [open], "{opens:?} {closes:?}");
            }
        }
    }
    world.end();
}

/// If the heading is missing, the name of the condition or a card's title shows what the message is.
#[test]
fn facts_without_a_heading_are_recognized_by_the_rest() {
    let [(_, alarm), (_, recovery), ..] = messages();
    for shape in ALL.into_iter().filter(|shape| shape.can_break() && !matches!(shape, Shape::Named(..))) {
        // The English words for Feishu are the same for an alarm and its recovery.
        if shape == Shape::Feishu(English) {
            continue;
        }
        let events = [&alarm, &recovery].map(|message| {
            let body = message.body(shape);
            let (start, rest) = body.split_once(r#"{"name":"#).unwrap();
            let (_, rest) = rest.split_once(r#","value":null},"#).unwrap();
            one_event(&format!("{start}{rest}"))
        });
        let [(key, status, labels), (end_key, end_status, end_labels)] = events;
        assert_eq!((status.as_str(), end_status.as_str()), ("Critical", "Ok"), "{shape:?}");
        assert_eq!((key, &labels["condition"]), (end_key, &end_labels["condition"]), "{shape:?}");
    }
}

/// An alarm and its recovery, an event and its end, and an event and its end with labels that distinguish devices.
pub fn messages() -> [(&'static str, Message); 6] {
    let alarm = Message::of(json!({
        "ALARM_ACCOUNT_UUID": "36c27e8ff05c4780bf6d2fa65700f22e",
        "ALARM_COMPARISON_OPERATOR": "GreaterThanOrEqualTo",
        "ALARM_COMPARISON_OPERATOR_REVERSE": "LessThan",
        "ALARM_CURRENT_STATUS": "Alarm",
        "ALARM_CURRENT_VALUE": "91.40%",
        "ALARM_DATA_UUID": "aaaabbbbccccddddeeeeffff00001111",
        "ALARM_DURATION": 300,
        "ALARM_EMERGENCY_LEVEL": "Emergent",
        "ALARM_LABELS": [format!("HostUuid Equal {HOST}"), "ALARM_EXCLUDE_RESOURCE_LABEL Equal 1f2e|2e1f"],
        "ALARM_METRIC": "MemoryUsedInPercent",
        "ALARM_NAME": "内存 使用率过高",
        "ALARM_NAMESPACE": "ZStack/Host",
        "ALARM_PREVIOUS_STATUS": "OK",
        "ALARM_RESOURCE_CLUSTER_NAME": "集群-甲",
        "ALARM_RESOURCE_CLUSTER_UUID": "4d3c2b1a0f9e8d7c6b5a493827160504",
        "ALARM_RESOURCE_ID": HOST,
        "ALARM_RESOURCE_IP": "192.0.2.7",
        "ALARM_RESOURCE_NAME": "node-07",
        "ALARM_RESOURCE_TYPE": "HostVO",
        "ALARM_THRESHOLD": "80.00%",
        "ALARM_TIME": 1_720_144_800_000_u64,
        "ALARM_UUID": "b1c2d3e4f5061728394a5b6c7d8e9f01",
    }));
    let recovery = alarm
        .with("ALARM_CURRENT_STATUS", "OK")
        .with("ALARM_PREVIOUS_STATUS", "Alarm")
        .with("ALARM_CURRENT_VALUE", "22.10%");
    let event = |name: &str, level: &str, labels: Value| {
        Message::of(json!({
            "EVENT_ACCOUNT_UUID": "36c27e8ff05c4780bf6d2fa65700f22e",
            "EVENT_DATA_UUID": "aaaabbbbccccddddeeeeffff00001111",
            "EVENT_EMERGENCY_LEVEL": level,
            "EVENT_LABELS": labels,
            "EVENT_NAME": name,
            "EVENT_NAMESPACE": "ZStack/Host",
            "EVENT_RESOURCE_CLUSTER_NAME": "集群-甲",
            "EVENT_RESOURCE_CLUSTER_UUID": "4d3c2b1a0f9e8d7c6b5a493827160504",
            "EVENT_RESOURCE_ID": HOST,
            "EVENT_RESOURCE_IP": "192.0.2.7",
            "EVENT_RESOURCE_NAME": "node-07",
            "EVENT_SUBSCRIPTION_UUID": "d3e4f5061728394a5b6c7d8e9f01b1c2",
            "EVENT_TIME": "Jul 5, 2024 10:00:00 AM",
        }))
    };
    let nic = |status: &str| {
        json!({
            "PhysicalNicAddr": "None",
            "PhysicalNicFromBond": "bond0",
            "PhysicalNicName": "ens1f1",
            "PhysicalNicStatus": status,
        })
    };
    [
        ("alarm", alarm),
        ("recovery", recovery),
        ("event", event("HostDisconnected", "Emergent", json!({"Error": "no ping, for 60 s: lost [agent]"}))),
        ("event-end", event("HostConnected", "Recovery", json!({"NewStatus": "Connected", "OldStatus": "Connecting"}))),
        ("device-event", event("HostPhysicalNicStatusDown", "Emergent", nic("down"))),
        ("device-event-end", event("HostPhysicalNicStatusUp", "Normal", nic("up"))),
    ]
}

/// The message with values that break the JSON of a template.
pub fn broken(message: &Message) -> Message {
    let resource = if message.is_event() { "EVENT_RESOURCE_NAME" } else { "ALARM_RESOURCE_NAME" };
    let message = message.with(resource, "机架 \"7\"\n上层");
    if message.is_event() { message } else { message.with("ALARM_NAME", "内存 \"data\", 过高") }
}

fn own_names() -> [(&'static str, String); 2] {
    let english =
        r#"{"alertname": "CPU high", "status": "Alarm", "level": "Emergent", "value": null, "host": "node-07"}"#;
    let chinese = r#"{"告警名称": "CPU 过高", "状态": "已触发", "级别": "紧急", "当前值": "-", "主机": "node-07"}"#;
    [("english", english.to_owned()), ("chinese", chinese.to_owned())]
}

/// What is pushed for each body, with the body itself.
fn pushed(bodies: &[(&str, String)]) -> Value {
    let cases = bodies.iter().map(|(case, body)| {
        let pushed = translated(body.as_bytes(), &[]);
        assert!(!json!(pushed).to_string().contains("ALARM_EXCLUDE_RESOURCE_LABEL"), "{pushed:#?}");
        ((*case).to_owned(), json!({"body": body, "pushed": pushed}))
    });
    Value::Object(cases.collect::<Map<_, _>>())
}

/// Key, status and labels of the one event that a body becomes.
fn one_event(body: &str) -> (String, String, BTreeMap<String, String>) {
    let events = translated(body.as_bytes(), &[]);
    let [event] = &events[..] else { panic!("{body}: {events:#?}") };
    let text = |name: &str| event[name].as_str().unwrap().to_owned();
    (text("alert_key"), text("event_status"), serde_json::from_value(event["labels"].clone()).unwrap())
}
