//! One alert and its history.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::check::{Event, EventStatus};
use crate::title::render;

/// One alert: the events of one alert key from the first trigger to the `Ok` that closes it.
///
/// Several alerts may have the same key, but at most one of them is open. All times are in epoch milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Unique among all alerts. Later alerts have greater ids.
    pub id: u64,
    /// The key its events share.
    pub alert_key: String,
    /// The title of the last event, rendered.
    pub title: String,
    /// The last status that was not `Ok`.
    pub severity: EventStatus,
    /// False once an `Ok` has closed it.
    pub open: bool,
    /// The labels of the last event before the `Ok`, and those that only the `Ok` has.
    pub labels: BTreeMap<String, String>,
    /// The description of the last event.
    pub description: String,
    /// When its first event arrived.
    pub opened_at: u64,
    /// When its last event arrived.
    pub updated_at: u64,
    /// When an `Ok` closed it.
    pub closed_at: Option<u64>,
    /// How many events it had, repeated ones included.
    pub events: u64,
    /// What happened to it, oldest first.
    pub history: Vec<HistoryEntry>,
    /// How many of the oldest entries were dropped from its history, to save memory.
    #[serde(default)]
    pub forgotten: usize,
    /// The number of its last change, counted over all alerts.
    #[serde(skip)]
    pub(crate) change: u64,
}

/// An event that differed from the one before, and its repetitions. A repetition has the same status, title and
/// description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The event's status.
    pub status: EventStatus,
    /// The event's title, rendered.
    pub title: String,
    /// The event's description; empty if it had none.
    pub description: String,
    /// The labels of the last repetition.
    pub labels: BTreeMap<String, String>,
    /// When the first of these events arrived.
    pub at: u64,
    /// When the last of these events arrived.
    pub last_at: u64,
    /// How often the event was repeated. Repetitions only update labels.
    pub repeats: u64,
    /// The last of these events, as it was pushed.
    pub event: Pushed,
}

/// An event's JSON as it was pushed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pushed(Box<RawValue>);

impl Pushed {
    /// Keeps the JSON of a body; `null` if it is not JSON.
    #[must_use]
    pub fn new(body: &[u8]) -> Self {
        Self(serde_json::from_slice(body).unwrap_or_default())
    }

    /// The JSON text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for Pushed {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Pushed {}

impl Alert {
    pub(crate) fn new(id: u64, alert_key: String, first: HistoryEntry) -> Self {
        Self {
            id,
            alert_key,
            title: first.title.clone(),
            severity: first.status,
            open: true,
            labels: first.labels.clone(),
            description: first.description.clone(),
            opened_at: first.at,
            updated_at: first.at,
            closed_at: None,
            events: 1,
            history: vec![first],
            forgotten: 0,
            change: 0,
        }
    }

    /// Applies another event. A repetition only updates labels. An `Ok` adds labels but changes none, so that they still
    /// describe the problem.
    pub(crate) fn update(&mut self, entry: HistoryEntry) {
        self.events += 1;
        self.updated_at = entry.at;
        if entry.status == EventStatus::Ok {
            for (name, value) in &entry.labels {
                self.labels.entry(name.clone()).or_insert_with(|| value.clone());
            }
        } else {
            self.labels.clone_from(&entry.labels);
        }
        if let Some(last) = self.history.last_mut().filter(|last| last.is_repeated_by(&entry)) {
            last.repeat(entry);
            return;
        }
        if entry.status == EventStatus::Ok {
            self.open = false;
            self.closed_at = Some(entry.at);
        } else {
            self.severity = entry.status;
        }
        self.title.clone_from(&entry.title);
        self.description.clone_from(&entry.description);
        self.history.push(entry);
    }

    /// Roughly how many bytes of memory it takes.
    pub(crate) fn weight(&self) -> usize {
        self.history.iter().map(HistoryEntry::weight).sum()
    }
}

impl HistoryEntry {
    pub(crate) fn new(event: Event, pushed: Pushed, at: u64) -> Self {
        Self {
            status: event.status,
            title: render(&event.title_rule, &event.labels),
            description: event.description,
            labels: event.labels,
            at,
            last_at: at,
            repeats: 0,
            event: pushed,
        }
    }

    fn is_repeated_by(&self, other: &Self) -> bool {
        (self.status, &self.title, &self.description) == (other.status, &other.title, &other.description)
    }

    fn repeat(&mut self, other: Self) {
        self.repeats += 1;
        self.last_at = other.at;
        self.labels = other.labels;
        self.event = other.event;
    }

    /// Roughly how many bytes of memory it takes. The labels are kept three times, and maps need more than their content.
    fn weight(&self) -> usize {
        512 + 4 * self.event.text().len()
    }
}
