//! The weather's switches.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::refusal::{Body, Refusal};
use crate::server::App;
use crate::weather::Change;

pub(crate) async fn change(State(app): State<Arc<App>>, Body(change): Body<Change>) -> Result<StatusCode, Refusal> {
    app.change_weather(&change)
        .map_err(|wrong| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "InvalidRequest", wrong))?;
    Ok(StatusCode::NO_CONTENT)
}
