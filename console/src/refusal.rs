//! What the console answers when something is wrong.

use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// `{"error": {"code", "message"}}`: the message says what happened, and what to do next.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    error: ErrorBody,
}

/// An error, for programs and for people.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ErrorBody {
    code: String,
    message: String,
}

impl ErrorBody {
    pub(crate) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, error: ErrorBody::new(code, message) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body {
            error: ErrorBody,
        }
        (self.status, Json(Body { error: self.error })).into_response()
    }
}

/// The JSON of a request, refused in our own words where it is not as it must be.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        match Json::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(Refusal::new(rejection.status(), "InvalidRequest", rejection.body_text())),
        }
    }
}
