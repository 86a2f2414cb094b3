//! The settings: secrets in SSM that are read once, kept, refreshed, rotated or missing, and environment variables.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_standin::ssm::Fault;
use flashduty_standin::Options;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::{
    KEY, KEY_IN_URL, PUSH_URL_PARAMETER, READ_PAUSE, TOKEN, TOKEN_PARAMETER, World, base64, relay, sample,
    with_credential,
};

#[tokio::test]
async fn both_parameters_are_read_in_one_call_before_the_first_request() {
    let mut world = World::new().await;
    world.function.asked_for_work().await;
    let expected = json!({"Names": [PUSH_URL_PARAMETER, TOKEN_PARAMETER], "WithDecryption": true});
    assert_eq!(world.ssm.calls(), std::slice::from_ref(&expected), "before it asked for the first request");
    for _ in 0..3 {
        assert_eq!(world.send(&sample("alarm")).await.0, 200);
    }
    assert_eq!(world.ssm.calls(), [expected]);
    world.end();
}

#[tokio::test]
async fn secrets_are_refreshed_after_their_ttl_and_kept_if_that_fails() {
    let mut world = World::with(&[("SETTINGS_TTL_SECONDS", "0")]).await;
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    let before = world.ssm.calls().len();
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    assert_eq!(world.ssm.calls().len(), before + 1);

    world.ssm.fault(Some(Fault::Error("AccessDeniedException")));
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    let asked = world.ssm.calls().len();
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    assert_eq!(world.ssm.calls().len(), asked, "a failed read is not repeated at once");
    assert_eq!(world.flashduty.received().len(), 4);
    assert_eq!(world.send(&sample("health")).await.0, 503, "a monitor notices");
    let log = world.function.log();
    assert!(log.contains("could not be read again") && log.contains("ssm:GetParameters"), "{log}");
    world.end();
}

#[tokio::test]
async fn if_the_first_read_fails_the_answer_is_503_and_the_next_request_reads_again() {
    for (fault, says) in [
        (Fault::Error("AccessDeniedException"), "ssm:GetParameters"),
        (Fault::Error("InternalServerError"), "InternalServerError"),
        (Fault::Error("InvalidKeyId"), "InvalidKeyId"),
        (Fault::Hang, "SSM"),
    ] {
        let mut world = World::new().await;
        world.ssm.fault(Some(fault));
        world.restart().await;

        let (status, body) = world.send(&sample("alarm")).await;
        assert_eq!((status, &body["error"]["code"]), (503, &json!("SettingsUnavailable")), "{fault:?}");
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.contains(says) && !message.contains("arn:"), "{message}");
        let (status, body) = world.send(&sample("health")).await;
        assert_eq!((status, &body["status"]), (503, &json!("unavailable")), "{fault:?}");

        world.ssm.fault(None);
        sleep(READ_PAUSE).await;
        assert_eq!(world.send(&sample("alarm")).await.0, 200, "{fault:?}");
        world.end();
    }
}

#[tokio::test]
async fn an_invalid_push_url_is_reported_by_the_name_of_its_parameter() {
    for value in
        ["nonsense", "http://flashduty.example/x?integration_key=sample%20key%2F1", "https://flashduty.example/x"]
    {
        let flashduty = flashduty_standin::Standin::start(Options::default()).await.unwrap();
        let mut world = World::pushing_to(flashduty, value, &[]).await;
        let (status, body) = world.send(&sample("alarm")).await;
        assert_eq!(status, 503);
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.contains(PUSH_URL_PARAMETER) && !message.contains(value), "{message}");
        world.end();
    }
}

#[tokio::test]
async fn a_missing_parameter_is_reported_by_its_name() {
    let mut world = World::with(&[("WEBHOOK_TOKEN_PARAMETER", "/zstack-flashduty/nowhere")]).await;
    let (status, body) = world.send(&sample("alarm")).await;
    assert_eq!(status, 503);
    assert!(body["error"]["message"].as_str().unwrap().contains("/zstack-flashduty/nowhere does not exist"), "{body}");
    world.ssm.put("/zstack-flashduty/nowhere", "sample-token");
    sleep(READ_PAUSE).await;
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    world.end();
}

/// A relay that has delivered one alert. Since then, Flashduty accepts only another key.
async fn with_a_new_key_in_flashduty() -> World {
    let mut world = World::new().await;
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    world.flashduty.set_keys(["new-sample-key"]);
    world
}

#[tokio::test]
async fn rotating_the_push_url_costs_no_alert() {
    let mut world = with_a_new_key_in_flashduty().await;
    world.ssm.put(PUSH_URL_PARAMETER, &world.flashduty.push_url("standard", "new-sample-key"));
    assert_eq!(world.send(&sample("event-host-disconnected")).await.0, 200);
    assert_eq!(world.flashduty.alerts().len(), 2);
    assert_eq!(world.function.request_lines().await[1]["attempts"], 2);
    assert!(!world.function.log().contains("new-sample-key"));

    // If SSM has no other key, it is asked once for each request, not once for each alert.
    world.flashduty.set_keys([KEY]);
    let before = world.ssm.calls().len();
    assert_eq!(world.send(&sample("list-of-alarms")).await.0, 502);
    assert_eq!(world.ssm.calls().len(), before + 1);
    world.end();
}

#[tokio::test]
async fn a_refused_key_is_final_only_if_ssm_has_no_other_key() {
    let mut world = with_a_new_key_in_flashduty().await;
    world.ssm.fault(Some(Fault::Error("ThrottlingException")));
    let (status, body) = world.send(&sample("list-of-alarms")).await;
    assert_eq!(status, 503, "{body}");
    assert!(body["alerts"].as_array().unwrap().iter().all(|alert| alert["error"]["code"] == "SettingsUnavailable"));
    world.ssm.fault(None);
    assert_eq!(world.send(&sample("alarm")).await.0, 502);
    world.end();
}

#[tokio::test]
async fn a_push_url_of_another_kind_is_used_from_the_next_request_on() {
    let mut world = with_a_new_key_in_flashduty().await;
    world.ssm.put(PUSH_URL_PARAMETER, &world.flashduty.push_url("zstack", "new-sample-key"));
    assert_eq!(world.send(&sample("alarm")).await.0, 503, "ZStack retries a second later");
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    assert_eq!(world.flashduty.received()[2].text(), sample("alarm")["body"].as_str().unwrap());
    world.end();
}

#[tokio::test]
async fn a_401_or_403_of_flashduty_makes_the_relay_read_the_settings_again() {
    for (status, asks) in [(401, true), (403, true), (404, false)] {
        let mut world = World::new().await;
        assert_eq!(world.send(&sample("alarm")).await.0, 200);
        let before = world.ssm.calls().len();
        let new = world.flashduty.push_url("standard", "sample%20key%2F1&again");
        world.ssm.put(PUSH_URL_PARAMETER, &new);
        world.flashduty.fault(flashduty_standin::Fault::status(status), flashduty_standin::Lasts::Next(1));
        assert_eq!(world.send(&sample("alarm")).await.0 == 200, asks, "{status}");
        assert_eq!(world.ssm.calls().len() > before, asks, "{status}");
        world.end();
    }
}

#[tokio::test]
async fn rotating_the_token_costs_no_alert() {
    let mut world = World::new().await;
    let as_new = with_credential(sample("alarm"), Some(&format!("Basic {}", base64("zstack:new-sample-token"))), "");
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    // SSM has both tokens until ZStack uses the new one.
    world.ssm.put(TOKEN_PARAMETER, "new-sample-token\r\nsample-token\r\n");
    sleep(Duration::from_millis(2_100)).await;
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    assert_eq!(world.send(&as_new).await.0, 200);
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    // Wrong tokens do not make the relay read SSM each time.
    let before = world.ssm.calls().len();
    for _ in 0..5 {
        assert_eq!(world.send(&with_credential(sample("alarm"), None, "token=guess")).await.0, 401);
    }
    assert!(world.ssm.calls().len() <= before + 1);
    assert!(!world.function.log().contains("new-sample-token"));
    world.end();
}

/// Some editors and PowerShell write a byte order mark.
#[tokio::test]
async fn a_byte_order_mark_before_a_value_is_ignored() {
    let mut world = World::new().await;
    world.ssm.put(PUSH_URL_PARAMETER, &format!("\u{feff}{}\r\n", world.flashduty.push_url("standard", KEY_IN_URL)));
    world.ssm.put(TOKEN_PARAMETER, &format!("\u{feff}{TOKEN}\r\n"));
    world.restart().await;
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    world.end();
}

/// Not even at the most detailed log level.
#[tokio::test]
async fn an_answer_of_ssm_that_cannot_be_read_is_not_logged() {
    for fault in [Fault::Garbled(200), Fault::Garbled(400), Fault::Garbled(500)] {
        let mut world = World::with(&[("AWS_LAMBDA_LOG_LEVEL", "TRACE"), ("SETTINGS_TTL_SECONDS", "0")]).await;
        world.ssm.fault(Some(fault));
        let (status, body) = world.send(&sample("alarm")).await;
        assert!(status == 503 || status == 200, "{body}");
        assert_eq!(world.send(&sample("health")).await.0, 503, "{fault:?}");
        world.end();
    }
}

#[tokio::test]
async fn a_hanging_ssm_costs_no_alert_once_the_secrets_were_read() {
    let mut world = World::with(&[("SETTINGS_TTL_SECONDS", "0")]).await;
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    world.ssm.fault(Some(Fault::Hang));
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(3);
    assert_eq!(world.send_until(&sample("alarm"), u64::try_from(deadline.as_millis()).unwrap()).await.0, 200);
    world.end();
}

#[tokio::test]
async fn without_a_token_parameter_the_function_refuses_to_start() {
    let function = relay(&[("FLASHDUTY_PUSH_URL_PARAMETER", PUSH_URL_PARAMETER)]).await;
    let (status, log) = function.ended().await;
    assert!(!status.success());
    let line: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!(line["level"], "ERROR");
    let message = line["message"].as_str().unwrap();
    assert!(message.contains("WEBHOOK_TOKEN_PARAMETER") && message.contains("ALLOW_UNAUTHENTICATED"), "{message}");
}

#[tokio::test]
async fn allow_unauthenticated_lets_everybody_call() {
    let mut world = World::with(&[("WEBHOOK_TOKEN_PARAMETER", ""), ("ALLOW_UNAUTHENTICATED", "true")]).await;
    assert_eq!(world.send(&with_credential(sample("alarm"), None, "")).await.0, 200);
    assert_eq!(world.ssm.calls()[0]["Names"], json!([PUSH_URL_PARAMETER]));
    world.end();
}

#[tokio::test]
async fn the_title_rule_can_be_set() {
    let mut world = World::with(&[("TITLE_RULE", "[TPL]${check}: ${resource} (${nothing})")]).await;
    assert_eq!(world.send(&sample("alarm")).await.0, 200);
    assert_eq!(world.flashduty.alerts()[0].title, "VM CPU usage: web-01 (<no value>)");
    world.end();
}
