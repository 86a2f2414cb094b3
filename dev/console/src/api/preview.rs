//! Translates a message without pushing it.

use axum::Json;
use axum::http::StatusCode;
use serde::Deserialize;
use tokio::task::spawn_blocking;
use zstack_flashduty::language::Language;

use crate::api_error::ApiError;
use crate::json_body::JsonBody;
use crate::preview::Preview;

/// A message to preview.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    body: String,
    /// The query string of the webhook's URL.
    #[serde(default)]
    query: String,
    /// The channel behind the webhook's URL; none if it is empty.
    #[serde(default)]
    channel: String,
    /// The tag of the language; English if it is empty or unknown.
    #[serde(default)]
    language: String,
}

pub(super) async fn preview(JsonBody(message): JsonBody<Message>) -> Result<Json<Preview>, ApiError> {
    // On a thread of its own: a large message takes about a second, and pushes must not wait for it.
    let language = Language::read(&message.language).unwrap_or_default();
    let preview = spawn_blocking(move || Preview::of(&message.body, &message.query, &message.channel, language)).await;
    preview.map(Json).map_err(|error| {
        let message = format!("the preview failed because of a bug in the console: {error}");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "PreviewFailed", message)
    })
}
