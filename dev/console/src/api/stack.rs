//! What `make run` tells of the local API and its queues.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use url::Url;
use zstack_flashduty::deadline::epoch_millis;

use crate::board::{Stack, Token};
use crate::refusal::{Body, Refusal};
use crate::server::App;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deployed {
    webhook_url: Option<String>,
    token: Option<Token>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Queues {
    queued: u64,
    dead: u64,
}

pub(crate) async fn deployed(
    State(app): State<Arc<App>>,
    Body(deployed): Body<Deployed>,
) -> Result<StatusCode, Refusal> {
    let Deployed { webhook_url, token } = deployed;
    if webhook_url.as_ref().is_some_and(|url| !is_plain(url)) {
        // The page shows it.
        let message = "webhook_url must be an http URL without user name, password and query";
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "InvalidRequest", message));
    }
    app.board.change(|state| state.stack = Stack { webhook_url, token });
    Ok(StatusCode::NO_CONTENT)
}

fn is_plain(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| {
        url.scheme() == "http" && url.username().is_empty() && url.password().is_none() && url.query().is_none()
    })
}

pub(crate) async fn queues(State(app): State<Arc<App>>, Body(Queues { queued, dead }): Body<Queues>) -> StatusCode {
    app.board.change(|state| {
        state.traffic.count(epoch_millis(), |now| (now.queued, now.dead) = (queued, dead));
    });
    StatusCode::NO_CONTENT
}
