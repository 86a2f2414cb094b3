//! The pushes that Flashduty did not take.

use std::collections::VecDeque;

use flashduty_standin::{Received, title};
use serde::Serialize;

/// How many are remembered.
const REMEMBERED: usize = 50;

/// A push that was not taken.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Refused {
    /// When it came, in epoch milliseconds.
    at: u64,
    /// What it was answered; none where it was not answered.
    status: Option<u16>,
    /// The title its alert would have had; empty where it has none.
    title: String,
    /// Every documented limit that it breaks.
    violations: Vec<String>,
    /// Whether it met bad weather.
    weather: bool,
}

/// The last ones, oldest first.
#[derive(Debug, Default)]
pub(crate) struct RefusedPushes {
    last: VecDeque<Refused>,
    /// How many there were.
    count: u64,
}

impl RefusedPushes {
    pub(crate) fn add(&mut self, push: &Received) {
        let event = serde_json::from_slice(&push.body).unwrap_or_default();
        self.last.push_back(Refused {
            at: push.at,
            status: push.status,
            title: title(&event).unwrap_or_default(),
            violations: push.violations.clone(),
            weather: push.fault.is_some(),
        });
        self.count += 1;
        self.last.drain(..self.last.len().saturating_sub(REMEMBERED));
    }

    pub(crate) fn clear(&mut self) {
        self.last.clear();
    }

    /// Those after the first `seen`, as many as are remembered.
    pub(crate) fn since(&self, seen: u64) -> Vec<Refused> {
        let new = usize::try_from(self.count - seen).unwrap_or(usize::MAX);
        self.last.range(self.last.len().saturating_sub(new)..).cloned().collect()
    }

    /// How many there were, those too that are forgotten.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }
}
