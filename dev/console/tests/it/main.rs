//! Tests of the console over HTTP, in the same process. The requests are those of the page and of `make run`.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy.toml does not count as tests")]

use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flashduty_console::{Console, Options, SetupProgram};
use flashduty_standin::RateLimit;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use zstack_flashduty::channel::Channel;
use zstack_flashduty::translate::{Context, translate};
use zstack_flashduty::zstack::split;

mod alerts;
mod binary;
mod faults;
mod guard;
mod messages;
mod page;
mod preview;
mod provenance;
mod provenance_of_shapes;
mod recognised;
mod samples;
mod secrets;
mod send;
mod setup;
mod storm;
mod stream;

/// The integration key. No answer may contain it.
const KEY: &str = "5d2a7c0f9b";
/// The integration key of the channel `database`. No answer may contain it.
const CHANNEL_KEY: &str = "e81b64c3d7";
/// The webhook token. No answer may contain it.
const TOKEN: &str = "open-sesame";

/// A client with its own connection pool.
fn client() -> Client {
    zstack_flashduty::platform::http::Http::new().unwrap().client().clone()
}

/// The folder with the samples.
fn samples() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../events"))
}

/// A running console, and a client for its API.
struct TestConsole {
    server: Console,
    client: Client,
}

impl TestConsole {
    async fn new() -> Self {
        Self::with_rate_limit(None).await
    }

    async fn with_rate_limit(rate_limit: Option<RateLimit>) -> Self {
        Self::with_options(|options| options.rate_limit = rate_limit).await
    }

    /// With a program that sets up ZStack.
    async fn with_setup(program: SetupProgram) -> Self {
        Self::with_options(|options| options.setup = Some(program)).await
    }

    async fn with_options(change: impl FnOnce(&mut Options)) -> Self {
        let keys = [KEY, CHANNEL_KEY].map(str::to_owned).to_vec();
        let mut options =
            Options { port: 0, push_port: 0, keys, rate_limit: None, samples: samples(), setup: None, log: |_| {} };
        change(&mut options);
        Self { server: Console::start(options).await.unwrap(), client: client() }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.server.base_url()))
    }

    async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    /// Gets the JSON of a path. The answer must be 200.
    async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// Sends JSON. Returns the answer's status and its JSON, which is null if the answer is empty.
    async fn send(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        read(self.request(method, path).json(body).send().await.unwrap()).await
    }

    /// Sends JSON. The answer must be 204.
    async fn send_ok(&self, method: Method, path: &str, body: &Value) {
        assert_eq!(self.send(method, path, body).await, (204, Value::Null), "{path} {body}");
    }

    async fn set_faults(&self, faults: Value) {
        self.send_ok(Method::PUT, "/api/faults", &faults).await;
    }

    /// Pushes an event. Returns the status, or `None` if there is no answer.
    async fn push(&self, event: &Value) -> Option<u16> {
        self.push_body(event.to_string().into_bytes()).await
    }

    async fn push_body(&self, event: Vec<u8>) -> Option<u16> {
        self.push_with(KEY, event).await
    }

    /// Pushes an event with an integration key.
    async fn push_with(&self, key: &str, event: Vec<u8>) -> Option<u16> {
        let request = self.client.post(self.server.standin().push_url("standard", key));
        let request = request.header(CONTENT_TYPE, "application/json").body(event);
        Some(request.send().await.ok()?.status().as_u16())
    }

    /// Translates a message and pushes its events, as the relay does.
    async fn push_translated(&self, body: &[u8], context: &Context) {
        for part in split(body) {
            for event in translate(&part.text, &part.around, context).iter().flat_map(|alert| &alert.events) {
                assert_eq!(self.push_body(event.to_json()).await, Some(200));
            }
        }
    }

    /// Reports a request that the local API received.
    async fn report_arrival(&self, at: u64, query: &str, body: &[u8]) {
        self.report_arrival_at("/zstack", at, query, body).await;
    }

    async fn report_arrival_at(&self, path: &str, at: u64, query: &str, body: &[u8]) {
        let arrival = json!({
            "at": at,
            "path": path,
            "query": query,
            "body_base64": BASE64_STANDARD.encode(body),
        });
        self.send_ok(Method::POST, "/api/arrivals", &arrival).await;
    }

    /// Reports a stack with this webhook URL and the channel `database`.
    async fn report_stack(&self, webhook_url: &str) {
        let channels = json!([{"name": "database", "integration_key": CHANNEL_KEY}]);
        let stack = json!({"webhook_url": webhook_url, "token": TOKEN, "channels": channels});
        self.send_ok(Method::PUT, "/api/stack", &stack).await;
    }

    async fn alert(&self, id: u64) -> Value {
        self.json(&format!("/api/alerts/{id}")).await
    }

    /// Previews a message. The answer must be 200.
    async fn preview(&self, body: &str, query: &str) -> Value {
        let (status, preview) = self.send(Method::POST, "/api/preview", &json!({"body": body, "query": query})).await;
        assert_eq!(status, 200, "{preview}");
        preview
    }
}

/// The context of a request to `POST /zstack/{name}`.
fn to_channel(name: &str) -> Context {
    Context { channel: Some(Channel::read(name).unwrap()), ..Context::default() }
}

async fn read(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() })
}

/// Asserts that an answer is an error with this code and a message. Returns its status.
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

/// The body of a sample, with these members replaced or added.
fn sample_with(name: &str, members: &Value) -> String {
    let mut message: Value = serde_json::from_str(&sample(name)).unwrap();
    message.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    message.to_string()
}
