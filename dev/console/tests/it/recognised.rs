//! Tests of the recognised format of a message, and of what ZStack's catalogue says about its event.

use serde_json::{Value, json};

use crate::{TestConsole, sample, sample_with};

/// The preview of the first message in a body.
async fn first(console: &TestConsole, body: &str) -> Value {
    console.preview(body, "").await["messages"][0].take()
}

#[tokio::test]
async fn every_format_is_recognised() {
    let console = TestConsole::new().await;
    let alarm = r#"{"ALARM_NAME": "a"}"#;
    let bodies = [
        (sample("alarm"), "plain", json!([])),
        (sample("event-nic-down"), "plain", json!([])),
        (sample("sections"), "plain", json!(["sections"])),
        (sample("list-of-alarms"), "plain", json!(["list"])),
        (sample("template-everything"), "plain", json!(["sections"])),
        (json!({"sections": [{"message": alarm}]}).to_string(), "plain", json!(["sections", "text"])),
        (json!({"a": alarm}).to_string(), "plain", json!(["text"])),
        (json!(alarm).to_string(), "plain", json!(["string"])),
        (sample("facts-alarm-chinese"), "facts", json!(["sections"])),
        (sample("facts-event-english"), "facts", json!(["sections"])),
        (sample("test-message"), "test", json!(["string"])),
        (sample("template-own-names"), "own_names", json!(["sections"])),
        (sample("template-broken-json"), "plain", json!([])),
        (sample("template-plain-text"), "text", json!([])),
        (r#"{"alertname": "a "b""}"#.to_owned(), "broken", json!([])),
        ("[1, 2]".to_owned(), "list", json!([])),
        ("12".to_owned(), "text", json!([])),
    ];
    for (body, shape, wrapped) in bodies {
        let message = first(&console, &body).await;
        assert_eq!((&message["shape"], &message["wrapped"]), (&json!(shape), &wrapped), "{body}");
    }
}

#[tokio::test]
async fn broken_facts_are_facts() {
    let console = TestConsole::new().await;
    let broken = sample("facts-recovery-chinese").replace("订单数据库-01", "订单 \"01\"");
    let message = first(&console, &broken).await;
    assert_eq!((&message["kind"], &message["shape"]), (&json!("alarm"), &json!("facts")));
    assert_eq!((&message["problem"]["read"], &message["problem"]["cause"]), (&json!(true), &json!("quote")));
    let as_text = json!([{"name": "报警资源名称", "value": "订单 \"01\""}]);
    assert_eq!(message["salvaged"], json!({"found": 13, "as_text": as_text}));
    assert_eq!(message["events"][0]["status"], "Ok");
}

#[tokio::test]
async fn a_message_with_intact_json_has_nothing_salvaged() {
    let console = TestConsole::new().await;
    for name in ["alarm", "facts-alarm-chinese", "test-message", "template-own-names", "template-plain-text"] {
        assert_eq!(first(&console, &sample(name)).await["salvaged"], Value::Null, "{name}");
    }
}

#[tokio::test]
async fn the_catalogues_information_is_shown() {
    let console = TestConsole::new().await;
    let event = async |name: &str| first(&console, &json!({"EVENT_NAME": name}).to_string()).await["known"].take();
    let named = |name, chinese, english| json!({"name": name, "chinese": chinese, "english": english});
    assert_eq!(
        event("HostPhysicalNicStatusDown").await,
        json!({
            "name": "HostPhysicalNicStatusDown",
            "chinese": "主机网络链路离线",
            "english": "Host NIC Disconnected",
            "ends": [],
            "ended_by": [named("HostPhysicalNicStatusUp", "主机网络链路上线", "Host NIC Connected")],
            "state": null,
            "told_apart_by": ["PhysicalNicName"],
            "never_over": false,
        })
    );
    let ends = json!([named("VRouterDisconnected", "路由器失联", ""), named("VRouterPaused", "路由器异常停机", "")]);
    assert_eq!(event("vrouterconnected").await["ends"], ends);
    let state = json!({
        "in": "label",
        "name": "NewStatus",
        "trouble": ["Disconnected"],
        "over": ["Connected"],
        "steps": ["Connecting"],
    });
    assert_eq!(event("HostStatusChanged").await["state"], state);
    assert_eq!(event("VMHAStarted").await["state"], json!({"in": "error"}));
    assert_eq!(event("VmCrash").await["never_over"], true);
    assert_eq!(event("Unheard").await, Value::Null);
}

#[tokio::test]
async fn the_catalogues_information_is_shown_for_every_format() {
    let console = TestConsole::new().await;
    assert_eq!(first(&console, &sample("facts-event-english")).await["known"]["name"], "HostDisconnected");
    let broken = sample_with("event-nic-down", &json!({"EVENT_RESOURCE_NAME": "X"})).replace("\"X\"", "\"a \"b\"\"");
    assert_eq!(first(&console, &broken).await["known"]["name"], "HostPhysicalNicStatusDown");
    for name in ["alarm", "test-message", "template-own-names"] {
        assert_eq!(first(&console, &sample(name)).await["known"], Value::Null, "{name}");
    }
}
