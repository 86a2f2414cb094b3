//! What `make run` reports about the local API and its queues.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use url::Url;
use zstack_flashduty::deadline::epoch_millis;

use crate::api_error::ApiError;
use crate::json_body::JsonBody;
use crate::server::App;
use crate::state::{DeployedChannel, Secret, Stack, ZStack};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Deployed {
    webhook_url: Option<String>,
    token: Option<Secret>,
    #[serde(default)]
    channels: Vec<DeployedChannel>,
    zstack: Option<ZStack>,
}

/// How many alerts wait in each queue.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Queues {
    queued: u64,
    dead: u64,
}

pub(super) async fn deployed(
    State(app): State<Arc<App>>,
    JsonBody(Deployed { webhook_url, token, channels, zstack }): JsonBody<Deployed>,
) -> Result<StatusCode, ApiError> {
    // The page shows the URL, so it must not contain credentials.
    if webhook_url.as_ref().is_some_and(|url| !is_without_credentials(url)) {
        return Err(ApiError::invalid("webhook_url must be an http URL without user name, password and query"));
    }
    if zstack.as_ref().is_some_and(|zstack| !is_without_credentials(&zstack.url)) {
        return Err(ApiError::invalid("zstack.url must be an http URL without user name, password and query"));
    }
    app.state.update(|state| state.stack = Stack { webhook_url, token, channels, zstack });
    Ok(StatusCode::NO_CONTENT)
}

fn is_without_credentials(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| {
        url.scheme() == "http" && url.username().is_empty() && url.password().is_none() && url.query().is_none()
    })
}

pub(super) async fn queues(
    State(app): State<Arc<App>>,
    JsonBody(Queues { queued, dead }): JsonBody<Queues>,
) -> StatusCode {
    app.state.update(|state| {
        state.traffic.count(epoch_millis(), |now| (now.queued, now.dead) = (queued, dead));
    });
    StatusCode::NO_CONTENT
}
