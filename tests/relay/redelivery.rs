//! How `redeliver` delivers what is in the retry queue.

mod pace;

use std::time::{Duration, Instant};

use aws_standin::sqs::{DEDUPLICATION_INTERVAL, Fault as SqsFault, VISIBILITY_TIMEOUT};
use flashduty_standin::{Fault, Lasts};
use serde_json::{Value, json};

use crate::support::journey::{Journey, busy};
use crate::support::{PUSH_URL_PARAMETER, alarm, base64_of, golden, post, sample, samples};

/// A journey with these messages in its retry queue, and no faults.
async fn with_queued(messages: &[String]) -> Journey {
    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    for message in messages {
        assert_eq!(journey.send(&post(message.clone())).await.0, 202);
    }
    journey.world.flashduty.clear_faults();
    journey.world.flashduty.clear();
    assert_eq!(journey.queued().len(), messages.len());
    journey
}

/// An alarm of this resource.
fn trigger(resource: &str) -> String {
    alarm(&json!({"ALARM_RESOURCE_ID": resource, "ALARM_DATA_UUID": format!("{resource} up")}))
}

/// Its recovery.
fn recovery(resource: &str) -> String {
    alarm(&json!({"ALARM_RESOURCE_ID": resource, "ALARM_DATA_UUID": format!("{resource} down"),
                  "ALARM_PREVIOUS_STATUS": "Alarm", "ALARM_CURRENT_STATUS": "OK"}))
}

/// ZStack's messages in these letters.
fn messages(stored: &[String]) -> Vec<String> {
    let stored = stored.iter().map(|body| serde_json::from_str::<Value>(body).unwrap());
    stored.map(|body| body["message"].as_str().unwrap().to_owned()).collect()
}

fn bodies(messages: &[Value]) -> Vec<Value> {
    messages.iter().map(|message| message["MessageBody"].clone()).collect()
}

#[tokio::test]
async fn every_sample_becomes_the_same_alerts_from_the_queue() {
    let mut journey = Journey::new().await;
    for path in samples() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        journey.world.flashduty.fault(busy(), Lasts::Standing);
        let (status, _) = journey.send(&sample(name)).await;
        if name == "health" {
            continue;
        }
        assert_eq!(status, 202, "{name}");
        journey.world.flashduty.clear_faults();
        journey.world.flashduty.clear();
        journey.redeliver.drain().await;

        let mut pushed = journey.world.pushed();
        for event in &mut pushed {
            let delayed = event["labels"].as_object_mut().unwrap().remove("delayed");
            assert!(delayed.is_some_and(|delayed| delayed.as_str().unwrap().ends_with('s')), "{name}");
        }
        assert_eq!(json!(pushed), golden(name)["pushed"], "{name}");
        // Several samples are copies of one message.
        journey.sqs.advance(DEDUPLICATION_INTERVAL);
    }
    assert!(journey.queued().is_empty() && journey.dead().is_empty());
    journey.end();
}

#[tokio::test]
async fn a_label_shows_the_delay_and_the_alert_keeps_one_history_entry() {
    let mut journey = with_queued(&[trigger("a")]).await;
    let mut stored = bodies(&journey.queued()).remove(0);
    journey.redeliver.drain().await;
    for (minutes, delayed) in [(12, "12m"), (3 * 60, "3h"), (9 * 24 * 60, "9d")] {
        let received = stored["received"].as_u64().unwrap();
        stored["received"] = json!(received - minutes * 60_000);
        journey.sqs.put(&journey.queue, "late", &stored.to_string());
        journey.redeliver.drain().await;
        assert_eq!(journey.world.flashduty.alerts()[0].labels["delayed"], delayed);
        stored["received"] = json!(received);
    }
    let alerts = journey.world.flashduty.alerts();
    assert_eq!((alerts.len(), alerts[0].history.len()), (1, 1));
    journey.end();
}

#[tokio::test]
async fn an_integration_of_kind_zstack_gets_zstacks_message_unchanged() {
    let mut journey = Journey::to("zstack").await;
    let names = ["alarm", "list-of-alarms", "test-message"];
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    for name in names {
        assert_eq!(journey.send(&sample(name)).await.0, 202, "{name}");
    }
    journey.world.flashduty.clear_faults();
    journey.world.flashduty.clear();
    journey.redeliver.drain().await;
    let received: Vec<_> = journey.world.flashduty.received().iter().map(flashduty_standin::Received::text).collect();
    assert_eq!(received, names.map(|name| sample(name)["body"].as_str().unwrap().to_owned()));
    journey.end();
}

#[tokio::test]
async fn an_integration_of_kind_zstack_gets_bytes_that_are_not_utf_8_as_they_came() {
    let mut journey = Journey::to("zstack").await;
    // 中 and 重, in GBK.
    let bodies = [b"\xd6\xd0", b"\xd6\xd8"];
    let mut keys = Vec::new();
    for body in bodies {
        let mut event = post(base64_of(body));
        event["isBase64Encoded"] = json!(true);
        // Flashduty takes JSON only.
        let (status, answer) = journey.send(&event).await;
        assert_eq!(status, 502, "{answer}");
        keys.push(answer["alerts"][0]["alert_key"].clone());
    }
    let received: Vec<_> = journey.world.flashduty.received().into_iter().map(|received| received.body).collect();
    assert_eq!(received, bodies);
    assert_ne!(keys[0], keys[1]);
    assert_eq!(journey.dead().len(), 2);
    journey.end();
}

#[tokio::test]
async fn a_group_stops_at_its_first_failure_and_the_others_go_on() {
    let mut journey = with_queued(&[trigger("a"), trigger("b"), recovery("a"), trigger("c"), recovery("c")]).await;
    journey.world.flashduty.fault(busy(), Lasts::Next(1));
    let batch = journey.redeliver.poll().await.unwrap();
    assert_eq!(batch.bodies.len(), 5);
    assert_eq!(messages(&batch.failed), [trigger("a"), recovery("a")]);
    let open = |journey: &Journey| -> Vec<(String, bool)> {
        let alerts = journey.world.flashduty.alerts().into_iter();
        alerts.map(|alert| (alert.labels["resource_id"].clone(), alert.open)).collect()
    };
    assert_eq!(open(&journey), [("c".to_owned(), false), ("b".to_owned(), true)]);

    assert!(journey.redeliver.poll().await.is_none(), "they wait for the next attempt");
    journey.sqs.advance(Duration::from_secs(30));
    let batch = journey.redeliver.poll().await.unwrap();
    assert_eq!(messages(&batch.bodies), [trigger("a"), recovery("a")], "they come back together");
    assert!(batch.failed.is_empty() && journey.queued().is_empty());
    assert_eq!(open(&journey)[0], ("a".to_owned(), false));
    journey.end();
}

#[tokio::test]
async fn the_pause_between_attempts_grows_with_age_to_a_quarter_of_an_hour() {
    let mut journey = with_queued(&[trigger("a")]).await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    let mut age = 0;
    // Flashduty asks for 30 s each time.
    for (next, pause) in [(0, 30), (90, 30), (400, 100), (2_000, 500), (3_600, 900), (8 * 86_400, 900)] {
        journey.sqs.advance(Duration::from_secs(next - age));
        assert_eq!(journey.redeliver.poll().await.unwrap().failed.len(), 1);
        journey.sqs.advance(Duration::from_secs(pause - 2));
        assert!(journey.redeliver.poll().await.is_none(), "{pause} s are not over");
        age = next + pause - 2;
    }
    journey.end();
}

#[tokio::test]
async fn after_two_failures_the_rest_of_a_batch_is_not_pushed() {
    let mut journey = with_queued(&["a", "b", "c", "d", "e"].map(trigger)).await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    let batch = journey.redeliver.poll().await.unwrap();
    assert_eq!((batch.failed.len(), journey.world.pushed().len()), (5, 2));
    assert!(journey.redeliver.poll().await.is_none(), "all of them wait for the next attempt");
    journey.world.flashduty.clear_faults();
    journey.redeliver.drain_to_the_end().await;
    assert_eq!(journey.world.flashduty.alerts().len(), 5);
    journey.end();
}

#[tokio::test]
async fn an_alert_that_is_not_delivered_in_nine_days_becomes_a_dead_letter() {
    let mut journey = with_queued(&[trigger("a")]).await;
    let stored = bodies(&journey.queued());
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    journey.sqs.advance(Duration::from_hours(9 * 24).abs_diff(VISIBILITY_TIMEOUT));
    assert_eq!(journey.redeliver.poll().await.unwrap().failed.len(), 1);
    journey.sqs.advance(VISIBILITY_TIMEOUT);
    assert!(journey.redeliver.poll().await.unwrap().failed.is_empty());
    assert_eq!((journey.queued().len(), bodies(&journey.dead())), (0, stored));
    let reason = journey.dead()[0]["MessageAttributes"]["Reason"]["StringValue"].to_string();
    assert!(reason.contains("tried for 9d") && reason.contains("RequestTooFrequently"), "{reason}");
    journey.end();
}

#[tokio::test]
async fn every_attempt_counts_for_flashdutys_rate_limit() {
    let mut journey = with_queued(&["a", "b", "c", "d"].map(trigger)).await;
    journey.world.flashduty.fault(Fault::status(500), Lasts::Next(1));
    let start = Instant::now();
    journey.redeliver.drain().await;
    assert_eq!(journey.world.pushed().len(), 5);
    assert!(start.elapsed() >= Duration::from_millis(4 * 150), "{:?}", start.elapsed());
    journey.end();
}

#[tokio::test]
async fn a_backlog_older_than_nine_days_is_given_up_after_one_failed_push() {
    let mut journey = with_queued(&["a", "b", "c", "d", "e"].map(trigger)).await;
    journey.world.flashduty.fault(Fault::Hang, Lasts::Standing);
    journey.sqs.advance(Duration::from_hours(9 * 24 + 1));
    journey.redeliver.drain().await;
    assert_eq!((journey.queued().len(), journey.dead().len()), (0, 5));
    assert_eq!(journey.world.pushed().len(), 1);
    journey.end();
}

#[tokio::test]
async fn a_refused_alert_becomes_a_dead_letter_and_is_not_retried() {
    let mut journey = with_queued(&[trigger("a"), recovery("a"), trigger("b")]).await;
    let stored = bodies(&journey.queued());
    journey.world.flashduty.fault(Fault::status(400), Lasts::Next(1));
    journey.redeliver.drain().await;
    assert!(journey.queued().is_empty());
    let dead = journey.dead();
    assert_eq!(bodies(&dead), stored[..1]);
    let reason = dead[0]["MessageAttributes"]["Reason"]["StringValue"].as_str().unwrap();
    assert!(reason.contains("InvalidParameter") && reason.contains("injected fault"), "{reason}");
    assert_eq!(journey.world.pushed().len(), 3);

    // When the cause is fixed, an operator moves the message back.
    assert_eq!(warnings(&journey, 1).await, NONE, "nothing was moved back so far");
    journey.sqs.move_all(&journey.dead_letter_queue, &journey.queue);
    journey.redeliver.drain().await;
    assert!(journey.queued().is_empty() && journey.dead().is_empty());
    assert!(journey.world.flashduty.alerts().iter().all(|alert| alert.open));
    journey.end();
}

const NONE: [Value; 0] = [];

/// The warnings that `redeliver` logged in its first batches: alert key and message.
async fn warnings(journey: &Journey, batches: usize) -> Vec<Value> {
    assert_eq!(journey.redeliver.function.metrics(batches).await.len(), batches);
    let log = journey.redeliver.function.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["level"] == "WARN").map(|line| json!([line["alert_key"], line["message"]])).collect()
}

/// ZStack repeats a refused message four times. If one of these is delivered, and then its recovery, the dead letter
/// opens an alert that is over.
#[tokio::test]
async fn a_dead_letter_that_opens_an_alert_again_is_logged_as_a_warning() {
    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(Fault::status(400), Lasts::Next(1));
    let mut statuses = Vec::new();
    for message in [trigger("a"), trigger("a"), recovery("a")] {
        statuses.push(journey.send(&post(message)).await.0);
    }
    assert_eq!((statuses, journey.dead().len()), (vec![502, 200, 200], 1));
    assert!(journey.world.flashduty.alerts().iter().all(|alert| !alert.open));

    // The cause is not fixed: the message becomes a dead letter again, with the new reason.
    journey.sqs.move_all(&journey.dead_letter_queue, &journey.queue);
    let fault = Fault::Refuse { status: 400, code: Some("NoLicense".to_owned()), message: None, retry_after: None };
    journey.world.flashduty.fault(fault, Lasts::Next(1));
    journey.redeliver.drain().await;
    assert_eq!(warnings(&journey, 1).await, NONE);
    assert!(journey.redeliver.function.log().contains("an alert went to the dead letter queue, again: "));
    let reason = journey.dead()[0]["MessageAttributes"]["Reason"]["StringValue"].to_string();
    assert!(reason.contains("NoLicense"), "{reason}");

    journey.sqs.advance(DEDUPLICATION_INTERVAL);
    journey.sqs.move_all(&journey.dead_letter_queue, &journey.queue);
    journey.redeliver.drain().await;
    let alerts = journey.world.flashduty.alerts();
    assert_eq!(alerts.iter().map(|alert| alert.open).collect::<Vec<_>>(), [true, false]);
    let warned = warnings(&journey, 2).await;
    assert_eq!((warned.len(), &warned[0][0]), (1, &json!(alerts[0].alert_key)));
    let message = warned[0][1].as_str().unwrap();
    assert!(message.contains("old news") && message.contains("ZStack"), "{message}");
    journey.end();
}

#[tokio::test]
async fn a_letter_that_cannot_be_read_becomes_a_dead_letter() {
    let mut journey = with_queued(&[trigger("a")]).await;
    let later_version = {
        let mut stored = bodies(&journey.queued()).remove(0);
        stored["version"] = json!(3);
        stored.to_string()
    };
    let garbage = ["no JSON", "{}", "[]", r#"{"version": 1}"#, &later_version];
    for body in garbage {
        journey.sqs.put(&journey.queue, "garbage", body);
    }
    journey.redeliver.drain().await;
    assert!(journey.queued().is_empty());
    let dead = journey.dead();
    let expected: Vec<Value> =
        garbage.iter().map(|body| serde_json::from_str(body).unwrap_or_else(|_| json!(body))).collect();
    assert_eq!(bodies(&dead), expected);
    assert!(dead.iter().all(|message| !message["MessageAttributes"]["Reason"]["StringValue"].is_null()), "{dead:#?}");
    assert_eq!(journey.world.pushed().len(), 1, "the alarm among them");
    journey.end();
}

/// A release of the same format may have members of its own.
#[tokio::test]
async fn a_dead_letter_is_the_message_as_it_was_stored() {
    let mut journey = with_queued(&[trigger("a")]).await;
    let mut stored = bodies(&journey.queued()).remove(0);
    stored["member_of_another_release"] = json!("kept");
    journey.redeliver.drain().await;
    journey.sqs.put(&journey.queue, "group", &stored.to_string());
    journey.world.flashduty.fault(Fault::status(400), Lasts::Next(1));
    journey.redeliver.drain().await;
    assert_eq!(bodies(&journey.dead()), [stored]);
    journey.end();
}

#[tokio::test]
async fn a_refused_alert_stays_in_the_retry_queue_while_the_dead_letter_queue_fails() {
    let mut journey = with_queued(&[trigger("a"), recovery("a")]).await;
    journey.world.flashduty.fault(Fault::status(400), Lasts::Next(1));
    journey.sqs.fault(Some(SqsFault::Deny));
    let batch = journey.redeliver.poll().await.unwrap();
    assert_eq!(messages(&batch.failed), [trigger("a"), recovery("a")]);
    journey.sqs.fault(None);
    journey.sqs.advance(VISIBILITY_TIMEOUT);
    journey.redeliver.drain().await;
    assert!(journey.queued().is_empty() && journey.dead().is_empty());
    assert_eq!(journey.world.flashduty.alerts().len(), 1);
    journey.end();
}

/// If the function ran out of time, SQS would deliver the whole batch again.
#[tokio::test]
async fn a_hanging_sqs_does_not_stop_the_report_of_failures() {
    let mut journey = with_queued(&["a", "b", "c", "d", "e"].map(trigger)).await;
    journey.world.flashduty.fault(busy(), Lasts::Next(1));
    journey.sqs.fault(Some(SqsFault::Hang));
    let batch = journey.redeliver.poll().await.unwrap();
    assert_eq!((batch.failed.len(), journey.queued().len()), (1, 1));
    journey.end();
}

#[tokio::test]
async fn a_hanging_flashduty_does_not_stop_the_report_of_failures() {
    let mut journey = with_queued(&["a", "b", "c", "d", "e"].map(trigger)).await;
    journey.world.flashduty.fault(Fault::Hang, Lasts::Standing);
    let batch = journey.redeliver.poll().await.unwrap();
    assert_eq!(batch.failed.len(), 5);
    journey.world.flashduty.clear_faults();
    journey.redeliver.drain_to_the_end().await;
    assert_eq!(journey.world.flashduty.alerts().len(), 5);
    journey.end();
}

#[tokio::test]
async fn settings_that_cannot_be_read_cost_no_alert() {
    let mut journey = with_queued(&[trigger("a")]).await;
    journey.world.flashduty.set_keys(["new-sample-key"]);
    journey.world.ssm.fault(Some(aws_standin::ssm::Fault::Error("ThrottlingException")));
    journey.redeliver.drain().await;
    assert_eq!((journey.queued().len(), journey.dead().len()), (1, 0), "SSM may have the new key");
    journey.world.ssm.put(PUSH_URL_PARAMETER, &journey.world.flashduty.push_url("standard", "new-sample-key"));
    journey.world.ssm.fault(None);
    journey.redeliver.drain_to_the_end().await;
    assert_eq!((journey.dead().len(), journey.world.flashduty.alerts().len()), (0, 1));
    journey.end();
}

#[tokio::test]
async fn an_alert_becomes_a_dead_letter_after_too_many_receives() {
    const TRIES: u32 = 3;
    let mut journey = with_queued(&[trigger("a")]).await;
    journey.sqs.redrive(&journey.queue, &journey.dead_letter_queue, TRIES);
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    for _ in 0..TRIES {
        assert!(journey.redeliver.poll().await.is_some());
        journey.sqs.advance(VISIBILITY_TIMEOUT);
    }
    assert!(journey.redeliver.poll().await.is_none());
    assert_eq!((journey.queued().len(), journey.dead().len()), (0, 1));
    journey.end();
}
