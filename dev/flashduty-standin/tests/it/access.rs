//! Routes, methods, content types, keys, rate limits, and what is recorded.

use flashduty_standin::{Options, RateLimit, Standin};
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::{KEY, accepted, client, error, push_to, refusal, standin};

fn event() -> Value {
    json!({"title_rule": "CPU", "event_status": "Info", "alert_key": "k"})
}

/// Sends an event with one thing wrong, and compares the refusal.
async fn assert_refused(standin: &Standin, request: reqwest::RequestBuilder, status: u16, code: &str, message: &str) {
    let answer = request.body(event().to_string()).send().await.unwrap();
    assert_eq!(refusal(answer).await, (status, error(code, message)));
    let received = standin.received();
    let last = received.last().unwrap();
    assert_eq!((last.status, last.violations.join("; ")), (Some(status), message.to_owned()));
    assert_eq!(standin.alerts(), []);
}

#[tokio::test]
async fn the_answer_has_the_alert_key_and_a_unique_id() {
    let standin = standin().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let answer = push_to(&standin, "standard", &event()).await;
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/json");
        let mut answer: Value = answer.json().await.unwrap();
        ids.push(answer["request_id"].take());
        assert_eq!(answer, json!({"request_id": null, "data": {"alert_key": "k"}}));
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn routes_methods_and_content_types() {
    let standin = standin().await;
    let (client, url) = (client(), standin.push_url("standard", KEY));
    for path in ["/", "/event/push/alert/", "/event/push/alert/standard/", "/event/push/alert/zabbix"] {
        let url = format!("{}{path}?integration_key={KEY}", standin.base_url());
        let request = client.post(url).header(CONTENT_TYPE, "application/json");
        assert_refused(&standin, request, 404, "RouteNotFound", "no such route").await;
    }
    for request in [client.get(&url), client.put(&url)] {
        let request = request.header(CONTENT_TYPE, "application/json");
        let message = "the method must be POST";
        assert_refused(&standin, request, 400, "MethodNotAllowed", message).await;
    }
    let message = "Content-Type must be application/json";
    assert_refused(&standin, client.post(&url), 400, "InvalidContentType", message).await;
    for content_type in ["text/plain", "application/jsonl", "text/json; application/json"] {
        let request = client.post(&url).header(CONTENT_TYPE, content_type);
        assert_refused(&standin, request, 400, "InvalidContentType", message).await;
    }
    for content_type in ["application/json; charset=utf-8", "Application/JSON"] {
        let request = client.post(&url).header(CONTENT_TYPE, content_type);
        let answer = request.body(event().to_string()).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{content_type}");
    }
}

#[tokio::test]
async fn keys_are_required_and_may_rotate() {
    let standin = standin().await;
    let client = client();
    let without_key = format!("{}/event/push/alert/standard", standin.base_url());
    for url in [without_key, standin.push_url("standard", ""), standin.push_url("standard", "x")] {
        let request = client.post(url).header(CONTENT_TYPE, "application/json");
        let message = "integration_key is not a valid one";
        assert_refused(&standin, request, 400, "InvalidParameter", message).await;
    }

    standin.set_keys(["new & better"]);
    let old = client.post(standin.push_url("standard", KEY)).json(&event());
    assert_eq!(old.send().await.unwrap().status(), 400);
    let new = client.post(standin.push_url("standard", "new%20%26+better")).json(&event());
    assert_eq!(new.send().await.unwrap().status(), 200);
    assert_eq!(standin.received()[4].key.as_deref(), Some("new & better"));
}

#[tokio::test]
async fn a_refused_body_names_every_violation() {
    let standin = standin().await;
    let answer = push_to(&standin, "standard", &json!({"event_status": "Ok"})).await;
    let message = "title_rule is required; alert_key is required";
    assert_eq!(refusal(answer).await, (400, error("InvalidParameter", message)));
    let violations = standin.received().remove(0).violations;
    assert_eq!(violations, ["title_rule is required", "alert_key is required"]);
}

#[tokio::test]
async fn zstack_accepts_any_json_that_is_not_empty() {
    let standin = standin().await;
    let url = standin.push_url("zstack", KEY);
    for (body, status) in [
        ("{ \"告警\":1.50 }", 200),
        ("[{}]", 200),
        ("0", 200),
        ("{}", 400),
        ("[]", 400),
        ("\"\"", 400),
        ("null", 400),
        ("", 400),
        ("{", 400),
    ] {
        let request = client().post(&url).header(CONTENT_TYPE, "application/json");
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), status, "{body}");
        assert_eq!(standin.received().last().unwrap().body, body.as_bytes());
    }
    assert_eq!(standin.alerts(), []);
}

#[tokio::test]
async fn too_many_requests_are_refused() {
    let options = Options {
        keys: vec![KEY.to_owned(), "other".to_owned()],
        rate_limit: Some(RateLimit { per_minute: 2, ..RateLimit::default() }),
        ..Options::default()
    };
    let standin = Standin::start(options).await.unwrap();
    accepted(&standin, &event()).await;
    push_to(&standin, "standard", &json!({})).await;
    let answer = push_to(&standin, "zstack", &event()).await;
    let wanted = error("RequestTooFrequently", "over 2 requests a minute");
    assert_eq!(refusal(answer).await, (429, wanted));

    let other = client().post(standin.push_url("standard", "other")).json(&event());
    assert_eq!(other.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_rate_limit_can_be_switched_off() {
    let options = Options { keys: vec![KEY.to_owned()], rate_limit: None, ..Options::default() };
    let standin = Standin::start(options).await.unwrap();
    let client = client();
    for _ in 0..1001 {
        let request = client.post(standin.push_url("standard", KEY)).json(&event());
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
    assert_eq!(standin.connections(), 1);
}

#[tokio::test]
async fn requests_are_recorded_unchanged() {
    let standin = standin().await;
    let request = client()
        .post(standin.push_url("standard", KEY))
        .header("X-Trace", "a")
        .header(CONTENT_TYPE, "application/json")
        .body(" {\"x\":1}");
    request.send().await.unwrap();
    let authority = standin.base_url().replace("http://", "");
    let at = standin.received()[0].at;
    assert!(at > 1_700_000_000_000, "{at}");
    let wanted = json!([{
        "at": at,
        "method": "POST",
        "url": standin.push_url("standard", KEY),
        "path": "/event/push/alert/standard",
        "key": KEY,
        "content_type": "application/json",
        "headers": [
            ["x-trace", "a"],
            ["content-type", "application/json"],
            ["accept", "*/*"],
            ["user-agent", concat!("zstack-flashduty/", env!("CARGO_PKG_VERSION"))],
            ["host", authority],
            ["content-length", "8"],
        ],
        "body": " {\"x\":1}",
        "fault": null,
        "status": 400,
        "violations": [
            "title_rule is required",
            "event_status must be Critical, Warning, Info or Ok",
            "\"x\" is not a known field",
        ],
        "alert_key": null,
    }]);
    assert_eq!(json!(standin.received()), wanted);

    accepted(&standin, &event()).await;
    assert_eq!(standin.received()[1].alert_key.as_deref(), event()["alert_key"].as_str());
}

#[tokio::test]
async fn a_large_body_is_checked_like_any_other() {
    let standin = standin().await;
    let mut event = event();
    event["description"] = json!("x".repeat(3_000_000));
    let answer = push_to(&standin, "standard", &event).await;
    let message = "description has 3000000 characters, at most 2048 are allowed";
    assert_eq!(refusal(answer).await, (400, error("InvalidParameter", message)));
}
