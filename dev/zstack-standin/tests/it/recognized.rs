//! Every message is recognised by the relay, and has the members of the samples.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use zstack_flashduty::translate::{Alert, Context, Kind, translate};
use zstack_flashduty::zstack::split;
use zstack_standin::Options;

use crate::receiver::Receiver;
use crate::{SYSTEM_TOPIC, ZStack, quick};

/// A stand-in of Cloud, which knows most, that sends everything to a receiver.
async fn told() -> (ZStack, Receiver) {
    let zstack = ZStack::start(Options { cloud: true, ..quick() }).await;
    let receiver = Receiver::start().await;
    let endpoint = zstack.endpoint(&receiver.url).await;
    zstack.subscribe(SYSTEM_TOPIC, &endpoint).await;
    (zstack, receiver)
}

/// What the relay makes of a body.
fn alerts(body: &str) -> Vec<Alert> {
    let parts = split(body.as_bytes());
    parts.iter().flat_map(|it| translate(&it.text, &it.around, &Context::default())).collect()
}

/// The kind, and the statuses of the Flashduty events.
#[track_caller]
fn recognized(body: &str) -> (Kind, Vec<String>) {
    let alerts = alerts(body);
    assert_eq!(alerts.len(), 1, "{body}");
    let alert = &alerts[0];
    (alert.kind, alert.events.iter().map(|it| it.status().as_str().to_owned()).collect())
}

#[tokio::test]
async fn every_alarm() {
    let (zstack, receiver) = told().await;
    for alarm in zstack.table("alarms").await {
        let uuid = alarm["uuid"].as_str().unwrap();
        let action = json!([{"alarmUuid": uuid, "actionType": "sns", "actionUuid": SYSTEM_TOPIC}]);
        let changes = json!({"enableRecovery": true, "state": "Enabled", "period": 60.0, "actions": action});
        zstack.control(reqwest::Method::PATCH, &format!("rows/alarms/{uuid}"), changes).await;
        let resource = if alarm["namespace"] == "ZStack/System" { Value::Null } else { json!("node-07") };
        for change in ["fire", "recover"] {
            zstack.does(change, json!({"alarm": uuid, "resource": resource})).await;
        }
        let [fired, recovered] = &receiver.take()[..] else { panic!("not two messages of {alarm}") };
        let status = match alarm["emergencyLevel"].as_str() {
            Some("Emergent") => "Critical",
            Some("Normal") => "Info",
            _ => "Warning",
        };
        assert_eq!(recognized(&fired.body), (Kind::Alarm, vec![status.to_owned()]), "{alarm}");
        assert_eq!(recognized(&recovered.body), (Kind::Alarm, vec!["Ok".to_owned()]), "{alarm}");
    }
}

#[tokio::test]
async fn every_event() {
    let (zstack, receiver) = told().await;
    let known = zstack.get("/zwatch/events/meta-data").await.json()["events"].take();
    for event in known.as_array().unwrap() {
        let (namespace, name) = (&event["namespace"], &event["name"]);
        let params = json!({
            "namespace": namespace,
            "eventName": name,
            "actions": [{"actionUuid": SYSTEM_TOPIC, "actionType": "sns"}],
        });
        let subscriptions =
            zstack.get(&format!("/zwatch/events/subscriptions?q=eventName={}", name.as_str().unwrap())).await;
        let told =
            |it: &Value| it["namespace"] == *namespace && it["state"] == "Enabled" && it.get("actions").is_some();
        if !subscriptions.rows().iter().any(told) {
            assert_eq!(zstack.post("/zwatch/events/subscriptions", params).await.status, 200);
        }
        zstack
            .does("event", json!({"namespace": namespace, "name": name, "resource": "node-07", "always": true}))
            .await;
        let [arrived] = &receiver.take()[..] else { panic!("not one message of {event}") };
        // Router events may end several problems.
        let alerts = alerts(&arrived.body);
        assert!(!alerts.is_empty() && alerts.iter().all(|it| it.kind == Kind::Event), "{event}");
        assert_eq!(arrived.json()["EVENT_NAME"], *name);
    }
}

#[tokio::test]
async fn a_way_back_ends_its_problem() {
    let (zstack, receiver) = told().await;
    for (problem, way_back) in [
        ("HostDisconnected", "HostConnected"),
        ("PrimaryStorageDisconnected", "PrimaryStorageConnected"),
        ("BackupStorageDisconnected", "BackupStorageConnected"),
        ("ManagementNodeLeft", "ManagementNodeJoin"),
        ("SlbVmInstanceDisconnected", "SlbVmInstanceConnected"),
    ] {
        let mut seen = Vec::new();
        for name in [problem, way_back] {
            zstack.does("event", json!({"name": name, "resource": "镜像仓库"})).await;
            let arrived = receiver.take();
            let event: Value = serde_json::from_slice(&alerts(&arrived[0].body)[0].events[0].to_json()).unwrap();
            seen.push(event);
        }
        assert_eq!(seen[0]["alert_key"], seen[1]["alert_key"], "{problem}");
        assert_eq!([&seen[0]["event_status"], &seen[1]["event_status"]], ["Critical", "Ok"], "{problem}");
    }
}

#[tokio::test]
async fn the_test_message() {
    let (zstack, receiver) = told().await;
    let params = json!({"url": receiver.url});
    zstack.post("/sns/application-endpoints/http/test-connection", params).await;
    assert_eq!(recognized(&receiver.take()[0].body).0, Kind::Test);
}

/// The names of the members of each sample that is an object, if it has the member `of`.
fn samples(folder: &str, of: &str) -> Vec<(String, BTreeSet<String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let mut found = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let sample: Value = serde_json::from_str(&text).unwrap_or_default();
        let body = match sample.get("body").and_then(Value::as_str) {
            Some(body) => serde_json::from_str(body).unwrap_or_default(),
            None => sample,
        };
        if body.get(of).is_some() {
            let mut names: BTreeSet<String> = body.as_object().unwrap().keys().cloned().collect();
            // A field of versions to come.
            names.remove("ALARM_SOME_FUTURE_FIELD");
            found.push((path.display().to_string(), names));
        }
    }
    assert!(!found.is_empty(), "{of}");
    found
}

/// Sends one alarm and one event, and compares the names of their members with those of the samples: none of these may
/// have one more.
#[tokio::test]
async fn members_are_those_of_the_samples() {
    let (zstack, receiver) = told().await;
    zstack.does("fire", json!({"alarm": "云主机 CPU 过高", "resource": "订单库-01"})).await;
    zstack.does("event", json!({"name": "VMHAStarted", "resource": "订单库-01", "error": "x"})).await;
    for (arrived, of) in receiver.take().iter().zip(["ALARM_UUID", "EVENT_NAME"]) {
        let names: BTreeSet<String> = arrived.json().as_object().unwrap().keys().cloned().collect();
        let mut whole = false;
        for folder in ["events", "tests/relay/field"] {
            for (file, sample) in samples(folder, of) {
                assert!(sample.is_subset(&names), "{file}: {:?}", sample.difference(&names));
                whole |= sample == names || (of == "EVENT_NAME" && sample.len() + 1 == names.len());
            }
        }
        assert!(whole, "no sample has all of {names:?}");
    }
}
