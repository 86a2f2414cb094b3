//! The two kinds of error: a request that is turned away, and a delivery that did not end in Flashduty.
//!
//! Messages say what happened, to what, and what to do next. They reach the administrator's screen and the log, so
//! none of them holds a secret.

use crate::channel::{Channel, InvalidChannel};
use crate::deadline::NoTimeLeft;
use crate::flashduty::PushError;
use crate::queue::{InvalidLetter, QueueError};
use crate::secrets::{SecretError, SecretErrors};

/// Why a request was turned away, before anything of it was delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The request has no body.
    #[error("the request has no body; ZStack's webhook sends one message in it")]
    EmptyBody,

    /// API Gateway's event says that the body is base64, but it is not.
    #[error("the body is not the base64 that the event says it is; check what calls the function")]
    InvalidBase64,

    /// The body is larger than [`MAX_BODY`](crate::webhook::MAX_BODY).
    #[error("the body has {bytes} bytes, and the limit is {limit}; shorten the message template in ZStack")]
    BodyTooLarge {
        /// The body's size.
        bytes: usize,
        /// The largest size that is accepted.
        limit: usize,
    },

    /// Path and query string are too long.
    #[error(
        "the URL has {bytes} bytes behind its host, and the limit is {limit}; shorten the endpoint's URL in ZStack"
    )]
    UrlTooLong {
        /// The size of path and query string.
        bytes: usize,
        /// The largest size that is accepted.
        limit: usize,
    },

    /// Neither a POST nor GET or HEAD /health.
    #[error("send alarms with POST; this was {method}")]
    MethodNotAllowed {
        /// The request's method.
        method: String,
    },

    /// The caller's address is in none of the allowed networks.
    #[error(
        "callers from {} may not call; if this is ZStack, add its address to AllowedSourceCidrs",
        .address.as_deref().unwrap_or("an unknown address")
    )]
    SourceNotAllowed {
        /// The address, as API Gateway saw it.
        address: Option<String>,
    },

    /// No webhook token, or a wrong one.
    #[error(
        "{}; in ZStack's console set the endpoint's password to the webhook token (any user name), \
         or put ?token=… behind its URL",
        if *.shown { "the webhook token is wrong" } else { "no webhook token was sent" }
    )]
    Unauthorized {
        /// Whether the caller sent any token.
        shown: bool,
    },

    /// The URL's path ends in something that cannot be a channel's name.
    #[error("{0}; correct the end of the endpoint's URL in ZStack")]
    InvalidChannel(#[from] InvalidChannel),

    /// There is no such channel.
    #[error(
        "there is no channel {channel}: create the SSM parameter {parameter} as a SecureString with its push URL and \
         wait for half a minute, or correct the end of the endpoint's URL in ZStack"
    )]
    UnknownChannel {
        /// Its name.
        channel: Channel,
        /// The name of the parameter that would hold its push URL.
        parameter: String,
    },

    /// A secret that is needed to answer cannot be read.
    #[error(transparent)]
    SecretsUnavailable(#[from] SecretErrors),

    /// The request's time ran out before the caller could be checked.
    #[error(transparent)]
    NoTimeLeft(#[from] NoTimeLeft),
}

impl Rejection {
    /// The name of the error, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyBody => "EmptyBody",
            Self::InvalidBase64 => "InvalidBase64",
            Self::BodyTooLarge { .. } => "BodyTooLarge",
            Self::UrlTooLong { .. } => "UrlTooLong",
            Self::MethodNotAllowed { .. } => "MethodNotAllowed",
            Self::SourceNotAllowed { .. } => "SourceNotAllowed",
            Self::Unauthorized { .. } => "Unauthorized",
            Self::InvalidChannel(_) | Self::UnknownChannel { .. } => "UnknownChannel",
            Self::SecretsUnavailable(_) => SETTINGS_UNAVAILABLE,
            Self::NoTimeLeft(_) => NoTimeLeft::CODE,
        }
    }
}

/// Why an alert is not in Flashduty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DeliveryError {
    /// No push URL is known.
    #[error(transparent)]
    NoPushUrl(#[from] SecretError),

    /// Flashduty refused the key, and SSM could not be asked for a new one.
    #[error(
        "Flashduty refused the push URL's key, and SSM does not say whether there is a new one: \
         the function's log says why"
    )]
    KeyRefused,

    /// SSM has a new push URL whose integration takes another kind of event.
    #[error("SSM has a push URL of another kind by now: the next try uses it")]
    OtherIntegration,

    /// Flashduty did not confirm the alert.
    #[error(transparent)]
    Push(#[from] PushError),

    /// An older message about the same alert waits in the retry queue, and must be delivered first.
    #[error("an older event of this alert is still in the retry queue")]
    SameAlertWaits,

    /// Flashduty has the alert, but an older letter about it would be pushed after it.
    #[error(
        "Flashduty has this alert, but an older message about it waits in the retry queue, which accepts no newer one: the \
         older one would be delivered last"
    )]
    OlderLetterWaits,

    /// A request's alert could be neither pushed nor queued.
    #[error("the alert could be neither pushed nor queued: {why}; {queue}")]
    NotQueued {
        /// Why it was not pushed.
        why: Box<DeliveryError>,
        /// Why it was not queued.
        queue: QueueError,
    },

    /// An alert of the retry queue is given up, but the dead letter queue did not take it.
    #[error("given up ({why}): {queue}")]
    NoDeadLetter {
        /// Why it is given up.
        why: Box<DeliveryError>,
        /// Why the dead letter queue did not take it.
        queue: QueueError,
    },

    /// The alert waited in the retry queue for as long as alerts are retried.
    #[error("tried for {tried_for}{}", .last.as_ref().map(|last| format!(": {last}")).unwrap_or_default())]
    Expired {
        /// How long it was retried, such as `9d`.
        tried_for: String,
        /// Why the last try failed, if there was one just now.
        last: Option<Box<DeliveryError>>,
    },

    /// A message in the retry queue is no letter that this version understands.
    #[error(transparent)]
    InvalidLetter(#[from] InvalidLetter),
}

impl DeliveryError {
    /// Whether the same alert may be delivered later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::NoPushUrl(_)
            | Self::KeyRefused
            | Self::OtherIntegration
            | Self::SameAlertWaits
            | Self::OlderLetterWaits
            | Self::NotQueued { .. }
            | Self::NoDeadLetter { .. } => true,
            Self::Push(error) => error.is_retryable(),
            Self::Expired { .. } | Self::InvalidLetter(_) => false,
        }
    }

    /// The name of the error, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoPushUrl(_) | Self::KeyRefused | Self::OtherIntegration => SETTINGS_UNAVAILABLE,
            Self::Push(error) => error.code(),
            Self::SameAlertWaits => "SameAlertWaits",
            Self::OlderLetterWaits | Self::NotQueued { .. } | Self::NoDeadLetter { .. } => "QueueUnavailable",
            Self::Expired { .. } => "Expired",
            Self::InvalidLetter(_) => "InvalidLetter",
        }
    }
}

const SETTINGS_UNAVAILABLE: &str = "SettingsUnavailable";
