//! The log of both functions.
//!
//! For Lambda's advanced logging controls, a line without a valid level or timestamp has the level INFO. An error in
//! such a line could be filtered out.

use flashduty_standin::{Fault, Lasts};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::support::journey::{Journey, busy};
use crate::support::{PUSH_URL_PARAMETER, TOKEN_PARAMETER, alarm, post, relay, sample, with_credential};

#[tokio::test]
async fn every_line_has_a_level_and_a_timestamp_and_metrics_have_neither() {
    let mut journey = Journey::new().await;
    journey.send(&sample("alarm")).await;
    journey.send(&post("{broken")).await;
    journey.send(&with_credential(sample("alarm"), None, "")).await;
    journey.world.flashduty.fault(Fault::status(400), Lasts::Next(1));
    journey.send(&sample("event-host-disconnected")).await;
    journey.world.flashduty.fault(busy(), Lasts::Next(2));
    journey.send(&sample("alarm-recovery")).await;
    journey.sqs.put(&journey.queue, "garbage", "no JSON");
    journey.redeliver.drain_to_the_end().await;

    let mut levels = Vec::new();
    for log in [journey.world.function.log(), journey.redeliver.function.log()] {
        for line in log.lines() {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            if line.get("_aws").is_some() {
                assert!(line.get("level").is_none() && line.get("timestamp").is_none(), "{line}");
                continue;
            }
            assert!(OffsetDateTime::parse(line["timestamp"].as_str().unwrap(), &Rfc3339).is_ok(), "{line}");
            levels.push(line["level"].as_str().unwrap().to_owned());
        }
    }
    levels.sort();
    levels.dedup();
    // The tests set RUST_LOG to "trace".
    assert!(["ERROR", "INFO", "WARN"].iter().all(|level| levels.iter().any(|it| it == level)), "{levels:?}");
    let known = ["DEBUG", "ERROR", "INFO", "TRACE", "WARN"];
    assert!(levels.iter().all(|level| known.contains(&level.as_str())), "{levels:?}");
    journey.end();
}

/// `lambda_runtime` panics if the memory size is not a number, which never happens on Lambda.
#[tokio::test]
async fn a_panic_is_logged_in_one_line_with_its_place() {
    let variables = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("FLASHDUTY_PUSH_URL_PARAMETER", PUSH_URL_PARAMETER),
        ("WEBHOOK_TOKEN_PARAMETER", TOKEN_PARAMETER),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "sample-token"),
        ("RUST_BACKTRACE", "full"),
    ];
    let (status, log) = relay(&variables).await.ended().await;
    assert_eq!(status.code(), Some(1), "the process exits by unwinding: {log}");
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines: Vec<_> = lines.filter(|line| line["level"] == "ERROR").collect();
    let [line] = &lines[..] else { panic!("{log}") };
    assert_eq!(line["message"], "the program panicked, which is a mistake of it");
    let place = line["place"].as_str().unwrap();
    assert!(place.starts_with("lambda_runtime-") && place.contains("/src/lib.rs:"), "{place}");
    // The message of a panic may contain anything, so it is not logged.
    assert!(line.get("reason").is_none() && !log.contains("InvalidDigit"), "{log}");
}

/// By both functions.
#[tokio::test]
async fn what_is_cut_to_flashdutys_limits_is_logged() {
    let mut journey = Journey::new().await;
    let long = alarm(&json!({"ALARM_RESOURCE_ID": "a", "ALARM_RESOURCE_NAME": "n".repeat(3_000)}));
    assert_eq!(journey.send(&post(long.clone())).await.0, 200);
    assert_eq!(
        cuts(&journey.world.function.log()),
        [json!(["zstack:alarm:5a4c7a3f0c6e4b0e8d1f2a3b4c5d6e7f:a", "resource,description"])]
    );
    journey.end();

    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    assert_eq!(journey.send(&post(long)).await.0, 202);
    journey.world.flashduty.clear_faults();
    journey.redeliver.drain().await;
    assert_eq!(
        cuts(&journey.redeliver.function.log()),
        [json!(["zstack:alarm:5a4c7a3f0c6e4b0e8d1f2a3b4c5d6e7f:a", "resource,description"])]
    );
    journey.end();
}

/// The alert key and the cut fields of each line about cutting.
fn cuts(log: &str) -> Vec<Value> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter(|line| line["message"].as_str().is_some_and(|message| message.starts_with("cut to")))
        .map(|line| json!([line["alert_key"], line["cut"]]))
        .collect()
}
