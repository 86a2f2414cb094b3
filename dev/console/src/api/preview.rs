//! What a message becomes.

use axum::Json;
use axum::http::StatusCode;
use tokio::task::spawn_blocking;

use super::send::Message;
use crate::preview::Preview;
use crate::refusal::{Body, Refusal};

/// On a thread of its own: a large request takes a while, and pushes must not wait for it.
pub(crate) async fn preview(Body(message): Body<Message>) -> Result<Json<Preview>, Refusal> {
    let preview = spawn_blocking(move || Preview::of(&message.body, &message.query)).await;
    preview.map(Json).map_err(|error| {
        let message = format!("the preview failed, which is a mistake of the console: {error}");
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "PreviewFailed", message)
    })
}
