//! The pushes that the stand-in did not accept.

use flashduty_standin::{Received, title};
use serde::Serialize;
use serde_json::Value;

use crate::recent::Recent;

/// The most refused pushes that are kept.
const LIMIT: usize = 50;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct RefusedPush {
    /// When it was received, in epoch milliseconds.
    at: u64,
    /// The status of the answer; `None` if the push was not answered.
    status: Option<u16>,
    /// The title that its alert would have had. Empty if the event has none.
    title: String,
    /// The label `channel` of its event. `None` if there is none.
    channel: Option<String>,
    /// Every documented limit that it violates.
    violations: Vec<String>,
    /// Whether a simulated fault applied to it.
    fault: bool,
}

#[derive(Debug)]
pub(crate) struct RefusedPushes(Recent<RefusedPush>);

impl Default for RefusedPushes {
    fn default() -> Self {
        Self(Recent::new(LIMIT))
    }
}

impl RefusedPushes {
    pub(crate) fn add(&mut self, push: &Received) {
        let event: Value = serde_json::from_slice(&push.body).unwrap_or_default();
        self.0.push(RefusedPush {
            at: push.at,
            status: push.status,
            title: title(&event).unwrap_or_default(),
            channel: event["labels"]["channel"].as_str().map(str::to_owned),
            violations: push.violations.clone(),
            fault: push.fault.is_some(),
        });
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The pushes refused after [`count`](Self::count) was `seen`, as far as they are kept.
    pub(crate) fn since(&self, seen: u64) -> Vec<RefusedPush> {
        self.0.since(seen)
    }

    /// How many pushes were refused since the console started.
    pub(crate) fn count(&self) -> u64 {
        self.0.added()
    }
}
