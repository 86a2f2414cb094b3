//! Requests with many messages in them, and which of two requests are one.

use std::time::Duration;

use aws_standin::in_time;
use flashduty_standin::{Fault, Lasts};
use serde_json::{Value, json};

use crate::support::journey::{Journey, busy};
use crate::support::{TOKEN, World, alarm, post, sample, with_credential};

/// An alarm with an id of ZStack's, or without.
fn message(resource: &str, status: &str, id: Option<&str>) -> String {
    alarm(&json!({"ALARM_RESOURCE_ID": resource, "ALARM_CURRENT_STATUS": status, "ALARM_DATA_UUID": id}))
}

/// How many letters the queue holds after these bodies came one after the other, each to its URL.
async fn queued(kind: &str, requests: &[(&str, String)]) -> usize {
    let mut journey = Journey::to(kind).await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    for (query, body) in requests {
        let event = with_credential(post(body.clone()), None, &format!("{query}&token={TOKEN}"));
        assert_eq!(journey.send(&event).await.0, 202, "{body}");
    }
    let queued = journey.queued().len();
    journey.end();
    queued
}

#[tokio::test]
async fn different_messages_are_never_taken_for_one() {
    let list = |items: &[&str]| format!("[{}]", items.join(","));
    let [a, b] = ["a", "b"].map(|resource| message(resource, "Alarm", Some("data-1")));
    let recovery = message("a", "OK", Some("data-2"));
    let look = r#""look!""#;
    for (kind, requests) in [
        ("zstack", vec![("", list(&[look, &a])), ("", list(&[look, &b]))]),
        ("zstack", vec![("", list(&[look, &a])), ("", list(&[look, &recovery]))]),
        ("zstack", vec![("cloud=beijing", a.clone()), ("cloud=shanghai", a.clone())]),
        ("zstack", vec![("zone=1", a.clone()), ("zone=2", a.clone())]),
        ("standard", vec![("cloud=beijing", "disk full".to_owned()), ("cloud=shanghai", "disk full".to_owned())]),
        ("standard", vec![("zone=1", "disk full".to_owned()), ("zone=2", "disk full".to_owned())]),
        ("standard", vec![("", a.clone()), ("", a.replace("VM CPU usage", "another name"))]),
        (
            "standard",
            vec![
                ("", format!(r#"{{"title":"1","sections":[{a}]}}"#)),
                ("", format!(r#"{{"title":"2","sections":[{a}]}}"#)),
            ],
        ),
    ] {
        assert_eq!(queued(kind, &requests).await, requests.len(), "{kind}: {requests:?}");
    }
}

/// A trigger, its recovery and an equal trigger again, within five minutes.
#[tokio::test]
async fn what_may_happen_again_is_new_where_zstack_gives_no_id() {
    let [trigger, recovery] = ["Alarm", "OK"].map(|status| message("a", status, None));
    for kind in ["standard", "zstack"] {
        for wrap in [|it: &str| it.to_owned(), |it: &str| format!(r#"["look!",{it}]"#)] {
            let requests = [&trigger, &recovery, &trigger].map(|it| ("", wrap(it)));
            // Beside each there is the text, which has one letter of its own where messages are taken apart.
            let text = usize::from(kind == "standard" && requests[0].1.starts_with('['));
            assert_eq!(queued(kind, &requests).await, 3 + text, "{kind}: {requests:?}");
        }
    }
}

#[tokio::test]
async fn zstacks_five_tries_leave_one_copy() {
    let alarm = message("a", "Alarm", Some("data-1"));
    for kind in ["standard", "zstack"] {
        for body in [alarm.clone(), format!(r#"["look!",{alarm}]"#), "disk full".to_owned()] {
            let messages = if kind == "standard" && body.starts_with('[') { 2 } else { 1 };
            let tries: [_; 5] = std::array::from_fn(|_| ("cloud=beijing", body.clone()));
            assert_eq!(queued(kind, &tries).await, messages, "{kind}: {body}");
        }
    }
}

/// Each push takes a while, so that there is not enough time for all of them.
#[tokio::test]
async fn what_there_is_no_time_for_is_queued() {
    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(Fault::Delay { millis: 400 }, Lasts::Standing);
    let list: Vec<Value> =
        (0..40).map(|n| serde_json::from_str(&message(&n.to_string(), "Alarm", None)).unwrap()).collect();
    let event = post(json!(list).to_string());
    let (status, body) = journey.world.send_until(&event, in_time(Duration::from_secs(8))).await;
    assert_eq!(status, 202, "{body}");
    let alerts = body["alerts"].as_array().unwrap();
    let queued = alerts.iter().filter(|alert| alert["queued"] == true).count();
    assert_eq!((alerts.len(), queued), (40, journey.queued().len()));
    assert!((1..40).contains(&queued), "{queued}");
    journey.world.flashduty.clear_faults();
    journey.redeliver.drain_to_the_end().await;
    assert_eq!(journey.world.flashduty.alerts().len(), 40);
    journey.end();
}

#[tokio::test]
async fn what_is_over_the_limit_is_one_alert_as_bad_as_the_worst() {
    let mut world = World::new().await;
    let mut list: Vec<String> = (0..210)
        .map(|n| alarm(&json!({"ALARM_RESOURCE_ID": n.to_string(), "ALARM_EMERGENCY_LEVEL": "Normal"})))
        .map(|message| message.chars().filter(|c| *c != '\n').collect())
        .collect();
    // Small ones, so that all of them are under the limit for a body.
    for message in &mut list {
        let all: Value = serde_json::from_str(message).unwrap();
        let few = ["ALARM_UUID", "ALARM_RESOURCE_ID", "ALARM_NAME", "ALARM_CURRENT_STATUS", "ALARM_EMERGENCY_LEVEL"];
        *message = Value::Object(few.iter().map(|name| ((*name).to_owned(), all[name].clone())).collect()).to_string();
    }
    list[205] = list[205].replace("Normal", "Emergent");
    list[206] = list[206].replace("\"Alarm\"", "\"OK\"");
    let (status, body) = world.send(&post(format!("[{}]", list.join(",")))).await;
    assert_eq!((status, body["alerts"].as_array().unwrap().len()), (200, 200));
    let pushed = world.pushed();
    let rest = pushed.last().unwrap();
    assert_eq!(
        (&rest["event_status"], &rest["labels"]["check"]),
        (&json!("Critical"), &json!("11 messages in one request"))
    );
    let description = rest["description"].as_str().unwrap();
    assert!(description.contains("\nCritical: 205 / VM CPU usage\nInfo: "), "{description}");
    assert!(description.ends_with("1 of them are recoveries, which close nothing here: close their alerts by hand."));
    assert!(pushed[..199].iter().all(|event| event["event_status"] == "Info"));

    // Late it is the same.
    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    assert_eq!(journey.world.send(&post(format!("[{}]", list.join(",")))).await.0, 202);
    assert_eq!(journey.queued().len(), 200);
    journey.end();
    world.end();
}

#[tokio::test]
async fn one_message_may_close_two_alerts_in_time_and_late() {
    let mut journey = Journey::new().await;
    for late in [false, true] {
        journey.world.flashduty.clear();
        let down = |name: &str| {
            sample("event-router-connected")["body"]
                .as_str()
                .unwrap()
                .replace("VRouterConnected", name)
                .replace("Recovery", "Emergent")
        };
        for problem in ["VRouterDisconnected", "VRouterPaused"] {
            assert_eq!(journey.send(&post(down(problem))).await.0, 200);
        }
        if late {
            journey.world.flashduty.fault(busy(), Lasts::Standing);
        }
        let (status, body) = journey.send(&sample("event-router-connected")).await;
        assert_eq!((status, body["alerts"].as_array().unwrap().len()), (if late { 202 } else { 200 }, 2));
        assert_eq!(journey.queued().len(), if late { 2 } else { 0 });
        journey.world.flashduty.clear_faults();
        let before = journey.world.pushed().len();
        journey.redeliver.drain_to_the_end().await;
        let pushed = journey.world.pushed().len() - before;
        assert_eq!(pushed, if late { 2 } else { 0 }, "each letter pushes its own alert only");
        let alerts = journey.world.flashduty.alerts();
        assert_eq!((alerts.len(), alerts.iter().filter(|alert| alert.open).count()), (2, 0), "{alerts:#?}");
    }
    journey.end();
}
