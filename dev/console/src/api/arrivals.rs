//! Requests that the local API received, as `make run` reports them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use zstack_flashduty::deadline::epoch_millis;

use crate::api_error::ApiError;
use crate::json_body::JsonBody;
use crate::requests::ReceivedRequest;
use crate::server::App;

/// A request to the local API, without its credentials. It is reported before it is answered.
#[derive(Deserialize)]
pub(super) struct Arrival {
    at: u64,
    path: String,
    query: String,
    body_base64: String,
}

pub(super) async fn arrived(
    State(app): State<Arc<App>>,
    JsonBody(arrival): JsonBody<Arrival>,
) -> Result<StatusCode, ApiError> {
    let body = BASE64_STANDARD
        .decode(&arrival.body_base64)
        .map_err(|error| ApiError::invalid(format!("body_base64 is not Base64: {error}")))?;
    let request = ReceivedRequest::new(arrival.at, &arrival.path, &arrival.query, &body);
    app.state.update(|state| {
        // Counted in the current second, because the second of `arrival.at` may already have been sent to the page.
        state.traffic.count(epoch_millis(), |now| now.arrived += request.messages());
        state.requests.add(request);
    });
    Ok(StatusCode::NO_CONTENT)
}
