//! The control endpoints.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{accepted, client, push_to, standin};

/// Sends a request to a control endpoint; null is no body.
async fn control(standin: &flashduty_standin::Standin, method: Method, path: &str, body: Value) -> reqwest::Response {
    let url = format!("{}/standin/{path}", standin.base_url());
    let request = client().request(method, url);
    let request = if body.is_null() { request } else { request.json(&body) };
    request.send().await.unwrap()
}

#[tokio::test]
async fn alerts_and_requests_are_shown_and_removed() {
    let standin = standin().await;
    for key in ["a", "b"] {
        let event = json!({"title_rule": "CPU", "event_status": "Info", "alert_key": key});
        accepted(&standin, &event).await;
    }
    let alerts = control(&standin, Method::GET, "alerts", Value::Null).await;
    let alerts: Value = alerts.json().await.unwrap();
    assert_eq!(alerts, json!(standin.alerts()));
    assert_eq!([&alerts[0]["alert_key"], &alerts[1]["alert_key"]], ["b", "a"]);
    let received = control(&standin, Method::GET, "received", Value::Null).await;
    let received: Value = received.json().await.unwrap();
    assert_eq!(received, json!(standin.received()));
    assert_eq!(received.as_array().unwrap().len(), 2);

    let answer = control(&standin, Method::DELETE, "alerts", Value::Null).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert_eq!(standin.alerts(), []);
    assert_eq!(standin.received(), []);
}

#[tokio::test]
async fn keys_are_replaced() {
    let standin = standin().await;
    let answer = control(&standin, Method::PUT, "keys", json!(["other"])).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert_eq!(push_to(&standin, "zstack", &json!([1])).await.status(), 400);
}

#[tokio::test]
async fn faults_are_added_and_removed() {
    let standin = standin().await;
    let refuse = json!({"refuse": {"status": 429, "retry_after": "2"}});
    for fault in [
        json!({"fault": refuse, "lasts": {"next": 1}}),
        json!({"fault": {"garbage": {"status": 502, "body": "x"}}, "lasts": {"next": 1}}),
        json!({"fault": {"delay": {"millis": 1}}, "lasts": {"next": 1}}),
        json!({"fault": "echo", "lasts": {"next": 1}}),
        json!({"fault": {"refuse": {"status": 500}}, "lasts": "standing"}),
        json!({"fault": "close", "lasts": "standing", "alert_keys": ["a"]}),
    ] {
        let answer = control(&standin, Method::POST, "faults", fault).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    }
    for status in [429, 502, 200, 400, 500, 500] {
        assert_eq!(push_to(&standin, "zstack", &json!([1])).await.status(), status);
    }
    let answer = control(&standin, Method::DELETE, "faults", Value::Null).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert_eq!(push_to(&standin, "zstack", &json!([1])).await.status(), 200);
}

#[tokio::test]
async fn misspelled_faults_are_refused() {
    let standin = standin().await;
    for fault in [
        json!({"fault": "hangs", "lasts": "standing"}),
        json!({"fault": "hang"}),
        json!({"fault": "hang", "lasts": "standing", "times": 1}),
        json!({"fault": "hang", "lasts": "standing", "alert_keys": "a"}),
        json!({"fault": {"refuse": {"status": 500, "retryAfter": "1"}}, "lasts": "standing"}),
    ] {
        let answer = control(&standin, Method::POST, "faults", fault.clone()).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{fault}");
    }
    assert_eq!(push_to(&standin, "zstack", &json!([1])).await.status(), 200);
}

#[tokio::test]
async fn faults_do_not_apply_to_control_requests_which_are_not_recorded() {
    let standin = standin().await;
    let fault = json!({"fault": {"refuse": {"status": 500}}, "lasts": "standing"});
    control(&standin, Method::POST, "faults", fault).await;
    let health = control(&standin, Method::GET, "health", Value::Null).await;
    assert_eq!(health.json::<Value>().await.unwrap(), json!("ok"));
    let unknown = control(&standin, Method::GET, "unknown", Value::Null).await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    assert_eq!(standin.received(), []);
}
