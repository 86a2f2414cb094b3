//! Why a push did not end in Flashduty.

use crate::deadline::NoTimeLeft;

/// Why Flashduty did not confirm an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PushError {
    /// Flashduty will never take the alert.
    #[error("Flashduty refused the alert: {code}: {message}; {}", advice(*.status, code))]
    Refused {
        /// The HTTP status it answered.
        status: u16,
        /// Flashduty's error code, or the HTTP status if it gave none.
        code: String,
        /// Flashduty's message.
        message: String,
        /// Flashduty's id of the request, if it gave one.
        request_id: Option<String>,
        /// Whether another push URL may help.
        about_credential: bool,
    },

    /// Flashduty may take the alert later: it is overloaded or broken, or somebody else answered in its place.
    #[error("Flashduty could not take the alert: {what}; if this continues, {advice}")]
    Unavailable {
        /// Who answered, and what.
        what: String,
        /// What to do then.
        advice: &'static str,
    },

    /// Flashduty did not answer.
    #[error(
        "Flashduty at {host} cannot be reached: {what}; if this continues, check the push URL's host and the \
         function's way to the internet"
    )]
    Unreachable {
        /// The push URL's host.
        host: String,
        /// What went wrong.
        what: String,
    },

    /// The time ran out before the first attempt ended.
    #[error(transparent)]
    NoTimeLeft(#[from] NoTimeLeft),
}

impl PushError {
    /// Whether the same event may be accepted later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Refused { .. } => false,
            Self::Unavailable { .. } | Self::Unreachable { .. } | Self::NoTimeLeft(_) => true,
        }
    }

    /// The name of the error, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "FlashdutyRefused",
            Self::Unavailable { .. } => "FlashdutyUnavailable",
            Self::Unreachable { .. } => "FlashdutyUnreachable",
            Self::NoTimeLeft(_) => NoTimeLeft::CODE,
        }
    }
}

/// What to do about a refusal.
fn advice(status: u16, code: &str) -> &'static str {
    match (status, code) {
        (_, "ResourceNotFound" | "NoLicense") => "check the Flashduty account's subscription",
        (404, _) | (_, "RouteNotFound") => "the push URL's path is wrong: copy it from the integration again",
        (413, _) => "the message is too large for it",
        _ => "if the push URL or its key changed, put the new one into the SSM parameter",
    }
}
