//! The control endpoints under `/standin/`; the crate's documentation lists them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Json, Router};

use crate::alert::Alert;
use crate::fault::{Faults, InjectedFault};
use crate::received::Received;
use crate::shared::Shared;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/health", get(health))
        .route("/alerts", get(alerts).delete(clear))
        .route("/received", get(received))
        .route("/keys", put(set_keys))
        .route("/faults", post(add_fault).delete(clear_faults))
        .fallback(|| async { StatusCode::NOT_FOUND })
}

async fn health() -> Json<&'static str> {
    Json("ok")
}

async fn alerts(State(shared): State<Shared>) -> Json<Vec<Alert>> {
    Json(shared.lock().alerts.newest_first().cloned().collect())
}

async fn received(State(shared): State<Shared>) -> Json<Vec<Received>> {
    Json(shared.lock().received.all())
}

async fn set_keys(State(shared): State<Shared>, Json(keys): Json<Vec<String>>) -> StatusCode {
    shared.lock().keys = keys;
    StatusCode::NO_CONTENT
}

async fn add_fault(State(shared): State<Shared>, Json(fault): Json<InjectedFault>) -> StatusCode {
    shared.lock().faults.add(fault);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(shared): State<Shared>) -> StatusCode {
    shared.lock().faults = Faults::default();
    StatusCode::NO_CONTENT
}

async fn clear(State(shared): State<Shared>) -> StatusCode {
    shared.lock().clear();
    StatusCode::NO_CONTENT
}
