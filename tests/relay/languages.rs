//! The language of alerts and answers.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flashduty_standin::Lasts;
use serde_json::{Value, json};

use crate::support::journey::{Journey, busy};
use crate::support::languages::in_both;
use crate::support::shapes::ALL;
use crate::support::{World, golden, post, sample, samples, with_credential};

const CHINESE: [(&str, &str); 1] = [("LANGUAGE", "zh-CN")];

/// The catalogue's events are checked in `catalogue/goldens.rs`, generated messages in `properties/languages.rs`.
#[test]
fn no_sentence_of_the_other_language_is_in_an_event() {
    for path in samples() {
        let event = sample(path.file_stem().unwrap().to_str().unwrap());
        let body = event["body"].as_str().unwrap_or_default();
        let is_base64 = event["isBase64Encoded"] == true;
        in_both(&if is_base64 { BASE64_STANDARD.decode(body).unwrap() } else { body.as_bytes().to_vec() }, &[]);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/relay/field");
    for file in fs::read_dir(folder).unwrap() {
        in_both(&fs::read(file.unwrap().path()).unwrap(), &[]);
    }
    for (_, message) in crate::shapes::messages() {
        for shape in ALL {
            for message in [&message, &crate::shapes::broken(&message)] {
                in_both(message.body(shape).as_bytes(), &[]);
            }
        }
    }
    for body in [
        "disk full",
        "磁盘已满",
        "[1, 2]",
        "{broken",
        "{}",
        " ",
        r#"{"alertname": "CPU high", "host": "node-07", "error": "none"}"#,
        r#"{"ALARM_UUID": "1f2e"}"#,
        r#"{"ALARM_METRIC": "CPU"}"#,
        r#"{"ALARM_NAME": "cpu", "ALARM_CURRENT_STATUS": "InsufficientData"}"#,
        r#"{"ALARM_NAME": "cpu", "ALARM_CURRENT_STATUS": "odd", "ALARM_EMERGENCY_LEVEL": "P0", "ALARM_DURATION": "5 min"}"#,
        r#"{"EVENT_NAME": "ThirdpartyAlert"}"#,
        r#"{"EVENT_NAME": "HostOnFire"}"#,
    ] {
        in_both(body.as_bytes(), &[]);
    }
    let many = (0..250).map(|n| json!({"EVENT_NAME": if n % 2 == 0 { "HostConnected" } else { "VmCrash" }}));
    in_both(many.collect::<Value>().to_string().as_bytes(), &[]);
}

#[tokio::test]
async fn switching_the_language_closes_what_is_open() {
    for languages in [["en", "zh-CN"], ["zh-CN", "en"]] {
        let mut world = World::with(&[("LANGUAGE", languages[0])]).await;
        let pairs = [
            ("alarm", "alarm-recovery"),
            ("event-host-disconnected", "event-host-reconnected"),
            ("event-backup-failed", "event-backup-succeeded"),
            ("event-nic-down", "event-nic-up"),
        ];
        for (opens, _) in pairs {
            assert_eq!(world.send(&sample(opens)).await.0, 200);
        }
        let open = |world: &World| world.flashduty.alerts().iter().filter(|alert| alert.open).count();
        assert_eq!(open(&world), pairs.len());
        world.restart_with(&[("LANGUAGE", languages[1])]).await;
        for (_, closes) in pairs {
            assert_eq!(world.send(&sample(closes)).await.0, 200);
        }
        assert_eq!((open(&world), world.flashduty.alerts().len()), (0, pairs.len()));
        world.end();
    }
}

/// The queue holds ZStack's message, so a change of the language is in force for what waits.
#[tokio::test]
async fn what_waits_is_translated_into_the_language_of_redeliver() {
    let mut journey = Journey::with("standard", &CHINESE).await;
    journey.world.restart_with(&[("LANGUAGE", "en")]).await;
    journey.world.flashduty.fault(busy(), Lasts::Standing);
    assert_eq!(journey.send(&sample("event-host-disconnected")).await.0, 202);
    journey.world.flashduty.clear_faults();
    journey.world.flashduty.clear();
    let stored = journey.queued().remove(0)["MessageBody"].to_string();
    assert!(!stored.contains("主机失联") && !stored.contains("Host Disconnected"), "{stored}");
    journey.redeliver.drain().await;
    let pushed = journey.world.pushed();
    let golden = golden("event-host-disconnected");
    assert_eq!(pushed[0]["description"], golden["zh-CN"][0]["description"]);
    assert_eq!(pushed[0]["labels"]["check"], "主机失联");
    assert_eq!(pushed[0]["alert_key"], golden["pushed"][0]["alert_key"]);
    journey.end();
}

#[tokio::test]
async fn the_answer_to_the_test_button_is_in_the_language_and_the_log_is_english() {
    let mut world = World::with(&CHINESE).await;
    let (status, answer) = world.send(&with_credential(sample("test-message"), None, "token=wrong")).await;
    let message = "Webhook 令牌不正确；请在 ZStack 控制台里把通知对象的密码设为 Webhook 令牌（用户名任意），\
                   或在它的 URL 后面加上 ?token=…";
    assert_eq!((status, &answer["error"]["message"]), (401, &json!(message)));
    assert_eq!(answer["error"]["code"], "Unauthorized");
    world.flashduty.set_keys(["another key"]);
    let (status, answer) = world.send(&sample("test-message")).await;
    assert_eq!((status, &answer["error"]["code"]), (502, &json!("FlashdutyRefused")));
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("Flashduty 拒绝了告警：") && message.contains("integration_key"), "{message}");
    assert_eq!(answer["alerts"][0]["error"]["message"], answer["error"]["message"]);
    let lines = world.function.request_lines().await;
    assert!(lines[0]["message"].as_str().unwrap().starts_with("the webhook token is wrong"), "{lines:?}");
    assert!(lines[1]["message"].as_str().unwrap().starts_with("Flashduty refused the alert"), "{lines:?}");
    assert!(!world.function.log().contains("令牌"));
    world.end();
}

#[tokio::test]
async fn an_unknown_language_stops_the_start() {
    let function = crate::support::relay(&[
        ("FLASHDUTY_PUSH_URL_PARAMETER", "/zf/push-url"),
        ("WEBHOOK_TOKEN_PARAMETER", "/zf/token"),
        ("LANGUAGE", "zh"),
    ])
    .await;
    let (status, log) = function.ended().await;
    assert!(!status.success() && log.contains("it takes en or zh-CN"), "{log}");
}

/// The label `problem` is the same for an event and for the one that ends it.
#[tokio::test]
async fn an_event_and_its_end_share_the_problem() {
    let mut world = World::with(&CHINESE).await;
    for name in ["event-nic-down", "event-nic-up"] {
        assert_eq!(world.send(&sample(name)).await.0, 200);
    }
    assert_eq!(world.send(&post(r#"{"EVENT_NAME": "HostOnFire"}"#)).await.0, 200);
    let labels: Vec<_> = world
        .pushed()
        .iter()
        .map(|event| (event["labels"]["event"].clone(), event["labels"]["problem"].clone()))
        .collect();
    let (down, up) = (json!("HostPhysicalNicStatusDown"), json!("HostPhysicalNicStatusUp"));
    assert_eq!(labels, [(down.clone(), down.clone()), (up, down), (json!("HostOnFire"), json!("HostOnFire"))]);
    world.end();
}
