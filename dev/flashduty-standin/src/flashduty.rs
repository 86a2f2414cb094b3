//! What the stand-in knows, and how it judges a push. Nothing here knows HTTP.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::Value;
use tokio::time::Instant;

use crate::alert::{HistoryEntry, Pushed};
use crate::alerts::Alerts;
use crate::answer::{Answer, Refusal, Reply, random_id, usual_code};
use crate::check::check;
use crate::fault::{Fault, Weather};
use crate::rate::{Calls, RateLimit};

/// The push endpoint's path up to the kind of the integration.
pub(crate) const PUSH_PATH: &str = "/event/push/alert/";

/// A request that arrived, whatever became of it.
///
/// In JSON, `body` is text; bytes that are not UTF-8 are replaced there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Received {
    /// When it came, in epoch milliseconds.
    pub at: u64,
    /// The method, in capitals.
    pub method: String,
    /// The whole URL, key and all.
    pub url: String,
    /// The URL's path.
    pub path: String,
    /// The parameter `integration_key`.
    pub key: Option<String>,
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    /// Names, in small letters, and values.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    #[serde(serialize_with = "as_text")]
    pub body: Vec<u8>,
    /// The weather it met.
    pub fault: Option<Fault>,
    /// The status it was answered; none where there was no answer.
    pub status: Option<u16>,
    /// Everything it was refused for, or would have been in fair weather.
    pub violations: Vec<String>,
    /// The alert key it was taken under; none where it was not taken.
    pub alert_key: Option<String>,
}

impl Received {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// About how many bytes it takes.
    fn weight(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| 64 + name.len() + value.len()).sum();
        512 + 2 * self.url.len() + headers + self.body.len()
    }

    /// Bad weather and too many requests are no reason to look at an event: what is wrong with it is told all
    /// the same.
    fn tell_broken_limits(&mut self) {
        let not_looked_at = self.alert_key.is_none() && (self.violations.is_empty() || self.status == Some(429));
        if not_looked_at && self.path.strip_prefix(PUSH_PATH) == Some("standard") {
            self.violations.extend(check(&self.body).err().unwrap_or_default());
        }
    }

    fn is_json(&self) -> bool {
        let content_type = self.content_type.as_deref().unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    }
}

fn as_text<S: Serializer>(body: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&String::from_utf8_lossy(body))
}

/// What is called with every request that is recorded, before it is answered. The stand-in waits for
/// it, so it must be quick, and must not call the stand-in.
#[derive(Clone)]
pub struct OnPush(Arc<dyn Fn(&Received) + Send + Sync>);

impl OnPush {
    /// Calls `what`.
    pub fn new(what: impl Fn(&Received) + Send + Sync + 'static) -> Self {
        Self(Arc::new(what))
    }
}

impl fmt::Debug for OnPush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnPush(…)")
    }
}

/// The requests that are remembered, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    requests: VecDeque<Received>,
    weight: usize,
    /// The most that all of them may weigh.
    memory: Option<usize>,
}

impl Recorded {
    pub(crate) fn new(memory: Option<usize>) -> Self {
        Self { memory, ..Self::default() }
    }

    fn push(&mut self, request: Received) {
        self.weight += request.weight();
        self.requests.push_back(request);
        while self.memory.is_some_and(|memory| self.weight > memory) {
            let Some(oldest) = self.requests.pop_front() else { break };
            self.weight -= oldest.weight();
        }
    }

    pub(crate) fn all(&self) -> Vec<Received> {
        self.requests.iter().cloned().collect()
    }

    fn clear(&mut self) {
        *self = Self::new(self.memory);
    }
}

/// The far side of the push URL.
#[derive(Debug, Default)]
pub(crate) struct Flashduty {
    pub(crate) keys: Vec<String>,
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) on_push: Option<OnPush>,
    pub(crate) alerts: Alerts,
    pub(crate) received: Recorded,
    pub(crate) weather: Weather,
    pub(crate) calls: Calls,
}

impl Flashduty {
    /// Takes a request, records it, and says what to reply.
    pub(crate) fn push(&mut self, mut request: Received, now: Instant) -> Reply {
        request.fault = self.weather.advance();
        let reply = match request.fault.clone() {
            None => Reply::Whole(self.take(&mut request, now)),
            Some(Fault::Delay { millis }) => Reply::Late(self.take(&mut request, now), Duration::from_millis(millis)),
            Some(Fault::Cut) => Reply::Cut(self.take(&mut request, now)),
            Some(Fault::Refuse { status, code, message, retry_after }) => {
                let code = code.as_deref().unwrap_or(usual_code(status));
                let message = message.as_deref().unwrap_or("bad weather");
                Reply::Whole(Answer { retry_after, ..Answer::refused(status, code, message) })
            }
            Some(Fault::Garbage { status, body }) => {
                Reply::Whole(Answer { status, content_type: "text/html", retry_after: None, body })
            }
            Some(Fault::Echo) => {
                let message = format!("cannot process {}", request.url);
                Reply::Whole(Answer::refused(400, "InvalidParameter", &message))
            }
            Some(Fault::Close) => Reply::Close,
            Some(Fault::Hang) => Reply::Hang,
        };
        request.status = reply.status();
        request.tell_broken_limits();
        if let Some(OnPush(on_push)) = &self.on_push {
            on_push(&request);
        }
        self.received.push(request);
        reply
    }

    /// Forgets every alert and every received request.
    pub(crate) fn clear(&mut self) {
        self.alerts.clear();
        self.received.clear();
    }

    fn take(&mut self, request: &mut Received, now: Instant) -> Answer {
        match self.judge(request, now) {
            Ok(alert_key) => {
                let answer = Answer::accepted(&alert_key);
                request.alert_key = Some(alert_key);
                answer
            }
            Err(refusal) => {
                request.violations = refusal.violations;
                Answer::refused(refusal.status, refusal.code, &request.violations.join("; "))
            }
        }
    }

    /// The alert key of a push that is taken.
    fn judge(&mut self, request: &Received, now: Instant) -> Result<String, Refusal> {
        let Some(kind @ ("standard" | "zstack")) = request.path.strip_prefix(PUSH_PATH) else {
            return Err(Refusal::new(404, "RouteNotFound", "no such route"));
        };
        if request.method != "POST" {
            let violation = "the method must be POST";
            return Err(Refusal::new(400, "MethodNotAllowed", violation));
        }
        if !request.is_json() {
            let violation = "Content-Type must be application/json";
            return Err(Refusal::new(400, "InvalidContentType", violation));
        }
        let key = match &request.key {
            Some(key) if self.keys.contains(key) => key,
            _ => return Err(invalid(vec!["integration_key is not a valid one".to_owned()])),
        };
        if let Some(limit) = self.rate_limit {
            self.calls.count(key, limit, now).map_err(|over| Refusal::new(429, "RequestTooFrequently", over))?;
        }
        if kind == "zstack" {
            return take_zstack(&request.body);
        }
        let event = check(&request.body).map_err(invalid)?;
        let alert_key = event.alert_key.clone().unwrap_or_else(random_id);
        self.alerts.apply(&alert_key, HistoryEntry::new(event, Pushed::new(&request.body), request.at));
        Ok(alert_key)
    }
}

/// Takes `ZStack`'s own message, of which no more is asked than to be there.
fn take_zstack(body: &[u8]) -> Result<String, Refusal> {
    let empty = match serde_json::from_slice(body) {
        Ok(Value::Null) => true,
        Ok(Value::String(text)) => text.is_empty(),
        Ok(Value::Array(items)) => items.is_empty(),
        Ok(Value::Object(fields)) => fields.is_empty(),
        Ok(Value::Bool(_) | Value::Number(_)) => false,
        Err(_) => return Err(invalid(vec!["the body is not JSON".to_owned()])),
    };
    if empty {
        return Err(invalid(vec!["the body is empty".to_owned()]));
    }
    Ok(random_id())
}

fn invalid(violations: Vec<String>) -> Refusal {
    Refusal { status: 400, code: "InvalidParameter", violations }
}
