//! A stand-in for SSM Parameter Store. It has the one call that the functions make, `GetParameters`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use crate::serve::serve;

/// A store. Clones share its parameters.
#[derive(Clone, Default)]
pub struct Ssm(Arc<Mutex<Store>>);

#[derive(Default)]
struct Store {
    parameters: BTreeMap<String, String>,
    locked: BTreeMap<String, &'static str>,
    calls: Vec<Value>,
    last_call: Option<Instant>,
    fault: Option<Fault>,
    quota: Option<Quota>,
}

/// The account's quota of calls, as a token bucket.
struct Quota {
    per_second: u32,
    /// The calls that are left now. A second without calls fills it up.
    left: f64,
    since: Instant,
    throttled: usize,
}

impl Quota {
    /// Whether there is room for one more call.
    fn take(&mut self) -> bool {
        let most = f64::from(self.per_second);
        self.left = (self.left + self.since.elapsed().as_secs_f64() * most).min(most);
        self.since = Instant::now();
        let allowed = self.left >= 1.0;
        if allowed {
            self.left -= 1.0;
        } else {
            self.throttled += 1;
        }
        allowed
    }
}

/// How every call fails.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// SSM answers with an error of this type.
    Error(&'static str),
    /// SSM answers with this HTTP status and a broken document that contains the values.
    Garbled(u16),
    /// SSM never answers.
    Hang,
}

impl Ssm {
    /// Starts an empty store, and returns its URL.
    pub async fn start() -> (Self, String) {
        let ssm = Self::default();
        let address = serve(ssm.routes()).await;
        (ssm, format!("http://{address}"))
    }

    /// The store's endpoint, to be served elsewhere.
    pub fn routes(&self) -> Router {
        Router::new().route("/", post(call)).with_state(self.clone())
    }

    /// Creates or replaces a `SecureString`.
    pub fn put(&self, name: &str, value: &str) {
        self.0.lock().unwrap().parameters.insert(name.to_owned(), value.to_owned());
    }

    /// Deletes a parameter.
    pub fn remove(&self, name: &str) {
        self.0.lock().unwrap().parameters.remove(name);
    }

    /// Makes every call that asks for this parameter fail with an error of this type, as if the caller could not
    /// decrypt it. Such a call returns none of the other parameters either.
    pub fn lock(&self, name: &str, error: &'static str) {
        self.0.lock().unwrap().locked.insert(name.to_owned(), error);
    }

    /// Ends what [`lock`](Self::lock) began, for all parameters.
    pub fn unlock(&self) {
        self.0.lock().unwrap().locked.clear();
    }

    /// Makes every call from now on fail in this way; `None` ends it.
    pub fn fault(&self, fault: Option<Fault>) {
        self.0.lock().unwrap().fault = fault;
    }

    /// Throttles all callers together to so many calls a second. `GetParameters` has 40 for an account and region,
    /// unless higher throughput is switched on.
    pub fn throttle(&self, per_second: u32) {
        let quota = Quota { per_second, left: f64::from(per_second), since: Instant::now(), throttled: 0 };
        self.0.lock().unwrap().quota = Some(quota);
    }

    /// How many calls were throttled.
    pub fn throttled(&self) -> usize {
        self.0.lock().unwrap().quota.as_ref().map_or(0, |quota| quota.throttled)
    }

    /// When the last call arrived.
    pub fn last_call(&self) -> Option<Instant> {
        self.0.lock().unwrap().last_call
    }

    /// The bodies of all calls so far.
    pub fn calls(&self) -> Vec<Value> {
        self.0.lock().unwrap().calls.clone()
    }
}

async fn call(State(ssm): State<Ssm>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let refuse = |kind: &str, message: &str| {
        let headers = [("content-type", "application/x-amz-json-1.1")];
        (StatusCode::BAD_REQUEST, headers, json!({"__type": kind, "message": message}).to_string()).into_response()
    };
    if !header("authorization").starts_with("AWS4-HMAC-SHA256 Credential=") {
        return refuse("MissingAuthenticationTokenException", "Missing Authentication Token");
    }
    if header("x-amz-target") != "AmazonSSM.GetParameters" {
        return refuse("UnknownOperationException", &header("x-amz-target"));
    }
    let call: Value = serde_json::from_slice(&body).unwrap();
    let (fault, allowed) = {
        let mut store = ssm.0.lock().unwrap();
        store.calls.push(call.clone());
        store.last_call = Some(Instant::now());
        (store.fault, store.quota.as_mut().is_none_or(Quota::take))
    };
    if !allowed {
        return refuse("ThrottlingException", "Rate exceeded");
    }
    match fault {
        Some(Fault::Error(kind)) => return refuse(kind, "arn:aws:iam::123456789012:role/relay may not"),
        Some(Fault::Garbled(status)) => {
            let store = ssm.0.lock().unwrap();
            let values: Vec<_> = store.parameters.iter().collect();
            let body = format!(r#"{{"Parameters": [{{"Name": {{}}, "Value": {values:?}, "Version": "x""#);
            return (StatusCode::from_u16(status).unwrap(), body).into_response();
        }
        Some(Fault::Hang) => std::future::pending().await,
        None => {}
    }
    let names: Vec<&str> = call["Names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let distinct: std::collections::BTreeSet<_> = names.iter().collect();
    if names.is_empty() || names.len() > 10 || distinct.len() != names.len() {
        return refuse("ValidationException", "1 to 10 distinct names");
    }
    let store = ssm.0.lock().unwrap();
    if let Some(error) = names.iter().find_map(|name| store.locked.get(*name)) {
        return refuse(error, "arn:aws:iam::123456789012:role/relay may not");
    }
    let (found, missing): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| store.parameters.contains_key(**name));
    let decrypt = call["WithDecryption"] == true;
    let parameters: Vec<Value> = found
        .iter()
        .map(|name| {
            let value = if decrypt { &store.parameters[*name] } else { "AQICAHg…" };
            json!({"Name": name, "Type": "SecureString", "Value": value, "Version": 1,
                   "ARN": format!("arn:aws:ssm:us-east-1:123456789012:parameter{name}")})
        })
        .collect();
    let answer = json!({"Parameters": parameters, "InvalidParameters": missing}).to_string();
    ([("content-type", "application/x-amz-json-1.1")], answer).into_response()
}
