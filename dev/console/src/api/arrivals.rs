//! What came to the local API.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use zstack_flashduty::deadline::epoch_millis;

use crate::originals::Arrival;
use crate::refusal::{Body, Refusal};
use crate::server::App;

/// A request, without credentials, told before it is answered.
#[derive(Deserialize)]
pub(crate) struct Request {
    at: u64,
    path: String,
    query: String,
    body_base64: String,
}

pub(crate) async fn arrived(State(app): State<Arc<App>>, Body(request): Body<Request>) -> Result<StatusCode, Refusal> {
    let body = BASE64_STANDARD.decode(&request.body_base64).map_err(|error| {
        let message = format!("body_base64 is not base64: {error}");
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "InvalidRequest", message)
    })?;
    let arrival = Arrival::new(request.at, &request.path, &request.query, &body);
    app.board.change(|state| {
        // Of now, though it came a little earlier: seconds that are past have been told.
        state.traffic.count(epoch_millis(), |now| now.arrived += arrival.messages());
        state.originals.add(arrival);
    });
    Ok(StatusCode::NO_CONTENT)
}
