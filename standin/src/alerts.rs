//! The alerts that Flashduty would show.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::check::{Event, EventStatus};
use crate::title::render;

/// One alert: the events of one alert key from the first trigger to the `Ok` that closes it.
///
/// Different alerts may have the same key, but at most one of them is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The key its events share.
    pub alert_key: String,
    /// The title of the last event, rendered.
    pub title: String,
    /// The last status that was not `Ok`.
    pub severity: EventStatus,
    /// False once an `Ok` has closed it.
    pub open: bool,
    /// The labels of the last event.
    pub labels: BTreeMap<String, String>,
    /// The description of the last event.
    pub description: String,
    /// What happened to it, oldest first.
    pub history: Vec<HistoryEntry>,
}

/// An event of an alert that differed from the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The event's status.
    pub status: EventStatus,
    /// The event's title, rendered.
    pub title: String,
    /// The event's description; empty where it had none.
    pub description: String,
}

impl Alert {
    fn new(alert_key: String, first: HistoryEntry, labels: BTreeMap<String, String>) -> Self {
        Self {
            alert_key,
            title: first.title.clone(),
            severity: first.status,
            open: true,
            labels,
            description: first.description.clone(),
            history: vec![first],
        }
    }

    fn update(&mut self, entry: HistoryEntry, labels: BTreeMap<String, String>) {
        self.labels = labels;
        if self.history.last() == Some(&entry) {
            return;
        }
        match entry.status {
            EventStatus::Ok => self.open = false,
            severity => self.severity = severity,
        }
        self.title.clone_from(&entry.title);
        self.description.clone_from(&entry.description);
        self.history.push(entry);
    }
}

/// Every alert, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Alerts(Vec<Alert>);

impl Alerts {
    /// Lets `event` open, change or close the alert of its key. An `Ok` for which no alert is open
    /// leaves no trace.
    pub(crate) fn apply(&mut self, alert_key: &str, event: Event) {
        let entry = HistoryEntry {
            status: event.status,
            title: render(&event.title_rule, &event.labels),
            description: event.description,
        };
        let open = self.0.iter_mut().find(|alert| alert.open && alert.alert_key == alert_key);
        match open {
            Some(alert) => alert.update(entry, event.labels),
            None if entry.status == EventStatus::Ok => {}
            None => self.0.push(Alert::new(alert_key.to_owned(), entry, event.labels)),
        }
    }

    pub(crate) fn newest_first(&self) -> Vec<Alert> {
        self.0.iter().rev().cloned().collect()
    }
}
