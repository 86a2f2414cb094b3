//! The self-test, which pushes an alert.

use flashduty_standin::{Fault, Lasts};
use serde_json::{Value, json};

use super::{check, errors, line, lines, metrics, of_relay, self_check, self_test};
use crate::support::journey::{Journey, busy};
use crate::support::sample;

#[tokio::test]
async fn a_self_test_opens_and_closes_an_alert_of_its_own() {
    let opens = "This is zstack-flashduty's self-test: alerts get from the relay to Flashduty. There is nothing to do.";
    a_self_test_is("en", "Self-test", opens, "The self-test's alert closes by itself.").await;
    let opens = "这是 zstack-flashduty 的自测：告警可以从中继送达 Flashduty。无需处理。";
    a_self_test_is("zh-CN", "自测", opens, "自测的告警会自动关闭。").await;
}

async fn a_self_test_is(language: &str, name: &str, opens: &str, closes: &str) {
    let variables = [("TITLE_RULE", "[TPL]${check} of ${resource}"), ("LANGUAGE", language)];
    let mut journey = Journey::with("standard", &variables).await;
    assert_eq!(check(&mut journey.world, &self_test()).await, (true, String::new()));
    let event = |status: &str, description: &str| {
        json!({
            "title_rule": "[TPL]${check} of ${resource}",
            "event_status": status,
            "alert_key": "zstack:self-test",
            "description": description,
            "labels": {"source": "self-test", "kind": "test", "resource": "zstack-flashduty", "check": name},
        })
    };
    assert_eq!(journey.world.pushed(), [event("Info", opens), event("Ok", closes)]);
    let [alert] = &journey.world.flashduty.alerts()[..] else { panic!("one alert") };
    assert!(!alert.open);
    assert_eq!(of_relay(&journey.world).await, [line("SelfTest", 1)]);

    // Its letter came through the queue as well. That is not a self-check.
    assert_eq!(journey.queued().len(), 1);
    journey.redeliver.drain().await;
    assert!(journey.queued().is_empty());
    assert_eq!(metrics(&journey.redeliver.function.log()), [Value::Null; 0]);
    journey.end();
}

#[tokio::test]
async fn a_revoked_key_fails_the_self_test_but_not_the_self_check() {
    let mut journey = Journey::new().await;
    journey.world.flashduty.set_keys(["another key"]);
    assert!(check(&mut journey.world, &self_check()).await.0);
    let (ok, error) = check(&mut journey.world, &self_test()).await;
    assert!(!ok && error.contains("integration_key is not a valid one"), "{error}");
    assert_eq!(of_relay(&journey.world).await, [line("SelfTest", 0)]);
    let errors = errors(&journey.world);
    assert!(matches!(&errors[..], [(step, message)] if step == "push" && message.contains("the self-test failed")));
    assert!(journey.dead().is_empty(), "a test is no alert that somebody needs");
    journey.end();
}

#[tokio::test]
async fn a_flashduty_that_is_busy_fails_the_self_test() {
    let mut journey = Journey::new().await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    assert!(!check(&mut journey.world, &self_test()).await.0);
    assert!(journey.queued().is_empty(), "it is not queued, and no letter says that all is well");
    journey.end();
}

/// Which answer Flashduty gives then is not documented: see `docs/protocols/flashduty.md`.
#[tokio::test]
async fn a_self_test_without_a_route_is_told_and_passes() {
    let mut journey = Journey::new().await;
    let message = Some("no route matched for this event".to_owned());
    let code = Some("InvalidParameter".to_owned());
    journey.world.flashduty.fault(Fault::Refuse { status: 400, code, message, retry_after: None }, Lasts::Standing);
    assert!(check(&mut journey.world, &self_test()).await.0);
    assert_eq!(of_relay(&journey.world).await, [line("SelfTest", 1)]);
    let log = journey.world.function.log();
    let warned = lines(&log).into_iter().filter(|line| line["level"] == "WARN");
    let told: Vec<_> = warned.filter_map(|line| Some(line["message"].as_str()?.to_owned())).collect();
    let told: Vec<_> = told.iter().filter(|told| !told.contains("SSM parameter")).collect();
    let [told] = &told[..] else { panic!("{told:?}") };
    assert!(told.starts_with("no route of the shared integration"), "{told}");
    assert!(told.ends_with("InvalidParameter: no route matched for this event"), "{told}");
    journey.end();
}

#[tokio::test]
async fn an_integration_of_kind_zstack_gets_zstacks_test_message() {
    let mut journey = Journey::to("zstack").await;
    assert!(check(&mut journey.world, &self_test()).await.0);
    let received = journey.world.flashduty.received();
    let [push] = &received[..] else { panic!("one push") };
    assert_eq!(String::from_utf8_lossy(&push.body), sample("test-message")["body"].as_str().unwrap());
    assert_eq!(of_relay(&journey.world).await, [line("SelfTest", 1)]);
    journey.end();
}
