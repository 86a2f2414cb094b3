//! The JSON body of a request to the console's API.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use crate::api_error::ApiError;

/// The largest body that the console accepts, in bytes.
///
/// It has room for the Base64 of the largest request that API Gateway accepts. A message that is too large for the
/// relay fits as well, so that the preview can show the relay's own error.
pub(crate) const MAX_REQUEST: usize = 16 << 20;

/// Extracts a JSON body. Unlike axum's own extractor, its errors have the console's format.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let body = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                let message = format!("the request is larger than {MAX_REQUEST} bytes; send a smaller one");
                ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "BodyTooLarge", message)
            }
            status => ApiError::new(status, "InvalidRequest", "the request was cut off; send it again"),
        })?;
        serde_json::from_slice(&body).map(Self).map_err(|error| {
            let message = format!("the request's JSON cannot be read: {error}; correct it and send it again");
            // A data error means: valid JSON, but not the expected fields.
            let status = if error.is_data() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST };
            ApiError::new(status, "InvalidRequest", message)
        })
    }
}
