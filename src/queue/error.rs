//! What can go wrong with a call of SQS.

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

use crate::platform::causes;

/// Why SQS did not do what it was asked. Holds the queue's name, and nothing of the messages.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("SQS queue {queue} {what}")]
pub struct QueueError {
    /// The queue's name.
    pub(crate) queue: String,
    /// What it did.
    pub(crate) what: QueueFailure,
}

/// What a queue did, or what happened to a call about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QueueFailure {
    /// It refused, with this error code of SQS, if it gave one.
    #[error("refused: {}", .0.as_deref().unwrap_or("an unknown error"))]
    Refused(Option<String>),
    /// The connection could not be made, or broke: in the words of the libraries.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// There was no answer in time.
    #[error("did not answer in time")]
    Timeout,
    /// It did not do it for some messages.
    #[error("refused some")]
    RefusedSome,
    /// The SDK could not make the call.
    #[error("could not be called")]
    NotCalled,
    /// The call could not be made, or the answer cannot be read.
    #[error("could not be called, or answered with what cannot be read")]
    Unreadable,
}

impl QueueError {
    /// What went wrong with a call about the queue with this URL. Never the SDK's `Debug`, which prints whole messages.
    pub(super) fn of_call<E: ProvideErrorMetadata>(error: &SdkError<E>, url: &str) -> Self {
        let what = match error {
            SdkError::ServiceError(service) => QueueFailure::Refused(service.err().code().map(str::to_owned)),
            SdkError::DispatchFailure(failure) => {
                let cause = failure.as_connector_error().map(|error| causes(error));
                QueueFailure::Unreachable(cause.unwrap_or_default())
            }
            SdkError::TimeoutError(_) => QueueFailure::Timeout,
            _ => QueueFailure::Unreadable,
        };
        Self::new(url, what)
    }

    /// Whether SQS did nothing: it refused, or was not called. After an error of its own, it may have done it all the same.
    pub(super) fn did_nothing(&self) -> bool {
        match &self.what {
            QueueFailure::Refused(Some(code)) => {
                !["InternalError", "InternalFailure", "ServiceUnavailable"].contains(&code.as_str())
            }
            QueueFailure::NotCalled => true,
            _ => false,
        }
    }

    pub(super) fn timeout(url: &str) -> Self {
        Self::new(url, QueueFailure::Timeout)
    }

    pub(super) fn refused_some(url: &str) -> Self {
        Self::new(url, QueueFailure::RefusedSome)
    }

    pub(super) fn not_called(url: &str) -> Self {
        Self::new(url, QueueFailure::NotCalled)
    }

    fn new(url: &str, what: QueueFailure) -> Self {
        // A queue's name is the end of its URL.
        Self { queue: url.rsplit('/').next().unwrap_or_default().to_owned(), what }
    }
}
