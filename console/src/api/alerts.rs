//! One alert with its history.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use flashduty_standin::{Alert, EventStatus};
use serde::Serialize;

use crate::refusal::Refusal;
use crate::server::App;

/// An alert without its history.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    id: u64,
    alert_key: String,
    title: String,
    severity: EventStatus,
    open: bool,
    resource: String,
    opened_at: u64,
    updated_at: u64,
    closed_at: Option<u64>,
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
            opened_at: alert.opened_at,
            updated_at: alert.updated_at,
            closed_at: alert.closed_at,
            events: alert.events,
        }
    }
}

pub(crate) async fn one(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Alert>, Refusal> {
    let alert = id.parse().ok().and_then(|id| app.standin.look(|alerts| alerts.get(id).cloned()));
    alert.map(Json).ok_or_else(|| {
        let message = "there is no such alert, or it was long ago and is forgotten";
        Refusal::new(StatusCode::NOT_FOUND, "NoAlert", message)
    })
}

pub(crate) async fn clear(State(app): State<Arc<App>>) -> StatusCode {
    app.standin.clear();
    app.board.change(|state| state.refusals.clear());
    StatusCode::NO_CONTENT
}
