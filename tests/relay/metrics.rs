//! The metrics of both functions, as their logs give them to CloudWatch.

use std::time::Duration;

use aws_standin::ssm::Fault as SsmFault;
use flashduty_standin::{Fault, Lasts};
use serde_json::{Value, json};

use crate::support::journey::{Journey, busy};
use crate::support::{TOKEN_PARAMETER, World, alarm, post, relay, sample, with_credential};

/// The outcome and the metrics of a line. Fails unless the line declares all of them, by function and by outcome.
/// Times are replaced by their number.
fn counts(mut line: Value, function: &str) -> Value {
    assert_eq!(line["_aws"]["CloudWatchMetrics"].as_array().unwrap().len(), 1);
    let directive = line["_aws"]["CloudWatchMetrics"][0].take();
    assert_eq!(directive["Namespace"], "zstack-flashduty");
    assert_eq!(directive["Dimensions"], json!([["Function"], ["Function", "Outcome"]]));
    assert!(line["_aws"]["Timestamp"].as_u64().unwrap() > 1_700_000_000_000);
    assert_eq!(line["Function"], function);
    assert!(line["request_id"].as_str().unwrap().starts_with("request-"));
    let mut counts = json!({"Outcome": line["Outcome"].take()});
    for metric in directive["Metrics"].as_array().unwrap() {
        let name = metric["Name"].as_str().unwrap();
        let time = matches!(name, "FlashdutyLatency" | "AgeAtDelivery");
        assert_eq!(metric["Unit"], if time { "Milliseconds" } else { "Count" }, "{name}");
        counts[name] = match &line[name] {
            Value::Object(distribution) if time => json!(distribution["Values"].as_array().unwrap().len()),
            Value::Object(distribution) => distribution["Values"].clone(),
            _ if time => json!(1),
            count => count.clone(),
        };
    }
    counts
}

#[tokio::test]
async fn every_request_is_counted_by_its_outcome() {
    let mut world = World::new().await;
    let mut expected = Vec::new();
    let mut expect = |counts: Value| expected.push(counts);

    world.send(&sample("alarm")).await;
    expect(json!({"Outcome": "Delivered", "Received": 1, "Delivered": 1, "FlashdutyLatency": 1, "Attempts": 1,
                "AgeAtDelivery": 1}));
    world.send(&sample("test-message")).await;
    expect(json!({"Outcome": "Delivered", "Received": 2, "Delivered": 2, "FlashdutyLatency": 2, "Attempts": [1, 1],
                "AgeAtDelivery": 2}));
    world.send(&post("{broken")).await;
    expect(json!({"Outcome": "Delivered", "Received": 1, "Delivered": 1, "Unreadable": 1, "FlashdutyLatency": 1,
                "Attempts": 1, "AgeAtDelivery": 1}));
    world.send(&post("")).await;
    expect(json!({"Outcome": "EmptyBody", "Received": 1, "Unreadable": 1}));
    world.send(&with_credential(sample("alarm"), Some("Bearer wrong"), "")).await;
    expect(json!({"Outcome": "Unauthorized", "Unauthorized": 1}));
    world.flashduty.fault(Fault::status(500), Lasts::Next(2));
    world.send(&sample("alarm")).await;
    expect(json!({"Outcome": "Delivered", "Received": 1, "Delivered": 1, "FlashdutyLatency": 1, "Attempts": 3,
                "AgeAtDelivery": 1}));
    world.flashduty.fault(Fault::status(400), Lasts::Next(1));
    world.send(&sample("alarm")).await;
    expect(json!({"Outcome": "FlashdutyRefused", "Received": 1, "Refused": 1, "FlashdutyLatency": 1, "Attempts": 1}));
    world.flashduty.fault(busy(), Lasts::Next(1));
    world.send(&sample("alarm")).await;
    expect(
        json!({"Outcome": "FlashdutyUnavailable", "Received": 1, "Failed": 1, "FlashdutyLatency": 1, "Attempts": 1}),
    );
    world.send(&sample("health")).await;

    let lines = world.function.metrics(expected.len()).await;
    let counted: Vec<_> = lines.into_iter().map(|line| counts(line, "relay")).collect();
    assert_eq!(json!(counted), json!(expected), "and nothing for the health check");
    world.end();
}

#[tokio::test]
async fn settings_that_cannot_be_read_are_counted_even_while_the_last_good_ones_are_used() {
    let mut world = World::with(&[("SETTINGS_TTL_SECONDS", "0")]).await;
    world.function.asked_for_work().await;
    world.ssm.fault(Some(SsmFault::Error("ThrottlingException")));
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    assert_eq!(world.send(&sample("health")).await.0, 503);
    let lines = world.function.metrics(1).await;
    let first = counts(lines[0].clone(), "relay");
    assert_eq!((&first["SettingsErrors"], &first["Delivered"]), (&json!(1), &json!(1)));
    world.end();
}

#[tokio::test]
async fn settings_that_were_never_read_are_counted() {
    let mut world = World::new().await;
    let own = [
        ("AWS_ENDPOINT_URL", world.ssm_url.as_str()),
        ("FLASHDUTY_PUSH_URL_PARAMETER", "/not/there"),
        ("WEBHOOK_TOKEN_PARAMETER", TOKEN_PARAMETER),
    ];
    let mut function = relay(&own).await;
    function.invoke(&sample("alarm")).await;
    let lines = function.metrics(1).await;
    let mut counted = counts(lines[0].clone(), "relay");
    // One at the start, and one for the request unless it came right behind that.
    let errors = counted["SettingsErrors"].take();
    assert!(errors == 1 || errors == 2, "{errors}");
    assert_eq!(counted, json!({"Outcome": "SettingsUnavailable", "Received": 1, "Failed": 1, "SettingsErrors": null}));
    world.send(&sample("alarm")).await;
    world.end();
}

#[tokio::test]
async fn a_queued_alert_is_counted_by_both_functions() {
    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    for resource in ["a", "b"] {
        let message = alarm(&json!({"ALARM_RESOURCE_ID": resource, "ALARM_DATA_UUID": resource}));
        assert_eq!(journey.send(&post(message)).await.0, 202);
    }
    journey.redeliver.poll().await.unwrap();
    journey.world.flashduty.clear_faults();
    // The pause after two failures is of real time, ten times as long as an attempt.
    tokio::time::sleep(Duration::from_secs(1)).await;
    journey.sqs.put(&journey.queue, "garbage", "no JSON");
    journey.redeliver.drain_to_the_end().await;

    let by_relay: Vec<_> =
        journey.world.function.metrics(2).await.into_iter().map(|line| counts(line, "relay")).collect();
    assert_eq!(
        json!(by_relay),
        json!([{"Outcome": "Queued", "Received": 1, "Queued": 1, "FlashdutyLatency": 1, "Attempts": 1},
               {"Outcome": "Queued", "Received": 1, "Queued": 1, "FlashdutyLatency": 1, "Attempts": 1}])
    );
    let redeliver = journey.redeliver.function.metrics(3).await;
    let by_redeliver: Vec<_> = redeliver.into_iter().map(|line| counts(line, "redeliver")).collect();
    assert_eq!(
        json!(by_redeliver),
        json!([{"Outcome": "Queued", "Received": 2, "Queued": 2, "FlashdutyLatency": 2, "Attempts": [1, 1]},
               {"Outcome": "GivenUp", "Received": 1, "Refused": 1, "Unreadable": 1},
               {"Outcome": "Delivered", "Received": 2, "Delivered": 2, "FlashdutyLatency": 2, "Attempts": [1, 1],
                "AgeAtDelivery": 2}])
    );
    journey.end();
}
