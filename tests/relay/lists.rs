//! Requests with several messages, and messages that become several alerts.

use std::time::Duration;

use aws_standin::in_time;
use flashduty_standin::{Fault, Lasts};
use serde_json::{Value, json};

use crate::support::journey::{Journey, busy};
use crate::support::{World, alarm, code, post, sample};

/// Each push takes 400 ms, so there is not enough time for all of them.
#[tokio::test]
async fn alerts_without_time_for_a_push_are_queued() {
    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(Fault::Delay { millis: 400 }, Lasts::Standing);
    let list: Vec<Value> = (0..40)
        .map(|n| {
            serde_json::from_str(&alarm(&json!({"ALARM_RESOURCE_ID": n.to_string(), "ALARM_DATA_UUID": null}))).unwrap()
        })
        .collect();
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
async fn messages_over_the_limit_become_one_alert_with_the_worst_status() {
    let mut world = World::new().await;
    let mut list: Vec<String> = (0..210)
        .map(|n| alarm(&json!({"ALARM_RESOURCE_ID": n.to_string(), "ALARM_EMERGENCY_LEVEL": "Normal"})))
        .map(|message| message.chars().filter(|c| *c != '\n').collect())
        .collect();
    // Few fields, so that the body stays within its limit.
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

    // The retry queue gets the same alerts.
    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    assert_eq!(journey.world.send(&post(format!("[{}]", list.join(",")))).await.0, 202);
    assert_eq!(journey.queued().len(), 200);
    journey.end();
    world.end();
}

#[tokio::test]
async fn one_message_closes_two_alerts_at_once_and_from_the_queue() {
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

#[tokio::test]
async fn a_failed_alert_does_not_stop_the_others_of_its_request() {
    let mut world = World::new().await;
    let message = |name: &str| alarm(&json!({"ALARM_RESOURCE_ID": name, "ALARM_RESOURCE_NAME": name}));
    let list = format!("[{}]", ["a", "b", "c", "d"].map(message).join(","));
    assert_eq!(world.send(&sample("health")).await.0, 200, "the function runs");
    world.flashduty.fault(Fault::status(400), Lasts::Next(1));
    let (status, body) = world.send(&post(&list)).await;
    assert_eq!((status, code(&body)), (502, "FlashdutyRefused"));
    let codes: Vec<_> = body["alerts"].as_array().unwrap().iter().map(code).collect();
    assert_eq!(codes, ["FlashdutyRefused", "", "", ""]);
    assert_eq!(world.flashduty.alerts().len(), 3);

    world.flashduty.fault(Fault::status(400), Lasts::Next(1));
    world.flashduty.fault(Fault::Hang, Lasts::Next(1));
    let (status, body) = world.send_until(&post(&list), in_time(Duration::from_millis(1_500))).await;
    assert_eq!((status, code(&body)), (504, "NoTimeLeft"), "the code of the worst end");
    let codes: Vec<_> = body["alerts"].as_array().unwrap().iter().map(code).collect();
    assert_eq!(codes, ["FlashdutyRefused", "NoTimeLeft", "NoTimeLeft", "NoTimeLeft"]);
    world.end();
}
