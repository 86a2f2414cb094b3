//! Returns an alert with its history, and deletes all alerts.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use flashduty_standin::{Alert, EventStatus, HistoryEntry, Pushed};
use serde::Serialize;

use crate::api_error::ApiError;
use crate::requests::{RequestLog, SourceMessage};
use crate::server::App;

/// An alert without its history.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    id: u64,
    alert_key: String,
    title: String,
    severity: EventStatus,
    open: bool,
    /// The label `resource`. Empty if there is none.
    resource: String,
    /// The label `channel`. `None` if there is none.
    channel: Option<String>,
    opened_at: u64,
    updated_at: u64,
    closed_at: Option<u64>,
    /// How many events it was made of, repeats included.
    events: u64,
}

impl From<&Alert> for Summary {
    fn from(alert: &Alert) -> Self {
        Self {
            id: alert.id,
            alert_key: alert.alert_key.clone(),
            title: alert.title.clone(),
            severity: alert.severity,
            open: alert.open,
            resource: alert.labels.get("resource").cloned().unwrap_or_default(),
            channel: alert.labels.get("channel").cloned(),
            opened_at: alert.opened_at,
            updated_at: alert.updated_at,
            closed_at: alert.closed_at,
            events: alert.events,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Detail {
    #[serde(flatten)]
    summary: Summary,
    /// How many entries of the history, the oldest ones, are no longer kept.
    forgotten: usize,
    /// Oldest first.
    history: Vec<Entry>,
}

/// An event that changed the alert, together with the events after it that only updated labels.
#[derive(Serialize)]
struct Entry {
    at: u64,
    last_at: u64,
    repeats: u64,
    status: EventStatus,
    title: String,
    description: String,
    labels: BTreeMap<String, String>,
    /// How it differs from the entry before. Empty if that entry is not kept.
    changed: Vec<Change>,
    /// The last of these events, as it was pushed.
    event: Pushed,
    /// The ZStack message that the event was made from. `None` if it is not known.
    message: Option<SourceMessage>,
    /// What the translation shortened or left out because of Flashduty's limits.
    cut: Vec<String>,
}

/// A field that changed. `None` means that the event does not have the field.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Change {
    field: String,
    before: Option<String>,
    after: Option<String>,
}

pub(super) async fn one(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Detail>, ApiError> {
    let alert = id.parse().ok().and_then(|id| app.standin.look(|alerts| alerts.get(id).cloned()));
    let Some(alert) = alert else {
        let message = "there is no alert with this id, or it is too old and no longer kept";
        return Err(ApiError::new(StatusCode::NOT_FOUND, "NoAlert", message));
    };
    Ok(Json(app.state.read(|state| detail(alert, &state.requests))))
}

pub(super) async fn clear(State(app): State<Arc<App>>) -> StatusCode {
    app.standin.clear();
    // The requests stay, because events that are still queued were made from them.
    app.state.update(|state| state.refused_pushes.clear());
    StatusCode::NO_CONTENT
}

fn detail(alert: Alert, requests: &RequestLog) -> Detail {
    let summary = Summary::from(&alert);
    let before = iter::once(None).chain(alert.history.iter().map(Some));
    let changes: Vec<_> = before.zip(&alert.history).map(|(before, entry)| changes(before, entry)).collect();
    let history = alert.history.into_iter().zip(changes).map(|(entry, changed)| {
        let (message, cut) = requests.find(entry.event.text(), entry.last_at).unzip();
        Entry {
            at: entry.at,
            last_at: entry.last_at,
            repeats: entry.repeats,
            status: entry.status,
            title: entry.title,
            description: entry.description,
            labels: entry.labels,
            changed,
            event: entry.event,
            message,
            cut: cut.unwrap_or_default(),
        }
    });
    Detail { summary, forgotten: alert.forgotten, history: history.collect() }
}

/// What changed between two entries. Nothing, if the earlier one is not kept.
fn changes(before: Option<&HistoryEntry>, after: &HistoryEntry) -> Vec<Change> {
    let Some(before) = before else { return Vec::new() };
    let own = [
        ("event_status", before.status.as_str(), after.status.as_str()),
        ("title", &before.title, &after.title),
        ("description", &before.description, &after.description),
    ];
    let non_empty = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let own = own.map(|(field, before, after)| Change {
        field: field.to_owned(),
        before: non_empty(before),
        after: non_empty(after),
    });
    let names: BTreeSet<_> = before.labels.keys().chain(after.labels.keys()).collect();
    let labels = names.into_iter().map(|name| Change {
        field: format!("labels.{name}"),
        before: before.labels.get(name).cloned(),
        after: after.labels.get(name).cloned(),
    });
    own.into_iter().chain(labels).filter(|change| change.before != change.after).collect()
}
