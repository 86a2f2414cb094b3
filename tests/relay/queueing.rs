//! What the relay puts into the queues, and its answers.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_standin::sqs::Fault as SqsFault;
use flashduty_standin::{Fault, Lasts};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::journey::{Journey, busy};
use crate::support::{TOKEN, alarm, post, sample, with_credential};

fn bodies(messages: &[Value]) -> Vec<&Value> {
    messages.iter().map(|message| &message["MessageBody"]).collect()
}

/// The number of error lines in the relay's log that contain this whole message.
fn error_lines(journey: &Journey, message: &str) -> usize {
    let log = journey.world.function.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let shows = |line: &Value| {
        let stored = serde_json::from_str::<Value>(line["zstack_message"].as_str().unwrap_or_default());
        stored.is_ok_and(|stored| stored["message"] == message)
    };
    lines.filter(|line| line["level"] == "ERROR" && shows(line)).count()
}

#[tokio::test]
async fn each_alert_of_a_list_is_queued_with_its_own_message() {
    let mut journey = Journey::new().await;
    let list = sample("list-of-alarms");
    let event = with_credential(list.clone(), None, &format!("cloud=beijing&token={TOKEN}"));
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let (status, mut body) = journey.send(&event).await;
    body.as_object_mut().unwrap().remove("request_id");
    let keys = [1, 2].map(|n| {
        format!("zstack:cloud=beijing:alarm:5a4c7a3f0c6e4b0e8d1f2a3b4c5d6e7f:00000000000000000000000000000a0{n}")
    });
    let alerts = json!([
        {"alert_key": keys[0], "event_status": "Critical", "queued": true},
        {"alert_key": keys[1], "event_status": "Warning", "queued": true},
    ]);
    assert_eq!((status, body), (202, json!({"queued": true, "alerts": alerts})));

    let queued = journey.queued();
    let messages: Vec<Value> = serde_json::from_str(list["body"].as_str().unwrap()).unwrap();
    assert_eq!(queued.len(), messages.len());
    for ((stored, message), key) in bodies(&queued).into_iter().zip(messages).zip(keys) {
        let mut stored = stored.clone();
        let text = stored["message"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), message);
        assert!(list["body"].as_str().unwrap().contains(text), "as ZStack wrote it");
        let late = u128::from(stored["received"].as_u64().unwrap()) - before;
        assert!(late < 6_500, "{late}");
        (stored["message"], stored["received"]) = (Value::Null, Value::Null);
        let rest = json!({"version": 1, "message": null, "labels": [["cloud", "beijing"]], "around": [],
                          "received": null, "alert_key": key, "whole": false});
        assert_eq!(stored, rest);
    }
    assert_ne!(queued[0]["MessageGroupId"], queued[1]["MessageGroupId"]);
    journey.end();
}

#[tokio::test]
async fn a_request_is_202_when_all_of_it_is_delivered_or_queued() {
    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(Fault::Delay { millis: 0 }, Lasts::Next(1));
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    let (status, body) = journey.send(&sample("list-of-alarms")).await;
    assert_eq!((status, &body["queued"]), (202, &json!(true)));
    let queued: Vec<_> = body["alerts"].as_array().unwrap().iter().map(|alert| alert["queued"] == true).collect();
    assert_eq!(queued, [false, true]);
    assert_eq!((journey.queued().len(), journey.world.flashduty.alerts().len()), (1, 1));
    journey.end();
}

#[tokio::test]
async fn an_alert_is_queued_when_there_is_no_time_for_another_attempt() {
    let mut journeys = JoinSet::new();
    let faults = [Fault::status(500), Fault::status(429), too_frequent(200), too_frequent(400)];
    for fault in faults.into_iter().chain([page(200), page(307), page(403), page(404), Fault::Close, Fault::Hang]) {
        journeys.spawn(async move {
            let mut journey = Journey::new().await;
            journey.world.flashduty.fault(fault.clone(), Lasts::Standing);
            assert_eq!(journey.send(&sample("alarm")).await.0, 202, "{fault:?}");
            assert_eq!((journey.queued().len(), journey.dead().len()), (1, 0), "{fault:?}");
            assert!(journey.world.pushed().len() > 1 || fault == Fault::Hang, "{fault:?}: it was retried");
            journey.end();
        });
    }
    journeys.join_all().await;
}

/// A refusal that only its code shows to be temporary.
fn too_frequent(status: u16) -> Fault {
    Fault::Refuse { status, code: Some("RequestTooFrequently".to_owned()), message: None, retry_after: None }
}

/// The answer of a proxy in front of Flashduty.
fn page(status: u16) -> Fault {
    Fault::Garbage { status, body: "<html>proxy</html>".to_owned() }
}

#[tokio::test]
async fn an_alert_that_a_proxy_rejected_is_delivered_when_flashduty_answers() {
    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(page(403), Lasts::Standing);
    assert_eq!(journey.send(&sample("alarm")).await.0, 202);
    let line = journey.world.function.request_lines().await.pop().unwrap();
    assert_eq!((&line["level"], &line["status"]), (&json!("WARN"), &json!(202)));
    let message = line["message"].as_str().unwrap();
    assert!(message.contains("something between here and Flashduty answered for 127.0.0.1"), "{message}");

    // While the proxy answers, the alert stays in the queue.
    assert_eq!(journey.redeliver.poll().await.unwrap().failed.len(), 1);
    assert!(journey.dead().is_empty());
    journey.world.flashduty.clear_faults();
    journey.redeliver.drain_to_the_end().await;
    assert_eq!((journey.dead().len(), journey.world.flashduty.alerts().len()), (0, 1));
    journey.end();
}

#[tokio::test]
async fn a_recovery_does_not_overtake_its_alert() {
    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(busy(), Lasts::Next(1));
    assert_eq!(journey.send(&sample("alarm")).await.0, 202);
    assert_eq!(journey.send(&sample("alarm-recovery")).await.0, 202, "although Flashduty would accept it");
    assert_eq!(journey.world.pushed().len(), 1);

    let queued = journey.queued();
    let messages: Vec<_> = bodies(&queued).iter().map(|body| &body["message"]).collect();
    assert_eq!(messages, [&sample("alarm")["body"], &sample("alarm-recovery")["body"]]);
    assert_eq!(queued[0]["MessageGroupId"], queued[1]["MessageGroupId"]);

    journey.redeliver.drain().await;
    let alert = &journey.world.flashduty.alerts()[0];
    let history: Vec<_> = alert.history.iter().map(|entry| format!("{:?}", entry.status)).collect();
    assert_eq!((history, alert.open), (vec!["Critical".to_owned(), "Ok".to_owned()], false));
    assert!(journey.queued().is_empty() && journey.dead().is_empty());
    journey.end();
}

#[tokio::test]
async fn a_hanging_queue_delays_an_alert_by_seconds_only() {
    let mut journey = Journey::new().await;
    journey.sqs.fault(Some(SqsFault::Hang));
    let started = Instant::now();
    assert_eq!(journey.send(&sample("alarm-recovery")).await.0, 200);
    assert!(started.elapsed() < Duration::from_secs(7), "{:?}", started.elapsed());
    journey.end();
}

/// Waiting for the queue with every alert would use up the request's time.
#[tokio::test]
async fn a_hanging_queue_is_tried_once_for_a_request() {
    let mut journey = Journey::new().await;
    journey.sqs.fault(Some(SqsFault::Hang));
    let list: Vec<Value> =
        (0..10).map(|n| serde_json::from_str(&alarm(&json!({"ALARM_RESOURCE_ID": n.to_string()}))).unwrap()).collect();
    assert_eq!(journey.world.send(&post(json!(list).to_string())).await.0, 200);
    assert_eq!(journey.world.flashduty.alerts().len(), 10);
    journey.end();
}

#[tokio::test]
async fn a_failing_queue_does_not_stop_delivery() {
    for fault in [SqsFault::Deny, SqsFault::Gone, SqsFault::Throttle, SqsFault::Hang] {
        let mut journey = Journey::new().await;
        journey.sqs.fault(Some(fault));
        assert_eq!(journey.send(&sample("alarm")).await.0, 200, "{fault:?}");
        journey.end();
    }
}

#[tokio::test]
async fn a_refused_alert_goes_to_the_dead_letter_queue() {
    let mut journey = Journey::new().await;
    // SQS rejects control characters and U+FFFF in an attribute.
    for (n, why) in ["因为", "\u{1}\u{1b}[1m", "\u{ffff}\u{fffe}", ""].into_iter().enumerate() {
        let fault = Fault::Refuse {
            status: 400,
            code: Some("NoLicense".to_owned()),
            message: Some(why.to_owned()),
            retry_after: None,
        };
        journey.world.flashduty.fault(fault, Lasts::Standing);
        let message = alarm(&json!({"ALARM_RESOURCE_ID": n.to_string()}));
        for _ in 0..5 {
            let (status, body) = journey.send(&post(message.clone())).await;
            assert_eq!((status, &body["error"]["code"]), (502, &json!("FlashdutyRefused")), "{why:?}");
        }
        let dead = journey.dead();
        assert_eq!(dead.len(), n + 1, "{why:?}");
        assert_eq!(dead[n]["MessageBody"]["message"], message);
        let reason = &dead[n]["MessageAttributes"]["Reason"];
        assert_eq!(reason["DataType"], "String");
        assert!(reason["StringValue"].as_str().unwrap().contains("NoLicense"), "{reason}");
    }
    assert!(journey.queued().is_empty());
    // A refusal does not delay later alerts.
    journey.world.flashduty.clear_faults();
    assert_eq!(journey.send(&post(alarm(&json!({"ALARM_RESOURCE_ID": "0"})))).await.0, 200);
    journey.end();
}

#[tokio::test]
async fn no_character_is_changed_by_the_queue() {
    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    let name = "磁盘 \u{1} \u{fffe}\u{ffff} \u{10ffff} \u{7f}\u{85} \"\\\n";
    let message = alarm(&json!({"ALARM_NAME": name}));
    assert_eq!(
        journey.send(&with_credential(post(message), None, &format!("token={TOKEN}&cloud=%EF%BF%BF%01"))).await.0,
        202
    );
    let direct = journey.world.pushed();
    journey.world.flashduty.clear_faults();
    journey.redeliver.drain().await;
    let mut late = journey.world.pushed().pop().unwrap();
    late["labels"].as_object_mut().unwrap().remove("delayed").expect("it is late");
    assert_eq!(late, direct[0]);
    journey.end();
}

#[tokio::test]
async fn if_flashduty_and_the_queue_fail_the_message_is_in_the_log() {
    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    for fault in [SqsFault::Deny, SqsFault::Gone, SqsFault::Throttle, SqsFault::Hang] {
        journey.sqs.fault(Some(fault));
        let message = alarm(&json!({"ALARM_RESOURCE_ID": format!("{fault:?}")}));
        let event = with_credential(post(message.clone()), None, &format!("token={TOKEN}"));
        let (status, body) = journey.send(&event).await;
        assert_eq!(status, 503, "{fault:?} {body}");
        assert!(!body.to_string().contains("arn:"), "{body}");
        assert_eq!(error_lines(&journey, &message), 1, "{fault:?}");
        // ZStack retries.
        journey.sqs.fault(None);
        assert_eq!(journey.send(&event).await.0, 202, "{fault:?}");
    }
    assert_eq!(journey.queued().len(), 4);
    journey.end();
}

#[tokio::test]
async fn if_the_dead_letter_queue_fails_a_refused_message_is_in_the_log() {
    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(Fault::status(400), Lasts::Standing);
    journey.sqs.fault(Some(SqsFault::Deny));
    let event = sample("alarm");
    assert_eq!(journey.send(&event).await.0, 503);
    assert_eq!(error_lines(&journey, event["body"].as_str().unwrap()), 1);
    journey.end();
}
