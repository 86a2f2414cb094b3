//! The requests that arrived.

use std::collections::VecDeque;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::check::check;
use crate::fault::Fault;

/// The push endpoint's path, up to the kind of the integration.
pub(crate) const PUSH_PATH: &str = "/event/push/alert/";

/// A request that arrived, accepted or not.
///
/// In JSON, `body` is text, and bytes that are not UTF-8 are replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Received {
    /// When it arrived, in epoch milliseconds.
    pub at: u64,
    /// The method, in capitals.
    pub method: String,
    /// The whole URL, integration key included.
    pub url: String,
    /// The URL's path.
    pub path: String,
    /// The parameter `integration_key`.
    pub key: Option<String>,
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    #[serde(serialize_with = "as_text")]
    pub body: Vec<u8>,
    /// The fault that was injected, if any.
    pub fault: Option<Fault>,
    /// The status of the answer; none if there was no answer.
    pub status: Option<u16>,
    /// Everything that is wrong with it, even if a fault answered before it was checked.
    pub violations: Vec<String>,
    /// The alert key of its event; none if it was not accepted.
    pub alert_key: Option<String>,
}

impl Received {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Roughly how many bytes of memory it takes.
    fn weight(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| 64 + name.len() + value.len()).sum();
        512 + 2 * self.url.len() + headers + self.body.len()
    }

    /// Checks an event that was not checked because of a fault or the rate limit, so that tests see what is wrong
    /// with it.
    pub(crate) fn check_event(&mut self) {
        let unchecked = self.alert_key.is_none() && (self.violations.is_empty() || self.status == Some(429));
        if unchecked && self.path.strip_prefix(PUSH_PATH) == Some("standard") {
            self.violations.extend(check(&self.body).err().unwrap_or_default());
        }
    }

    /// The alert key that its event names, accepted or not.
    pub(crate) fn asked_key(&self) -> Option<String> {
        let mut event: Value = serde_json::from_slice(&self.body).ok()?;
        match event.get_mut("alert_key")?.take() {
            Value::String(key) => Some(key),
            _ => None,
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        let content_type = self.content_type.as_deref().unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    }
}

fn as_text<S: Serializer>(body: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&String::from_utf8_lossy(body))
}

/// The requests that the stand-in keeps, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    requests: VecDeque<Received>,
    weight: usize,
    /// Roughly how many bytes all of them may take.
    memory: Option<usize>,
}

impl Recorded {
    pub(crate) fn new(memory: Option<usize>) -> Self {
        Self { memory, ..Self::default() }
    }

    pub(crate) fn push(&mut self, request: Received) {
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

    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.memory);
    }
}
