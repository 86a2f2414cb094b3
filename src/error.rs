//! Everything that can go wrong with a request: what it is called, what it answers, and whether to
//! try again.

/// Why a request, or one alert of it, did not end well.
///
/// Messages say what happened, to what, and what to do next. They reach the administrator's screen
/// and the log, so none of them holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The request has no body.
    #[error("the request has no body; ZStack's webhook sends one message in it")]
    EmptyBody,

    /// The event says that its body is base64, and it is not.
    #[error("the body is not the base64 that the event says it is; check what calls the function")]
    InvalidBase64,

    /// The body is larger than [`MAX_BODY`](crate::webhook::MAX_BODY).
    #[error("the body has {bytes} bytes and {limit} are taken; shorten the message template in ZStack")]
    BodyTooLarge {
        /// The body's size.
        bytes: usize,
        /// What is taken.
        limit: usize,
    },

    /// Path and query string are longer than [`MAX_URL`](crate::webhook::MAX_URL).
    #[error("the URL has {bytes} bytes behind its host and {limit} are taken; shorten the endpoint's URL in ZStack")]
    UrlTooLong {
        /// The size of path and query string.
        bytes: usize,
        /// What is taken.
        limit: usize,
    },

    /// Neither GET or HEAD /health nor a POST.
    #[error("send alarms with POST; this was {method}")]
    MethodNotAllowed {
        /// The method that was used.
        method: String,
    },

    /// No credential, or a wrong one.
    #[error(
        "{}; in ZStack's console set the endpoint's password to the webhook token (any user name), \
         or put ?token=… behind its URL",
        if *.shown { "the webhook token is wrong" } else { "no webhook token was sent" }
    )]
    Unauthorized {
        /// Whether the caller showed a credential at all.
        shown: bool,
    },

    /// The settings cannot be read.
    #[error("{what}")]
    Settings {
        /// What is wrong, with which parameter, and what to do.
        what: String,
    },

    /// Flashduty will not take the alert, now or later.
    #[error("Flashduty refused the alert: {code}: {message}; {}", advice(*.status, code))]
    Refused {
        /// The HTTP status it answered.
        status: u16,
        /// Flashduty's error code, or the HTTP status where it gave none.
        code: String,
        /// Flashduty's message.
        message: String,
        /// Flashduty's id of the request, if it gave one.
        request_id: Option<String>,
        /// Whether another push URL may help.
        about_credential: bool,
    },

    /// Flashduty may take the alert later: it is overloaded or broken, or somebody else answered for it.
    #[error("Flashduty could not take the alert: {what}; if it stays so, {advice}")]
    Unavailable {
        /// Who answered, and what.
        what: String,
        /// What to do then.
        advice: &'static str,
    },

    /// No answer from Flashduty.
    #[error(
        "Flashduty at {host} cannot be reached: {what}; if it stays so, check the push URL's host and the \
         function's way to the internet"
    )]
    Unreachable {
        /// Where the push URL points.
        host: String,
        /// What went wrong.
        what: String,
    },

    /// The alert could be neither pushed nor queued.
    #[error("the alert could be neither pushed nor queued: {push}; {queue}")]
    Lost {
        /// Why it was not pushed.
        push: String,
        /// Why it was not queued.
        queue: String,
    },

    /// The time for the request ran out.
    #[error("the time ran out before Flashduty had the alert; if it stays so, give the function a longer timeout")]
    NoTimeLeft,
}

impl Error {
    /// The HTTP status to answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::EmptyBody | Self::InvalidBase64 => 400,
            Self::Unauthorized { .. } => 401,
            Self::MethodNotAllowed { .. } => 405,
            Self::BodyTooLarge { .. } => 413,
            Self::UrlTooLong { .. } => 414,
            Self::Refused { .. } => 502,
            Self::Settings { .. } | Self::Unavailable { .. } | Self::Unreachable { .. } | Self::Lost { .. } => 503,
            Self::NoTimeLeft => 504,
        }
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub fn try_again(&self) -> bool {
        matches!(self.status(), 503 | 504)
    }

    /// The name of the error, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyBody => "EmptyBody",
            Self::InvalidBase64 => "InvalidBase64",
            Self::BodyTooLarge { .. } => "BodyTooLarge",
            Self::UrlTooLong { .. } => "UrlTooLong",
            Self::MethodNotAllowed { .. } => "MethodNotAllowed",
            Self::Unauthorized { .. } => "Unauthorized",
            Self::Settings { .. } => "SettingsUnavailable",
            Self::Refused { .. } => "FlashdutyRefused",
            Self::Unavailable { .. } => "FlashdutyUnavailable",
            Self::Unreachable { .. } => "FlashdutyUnreachable",
            Self::Lost { .. } => "QueueUnavailable",
            Self::NoTimeLeft => "NoTimeLeft",
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

/// An error with its causes. Libraries' errors say what happened at the outside and why at the inside.
#[must_use]
pub fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    chain(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// An error, its cause, the cause's cause and so on.
pub(crate) fn chain<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}
