//! The control endpoints that other tests do not need.

use reqwest::Method;
use serde_json::{Value, json};

use crate::ZStack;

#[tokio::test]
async fn equal_states_are_equal() {
    let zstack = ZStack::quick().await;
    let state = async || zstack.control(Method::GET, "state", Value::Null).await.json();
    let before = state().await;
    assert_eq!(before["alarms"].as_array().unwrap().len(), 26);
    let endpoint = zstack.endpoint("http://192.0.2.1/x").await;
    zstack.does("fire", json!({"alarm": "磁盘快满", "resource": "node-07"})).await;
    zstack.does("recover", json!({"alarm": "磁盘快满", "resource": "node-07"})).await;
    let between = state().await;
    assert_ne!(between, before);
    let made = between["endpoints"].as_array().unwrap().iter().find(|it| it["uuid"] == endpoint.as_str()).unwrap();
    assert_eq!((&made["password"], made.get("createDate")), (&json!("a token"), None));
    zstack.delete(&format!("/sns/application-endpoints/{endpoint}")).await;
    assert_eq!(state().await, before);
}

#[tokio::test]
async fn rows_are_added_changed_and_removed() {
    let zstack = ZStack::quick().await;
    let uuid = zstack.does("rows/hosts", json!({"name": "新", "status": "Connecting"})).await["uuid"].clone();
    let uuid = uuid.as_str().unwrap();
    assert_eq!(zstack.get("/hosts?q=status=Connecting").await.names(), ["新"]);
    let path = format!("rows/hosts/{uuid}");
    assert_eq!(zstack.control(Method::PATCH, &path, json!({"status": null})).await.status, 204);
    assert_eq!(zstack.get("/hosts?q=status%20is%20null").await.names(), ["新"]);
    assert_eq!(zstack.control(Method::DELETE, &path, Value::Null).await.status, 204);
    assert_eq!(zstack.control(Method::DELETE, &path, Value::Null).await.status, 404);
    assert_eq!(zstack.control(Method::GET, "rows/nothing", Value::Null).await.status, 404);
}

#[tokio::test]
async fn calls_are_forgotten_and_sessions_ended() {
    let zstack = ZStack::quick().await;
    zstack.get("/hosts?q=name=x&limit=1").await;
    let call = zstack.calls().await.remove(1);
    assert_eq!(call["query"], json!(["q=name=x", "limit=1"]));
    assert_eq!(
        (&call["account"], &call["authorization"]),
        (&json!("36c27e8ff05c4780bf6d2fa65700f22e"), &json!("OAuth"))
    );
    zstack.control(Method::DELETE, "calls", Value::Null).await;
    zstack.topic("x").await;
    let calls = zstack.calls().await;
    assert_eq!(
        (&calls[0]["call"], &calls[0]["status"], &calls[0]["job_status"]),
        (&json!("CreateSNSTopic"), &json!(202), &json!(200))
    );
    zstack.control(Method::DELETE, "sessions", Value::Null).await;
    assert_eq!(zstack.get("/hosts").await.code(), "ID.1001");
}

#[tokio::test]
async fn what_was_asked_wrongly() {
    let zstack = ZStack::quick().await;
    for (path, body) in [
        ("fire", json!({"alarm": "nothing"})),
        ("fire", json!({"alarm": "磁盘快满", "resource": "nothing"})),
        ("repeat", json!("nothing")),
        ("event", json!({"name": "Nothing"})),
        ("event", json!({"name": "HostDisconnected", "labels": {"OldStatus": "x"}})),
        ("fire", json!({"alarm": "磁盘快满", "resuorce": "x"})),
        ("faults", json!({"fault": "nothing"})),
        ("faults", json!({"fault": "hang", "when": 1})),
    ] {
        let answer = zstack.control(Method::POST, path, body.clone()).await;
        assert!((400..500).contains(&answer.status), "{path} {body}: {answer:?}");
    }
}
