//! Each fault that the page can set makes the stand-in behave accordingly.

use std::time::{Duration, Instant};

use flashduty_standin::RateLimit;
use reqwest::Method;
use serde_json::{Value, json};

use crate::stream::Stream;
use crate::{CHANNEL_KEY, KEY, TestConsole, error};

fn event() -> Value {
    json!({"title_rule": "t", "event_status": "Info", "alert_key": "k"})
}

#[tokio::test]
async fn flashduty_refuses() {
    let console = TestConsole::new().await;
    for status in [500, 503, 429, 401, 400] {
        console.set_faults(json!({"fault": "refuse", "status": status})).await;
        assert_eq!(console.push(&event()).await, Some(status));
        assert_eq!(console.push(&event()).await, Some(status));
    }
    assert_eq!(console.server.standin().alerts(), []);
    console.set_faults(json!({"fault": "none"})).await;
    assert_eq!(console.push(&event()).await, Some(200));
}

#[tokio::test]
async fn flashduty_is_slow() {
    let console = TestConsole::new().await;
    console.set_faults(json!({"fault": "slow", "millis": 300})).await;
    let started = Instant::now();
    assert_eq!(console.push(&event()).await, Some(200));
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert_eq!(console.server.standin().alerts().len(), 1);
    // The delay can change during the fault.
    console.set_faults(json!({"millis": 0})).await;
    let started = Instant::now();
    assert_eq!(console.push(&event()).await, Some(200));
    assert!(started.elapsed() < Duration::from_millis(300));
}

#[tokio::test]
async fn flashduty_is_unavailable() {
    let console = TestConsole::new().await;
    console.set_faults(json!({"fault": "unavailable"})).await;
    assert_eq!(console.push(&event()).await, None);
    assert_eq!(console.server.standin().alerts(), []);
    console.set_faults(json!({"fault": "none"})).await;
    assert_eq!(console.push(&event()).await, Some(200));
}

#[tokio::test]
async fn a_fault_can_concern_one_channel() {
    let console = TestConsole::new().await;
    console.report_stack("http://127.0.0.1/zstack").await;
    let statuses = async || {
        let push = |key| console.push_with(key, event().to_string().into_bytes());
        (push(KEY).await, push(CHANNEL_KEY).await)
    };
    console.set_faults(json!({"fault": "refuse", "status": 503, "channel": "database"})).await;
    assert_eq!(statuses().await, (Some(200), Some(503)));
    // Another fault, of the same channel.
    console.set_faults(json!({"fault": "unavailable"})).await;
    assert_eq!(statuses().await, (Some(200), None));
    console.set_faults(json!({"channel": ""})).await;
    assert_eq!(statuses().await, (None, None));
    console.set_faults(json!({"fault": "none", "channel": "database"})).await;
    assert_eq!(statuses().await, (Some(200), Some(200)));
}

#[tokio::test]
async fn the_rate_limit_can_be_set() {
    let console = TestConsole::new().await;
    let mut stream = Stream::open(&console).await;
    console.set_faults(json!({"rate_limit": "tight"})).await;
    assert_eq!(console.push(&event()).await, Some(200));
    assert_eq!(console.push(&event()).await, Some(429));
    let refused = stream.next("refused").await;
    assert_eq!(refused[0]["violations"], json!(["over 1 requests a second"]));
    assert_eq!((&refused[0]["status"], &refused[0]["fault"]), (&json!(429), &json!(false)));

    console.set_faults(json!({"rate_limit": "none"})).await;
    for _ in 0..150 {
        assert_eq!(console.push(&event()).await, Some(200));
    }
    // The pushes above did not count towards this limit.
    console.set_faults(json!({"rate_limit": "documented"})).await;
    let mut statuses = Vec::new();
    for _ in 0..102 {
        statuses.push(console.push(&event()).await);
    }
    assert_eq!(statuses[..50], [Some(200); 50]);
}

#[tokio::test]
async fn the_documented_limit_is_the_one_of_the_start() {
    let console = TestConsole::with_rate_limit(Some(RateLimit { per_minute: 2, ..RateLimit::default() })).await;
    let mut stream = Stream::open(&console).await;
    assert_eq!(stream.first["faults"]["rate_limit"], "documented");
    console.set_faults(json!({"rate_limit": "none"})).await;
    assert_eq!(stream.next("faults").await["rate_limit"], "none");
    console.set_faults(json!({"rate_limit": "documented"})).await;
    for wanted in [200, 200, 429] {
        assert_eq!(console.push(&event()).await, Some(wanted));
    }
}

#[tokio::test]
async fn a_change_leaves_the_rest_as_it_was() {
    let console = TestConsole::new().await;
    let mut stream = Stream::open(&console).await;
    console.report_stack("http://127.0.0.1/zstack").await;
    let mut faults = json!({"fault": "none", "status": 503, "millis": 3000, "channel": null, "rate_limit": "none"});
    assert_eq!(stream.first["faults"], faults);
    for change in [
        json!({"status": 429}),
        json!({"channel": "database"}),
        json!({"fault": "slow"}),
        json!({"millis": 5, "fault": "unavailable"}),
    ] {
        console.set_faults(change.clone()).await;
        faults.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(stream.next("faults").await, faults);
    }
    console.set_faults(json!({"channel": ""})).await;
    assert_eq!(stream.next("faults").await["channel"], Value::Null);
    // A change that changes nothing is not sent to the page.
    console.set_faults(json!({})).await;
    console.set_faults(json!({"fault": "none"})).await;
    assert_eq!(stream.next("faults").await["fault"], "none");
}

#[tokio::test]
async fn invalid_faults_are_rejected() {
    let console = TestConsole::new().await;
    for faults in [
        json!({"fault": "fair"}),
        json!({"status": 200}),
        json!({"status": 600}),
        json!({"millis": -1}),
        json!({"millis": 600_001}),
        json!({"rate_limit": "loose"}),
        json!({"channel": "database"}),
        json!({"channel": "a/b"}),
        json!({"channel": null, "fault": "fair"}),
        json!({"faults": "none"}),
        json!([]),
    ] {
        let answer = console.send(Method::PUT, "/api/faults", &faults).await;
        assert_eq!(error("InvalidRequest", answer), 422, "{faults}");
    }
    assert_eq!(console.push(&event()).await, Some(200));
}
