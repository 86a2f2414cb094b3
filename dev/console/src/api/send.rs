//! Sends a message through the local API, as ZStack does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use url::Url;
use zstack_flashduty::channel::Channel;
use zstack_flashduty::platform::causes;

use crate::api_error::ApiError;
use crate::json_body::JsonBody;
use crate::server::App;
use crate::state::{Secret, Stack};
use crate::url::{channel, labels, query_string};

/// Longer than API Gateway waits for a function, so that its own answer is seen.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A message to send.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    body: String,
    /// The query string of the webhook's URL.
    #[serde(default)]
    query: String,
    /// The channel to send to; none if it is empty.
    #[serde(default)]
    channel: String,
}

/// The local API's answer.
#[derive(Serialize)]
pub(super) struct Answer {
    status: u16,
    body: String,
    took_ms: u64,
}

pub(super) async fn send(
    State(app): State<Arc<App>>,
    JsonBody(message): JsonBody<Message>,
) -> Result<Json<Answer>, ApiError> {
    let channel = channel(&message.channel).map_err(|error| ApiError::invalid(error.to_string()))?;
    // As the end of a URL they would be read as folders, and the message would go somewhere else.
    if channel.as_ref().is_some_and(|channel| [".", ".."].contains(&channel.as_str())) {
        return Err(ApiError::invalid("no URL can end in `.` or `..`; choose another channel"));
    }
    let stack = app.state.read(|state| state.stack.clone());
    let Stack { webhook_url: Some(url), token, .. } = stack else {
        let message = "the local API is not deployed yet; `make run` deploys it";
        return Err(ApiError::new(StatusCode::CONFLICT, "NotDeployed", message));
    };
    let started = Instant::now();
    match post(&app, &url, token, channel, message).await {
        Ok((status, body)) => {
            let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            Ok(Json(Answer { status, body, took_ms }))
        }
        Err(error) => {
            let message = format!("the local API did not answer: {error}; check that `make run` is still running");
            Err(ApiError::new(StatusCode::BAD_GATEWAY, "NoAnswer", message))
        }
    }
}

/// Posts a message as ZStack does, and returns the answer's status and body. The error contains no URL.
async fn post(
    app: &App,
    url: &str,
    token: Option<Secret>,
    channel: Option<Channel>,
    message: Message,
) -> Result<(u16, String), String> {
    let mut url = Url::parse(url).map_err(|error| error.to_string())?;
    if let (Some(channel), Ok(mut path)) = (channel, url.path_segments_mut()) {
        path.pop_if_empty().push(channel.as_str());
    }
    let parameters = labels(&message.query);
    if !parameters.is_empty() {
        url.set_query(Some(&query_string(&parameters)));
    }
    let mut request = app.client.post(url).timeout(TIMEOUT).header(CONTENT_TYPE, "application/json;charset=UTF-8");
    if let Some(Secret(token)) = token {
        request = request.basic_auth("zstack", Some(token));
    }
    let describe = |error: reqwest::Error| causes(&error.without_url());
    let answer = request.body(message.body).send().await.map_err(describe)?;
    Ok((answer.status().as_u16(), answer.text().await.map_err(describe)?))
}
