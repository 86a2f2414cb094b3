//! Sets up the stand-in of ZStack with the program that people run.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use crate::api_error::ApiError;
use crate::json_body::JsonBody;
use crate::server::App;
use crate::setup::{self, Language, NotStarted, Task};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    task: Task,
    language: Language,
}

pub(super) async fn start(
    State(app): State<Arc<App>>,
    JsonBody(Asked { task, language }): JsonBody<Asked>,
) -> Result<StatusCode, ApiError> {
    setup::start(&app, task, language).map_err(|error| match error {
        NotStarted::NotReady => {
            let message = "there is no ZStack to set up yet; `make run` starts a stand-in and deploys the local API";
            ApiError::new(StatusCode::CONFLICT, "NotDeployed", message)
        }
        NotStarted::Running => {
            ApiError::new(StatusCode::CONFLICT, "Running", "the program is still running; wait until it ends")
        }
        NotStarted::NothingToTakeBack => {
            let message = "no run from this page changed anything that is still there; set up first";
            ApiError::new(StatusCode::CONFLICT, "NothingToTakeBack", message)
        }
        NotStarted::Failed(program, error) => {
            let program = program.display();
            let message = format!("{program} cannot be started: {error}; the option --setup names the program");
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "CannotStart", message)
        }
    })?;
    Ok(StatusCode::ACCEPTED)
}
