//! Sets the faults that the stand-in simulates.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::api_error::ApiError;
use crate::faults::Change;
use crate::json_body::JsonBody;
use crate::server::App;

pub(super) async fn change(
    State(app): State<Arc<App>>,
    JsonBody(change): JsonBody<Change>,
) -> Result<StatusCode, ApiError> {
    app.change_faults(&change).map_err(ApiError::invalid)?;
    Ok(StatusCode::NO_CONTENT)
}
