//! Channels whose alerts wait in the queue.

use std::time::{Duration, Instant};

use aws_standin::sqs::VISIBILITY_TIMEOUT;
use flashduty_standin::{Fault, Lasts};
use serde_json::{Value, json};

use super::{DATABASE, KEY_OF_DATABASE};
use crate::support::journey::{Journey, busy};
use crate::support::{KEY, PUSH_URL_PARAMETER, TOKEN, TOKEN_PARAMETER, alarm, post, to_channel};

const PARAMETER: &str = "/zstack-flashduty/push-url/database";

async fn with_database() -> Journey {
    let journey = Journey::new().await;
    journey.world.create_channel(DATABASE, KEY_OF_DATABASE);
    journey
}

fn trigger(resource: &str) -> Value {
    post(alarm(&json!({"ALARM_RESOURCE_ID": resource, "ALARM_DATA_UUID": format!("{resource} up")})))
}

fn recovery(resource: &str) -> Value {
    post(alarm(&json!({"ALARM_RESOURCE_ID": resource, "ALARM_DATA_UUID": format!("{resource} down"),
                       "ALARM_PREVIOUS_STATUS": "Alarm", "ALARM_CURRENT_STATUS": "OK"})))
}

fn to_database(event: Value) -> Value {
    to_channel(event, DATABASE)
}

/// The integration key, the resource and the status of every push that Flashduty accepted.
fn accepted(journey: &Journey) -> Vec<(String, String)> {
    let accepted = journey.world.flashduty.received().into_iter().filter(|push| push.status == Some(200));
    let read = accepted.map(|push| {
        let event: Value = serde_json::from_slice(&push.body).unwrap();
        (push.key.unwrap(), event["labels"]["data_id"].as_str().unwrap().to_owned())
    });
    read.collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(key, id)| ((*key).to_owned(), (*id).to_owned())).collect()
}

#[tokio::test]
async fn a_letter_carries_its_channel() {
    let mut journey = with_database().await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    for event in [trigger("a"), to_database(trigger("a")), to_database(recovery("a")), to_database(trigger("a"))] {
        assert_eq!(journey.send(&event).await.0, 202);
    }
    let queued = journey.queued();
    let marks: Vec<_> =
        queued.iter().map(|it| (&it["MessageBody"]["version"], &it["MessageBody"]["channel"])).collect();
    assert_eq!(json!(marks), json!([[1, null], [2, DATABASE], [2, DATABASE]]), "and its copy is one");
    assert_ne!(queued[0]["MessageGroupId"], queued[1]["MessageGroupId"]);
    assert_ne!(queued[0]["MessageDeduplicationId"], queued[1]["MessageDeduplicationId"]);
    assert_eq!(queued[1]["MessageGroupId"], queued[2]["MessageGroupId"]);

    journey.world.flashduty.clear_faults();
    journey.redeliver.drain_to_the_end().await;
    let mut delivered = accepted(&journey);
    delivered.sort();
    assert_eq!(delivered, pairs(&[(KEY_OF_DATABASE, "a down"), (KEY_OF_DATABASE, "a up"), (KEY, "a up")]));
    for push in journey.world.flashduty.received() {
        let event: Value = serde_json::from_slice(&push.body).unwrap();
        let channel = &event["labels"]["channel"];
        assert_eq!(*channel == DATABASE, push.key.as_deref() == Some(KEY_OF_DATABASE), "{event}");
    }
    let lines = journey.redeliver.function.metrics(2).await;
    let counted: Vec<_> = lines.iter().map(|line| (&line["channel"], &line["Delivered"])).collect();
    assert_eq!(json!(counted), json!([[null, 1], [DATABASE, 2]]), "a line for each channel of a batch");
    let log = journey.redeliver.function.log();
    assert_eq!(log.matches(r#""channel":"database""#).count(), 3, "two alerts and a line of metrics: {log}");
    journey.end();
}

/// The same alert, in two channels, is two alerts.
#[tokio::test]
async fn what_waits_in_one_channel_is_not_known_to_wait_in_another() {
    let mut journey = with_database().await;
    journey.world.flashduty.fault_of(KEY_OF_DATABASE, busy(), Lasts::Standing);
    assert_eq!(journey.send(&to_database(trigger("a"))).await.0, 202);
    assert_eq!(journey.send(&trigger("a")).await.0, 200);
    assert_eq!(journey.send(&recovery("a")).await.0, 200);
    assert_eq!(accepted(&journey), pairs(&[(KEY, "a up"), (KEY, "a down")]));
    journey.end();
}

/// After a push that failed while others wait, the relay pauses for the integration that failed.
#[tokio::test]
async fn a_pause_is_for_one_integration() {
    let mut journey = with_database().await;
    journey.world.create_channel("second", KEY_OF_DATABASE);
    journey.world.flashduty.fault_of(KEY_OF_DATABASE, busy(), Lasts::Standing);
    for resource in ["a", "b", "c"] {
        assert_eq!(journey.send(&to_database(trigger(resource))).await.0, 202);
    }
    let tries = |journey: &Journey| {
        let pushes = journey.world.flashduty.received();
        pushes.iter().filter(|push| push.key.as_deref() == Some(KEY_OF_DATABASE)).count()
    };
    assert_eq!(tries(&journey), 2, "nothing is pushed in the pause");
    assert_eq!(journey.send(&to_channel(trigger("d"), "second")).await.0, 202);
    assert_eq!(tries(&journey), 2, "it has the same integration");
    for resource in ["a", "b", "c"] {
        let (status, body) = journey.send(&trigger(resource)).await;
        assert_eq!(status, 200, "{body}");
    }
    journey.end();
}

/// Each batch of the first channel would find out anew that its integration does not answer.
#[tokio::test]
async fn a_backlog_of_one_channel_delays_that_of_another_by_seconds() {
    let mut journey = with_database().await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    for n in 0..60 {
        assert_eq!(journey.send(&to_database(trigger(&format!("d{n}")))).await.0, 202);
    }
    assert_eq!(journey.send(&trigger("a")).await.0, 202);
    journey.world.flashduty.clear_faults();
    journey.world.flashduty.fault_of(KEY_OF_DATABASE, Fault::Hang, Lasts::Standing);
    journey.redeliver.set_timeout(Duration::from_mins(1));
    let started = Instant::now();
    while accepted(&journey).is_empty() {
        journey.redeliver.poll().await.unwrap();
    }
    // Two attempts of 3.5 and 3 seconds, and then a pause.
    assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
    assert_eq!(accepted(&journey), pairs(&[(KEY, "a up")]));
    journey.end();
}

/// A batch with letters of an integration that fails in each way, and of one that works.
#[tokio::test]
async fn in_a_batch_one_integration_does_not_stop_the_others() {
    for fault in [busy(), Fault::status(500), Fault::Close, Fault::Hang, Fault::status(400)] {
        let mut journey = with_database().await;
        journey.world.flashduty.fault(busy(), Lasts::Standing);
        for resource in ["a", "b", "c", "d"] {
            assert_eq!(journey.send(&to_database(trigger(resource))).await.0, 202);
        }
        for resource in ["a", "b", "c", "d"] {
            assert_eq!(journey.send(&trigger(resource)).await.0, 202);
        }
        journey.world.flashduty.clear_faults();
        journey.world.flashduty.clear();
        journey.world.flashduty.fault_of(KEY_OF_DATABASE, fault.clone(), Lasts::Standing);
        // As in the template: two attempts take 3.5 and 3 seconds.
        journey.redeliver.set_timeout(Duration::from_mins(1));
        let batch = journey.redeliver.poll().await.unwrap();
        assert_eq!(batch.bodies.len(), 8);
        let refused = fault == Fault::status(400);
        assert_eq!(batch.failed.len(), if refused { 0 } else { 4 }, "{fault:?}");
        let own = accepted(&journey);
        assert_eq!(own, pairs(&["a up", "b up", "c up", "d up"].map(|id| (KEY, id))), "{fault:?}");
        // A time that Flashduty asks one integration to wait is no delay of the other's letters.
        if fault == busy() {
            journey.sqs.advance(Duration::from_secs(20));
            assert!(journey.redeliver.poll().await.is_none(), "30 s are not over");
        }
        journey.end();
    }
}

#[tokio::test]
async fn letters_of_a_push_url_that_works_do_not_wait_as_long_as_those_of_one_that_asks_to_wait() {
    let mut journey = with_database().await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    assert_eq!(journey.send(&to_database(trigger("a"))).await.0, 202);
    assert_eq!(journey.send(&trigger("a")).await.0, 202);
    journey.world.flashduty.clear_faults();
    journey.world.flashduty.clear();
    journey.world.flashduty.fault_of(KEY_OF_DATABASE, busy(), Lasts::Standing);
    journey.world.flashduty.fault_of(KEY, Fault::Close, Lasts::Next(20));
    assert_eq!(journey.redeliver.poll().await.unwrap().failed.len(), 2);
    journey.world.flashduty.clear_faults_of(KEY);
    journey.sqs.advance(Duration::from_secs(5));
    assert_eq!(journey.redeliver.poll().await.unwrap().bodies.len(), 1, "the other one waits for 30 s");
    assert_eq!(accepted(&journey), pairs(&[(KEY, "a up")]));
    journey.end();
}

#[tokio::test]
async fn the_pace_is_kept_for_each_push_url() {
    let mut journey = with_database().await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    for resource in ["a", "b", "c", "d"] {
        assert_eq!(journey.send(&to_database(trigger(resource))).await.0, 202);
        assert_eq!(journey.send(&trigger(resource)).await.0, 202);
    }
    journey.world.flashduty.clear_faults();
    journey.world.flashduty.clear();
    journey.redeliver.drain().await;
    let pushes = journey.world.flashduty.received();
    assert_eq!(pushes.len(), 8);
    let gaps = pushes.windows(2).map(|two| (two[0].key == two[1].key, two[1].at - two[0].at));
    let (same, different): (Vec<_>, Vec<_>) = gaps.partition(|(is_same, _)| *is_same);
    assert!(!same.iter().any(|(_, millis)| *millis < 140), "{same:?}");
    assert!(different.iter().any(|(_, millis)| *millis < 140), "{different:?}");
    journey.end();
}

/// As for the stack's own push URL: what was read before stays in use. A new process of the relay cannot know that the
/// channel was there. `redeliver` keeps its letters, and gives them up after nine days.
#[tokio::test]
async fn a_channel_that_is_gone_keeps_what_waits() {
    let mut journey = with_database().await;
    journey.world.flashduty.fault_of(KEY_OF_DATABASE, busy(), Lasts::Next(1));
    assert_eq!(journey.send(&to_database(trigger("a"))).await.0, 202);
    journey.world.ssm.remove(PARAMETER);
    assert_eq!(journey.send(&to_database(trigger("b"))).await.0, 200, "with the last good push URL");
    journey.world.restart().await;
    assert_eq!(journey.send(&to_database(trigger("c"))).await.0, 404);

    let batch = journey.redeliver.poll().await.unwrap();
    assert_eq!((batch.failed.len(), journey.dead().len()), (2, 0), "of a and b, which was queued as well");
    let line = journey.redeliver.function.metrics(1).await.remove(0);
    assert_eq!((&line["channel"], &line["SettingsErrors"], &line["Queued"]), (&json!(DATABASE), &json!(1), &json!(2)));
    assert!(journey.redeliver.function.log().contains("push-url/database does not exist"));

    journey.world.create_channel(DATABASE, KEY_OF_DATABASE);
    journey.redeliver = journey.another_redeliver().await;
    journey.sqs.advance(VISIBILITY_TIMEOUT);
    journey.redeliver.drain_to_the_end().await;
    assert!(journey.queued().is_empty() && journey.dead().is_empty());
    assert!(accepted(&journey).contains(&(KEY_OF_DATABASE.to_owned(), "a up".to_owned())));
    journey.end();
}

/// No process knows its push URL, but SSM has its token.
#[tokio::test]
async fn a_channel_with_a_token_of_its_own_is_not_turned_away_when_its_push_url_is_gone() {
    let mut journey = with_database().await;
    journey.world.ssm.put(&format!("{TOKEN_PARAMETER}/{DATABASE}"), TOKEN);
    journey.world.ssm.remove(PARAMETER);
    journey.world.restart().await;
    assert_eq!(journey.send(&to_database(trigger("a"))).await.0, 202);
    assert_eq!((journey.queued().len(), accepted(&journey).len()), (1, 0));

    journey.world.create_channel(DATABASE, KEY_OF_DATABASE);
    journey.redeliver.drain_to_the_end().await;
    assert_eq!(accepted(&journey), pairs(&[(KEY_OF_DATABASE, "a up")]));
    journey.end();
}

#[tokio::test]
async fn letters_of_a_channel_that_stays_away_are_given_up_after_nine_days() {
    let mut journey = with_database().await;
    journey.world.flashduty.fault_of(KEY_OF_DATABASE, busy(), Lasts::Next(1));
    assert_eq!(journey.send(&to_database(trigger("a"))).await.0, 202);
    journey.world.ssm.remove(PARAMETER);
    journey.sqs.advance(Duration::from_hours(9 * 24 + 1));
    assert!(journey.redeliver.poll().await.unwrap().failed.is_empty());
    let reason = journey.dead()[0]["MessageAttributes"]["Reason"]["StringValue"].to_string();
    assert!(reason.contains("tried for 9d") && reason.contains("push-url/database"), "{reason}");
    journey.end();
}

#[tokio::test]
async fn a_push_url_that_cannot_be_read_costs_no_alert_and_holds_back_no_other() {
    for error in ["AccessDeniedException", "InvalidKeyId"] {
        let mut journey = with_database().await;
        journey.world.ssm.lock(PARAMETER, error);
        assert_eq!(journey.send(&to_database(trigger("a"))).await.0, 202, "{error}");
        assert_eq!(journey.send(&trigger("a")).await.0, 200, "{error}");
        let batch = journey.redeliver.poll().await.unwrap();
        assert_eq!((batch.failed.len(), batch.bodies.len()), (1, 2), "{error}");
        let lines = journey.redeliver.function.metrics(2).await;
        let counted: Vec<_> = lines.iter().map(|line| (&line["channel"], &line["SettingsErrors"])).collect();
        assert_eq!(json!(counted), json!([[null, null], [DATABASE, 1]]), "{error}");
        journey.end();
    }
}

/// A letter that a version before channels wrote has none, and goes to the stack's own push URL.
#[tokio::test]
async fn a_letter_of_the_version_before_is_delivered_to_the_stacks_own_push_url() {
    let mut journey = with_database().await;
    journey.sqs.put(&journey.queue, "group", include_str!("../../e2e/letter-unmarked.json"));
    journey.redeliver.drain().await;
    assert_eq!(journey.world.accepted_keys(), [KEY]);
    assert!(journey.queued().is_empty() && journey.dead().is_empty());
    assert_eq!(journey.send(&trigger("a")).await.0, 200);
    journey.end();
}

/// `redeliver` reads no token, whoever it belongs to.
#[tokio::test]
async fn redeliver_asks_for_no_token() {
    let mut journey = Journey::with("standard", &[("WEBHOOK_TOKEN_PARAMETER", TOKEN_PARAMETER)]).await;
    journey.world.create_channel(DATABASE, KEY_OF_DATABASE);
    journey.world.flashduty.fault_of(KEY_OF_DATABASE, busy(), Lasts::Next(1));
    assert_eq!(journey.send(&to_database(trigger("a"))).await.0, 202);
    // At its start it reads the stack's own.
    journey.redeliver.function.asked_for_work().await;
    let before = journey.world.ssm.calls().len();
    journey.redeliver.drain().await;
    let asked: Vec<_> = journey.world.ssm.calls()[before..].iter().map(|call| call["Names"].clone()).collect();
    assert_eq!(asked, [json!([PARAMETER])]);
    assert!(!json!(asked).to_string().contains(TOKEN_PARAMETER) && PARAMETER.starts_with(PUSH_URL_PARAMETER));
    journey.end();
}
