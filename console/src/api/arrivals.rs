//! What the local API took.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use zstack_flashduty::deadline::epoch_millis;

use crate::refusal::Body;
use crate::server::App;

/// A request, without credentials.
#[derive(Deserialize)]
pub(crate) struct Arrival {
    body_base64: String,
}

pub(crate) async fn arrived(State(app): State<Arc<App>>, Body(arrival): Body<Arrival>) -> StatusCode {
    let _ = arrival.body_base64;
    app.board.change(|state| state.traffic.count(epoch_millis(), |now| now.arrived += 1));
    StatusCode::NO_CONTENT
}
