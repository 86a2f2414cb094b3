//! Alerts that come while others wait in the retry queue.

use std::time::{Duration, Instant};

use aws_standin::lambda::Fault as ProcessFault;
use aws_standin::sqs::Fault as SqsFault;
use flashduty_standin::{Fault, Lasts};
use serde_json::{Value, json};

use crate::support::journey::{Journey, busy};
use crate::support::{alarm, code, post, sample};

/// More than any lag of SQS's count here.
const LAG: Duration = Duration::from_mins(5);

fn message(resource: &str, status: &str, id: &str) -> Value {
    let (now, before) = if status == "Alarm" { ("Alarm", "OK") } else { ("OK", "Alarm") };
    post(alarm(&json!({"ALARM_RESOURCE_ID": resource, "ALARM_RESOURCE_NAME": resource, "ALARM_DATA_UUID": id,
                       "ALARM_CURRENT_STATUS": now, "ALARM_PREVIOUS_STATUS": before})))
}

fn trigger(resource: &str) -> Value {
    message(resource, "Alarm", &format!("{resource}-trigger"))
}

fn recovery(resource: &str) -> Value {
    message(resource, "OK", &format!("{resource}-recovery"))
}

/// What the letters in the retry queue say of being pushed.
fn marks(journey: &Journey) -> Vec<bool> {
    journey.queued().iter().map(|message| message["MessageBody"]["pushed"] == true).collect()
}

/// The statuses that Flashduty accepted for a resource, in order.
fn history(journey: &Journey, resource: &str) -> Vec<String> {
    let pushes = journey.world.flashduty.received().into_iter().filter(|push| push.alert_key.is_some());
    let events = pushes.map(|push| serde_json::from_slice::<Value>(&push.body).unwrap());
    let events = events.filter(|event| event["labels"]["resource_id"] == resource);
    events.map(|event| event["event_status"].as_str().unwrap().to_owned()).collect()
}

fn open(journey: &Journey) -> Vec<String> {
    let open = journey.world.flashduty.alerts().into_iter().filter(|alert| alert.open);
    let mut open: Vec<_> = open.map(|alert| alert.labels["resource_id"].clone()).collect();
    open.sort();
    open
}

/// One alert waits, and Flashduty works again.
async fn with_one_waiting(resource: &str) -> Journey {
    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(busy(), Lasts::Next(1));
    assert_eq!(journey.send(&trigger(resource)).await.0, 202);
    journey
}

#[tokio::test]
async fn an_alert_is_pushed_at_once_and_queued_as_well_while_others_wait() {
    let mut journey = with_one_waiting("a").await;
    // It is in flight, as it is while `redeliver` has it.
    journey.sqs.receive(&journey.queue, 1, Duration::from_secs(1));
    for process in [0, 1] {
        journey.world.take_process(process).await;
        let resource = format!("b{process}");
        assert_eq!(journey.send(&trigger(&resource)).await.0, 200);
        assert_eq!(history(&journey, &resource), ["Critical"]);
    }
    assert_eq!(marks(&journey), [false, true, true]);
    journey.redeliver.drain_to_the_end().await;
    assert_eq!(open(&journey), ["a", "b0", "b1"]);
    let alerts = journey.world.flashduty.alerts();
    assert!(alerts.iter().all(|alert| alert.history.len() == 1), "people are called once: {alerts:#?}");
    let delayed = |resource: &str| {
        let alert = alerts.iter().find(|alert| alert.labels["resource_id"] == resource).unwrap();
        alert.labels.contains_key("delayed")
    };
    assert_eq!((delayed("a"), delayed("b0")), (true, false));
    // Flashduty drops an event that is identical to an earlier one.
    let pushes: Vec<_> = journey.world.flashduty.received().into_iter().map(|push| push.body).collect();
    assert!(pushes.iter().enumerate().all(|(at, body)| !pushes[..at].contains(body)));
    let again = journey.world.pushed().iter().filter(|event| event["labels"]["repeated"].is_string()).count();
    assert_eq!(again, 2);
    journey.end();
}

#[tokio::test]
async fn an_alert_is_only_queued_behind_one_of_its_key() {
    let mut journey = with_one_waiting("a").await;
    assert_eq!(journey.send(&recovery("a")).await.0, 202, "although Flashduty would accept it");
    assert_eq!((history(&journey, "a").len(), marks(&journey)), (0, vec![false, false]));
    journey.redeliver.drain_to_the_end().await;
    assert_eq!(history(&journey, "a"), ["Critical", "Ok"]);
    journey.end();
}

#[tokio::test]
async fn when_nothing_waits_only_a_recovery_leaves_a_letter_whose_alert_another_process_had() {
    let mut journey = Journey::new().await;
    for event in [trigger("a"), sample("test-message"), trigger("b"), recovery("a")] {
        assert_eq!(journey.send(&event).await.0, 200);
    }
    assert!(journey.queued().is_empty());
    journey.world.take_process(1).await;
    assert_eq!(journey.send(&recovery("b")).await.0, 200);
    assert_eq!(marks(&journey), [true]);
    journey.redeliver.drain_to_the_end().await;
    assert_eq!(history(&journey, "b"), ["Critical", "Ok", "Ok"]);
    journey.end();
}

/// The alert of a test message is closed by its own second event, so nothing has to be kept in order.
#[tokio::test]
async fn a_test_message_is_not_pushed_again() {
    let mut journey = with_one_waiting("a").await;
    assert_eq!(journey.send(&sample("test-message")).await.0, 200);
    assert_eq!(marks(&journey), [false]);
    journey.end();
}

/// SQS has the first try's letter, and did not say so. It does not count it yet either.
#[tokio::test]
async fn a_letter_that_sqs_did_not_confirm_does_not_open_a_closed_alert() {
    let mut journey = Journey::new().await;
    journey.sqs.lag(&journey.queue, LAG);
    journey.world.flashduty.fault(Fault::status(500), Lasts::Standing);
    journey.sqs.fault(Some(SqsFault::Unanswered));
    assert_eq!(journey.send(&trigger("a")).await.0, 503);
    assert_eq!(journey.queued().len(), 1);
    journey.sqs.fault(None);
    journey.world.flashduty.clear_faults();
    // It asks SQS again.
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(journey.send(&trigger("a")).await.0, 200, "ZStack's next try");
    let (status, body) = journey.send(&recovery("a")).await;
    assert!([200, 202].contains(&status), "{status} {body}");
    journey.redeliver.drain_to_the_end().await;
    assert_eq!(open(&journey), [] as [&str; 0]);
    journey.end();
}

/// If Flashduty stays away, a storm must not wait for it.
#[tokio::test]
async fn after_a_failed_push_alerts_are_queued_without_a_try_for_a_while() {
    let mut journey = with_one_waiting("a").await;
    journey.world.flashduty.fault(Fault::Hang, Lasts::Standing);
    let started = Instant::now();
    assert_eq!(journey.send(&trigger("b")).await.0, 202);
    let tried = started.elapsed();
    assert!(tried > Duration::from_millis(2_900) && tried < Duration::from_millis(3_800), "{tried:?}");
    let pushes = journey.world.flashduty.received().len();
    let started = Instant::now();
    for number in 0..20 {
        assert_eq!(journey.send(&trigger(&number.to_string())).await.0, 202);
    }
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(journey.world.flashduty.received().len(), pushes);
    journey.world.flashduty.clear_faults();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(journey.send(&trigger("after the storm")).await.0, 200, "it is no part of it");
    journey.redeliver.drain_to_the_end().await;
    assert_eq!(open(&journey).len(), 23);
    journey.end();
}

/// Flashduty's limit may be used up for a moment, and thousands may wait in the queue.
#[tokio::test]
async fn a_lone_alert_is_tried_for_three_seconds_while_others_wait() {
    let mut journey = with_one_waiting("a").await;
    let limit = Fault::Refuse { status: 429, code: None, message: None, retry_after: None };
    journey.world.flashduty.fault(limit.clone(), Lasts::Next(2));
    assert_eq!(journey.send(&trigger("b")).await.0, 202, "right behind another one");
    tokio::time::sleep(Duration::from_secs(2)).await;
    journey.world.flashduty.clear_faults();
    journey.world.flashduty.fault(limit.clone(), Lasts::Next(2));
    assert_eq!(journey.send(&trigger("c")).await.0, 200);
    journey.world.flashduty.fault(limit, Lasts::Standing);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let started = Instant::now();
    assert_eq!(journey.send(&trigger("d")).await.0, 202);
    assert!(started.elapsed() < Duration::from_millis(3_500), "{:?}", started.elapsed());
    journey.end();
}

#[tokio::test]
async fn a_quick_failure_pauses_for_a_moment_only() {
    let mut journey = with_one_waiting("a").await;
    journey.world.flashduty.fault(Fault::status(500), Lasts::Next(1));
    assert_eq!(journey.send(&trigger("b")).await.0, 202);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(journey.send(&trigger("c")).await.0, 200);
    journey.end();
}

#[tokio::test]
async fn an_alert_is_queued_as_well_if_the_messages_in_the_queue_cannot_be_counted() {
    let mut journey = with_one_waiting("a").await;
    journey.world.restart().await;
    journey.sqs.fault(Some(SqsFault::DenyCount));
    assert_eq!(journey.send(&trigger("b")).await.0, 200);
    assert_eq!(marks(&journey), [false, true]);
    journey.redeliver.drain_to_the_end().await;
    assert_eq!(open(&journey), ["a", "b"]);
    journey.end();
}

/// SQS says that nothing waits, to the process that has the recovery.
#[tokio::test]
async fn no_alert_stays_open_if_another_process_pushes_its_recovery_first() {
    for lag in [LAG, Duration::ZERO] {
        let mut journey = Journey::new().await;
        journey.world.take_process(1).await;
        assert_eq!(journey.send(&trigger("other")).await.0, 200, "it knows now that the queue is empty");
        journey.world.take_process(0).await;
        journey.sqs.lag(&journey.queue, lag);
        journey.world.flashduty.fault(busy(), Lasts::Next(1));
        assert_eq!(journey.send(&trigger("a")).await.0, 202);
        journey.world.take_process(1).await;
        assert_eq!(journey.send(&recovery("a")).await.0, 200);
        journey.redeliver.drain_to_the_end().await;
        assert_eq!(history(&journey, "a"), ["Ok", "Critical", "Ok"]);
        assert_eq!(open(&journey), ["other"], "{lag:?}");
        journey.end();
    }
}

/// A process that pushed an alert and its recovery knows nothing of the next time.
#[tokio::test]
async fn a_recovery_leaves_a_letter_again_after_another_one() {
    let mut journey = Journey::new().await;
    for event in [trigger("a"), recovery("a")] {
        assert_eq!(journey.send(&event).await.0, 200);
    }
    journey.sqs.lag(&journey.queue, LAG);
    journey.world.take_process(1).await;
    journey.world.flashduty.fault(busy(), Lasts::Next(1));
    assert_eq!(journey.send(&message("a", "Alarm", "again")).await.0, 202);
    journey.world.take_process(0).await;
    assert_eq!(journey.send(&message("a", "OK", "over again")).await.0, 200);
    journey.redeliver.drain_to_the_end().await;
    assert!(open(&journey).is_empty());
    journey.end();
}

/// As long as SQS counts exactly, which it does in quiet times.
#[tokio::test]
async fn no_alert_is_closed_by_a_recovery_before_it() {
    for queued in [true, false] {
        let mut journey = Journey::new().await;
        journey.world.take_process(1).await;
        assert_eq!(journey.send(&trigger("other")).await.0, 200, "it knows now that the queue is empty");
        journey.world.take_process(0).await;
        assert_eq!(journey.send(&trigger("a")).await.0, 200);
        journey.world.flashduty.fault(busy(), Lasts::Next(usize::from(queued)));
        assert_eq!(journey.send(&recovery("a")).await.0, if queued { 202 } else { 200 });
        tokio::time::sleep(Duration::from_millis(500)).await;
        journey.world.take_process(1).await;
        assert_eq!(journey.send(&message("a", "Alarm", "again")).await.0, 200);
        journey.redeliver.drain_to_the_end().await;
        assert_eq!(open(&journey), ["a", "other"], "{queued}");
        journey.end();
    }
}

#[tokio::test]
async fn a_marked_letter_is_left_out_if_a_later_one_of_its_key_is_in_the_batch() {
    let mut journey = with_one_waiting("a").await;
    for event in [trigger("b"), recovery("b"), message("b", "Alarm", "again"), recovery("c")] {
        assert_eq!(journey.send(&event).await.0, 200);
    }
    let before = history(&journey, "b").len();
    journey.redeliver.drain_to_the_end().await;
    assert_eq!((history(&journey, "b").len() - before, history(&journey, "c").len()), (1, 2));
    assert_eq!(open(&journey), ["a", "b"]);
    journey.end();
}

/// Lambda then receives the rest of the batch again, after the queue's visibility timeout.
#[tokio::test]
async fn a_redeliver_that_dies_repeats_one_message_at_most() {
    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(busy(), Lasts::Next(1));
    for event in [trigger("a"), recovery("a"), trigger("b"), recovery("b"), trigger("c")] {
        journey.send(&event).await;
    }
    journey.world.flashduty.clear_faults();
    // Of these five letters one is left out, and the last push hangs until the process is killed.
    journey.world.flashduty.clear();
    journey.world.flashduty.fault(Fault::Delay { millis: 0 }, Lasts::Next(3));
    journey.world.flashduty.fault(Fault::Hang, Lasts::Standing);
    let kill = ProcessFault::Kill { after: Duration::from_millis(1_500) };
    let batch = journey.redeliver.poll_with(Some(kill)).await.unwrap();
    assert!(batch.died && batch.bodies.len() == 5);
    assert_eq!(journey.queued().len(), 1);
    let mut another = journey.another_redeliver().await;
    journey.world.flashduty.clear_faults();
    journey.sqs.advance(Duration::from_mins(15));
    another.drain_to_the_end().await;
    assert_eq!((history(&journey, "a").len(), history(&journey, "b").len()), (2, 1));
    assert_eq!(open(&journey), ["c"]);
    journey.end();
}

/// Each of them gets one short try, after those that were received less often.
#[tokio::test]
async fn alerts_that_fail_each_time_delay_no_other() {
    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    for number in 0..9 {
        journey.send(&trigger(&format!("stuck-{number}"))).await;
    }
    // Each of them was received often.
    for _ in 0..5 {
        while journey.redeliver.poll().await.is_some() {}
        journey.sqs.advance(Duration::from_mins(15));
    }
    journey.world.flashduty.clear_faults();
    journey.sqs.put(&journey.queue, "healthy", &letter(&journey, "healthy"));
    journey.world.flashduty.clear();
    // The pause after the last failures is ten times as long as an attempt took.
    tokio::time::sleep(Duration::from_secs(1)).await;
    // The first push of this batch is that of the healthy alert, although its message is the last in the queue.
    journey.world.flashduty.fault(Fault::Delay { millis: 0 }, Lasts::Next(1));
    journey.world.flashduty.fault(Fault::status(500), Lasts::Standing);
    let batch = journey.redeliver.poll().await.unwrap();
    assert_eq!((batch.bodies.len(), batch.failed.len(), open(&journey)), (10, 9, vec!["healthy".to_owned()]));
    assert_eq!(journey.world.flashduty.received().len(), 10, "each had one try");
    journey.end();
}

/// A letter like the first one in the queue, about another resource.
fn letter(journey: &Journey, resource: &str) -> String {
    let mut letter = journey.queued()[0]["MessageBody"].clone();
    letter["message"] = json!(alarm(&json!({"ALARM_RESOURCE_ID": resource, "ALARM_RESOURCE_NAME": resource})));
    letter["alert_key"] = json!(resource);
    letter.to_string()
}

/// As the version before `pushed` stored it.
#[tokio::test]
async fn a_letter_of_the_version_before_is_delivered() {
    let mut journey = Journey::new().await;
    let message = alarm(&json!({"ALARM_RESOURCE_ID": "old", "ALARM_RESOURCE_NAME": "old"}));
    let letter = json!({"version": 1, "message": message, "labels": [["cloud", "beijing"]], "received": 1_720_144_800_000_u64,
                        "alert_key": "zstack:cloud=beijing:alarm:of:another"});
    journey.sqs.put(&journey.queue, "old", &letter.to_string());
    assert_eq!(journey.send(&sample("health")).await.0, 200);
    journey.redeliver.drain_to_the_end().await;
    assert_eq!((open(&journey), journey.dead().len()), (vec!["old".to_owned()], 0));
    journey.end();
}

/// The recovery's letter is in the queue. Whatever a new trigger is answered, that letter would close it in the end.
#[tokio::test]
async fn a_trigger_that_its_own_process_recovery_would_close_is_not_called_delivered() {
    for fault in [SqsFault::Deny, SqsFault::Hang, SqsFault::Unanswered] {
        let mut journey = Journey::new().await;
        assert_eq!(journey.send(&recovery("a")).await.0, 200);
        assert_eq!(journey.queued().len(), 1, "another process may have queued the trigger before");
        journey.sqs.fault(Some(fault));
        for _ in 0..2 {
            let (status, body) = journey.send(&trigger("a")).await;
            assert_eq!((status, code(&body)), (503, "QueueUnavailable"), "{fault:?} {body}");
        }
        let log = journey.world.function.log();
        assert!(log.contains("is delivered last") && log.contains("zstack_message"), "{log}");

        journey.sqs.fault(None);
        assert_eq!(journey.send(&trigger("a")).await.0, 200, "ZStack's next try");
        journey.redeliver.drain_to_the_end().await;
        let [alert] = &journey.world.flashduty.alerts()[..] else { panic!("one alert") };
        assert!(alert.open, "{fault:?}");
        journey.end();
    }
}
