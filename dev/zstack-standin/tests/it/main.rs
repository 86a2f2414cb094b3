//! The stand-in over HTTP and as a program. Each test is a fact about ZStack.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy.toml does not count as tests")]

mod access;
mod binary;
mod bodies;
mod control;
mod endpoints;
mod events;
mod faults;
mod jobs;
mod messages;
mod queries;
mod receiver;
mod recognized;
mod records;
mod rules;
mod stories;
mod world;

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use zstack_standin::{Options, Standin};

const PASSWORD: &str = "password";
/// SHA-512 of [`PASSWORD`], in hexadecimal digits.
const HASH: &str = "b109f3bbbc244eb82441917ed06d618b9008dd09b3befd1b5e07394c706a8bb980b1d7785e5976ec049b46df5f1326af5a2ea6d103fd07c95385ffab0cacbc86";
const SYSTEM_TOPIC: &str = "e7d6f5e23bb74e99a2777126078b551c";
const HOST_DISCONNECTED: &str = "4a3cb114b10d41e19545ab693222c134";
const JSON: &str = "application/json;charset=UTF-8";

/// A stand-in, with a session of `admin`.
struct ZStack {
    standin: Standin,
    client: Client,
    session: String,
}

/// An answer.
#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// The rows of a query.
    #[track_caller]
    fn rows(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()["inventories"].as_array().unwrap().clone()
    }

    /// The names of the rows of a query.
    #[track_caller]
    fn names(&self) -> Vec<String> {
        self.rows().iter().map(|it| it["name"].as_str().unwrap_or("(none)").to_owned()).collect()
    }

    /// The code of ZStack's refusal.
    #[track_caller]
    fn code(&self) -> String {
        assert_eq!(self.status, 503, "{}", self.text);
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }

    /// The changed row.
    #[track_caller]
    fn inventory(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()["inventory"].take()
    }
}

impl ZStack {
    async fn without_session(options: Options) -> Self {
        let standin = Standin::start(options).await.unwrap();
        let client = zstack_flashduty::platform::http::Http::new().unwrap().client().clone();
        Self { standin, client, session: String::new() }
    }

    async fn start(options: Options) -> Self {
        let mut zstack = Self::without_session(options).await;
        zstack.session = zstack.log_in("admin").await;
        zstack
    }

    /// With quick jobs and tries.
    async fn quick() -> Self {
        Self::start(quick()).await
    }

    async fn log_in(&self, name: &str) -> String {
        let body = json!({"logInByAccount": {"accountName": name, "password": HASH}});
        let answer = self.bare(Method::PUT, "/accounts/login", &body).await;
        answer.inventory()["uuid"].as_str().unwrap().to_owned()
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.standin.api()))
    }

    /// Without a session. Null is no body.
    async fn bare(&self, method: Method, path: &str, body: &Value) -> Answer {
        send(with_body(self.request(method, path), body)).await
    }

    /// With the session of `admin`.
    async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        send(with_body(self.request(method, path), body).header("Authorization", format!("OAuth {}", self.session)))
            .await
    }

    async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &Value::Null).await
    }

    /// The result of an asynchronous call.
    async fn job(&self, method: Method, path: &str, body: Value) -> Answer {
        let accepted = self.call(method, path, &body).await;
        self.result(&accepted).await
    }

    async fn post(&self, path: &str, params: Value) -> Answer {
        self.job(Method::POST, path, json!({"params": params})).await
    }

    async fn put(&self, path: &str, body: Value) -> Answer {
        self.job(Method::PUT, path, body).await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.job(Method::DELETE, path, Value::Null).await
    }

    /// Polls until the job is done.
    async fn result(&self, accepted: &Answer) -> Answer {
        let job = job_of(accepted);
        loop {
            let answer = self.bare(Method::GET, &format!("/api-jobs/{job}"), &Value::Null).await;
            if answer.status != 202 {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Sends a request to a control endpoint; null is no body.
    async fn control(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self.client.request(method, format!("{}/standin/{path}", self.standin.base_url()));
        send(with_body(request, &body)).await
    }

    /// A control call that must succeed.
    async fn does(&self, path: &str, body: Value) -> Value {
        let answer = self.control(Method::POST, path, body).await;
        assert!(answer.status < 300, "{answer:?}");
        serde_json::from_str(&answer.text).unwrap_or_default()
    }

    async fn fault(&self, fault: Value) {
        self.does("faults", fault).await;
    }

    async fn table(&self, table: &str) -> Vec<Value> {
        let answer = self.control(Method::GET, &format!("rows/{table}"), Value::Null).await;
        serde_json::from_str(&answer.text).unwrap()
    }

    /// The UUID of the row with this name.
    async fn uuid(&self, table: &str, name: &str) -> String {
        let rows = self.table(table).await;
        let row = rows.iter().find(|it| it["name"] == name).unwrap();
        row["uuid"].as_str().unwrap().to_owned()
    }

    async fn calls(&self) -> Vec<Value> {
        let answer = self.control(Method::GET, "calls", Value::Null).await;
        serde_json::from_str(&answer.text).unwrap()
    }

    /// An endpoint, and its UUID.
    async fn endpoint(&self, url: &str) -> String {
        let params = json!({"name": "Flashduty", "url": url, "username": "zstack", "password": "a token"});
        let made = self.post("/sns/application-endpoints/http", params).await;
        made.inventory()["uuid"].as_str().unwrap().to_owned()
    }

    async fn subscribe(&self, topic: &str, endpoint: &str) -> Answer {
        self.post(&format!("/sns/topics/{topic}/endpoints/{endpoint}"), json!({})).await
    }

    async fn topic(&self, name: &str) -> String {
        let made = self.post("/sns/topics", json!({"name": name})).await;
        made.inventory()["uuid"].as_str().unwrap().to_owned()
    }
}

fn quick() -> Options {
    let millis = Duration::from_millis;
    Options { job_delay: millis(2), try_pause: millis(5), ..Options::default() }
}

fn with_body(request: RequestBuilder, body: &Value) -> RequestBuilder {
    if body.is_null() { request } else { request.header("Content-Type", JSON).body(body.to_string()) }
}

async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    Answer { status, text: response.text().await.unwrap() }
}

#[track_caller]
fn job_of(accepted: &Answer) -> String {
    assert_eq!(accepted.status, 202, "{}", accepted.text);
    let location = accepted.json()["location"].as_str().unwrap().to_owned();
    location.rsplit_once('/').unwrap().1.to_owned()
}
