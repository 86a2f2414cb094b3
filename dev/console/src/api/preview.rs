//! Translates a message without pushing it.

use axum::Json;
use axum::http::StatusCode;
use tokio::task::spawn_blocking;

use super::send::Message;
use crate::api_error::ApiError;
use crate::json_body::JsonBody;
use crate::preview::Preview;

pub(super) async fn preview(JsonBody(message): JsonBody<Message>) -> Result<Json<Preview>, ApiError> {
    // On a thread of its own: a large message takes about a second, and pushes must not wait for it.
    let preview = spawn_blocking(move || Preview::of(&message.body, &message.query)).await;
    preview.map(Json).map_err(|error| {
        let message = format!("the preview failed because of a bug in the console: {error}");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "PreviewFailed", message)
    })
}
