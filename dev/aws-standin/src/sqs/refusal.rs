//! The errors that SQS answers with.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error in SQS's JSON protocol. The body has its shape. The header `x-amzn-query-error` has the code of the
/// older query protocol.
pub(super) struct Refusal {
    status: StatusCode,
    shape: String,
    pub(super) code: String,
    pub(super) message: String,
}

impl Refusal {
    fn new(shape: String, code: &str, message: &str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, shape, code: code.to_owned(), message: message.to_owned() }
    }

    pub(super) fn sqs(shape: &str, code: &str, message: &str) -> Self {
        Self::new(format!("com.amazonaws.sqs#{shape}"), code, message)
    }

    /// An error of the framework below SQS.
    pub(super) fn coral(shape: &str, code: &str, message: &str) -> Self {
        Self::new(format!("com.amazon.coral.service#{shape}"), code, message)
    }

    pub(super) fn queue_error(shape: &str, message: &str) -> Self {
        Self::sqs(shape, &format!("AWS.SimpleQueueService.{shape}"), message)
    }

    pub(super) fn no_queue() -> Self {
        let code = "AWS.SimpleQueueService.NonExistentQueue";
        Self::sqs("QueueDoesNotExist", code, "The specified queue does not exist.")
    }

    pub(super) fn denied(operation: &str) -> Self {
        let message = format!(
            "User: arn:aws:sts::123456789012:assumed-role/relay/relay is not authorized to perform: sqs:{} on resource: \
             arn:aws:sqs:us-east-1:123456789012:retry.fifo because no identity-based policy allows it",
            operation.to_lowercase()
        );
        Self { status: StatusCode::FORBIDDEN, ..Self::coral("AccessDeniedException", "AccessDenied", &message) }
    }

    pub(super) fn missing(parameter: &str) -> Self {
        let message = format!("The request must contain the parameter {parameter}.");
        Self::coral("MissingRequiredParameterException", "MissingParameter", &message)
    }

    pub(super) fn invalid(message: &str) -> Self {
        let message = format!("One or more parameters are invalid. Reason: {message}");
        Self::coral("InvalidParameterValueException", "InvalidParameterValue", &message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let headers = [("x-amzn-query-error", format!("{};Sender", self.code))];
        (self.status, headers, json!({"__type": self.shape, "message": self.message}).to_string()).into_response()
    }
}
