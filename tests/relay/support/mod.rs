//! The environment of the built binaries: Lambda, SSM, SQS and Flashduty on real ports.

pub mod facts;
pub mod goldens;
pub mod journey;
pub mod languages;
pub mod pool;
pub mod shapes;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_standin::lambda::Function;
use aws_standin::ssm::Ssm;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flashduty_standin::{Options, Standin};
use serde_json::{Value, json};
use zstack_flashduty::language::Language;
use zstack_flashduty::translate::{Context, translate};
use zstack_flashduty::zstack::split;

use crate::documents::assert_documented;

/// The token that the samples in `events/` show.
pub const TOKEN: &str = "sample-token";
/// The integration key, with characters that are percent-encoded in a URL.
pub const KEY: &str = "sample key/1";
pub const KEY_IN_URL: &str = "sample%20key%2F1";
/// The integration key of the channel `database`, and its own token.
pub const KEY_OF_DATABASE: &str = "key-of-database";
pub const TOKEN_OF_DATABASE: &str = "token-of-database";

/// The relay's timeout for a request: about 1.5 s to push, the rest to queue.
pub const RELAY_TIMEOUT: Duration = Duration::from_millis(6_500);

/// The relay asks SSM for parameters that could not be read only after this pause.
pub const READ_PAUSE: Duration = Duration::from_secs(1);

pub const PUSH_URL_PARAMETER: &str = "/zstack-flashduty/push-url";
pub const TOKEN_PARAMETER: &str = "/zstack-flashduty/webhook-token";

/// Everything around a running function. A test ends with [`World::end`], which looks for secrets in its answers and
/// logs.
pub struct World {
    pub flashduty: Standin,
    pub ssm: Ssm,
    pub ssm_url: String,
    pub function: Function,
    variables: Vec<(String, String)>,
    answers: Vec<Value>,
    /// The logs of earlier processes.
    earlier: String,
    /// The other processes of the function, by their numbers.
    others: BTreeMap<usize, Function>,
    /// The number of the process in use.
    process: usize,
}

impl World {
    /// Starts the relay with both parameters in SSM and an integration of kind `standard`.
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// Starts the relay with more environment variables, and an integration of kind `standard`.
    pub async fn with(variables: &[(&str, &str)]) -> Self {
        let flashduty = Standin::start(Options { keys: vec![KEY.to_owned()], ..Options::default() }).await.unwrap();
        let push_url = flashduty.push_url("standard", KEY_IN_URL);
        Self::pushing_to(flashduty, &push_url, variables).await
    }

    /// Starts the relay with this Flashduty, and this push URL in SSM.
    pub async fn pushing_to(flashduty: Standin, push_url: &str, variables: &[(&str, &str)]) -> Self {
        let (ssm, ssm_url) = Ssm::start().await;
        ssm.put(PUSH_URL_PARAMETER, push_url);
        ssm.put(TOKEN_PARAMETER, TOKEN);
        let defaults = [
            ("AWS_ENDPOINT_URL", ssm_url.as_str()),
            ("FLASHDUTY_PUSH_URL_PARAMETER", PUSH_URL_PARAMETER),
            ("WEBHOOK_TOKEN_PARAMETER", TOKEN_PARAMETER),
            // The most detailed log: it must not contain a secret either.
            ("RUST_LOG", "trace"),
        ];
        let variables = [&defaults, variables].concat();
        let function = relay(&variables).await;
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self {
            flashduty,
            ssm,
            ssm_url,
            function,
            variables,
            answers: Vec::new(),
            earlier: String::new(),
            others: BTreeMap::new(),
            process: 0,
        }
    }

    /// Starts another process in place of this one, as Lambda may do between two requests.
    pub async fn restart(&mut self) {
        self.restart_with(&[]).await;
    }

    /// Starts another process with more environment variables in place of this one.
    pub async fn restart_with(&mut self, more: &[(&str, &str)]) {
        self.earlier += &self.function.log();
        self.function = relay(&[&as_variables(&self.variables)[..], more].concat()).await;
    }

    /// Sends the next requests to the process with this number, as Lambda may do. The first process has the number 0. If
    /// none has this number, one is started.
    pub async fn take_process(&mut self, number: usize) {
        if number == self.process {
            return;
        }
        let another = match self.others.remove(&number) {
            Some(another) => another,
            None => relay(&as_variables(&self.variables)).await,
        };
        self.others.insert(self.process, std::mem::replace(&mut self.function, another));
        self.process = number;
    }

    /// Creates a channel with this integration key, which Flashduty accepts from now on beside the stack's own.
    pub fn create_channel(&self, channel: &str, key: &str) {
        self.flashduty.set_keys([KEY, key]);
        self.ssm.put(&format!("{PUSH_URL_PARAMETER}/{channel}"), &self.flashduty.push_url("standard", key));
    }

    /// The integration keys of all pushes that Flashduty accepted.
    pub fn accepted_keys(&self) -> Vec<String> {
        let accepted = self.flashduty.received().into_iter().filter(|push| push.status == Some(200));
        accepted.filter_map(|push| push.key).collect()
    }

    /// The function's environment.
    pub fn variables(&self) -> &[(String, String)] {
        &self.variables
    }

    /// Invokes the function, and returns the HTTP status and the body.
    pub async fn send(&mut self, event: &Value) -> (u64, Value) {
        let answer = self.function.invoke(event).await;
        self.read(answer)
    }

    /// Invokes the function with a deadline in epoch milliseconds, and returns the HTTP status and the body.
    pub async fn send_until(&mut self, event: &Value, deadline: u64) -> (u64, Value) {
        let answer = self.function.invoke_until(event, deadline).await;
        self.read(answer)
    }

    fn read(&mut self, answer: Value) -> (u64, Value) {
        let read = status_and_body(&answer);
        assert_documented(read.0, &read.1);
        self.answers.push(answer);
        read
    }

    /// A header of the last answer.
    pub fn header(&self, name: &str) -> Option<String> {
        let answer = self.answers.last().unwrap();
        let value = match &answer["headers"][name] {
            Value::Null => &answer["multiValueHeaders"][name][0],
            value => value,
        };
        value.as_str().map(str::to_owned)
    }

    /// The bodies that Flashduty received, as JSON.
    pub fn pushed(&self) -> Vec<Value> {
        self.flashduty.received().iter().map(|push| serde_json::from_slice(&push.body).unwrap_or_default()).collect()
    }

    /// Fails if an answer or a log line contains a secret.
    pub fn end(self) {
        let log = self.others.values().fold(self.earlier, |log, other| log + &other.log()) + &self.function.log();
        assert!(!log.is_empty(), "nothing was logged");
        for said in self.answers.iter().map(Value::to_string).chain([log]) {
            assert_no_secret(&said);
        }
    }
}

/// Fails if a text contains a secret, or a part of the integration key.
pub fn assert_no_secret(said: &str) {
    let of_channel = [KEY_OF_DATABASE, TOKEN_OF_DATABASE];
    let of_stack = [TOKEN, KEY, KEY_IN_URL, "integration_key=", &base64(&format!("zstack:{TOKEN}"))];
    for secret in of_stack.into_iter().chain(of_channel) {
        assert!(!said.contains(secret), "{secret} is in {said}");
    }
    let lower = said.to_lowercase();
    let parts = (0..=KEY.len() - 8).map(|start| &KEY[start..start + 8]);
    parts.for_each(|part| assert!(!lower.contains(part), "{part:?} is in {said}"));
}

/// The HTTP status and the body of an answer.
pub fn status_and_body(answer: &Value) -> (u64, Value) {
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert!(body["request_id"].as_str().unwrap().starts_with("request-"), "{body}");
    (answer["statusCode"].as_u64().unwrap(), body)
}

/// Variables for [`relay`] and [`redeliver`].
pub fn as_variables(kept: &[(String, String)]) -> Vec<(&str, &str)> {
    kept.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// Starts the relay.
pub async fn relay(variables: &[(&str, &str)]) -> Function {
    Function::start("relay", env!("CARGO_BIN_EXE_relay"), variables).await
}

/// Starts `redeliver`.
pub async fn redeliver(variables: &[(&str, &str)]) -> Function {
    Function::start("redeliver", env!("CARGO_BIN_EXE_redeliver"), variables).await
}

/// The events of a body, translated in this process with these labels of the URL.
pub fn translated(body: &[u8], url_labels: &[(String, String)]) -> Vec<Value> {
    translated_in(Language::English, body, url_labels)
}

/// [`translated`], in this language.
pub fn translated_in(language: Language, body: &[u8], url_labels: &[(String, String)]) -> Vec<Value> {
    let context = Context { url_labels: url_labels.to_vec(), language, ..Context::default() };
    let alerts = split(body).into_iter().flat_map(|part| translate(&part.text, &part.around, &context));
    let events = alerts.flat_map(|alert| alert.events);
    events.map(|event| serde_json::from_slice(&event.to_json()).unwrap()).collect()
}

/// The samples in `events/`, by name.
pub fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("events");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// One sample.
pub fn sample(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("events").join(name).with_extension("json");
    serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap()
}

/// The sample alarm with another body.
pub fn post(body: impl Into<String>) -> Value {
    let mut event = sample("alarm");
    event["body"] = Value::String(body.into());
    event
}

/// The sample alarm's message with other fields. `null` removes a field.
pub fn alarm(fields: &Value) -> String {
    let event = sample("alarm");
    let mut message: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
    for (name, value) in fields.as_object().unwrap() {
        message[name] = value.clone();
    }
    message.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    message.to_string()
}

/// An event for a channel, in place of its own path.
pub fn to_channel(mut event: Value, channel: &str) -> Value {
    event["rawPath"] = json!(format!("/zstack/{channel}"));
    event["requestContext"]["http"]["path"] = event["rawPath"].clone();
    event
}

/// An event with this token as Basic's password.
pub fn with_token(event: Value, token: &str) -> Value {
    with_credential(event, Some(&format!("Basic {}", base64(&format!("zstack:{token}")))), "")
}

/// An event with this header `Authorization` and this query string in place of its own.
pub fn with_credential(mut event: Value, authorization: Option<&str>, query: &str) -> Value {
    event["headers"].as_object_mut().unwrap().remove("authorization");
    if let Some(authorization) = authorization {
        event["headers"]["authorization"] = json!(authorization);
    }
    event["rawQueryString"] = json!(query);
    event
}

/// The bodies of `events/` and of `tests/relay/field/`.
pub fn bodies() -> Vec<Vec<u8>> {
    let of_events = samples().into_iter().map(|path| {
        let event: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let body = event["body"].as_str().unwrap_or_default();
        if event["isBase64Encoded"] == true { BASE64_STANDARD.decode(body).unwrap() } else { body.into() }
    });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/relay/field");
    let mut field: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    field.sort();
    let of_field = field.into_iter().map(|path| fs::read(path).unwrap());
    of_events.chain(of_field).filter(|body| !body.is_empty()).collect()
}

pub fn base64(text: &str) -> String {
    base64_of(text.as_bytes())
}

pub fn base64_of(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// The golden file of a sample: what is pushed, and the answer.
pub fn golden(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/relay/golden").join(name).with_extension("json");
    serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap()
}

/// The code of an answer's error.
pub fn code(body: &Value) -> &str {
    body["error"]["code"].as_str().unwrap_or_default()
}
