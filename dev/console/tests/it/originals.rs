//! The messages that alerts were made of.

use std::iter::repeat_n;

use serde_json::{Value, json};
use zstack_flashduty::translate::Context;
use zstack_flashduty::webhook::MAX_BODY;

use crate::{World, sample, sample_with};

/// The message of an alert's last entry, and what was cut.
async fn original(world: &World, id: u64) -> (Value, Value) {
    let mut alert = world.alert(id).await;
    let entry = alert["history"].as_array_mut().unwrap().last_mut().unwrap();
    (entry["original"].take(), entry["cut"].take())
}

fn of(at: u64, text: &str, url: &str) -> (Value, Value) {
    (json!({"at": at, "text": text, "url": url}), json!([]))
}

fn late() -> Context {
    Context { delayed: Some("12 minutes".to_owned()), ..Context::default() }
}

#[tokio::test]
async fn an_event_is_shown_with_its_message() {
    let world = World::new().await;
    let (alarm, other) = (sample("alarm"), sample("event-nic-down"));
    world.arrived(5, "", alarm.as_bytes()).await;
    world.arrived(6, "", other.as_bytes()).await;
    world.relay(alarm.as_bytes(), &Context::default()).await;
    assert_eq!(original(&world, 1).await, of(5, &alarm, "/zstack"));
    // One that had to wait is pushed afterwards.
    world.relay(other.as_bytes(), &late()).await;
    let alert = world.alert(2).await;
    assert_eq!(alert["history"][0]["labels"]["delayed"], "12 minutes");
    assert_eq!(original(&world, 2).await, of(6, &other, "/zstack"));
}

#[tokio::test]
async fn every_sample_finds_its_message() {
    for name in [
        "alarm-chinese",
        "event-third-party",
        "event-host-connecting",
        "facts-alarm-chinese",
        "facts-event-english",
        "template-broken-json",
        "template-everything",
        "template-own-names",
        "template-plain-text",
        "test-message",
    ] {
        for context in [Context::default(), late()] {
            let world = World::new().await;
            world.arrived(5, "", sample(name).as_bytes()).await;
            world.relay(sample(name).as_bytes(), &context).await;
            let (original, _) = original(&world, 1).await;
            assert_eq!(original["at"], 5, "{name}");
        }
    }
}

#[tokio::test]
async fn a_label_called_delayed_does_not_confuse() {
    let message = sample_with("event-nic-down", &json!({"EVENT_LABELS": {"delayed": "yes", "PhysicalNicName": "n"}}));
    let around = format!(r#"{{"delayed": "around", "sections": [{message}]}}"#);
    for body in [&message, &around] {
        for context in [Context::default(), late()] {
            let world = World::new().await;
            world.arrived(5, "", body.as_bytes()).await;
            world.relay(body.as_bytes(), &context).await;
            assert_eq!(original(&world, 1).await, of(5, &message, "/zstack"), "{body}");
        }
    }
}

#[tokio::test]
async fn each_message_of_a_request_is_told_from_the_others() {
    let world = World::new().await;
    let body = sample("list-of-alarms");
    world.arrived(5, "", body.as_bytes()).await;
    world.relay(body.as_bytes(), &Context::default()).await;
    let messages: Vec<Box<serde_json::value::RawValue>> = serde_json::from_str(&body).unwrap();
    for (id, message) in (1..).zip(&messages) {
        assert_eq!(original(&world, id).await, of(5, message.get(), "/zstack"));
    }
}

#[tokio::test]
async fn each_alert_that_a_message_closes_finds_it() {
    let world = World::new().await;
    let both = sample("event-router-connected");
    for (id, name) in [(1, "VRouterDisconnected"), (2, "VRouterPaused")] {
        let opens = sample_with("event-router-connected", &json!({"EVENT_NAME": name}));
        world.relay(opens.as_bytes(), &Context::default()).await;
        assert_eq!(world.alert(id).await["history"][0]["labels"]["event"], name);
    }
    world.arrived(5, "", both.as_bytes()).await;
    world.relay(both.as_bytes(), &Context::default()).await;
    for id in [1, 2] {
        assert_eq!(original(&world, id).await, of(5, &both, "/zstack"));
    }
}

#[tokio::test]
async fn the_url_is_shown_without_its_token() {
    let world = World::new().await;
    let alarm = sample("alarm");
    let labels = vec![("cloud".to_owned(), "北京 1".to_owned())];
    let context = Context { url_labels: labels, ..Context::default() };
    world.arrived(5, "Token=open-sesame&cloud=%E5%8C%97%E4%BA%AC+1&%74oken=x", alarm.as_bytes()).await;
    world.relay(alarm.as_bytes(), &context).await;
    assert_eq!(original(&world, 1).await, of(5, &alarm, "/zstack?cloud=%E5%8C%97%E4%BA%AC+1"));
    // The same message to a URL without a cloud makes another alert.
    world.relay(alarm.as_bytes(), &Context::default()).await;
    assert_eq!(original(&world, 2).await.0, Value::Null);
}

#[tokio::test]
async fn of_equal_messages_it_is_the_last_before_the_push() {
    let world = World::new().await;
    let message = r#"{"ALARM_NAME": "full", "ALARM_CURRENT_STATUS": "Alarm"}"#;
    world.relay(message.as_bytes(), &Context::default()).await;
    assert_eq!(original(&world, 1).await, (Value::Null, json!([])));
    let pushed_at = world.alert(1).await["updated_at"].as_u64().unwrap();
    world.arrived(pushed_at + 1, "", message.as_bytes()).await;
    assert_eq!(original(&world, 1).await.0["at"], pushed_at + 1);
    for at in [pushed_at - 3, pushed_at - 2, pushed_at + 2, pushed_at - 4] {
        world.arrived(at, "", message.as_bytes()).await;
    }
    assert_eq!(original(&world, 1).await.0["at"], pushed_at - 2);
}

#[tokio::test]
async fn what_was_cut_is_told() {
    let world = World::new().await;
    let labels: serde_json::Map<_, _> =
        (0..60).map(|n| (format!("L{n:02}"), Value::from("v".repeat(if n == 3 { 3_000 } else { 60 })))).collect();
    let message = sample_with("event-nic-down", &json!({"EVENT_LABELS": labels, "EVENT_ERROR": "e".repeat(3_000)}));
    for (id, context, least) in [(1, Context::default(), "l35"), (2, late(), "l34")] {
        // Where it is late, it has a label more, and another one is left out.
        world.arrived(5, "", message.as_bytes()).await;
        world.relay(message.as_bytes(), &context).await;
        let (original, cut) = original(&world, id).await;
        assert_eq!(original["at"], 5);
        let cut: Vec<_> = cut.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        for name in ["description", "error", "l03", "l59"] {
            assert!(cut.contains(&name), "{name}: {cut:?}");
        }
        let left_out = cut.iter().find(|name| **name >= "l04" && name.starts_with('l')).unwrap();
        assert_eq!(*left_out, least, "{cut:?}");
        // The next alert is another one.
        let recovery = sample_with("event-nic-up", &json!({"EVENT_LABELS": labels}));
        world.relay(recovery.as_bytes(), &Context::default()).await;
    }
}

#[tokio::test]
async fn what_the_relay_does_not_take_makes_nothing() {
    let world = World::new().await;
    let mut large = sample("alarm").into_bytes();
    large.extend(repeat_n(b' ', MAX_BODY));
    world.arrived(5, "", &large).await;
    world.arrived(5, "", b" \n").await;
    world.relay(sample("alarm").as_bytes(), &Context::default()).await;
    assert_eq!(original(&world, 1).await.0, Value::Null);
    world.arrived(5, "", b"\xcd\xf8\xbf\xa8").await;
    world.relay(b"\xcd\xf8\xbf\xa8", &Context::default()).await;
    assert_eq!(original(&world, 2).await, of(5, "%CD%F8%BF%A8", "/zstack"));

    let arrival = json!({"at": 1, "path": "/zstack", "query": "", "body_base64": "?"});
    let (status, _) = world.tell(reqwest::Method::POST, "/api/arrivals", &arrival).await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn an_alert_that_waits_while_all_are_forgotten_finds_its_message() {
    let world = World::new().await;
    let alarm = sample("alarm");
    world.arrived(5, "", alarm.as_bytes()).await;
    world.request(reqwest::Method::DELETE, "/api/alerts").send().await.unwrap();
    world.relay(alarm.as_bytes(), &late()).await;
    assert_eq!(original(&world, 1).await, of(5, &alarm, "/zstack"));
}
