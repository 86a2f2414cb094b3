//! Messages sent through the local API.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use tokio::net::TcpListener;

use crate::{TOKEN, World, error};

/// What a local API got: method, URL, some headers, body.
type Got = Arc<Mutex<Vec<(String, String, Vec<(String, String)>, String)>>>;

/// A local API that answers 202; its webhook's URL, and what it got.
async fn api() -> (String, Got) {
    async fn take(
        State(got): State<Got>,
        method: Method,
        uri: Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> (StatusCode, &'static str) {
        let headers = ["authorization", "content-type", "content-length"]
            .map(|name| (name.to_owned(), headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned()));
        let body = String::from_utf8(body.to_vec()).unwrap();
        got.lock().unwrap().push((method.to_string(), uri.to_string(), headers.to_vec(), body));
        (StatusCode::ACCEPTED, r#"{"queued":true}"#)
    }
    let got = Got::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/_aws/execute-api/a1/zstack", listener.local_addr().unwrap());
    let router = Router::new().fallback(take).with_state(got.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, got)
}

#[tokio::test]
async fn a_message_is_sent_as_zstack_sends_it() {
    let world = World::new().await;
    let (url, got) = api().await;
    world.told(reqwest::Method::PUT, "/api/stack", &json!({"webhook_url": url, "token": TOKEN})).await;
    let message = json!({"body": " {\"ALARM_NAME\": \"磁盘\"}\n", "query": "cloud=北京&token=wrong"});
    let (status, answer) = world.tell(reqwest::Method::POST, "/api/send", &message).await;
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
        "/_aws/execute-api/a1/zstack?cloud=%E5%8C%97%E4%BA%AC".to_owned(),
        headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        " {\"ALARM_NAME\": \"磁盘\"}\n".to_owned(),
    );
    assert_eq!(*got.lock().unwrap(), [wanted]);

    // An empty body is sent as well: the answer says what the relay thinks of it.
    world.tell(reqwest::Method::POST, "/api/send", &json!({"body": ""})).await;
    assert_eq!(got.lock().unwrap()[1].1, "/_aws/execute-api/a1/zstack");
}

#[tokio::test]
async fn before_there_is_an_api_nothing_is_sent() {
    let world = World::new().await;
    let answer = world.tell(reqwest::Method::POST, "/api/send", &json!({"body": "{}"})).await;
    assert_eq!(error("NotDeployed", answer), 409);
}

#[tokio::test]
async fn an_api_that_does_not_answer_is_told() {
    let world = World::new().await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let stack = json!({"webhook_url": format!("http://{nobody}/zstack"), "token": TOKEN});
    world.told(reqwest::Method::PUT, "/api/stack", &stack).await;
    let (status, answer) = world.tell(reqwest::Method::POST, "/api/send", &json!({"body": "{}"})).await;
    assert_eq!((status, &answer["error"]["code"]), (502, &json!("NoAnswer")));
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("refused") && message.contains("make run"), "{message}");
}
