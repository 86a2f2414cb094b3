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

    /// Flashduty's words if a shared integration rejected the event because no route takes it. The documentation does not
    /// say with which code, so this looks for the word (`docs/protocols/flashduty.md`, "The push URL").
    #[must_use]
    pub fn of_missing_route(&self) -> Option<String> {
        let Self::Refused { about_credential: false, status, code, message, .. } = self else { return None };
        let is_path = *status == 404 || code == "RouteNotFound";
        let said = format!("{code}: {message}");
        let lower = said.to_lowercase();
        let is_about_routes = ["route", "routing", "路由"].iter().any(|word| lower.contains(word));
        (is_about_routes && !is_path).then_some(said)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_route_is_told_from_a_wrong_path_and_a_wrong_key() {
        let refused = |status, code: &str, message: &str, about_credential| PushError::Refused {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
            request_id: None,
            about_credential,
        };
        for (code, message) in [
            ("InvalidParameter", "No route matched"),
            ("BadRequest", "没有匹配的路由"),
            ("NoRouting", "no reason given"),
        ] {
            let said = refused(400, code, message, false).of_missing_route();
            assert_eq!(said, Some(format!("{code}: {message}")));
        }
        for other in [
            refused(400, "InvalidParameter", "title_rule is required", false),
            refused(404, "RouteNotFound", "no such route", false),
            refused(400, "RouteNotFound", "no such route", false),
            refused(403, "AccessDenied", "no route", true),
            refused(400, "NoLicense", "no licence", false),
            NoTimeLeft.into(),
        ] {
            assert_eq!(other.of_missing_route(), None, "{other}");
        }
    }
}
