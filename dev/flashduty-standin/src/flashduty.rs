//! The state of the stand-in, and how it handles a push. It does not depend on the HTTP server.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::alert::{HistoryEntry, Pushed};
use crate::alerts::Alerts;
use crate::answer::{Answer, Refusal, Reply, random_id, usual_code};
use crate::check::check;
use crate::fault::{Fault, Faults};
use crate::on_push::OnPush;
use crate::rate::{Calls, RateLimit};
use crate::received::{PUSH_PATH, Received, Recorded};

/// The state of the stand-in.
#[derive(Debug, Default)]
pub(crate) struct Flashduty {
    pub(crate) keys: Vec<String>,
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) on_push: Option<OnPush>,
    pub(crate) alerts: Alerts,
    pub(crate) received: Recorded,
    pub(crate) faults: Faults,
    pub(crate) calls: Calls,
}

impl Flashduty {
    /// Handles and records a request, and returns the reply.
    pub(crate) fn push(&mut self, mut request: Received, now: Instant) -> Reply {
        request.fault = self.faults.next(request.key.as_deref(), request.asked_key().as_deref());
        let reply = match request.fault.clone() {
            None => Reply::Whole(self.accept(&mut request, now)),
            Some(Fault::Delay { millis }) => Reply::Late(self.accept(&mut request, now), Duration::from_millis(millis)),
            Some(Fault::Cut) => Reply::Cut(self.accept(&mut request, now)),
            Some(Fault::Refuse { status, code, message, retry_after }) => {
                let code = code.as_deref().unwrap_or(usual_code(status));
                let message = message.as_deref().unwrap_or("injected fault");
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
        request.check_event();
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

    fn accept(&mut self, request: &mut Received, now: Instant) -> Answer {
        match self.check(request, now) {
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

    /// Checks a request and applies its event. Returns the alert key.
    fn check(&mut self, request: &Received, now: Instant) -> Result<String, Refusal> {
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
            return check_zstack(&request.body);
        }
        let event = check(&request.body).map_err(invalid)?;
        let alert_key = event.alert_key.clone().unwrap_or_else(random_id);
        self.alerts.apply(&alert_key, HistoryEntry::new(event, Pushed::new(&request.body), request.at));
        Ok(alert_key)
    }
}

/// Accepts `ZStack`'s own message: any JSON that is not empty.
fn check_zstack(body: &[u8]) -> Result<String, Refusal> {
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
