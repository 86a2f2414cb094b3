//! The console as its page and `make run` meet it: over HTTP, in process.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy.toml does not count as tests")]

use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flashduty_console::{Console, Options};
use flashduty_standin::RateLimit;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use zstack_flashduty::translate::{Context, translate};
use zstack_flashduty::zstack::split;

mod alerts;
mod binary;
mod guard;
mod originals;
mod page;
mod preview;
mod provenance;
mod provenance_of_shapes;
mod recognised;
mod samples;
mod secrets;
mod send;
mod storm;
mod stream;
mod weather;

/// The integration key. It may be in no answer.
const KEY: &str = "5d2a7c0f9b";
/// The webhook token. It may be in no answer.
const TOKEN: &str = "open-sesame";

/// A client with a pool of its own.
fn client() -> Client {
    zstack_flashduty::platform::http::Http::new().unwrap().client().clone()
}

/// The checkout's samples.
fn samples() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../events"))
}

/// A console, and a client to talk to it.
struct World {
    console: Console,
    client: Client,
}

impl World {
    async fn new() -> Self {
        Self::limited(None).await
    }

    /// A console that starts with this rate limit.
    async fn limited(rate_limit: Option<RateLimit>) -> Self {
        let options =
            Options { port: 0, push_port: 0, keys: vec![KEY.to_owned()], rate_limit, samples: samples(), log: |_| {} };
        Self { console: Console::start(options).await.unwrap(), client: client() }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.console.base_url()))
    }

    async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    /// The JSON of a path that must be there.
    async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// Sends JSON; gives the status and the answer, null where it is empty.
    async fn tell(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        read(self.request(method, path).json(body).send().await.unwrap()).await
    }

    /// Sends JSON that must be taken without an answer.
    async fn told(&self, method: Method, path: &str, body: &Value) {
        assert_eq!(self.tell(method, path, body).await, (204, Value::Null), "{path} {body}");
    }

    async fn weather(&self, weather: Value) {
        self.told(Method::PUT, "/api/weather", &weather).await;
    }

    /// Pushes an event; the status, if there is an answer.
    async fn push(&self, event: &Value) -> Option<u16> {
        self.push_body(event.to_string().into_bytes()).await
    }

    async fn push_body(&self, event: Vec<u8>) -> Option<u16> {
        let request = self.client.post(self.console.standin().push_url("standard", KEY));
        let request = request.header(CONTENT_TYPE, "application/json").body(event);
        Some(request.send().await.ok()?.status().as_u16())
    }

    /// Pushes what the relay makes of a message, late if it had to wait.
    async fn relay(&self, body: &[u8], context: &Context) {
        for part in split(body) {
            for event in translate(&part, context).iter().flat_map(|alert| &alert.events) {
                assert_eq!(self.push_body(event.to_json()).await, Some(200));
            }
        }
    }

    /// Tells of a request that came to the local API.
    async fn arrived(&self, at: u64, query: &str, body: &[u8]) {
        let arrival = json!({
            "at": at,
            "path": "/zstack",
            "query": query,
            "body_base64": BASE64_STANDARD.encode(body),
        });
        self.told(Method::POST, "/api/arrivals", &arrival).await;
    }

    /// The alert of an id, with its history.
    async fn alert(&self, id: u64) -> Value {
        self.json(&format!("/api/alerts/{id}")).await
    }

    /// What a message becomes.
    async fn preview(&self, body: &str, query: &str) -> Value {
        let (status, preview) = self.tell(Method::POST, "/api/preview", &json!({"body": body, "query": query})).await;
        assert_eq!(status, 200, "{preview}");
        preview
    }
}

async fn read(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() })
}

/// An error without its message, which must say something.
#[track_caller]
fn error(code: &str, answer: (u16, Value)) -> u16 {
    let (status, answer) = answer;
    assert_eq!(answer["error"]["code"], code, "{answer}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.len() > 20, "{message}");
    assert_eq!(answer, json!({"error": {"code": code, "message": message}}));
    status
}

/// The body of a sample.
fn sample(name: &str) -> String {
    let event = std::fs::read(samples().join(format!("{name}.json"))).unwrap();
    let event: Value = serde_json::from_slice(&event).unwrap();
    event["body"].as_str().unwrap().to_owned()
}

/// A sample with other members in it.
fn sample_with(name: &str, members: &Value) -> String {
    let mut message: Value = serde_json::from_str(&sample(name)).unwrap();
    message.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    message.to_string()
}
