//! The errors that the console's API answers.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An answer `{"error": {"code", "message"}}`. The message says what happened and what to do next.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    error: ErrorBody,
}

#[derive(Debug, Serialize)]
pub(crate) struct ErrorBody {
    /// For programs.
    code: String,
    /// For people.
    message: String,
}

impl ErrorBody {
    pub(crate) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, error: ErrorBody::new(code, message) }
    }

    /// 422 `InvalidRequest`: the request's JSON is well-formed, but a value in it is not valid.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "InvalidRequest", message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body {
            error: ErrorBody,
        }
        (self.status, Json(Body { error: self.error })).into_response()
    }
}
