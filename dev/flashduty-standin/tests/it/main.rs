//! The stand-in over HTTP and as a program.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy.toml does not count as tests")]

use flashduty_standin::{Options, Standin};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

mod access;
mod alerts;
mod binary;
mod control;
mod faults;
mod limits;

const KEY: &str = "5d2a7c0f9b";

/// A client with its own connection pool.
fn client() -> Client {
    zstack_flashduty::platform::http::Http::new().unwrap().client().clone()
}

/// A stand-in that accepts [`KEY`].
async fn standin() -> Standin {
    let options = Options { keys: vec![KEY.to_owned()], ..Options::default() };
    Standin::start(options).await.unwrap()
}

/// Pushes to the integration of `kind`.
async fn push_to(standin: &Standin, kind: &str, body: &Value) -> Response {
    let request = client().post(standin.push_url(kind, KEY)).json(body);
    request.send().await.unwrap()
}

/// Pushes a standard alert event that must be accepted, and returns its alert key.
async fn accepted(standin: &Standin, event: &Value) -> String {
    let answer = push_to(standin, "standard", event).await;
    let status = answer.status();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer["data"]["alert_key"].as_str().unwrap().to_owned()
}

/// The status and the error of an answer, without its `request_id`.
async fn refusal(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let mut answer: Value = answer.json().await.unwrap();
    let request_id = answer.as_object_mut().unwrap().remove("request_id");
    assert_eq!(request_id.unwrap().as_str().unwrap().len(), 32);
    (status, answer)
}

fn error(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
}
