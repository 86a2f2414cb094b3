//! Each event of an alert is shown with the ZStack message that it was made from.

use std::iter::repeat_n;

use serde_json::{Value, json};
use zstack_flashduty::language::Language;
use zstack_flashduty::translate::{Context, Late};
use zstack_flashduty::webhook::MAX_BODY;

use crate::{TestConsole, sample, sample_with, to_channel};

/// The message of the last entry of an alert's history, and the names of what was cut.
async fn last_message(console: &TestConsole, id: u64) -> (Value, Value) {
    let mut alert = console.alert(id).await;
    let entry = alert["history"].as_array_mut().unwrap().last_mut().unwrap();
    (entry["message"].take(), entry["cut"].take())
}

fn shown(at: u64, text: &str, url: &str) -> (Value, Value) {
    (json!({"at": at, "text": text, "url": url}), json!([]))
}

fn late() -> Context {
    Context { late: Some(Late::Delayed("12 minutes".to_owned())), ..Context::default() }
}

fn again() -> Context {
    Context { late: Some(Late::Repeated("12 minutes".to_owned())), ..Context::default() }
}

#[tokio::test]
async fn an_event_is_shown_with_its_message() {
    let console = TestConsole::new().await;
    let (alarm, other) = (sample("alarm"), sample("event-nic-down"));
    console.report_arrival(5, "", alarm.as_bytes()).await;
    console.report_arrival(6, "", other.as_bytes()).await;
    console.push_translated(alarm.as_bytes(), &Context::default()).await;
    assert_eq!(last_message(&console, 1).await, shown(5, &alarm, "/zstack"));
    // An event that was queued is pushed later, with a delay label.
    console.push_translated(other.as_bytes(), &late()).await;
    let alert = console.alert(2).await;
    assert_eq!(alert["history"][0]["labels"]["delayed"], "12 minutes");
    assert_eq!(last_message(&console, 2).await, shown(6, &other, "/zstack"));
}

#[tokio::test]
async fn the_message_of_every_sample_is_found() {
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
        let chinese = Context { language: Language::Chinese, ..late() };
        for context in [Context::default(), late(), chinese] {
            let console = TestConsole::new().await;
            console.report_arrival(5, "", sample(name).as_bytes()).await;
            console.push_translated(sample(name).as_bytes(), &context).await;
            let (message, _) = last_message(&console, 1).await;
            assert_eq!(message["at"], 5, "{name}");
        }
    }
}

#[tokio::test]
async fn a_message_with_labels_of_the_queues_is_found() {
    let labels = json!({"delayed": "yes", "repeated": "yes", "PhysicalNicName": "n"});
    let message = sample_with("event-nic-down", &json!({"EVENT_LABELS": labels}));
    let around = format!(r#"{{"delayed": "around", "sections": [{message}]}}"#);
    for body in [&message, &around] {
        for context in [Context::default(), late(), again()] {
            let console = TestConsole::new().await;
            console.report_arrival(5, "", body.as_bytes()).await;
            console.push_translated(body.as_bytes(), &context).await;
            assert_eq!(last_message(&console, 1).await, shown(5, &message, "/zstack"), "{body}");
        }
    }
}

#[tokio::test]
async fn each_message_of_a_request_is_found() {
    let console = TestConsole::new().await;
    let body = sample("list-of-alarms");
    console.report_arrival(5, "", body.as_bytes()).await;
    console.push_translated(body.as_bytes(), &Context::default()).await;
    let messages: Vec<Box<serde_json::value::RawValue>> = serde_json::from_str(&body).unwrap();
    for (id, message) in (1..).zip(&messages) {
        assert_eq!(last_message(&console, id).await, shown(5, message.get(), "/zstack"));
    }
}

#[tokio::test]
async fn a_message_that_closes_two_alerts_is_found_for_both() {
    let console = TestConsole::new().await;
    let both = sample("event-router-connected");
    for (id, name) in [(1, "VRouterDisconnected"), (2, "VRouterPaused")] {
        let opens = sample_with("event-router-connected", &json!({"EVENT_NAME": name}));
        console.push_translated(opens.as_bytes(), &Context::default()).await;
        assert_eq!(console.alert(id).await["history"][0]["labels"]["event"], name);
    }
    console.report_arrival(5, "", both.as_bytes()).await;
    console.push_translated(both.as_bytes(), &Context::default()).await;
    for id in [1, 2] {
        assert_eq!(last_message(&console, id).await, shown(5, &both, "/zstack"));
    }
}

#[tokio::test]
async fn the_url_is_shown_without_its_token() {
    let console = TestConsole::new().await;
    let alarm = sample("alarm");
    let labels = vec![("cloud".to_owned(), "北京 1".to_owned())];
    let context = Context { url_labels: labels, ..Context::default() };
    console.report_arrival(5, "Token=open-sesame&cloud=%E5%8C%97%E4%BA%AC+1&%74oken=x", alarm.as_bytes()).await;
    console.push_translated(alarm.as_bytes(), &context).await;
    assert_eq!(last_message(&console, 1).await, shown(5, &alarm, "/zstack?cloud=%E5%8C%97%E4%BA%AC+1"));
    // With a URL without a cloud, the same message makes another alert.
    console.push_translated(alarm.as_bytes(), &Context::default()).await;
    assert_eq!(last_message(&console, 2).await.0, Value::Null);
}

#[tokio::test]
async fn the_same_message_in_two_channels_is_found_for_each() {
    let console = TestConsole::new().await;
    let alarm = sample("alarm");
    for (at, path) in [(5, "/zstack/database"), (6, "/zstack/network"), (7, "/zstack")] {
        console.report_arrival_at(path, at, "cloud=a", alarm.as_bytes()).await;
    }
    for (name, at, url) in [
        (Some("database"), 5, "/zstack/database?cloud=a"),
        (Some("network"), 6, "/zstack/network?cloud=a"),
        (None, 7, "/zstack?cloud=a"),
        (Some("third"), 0, ""),
    ] {
        let url_labels = vec![("cloud".to_owned(), "a".to_owned())];
        let context = Context { url_labels, ..name.map_or_else(Context::default, to_channel) };
        for late in [None, late().late, again().late] {
            console.push_translated(alarm.as_bytes(), &Context { late, ..context.clone() }).await;
            let found = if at == 0 { (Value::Null, json!([])) } else { shown(at, &alarm, url) };
            assert_eq!(last_message(&console, 1).await, found, "{name:?}");
        }
    }
}

#[tokio::test]
async fn a_path_is_read_as_the_relay_reads_it() {
    let alarm = sample("alarm");
    for (path, context) in [
        ("/zstack/", Some(Context::default())),
        ("/zstack/database/", Some(to_channel("database"))),
        ("/zstack/a/b", None),
        ("/zstack/a%62", None),
    ] {
        let console = TestConsole::new().await;
        console.report_arrival_at(path, 5, "", alarm.as_bytes()).await;
        console.push_translated(alarm.as_bytes(), context.as_ref().unwrap_or(&Context::default())).await;
        let found = if context.is_some() { shown(5, &alarm, path) } else { (Value::Null, json!([])) };
        assert_eq!(last_message(&console, 1).await, found, "{path}");
    }
}

#[tokio::test]
async fn of_equal_messages_the_last_before_the_push_is_shown() {
    let console = TestConsole::new().await;
    let message = r#"{"ALARM_NAME": "full", "ALARM_CURRENT_STATUS": "Alarm"}"#;
    console.push_translated(message.as_bytes(), &Context::default()).await;
    assert_eq!(last_message(&console, 1).await, (Value::Null, json!([])));
    let pushed_at = console.alert(1).await["updated_at"].as_u64().unwrap();
    console.report_arrival(pushed_at + 1, "", message.as_bytes()).await;
    assert_eq!(last_message(&console, 1).await.0["at"], pushed_at + 1);
    for at in [pushed_at - 3, pushed_at - 2, pushed_at + 2, pushed_at - 4] {
        console.report_arrival(at, "", message.as_bytes()).await;
    }
    assert_eq!(last_message(&console, 1).await.0["at"], pushed_at - 2);
}

#[tokio::test]
async fn what_was_cut_is_named() {
    let console = TestConsole::new().await;
    let labels: serde_json::Map<_, _> =
        (0..60).map(|n| (format!("L{n:02}"), Value::from("v".repeat(if n == 3 { 3_000 } else { 60 })))).collect();
    let message = sample_with("event-nic-down", &json!({"EVENT_LABELS": labels, "EVENT_ERROR": "e".repeat(3_000)}));
    for (id, context, least) in [(1, Context::default(), "l34"), (2, late(), "l33")] {
        // The delay label of a late event displaces one more label.
        console.report_arrival(5, "", message.as_bytes()).await;
        console.push_translated(message.as_bytes(), &context).await;
        let (message_shown, cut) = last_message(&console, id).await;
        assert_eq!(message_shown["at"], 5);
        let cut: Vec<_> = cut.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        for name in ["description", "error", "l03", "l59"] {
            assert!(cut.contains(&name), "{name}: {cut:?}");
        }
        let left_out = cut.iter().find(|name| **name >= "l04" && name.starts_with('l')).unwrap();
        assert_eq!(*left_out, least, "{cut:?}");
        // Closes the alert, so that the next event opens another one.
        let recovery = sample_with("event-nic-up", &json!({"EVENT_LABELS": labels}));
        console.push_translated(recovery.as_bytes(), &Context::default()).await;
    }
}

#[tokio::test]
async fn a_body_that_the_relay_rejects_makes_no_event() {
    let console = TestConsole::new().await;
    let mut large = sample("alarm").into_bytes();
    large.extend(repeat_n(b' ', MAX_BODY));
    console.report_arrival(5, "", &large).await;
    console.report_arrival(5, "", b" \n").await;
    console.push_translated(sample("alarm").as_bytes(), &Context::default()).await;
    assert_eq!(last_message(&console, 1).await.0, Value::Null);
    console.report_arrival(5, "", b"\xcd\xf8\xbf\xa8").await;
    console.push_translated(b"\xcd\xf8\xbf\xa8", &Context::default()).await;
    assert_eq!(last_message(&console, 2).await, shown(5, "%CD%F8%BF%A8", "/zstack"));

    let arrival = json!({"at": 1, "path": "/zstack", "query": "", "body_base64": "?"});
    let (status, _) = console.send(reqwest::Method::POST, "/api/arrivals", &arrival).await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn a_queued_alert_finds_its_message_after_all_alerts_were_deleted() {
    let console = TestConsole::new().await;
    let alarm = sample("alarm");
    console.report_arrival(5, "", alarm.as_bytes()).await;
    console.request(reqwest::Method::DELETE, "/api/alerts").send().await.unwrap();
    console.push_translated(alarm.as_bytes(), &late()).await;
    assert_eq!(last_message(&console, 1).await, shown(5, &alarm, "/zstack"));
}
