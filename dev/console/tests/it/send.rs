//! Tests of sending a message through the local API.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;

use crate::{TOKEN, TestConsole, error};

/// The requests that a local API received: method, URL, some headers, body.
type Received = Arc<Mutex<Vec<(String, String, Vec<(String, String)>, String)>>>;

/// The path of its webhook.
const PATH: &str = "/_aws/execute-api/a1/zstack";

/// Starts a local API that answers 202. Returns its webhook's URL and the requests that it receives.
async fn api() -> (String, Received) {
    async fn take(
        State(received): State<Received>,
        method: Method,
        uri: Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> (StatusCode, &'static str) {
        let headers = ["authorization", "content-type", "content-length"]
            .map(|name| (name.to_owned(), headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned()));
        let body = String::from_utf8(body.to_vec()).unwrap();
        received.lock().unwrap().push((method.to_string(), uri.to_string(), headers.to_vec(), body));
        (StatusCode::ACCEPTED, r#"{"queued":true}"#)
    }
    let received = Received::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{PATH}", listener.local_addr().unwrap());
    let router = Router::new().fallback(take).with_state(received.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, received)
}

#[tokio::test]
async fn a_message_is_sent_as_zstack_sends_it() {
    let console = TestConsole::new().await;
    let (url, received) = api().await;
    console.send_ok(Method::PUT, "/api/stack", &json!({"webhook_url": url, "token": TOKEN})).await;
    let message = json!({"body": " {\"ALARM_NAME\": \"磁盘\"}\n", "query": "cloud=北京&token=wrong"});
    let (status, answer) = console.send(Method::POST, "/api/send", &message).await;
    let took_ms = answer["took_ms"].as_u64().unwrap();
    assert!(took_ms < 10_000);
    let wanted = json!({"status": 202, "body": "{\"queued\":true}", "took_ms": took_ms});
    assert_eq!((status, &answer), (200, &wanted));

    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("zstack:{TOKEN}")));
    let headers = [
        ("authorization", basic.as_str()),
        ("content-type", "application/json;charset=UTF-8"),
        ("content-length", "26"),
    ];
    let wanted = (
        "POST".to_owned(),
        format!("{PATH}?cloud=%E5%8C%97%E4%BA%AC"),
        headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        " {\"ALARM_NAME\": \"磁盘\"}\n".to_owned(),
    );
    assert_eq!(*received.lock().unwrap(), [wanted]);

    // An empty body is sent too, so that people see the relay's own error.
    console.send(Method::POST, "/api/send", &json!({"body": ""})).await;
    assert_eq!(received.lock().unwrap()[1].1, PATH);
}

#[tokio::test]
async fn a_message_is_sent_to_a_channel() {
    let console = TestConsole::new().await;
    let (url, received) = api().await;
    console.report_stack(&url).await;
    let longest = "a".repeat(64);
    let names = ["database", "no-such_Team.1", "zstack", "...", &longest, ""];
    for name in names {
        let message = json!({"body": "{}", "query": "cloud=a", "channel": name});
        assert_eq!(console.send(Method::POST, "/api/send", &message).await.0, 200, "{name}");
    }
    let urls: Vec<_> = received.lock().unwrap().iter().map(|(_, url, ..)| url.clone()).collect();
    let wanted = names.map(|name| match name {
        "" => format!("{PATH}?cloud=a"),
        name => format!("{PATH}/{name}?cloud=a"),
    });
    assert_eq!(urls, wanted);
    // Every channel gets the token of the stack.
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("zstack:{TOKEN}")));
    assert_eq!(received.lock().unwrap()[0].2[0].1, basic);
}

#[tokio::test]
async fn nothing_is_sent_to_a_name_that_no_channel_can_have() {
    let console = TestConsole::new().await;
    let (url, received) = api().await;
    console.report_stack(&url).await;
    // A URL that ends in `.` or `..` is another URL.
    for name in ["a/b", "a b", "数据库", "a?b", "%61", "../health", ".", "..", &"a".repeat(65)] {
        let answer = console.send(Method::POST, "/api/send", &json!({"body": "{}", "channel": name})).await;
        assert_eq!(error("InvalidRequest", answer), 422, "{name}");
    }
    assert_eq!(*received.lock().unwrap(), []);
}

#[tokio::test]
async fn nothing_is_sent_before_the_api_is_deployed() {
    let console = TestConsole::new().await;
    let answer = console.send(Method::POST, "/api/send", &json!({"body": "{}"})).await;
    assert_eq!(error("NotDeployed", answer), 409);
}

#[tokio::test]
async fn an_api_that_does_not_answer_is_reported() {
    let console = TestConsole::new().await;
    let stack = json!({"webhook_url": "http://127.0.0.1:9/zstack", "token": TOKEN});
    console.send_ok(Method::PUT, "/api/stack", &stack).await;
    let (status, answer) = console.send(Method::POST, "/api/send", &json!({"body": "{}"})).await;
    assert_eq!((status, &answer["error"]["code"]), (502, &json!("NoAnswer")));
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("refused") && message.contains("make run"), "{message}");
}
