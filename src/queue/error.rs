//! What can go wrong with a call of SQS.

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

use crate::platform::causes;

/// Why SQS did not do what it was asked. Holds the queue's name, and nothing of the messages.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("SQS queue {queue} {what}")]
pub struct QueueError {
    queue: String,
    what: String,
}

impl QueueError {
    /// What went wrong with a call about the queue with this URL. Never the SDK's `Debug`, which prints whole messages.
    pub(super) fn of_call<E: ProvideErrorMetadata>(error: &SdkError<E>, url: &str) -> Self {
        match error {
            SdkError::ServiceError(service) => {
                let code = service.err().code().unwrap_or("an unknown error");
                Self::new(url, format!("refused: {code}"))
            }
            SdkError::DispatchFailure(failure) => {
                let cause = failure.as_connector_error().map(|error| causes(error)).unwrap_or_default();
                Self::new(url, format!("cannot be reached: {cause}"))
            }
            SdkError::TimeoutError(_) => Self::timeout(url),
            _ => Self::new(url, "could not be called, or answered with what cannot be read".to_owned()),
        }
    }

    pub(super) fn timeout(url: &str) -> Self {
        Self::new(url, "did not answer in time".to_owned())
    }

    pub(super) fn refused_some(url: &str) -> Self {
        Self::new(url, "refused some".to_owned())
    }

    pub(super) fn not_called(url: &str) -> Self {
        Self::new(url, "could not be called".to_owned())
    }

    fn new(url: &str, what: String) -> Self {
        // A queue's name is the end of its URL.
        Self { queue: url.rsplit('/').next().unwrap_or_default().to_owned(), what }
    }
}
