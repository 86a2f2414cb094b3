//! What the console answers when something is wrong.

use axum::Json;
use axum::body::Bytes;
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

/// The most bytes of a request: as Base64, the largest that API Gateway takes. What is too large for the relay is
/// less than that, and the relay says so itself.
pub(crate) const MAX_REQUEST: usize = 16 << 20;

/// The JSON of a request, refused in our own words where it is not as it must be.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let body = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                let message = format!("the request is larger than {MAX_REQUEST} bytes: send a smaller one");
                Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "BodyTooLarge", message)
            }
            status => Refusal::new(status, "InvalidRequest", "the request broke off: send it again"),
        })?;
        serde_json::from_slice(&body).map(Self).map_err(|error| {
            let message = format!("the request's JSON cannot be read: {error}; mend that, and send it again");
            // Such data is JSON, but not what is asked for.
            let status = if error.is_data() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST };
            Refusal::new(status, "InvalidRequest", message)
        })
    }
}
