//! Why a push did not end in Flashduty.

use std::fmt;
use std::time::Duration;

use super::quote::Quote;
use crate::deadline::NoTimeLeft;

/// Why Flashduty did not confirm an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PushError {
    /// Flashduty will never take the alert.
    #[error("Flashduty refused the alert: {said}; {}", advice(.said.remedy()))]
    Refused {
        /// Its answer.
        said: Said,
        /// Flashduty's id of the request, if it gave one.
        request_id: Option<Quote>,
        /// Whether another push URL may help.
        about_credential: bool,
    },

    /// Flashduty may take the alert later: it is overloaded or broken.
    #[error(
        "Flashduty could not take the alert: {0}; if this continues, look at Flashduty's status and at the push URL's host"
    )]
    Unavailable(Said),

    /// Somebody else answered in Flashduty's place, so Flashduty may take the alert later.
    #[error(
        "Flashduty could not take the alert: something between here and Flashduty answered for {host}, with HTTP status \
         {status}{}",
        of_foreign(*.status)
    )]
    Foreign {
        /// The push URL's host.
        host: String,
        /// The HTTP status of the answer.
        status: u16,
    },

    /// Flashduty did not answer.
    #[error(
        "Flashduty at {host} cannot be reached: {why}; if this continues, check the push URL's host and the function's way \
         to the internet"
    )]
    Unreachable {
        /// The push URL's host.
        host: String,
        /// What went wrong.
        why: NoAnswer,
    },

    /// The time ran out before the first attempt ended.
    #[error(transparent)]
    NoTimeLeft(#[from] NoTimeLeft),
}

/// Flashduty's answer if it does not take an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// The HTTP status.
    pub status: u16,
    /// The error code, if it gave one.
    pub code: Option<Quote>,
    /// Its message, if it gave one.
    pub message: Option<Quote>,
}

/// What to do about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Check the subscription.
    Subscription,
    /// Copy the push URL again: its path is wrong.
    Path,
    /// Send a shorter message.
    Shorter,
    /// Store the new push URL if it changed.
    Key,
}

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// It did not come in time.
    #[error("no answer within {:.1} s", .0.as_secs_f64())]
    Within(Duration),
    /// The connection could not be made, or broke: in the words of the libraries.
    #[error("{0}")]
    Failed(Quote),
}

impl PushError {
    /// Whether the same event may be accepted later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Refused { .. } => false,
            Self::Unavailable(_) | Self::Foreign { .. } | Self::Unreachable { .. } | Self::NoTimeLeft(_) => true,
        }
    }

    /// Flashduty's words if a shared integration rejected the event because no route takes it. The documentation does not
    /// say with which code, so this looks for the word (`docs/protocols/flashduty.md`, "The push URL").
    #[must_use]
    pub fn of_missing_route(&self) -> Option<String> {
        let Self::Refused { about_credential: false, said, .. } = self else { return None };
        let code = said.code.as_ref().map(Quote::as_str);
        let is_path = said.status == 404 || code == Some("RouteNotFound");
        let said = said.to_string();
        let lower = said.to_lowercase();
        let is_about_routes = ["route", "routing", "路由"].iter().any(|word| lower.contains(word));
        (is_about_routes && !is_path).then_some(said)
    }

    /// The name of the error, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "FlashdutyRefused",
            Self::Unavailable(_) | Self::Foreign { .. } => "FlashdutyUnavailable",
            Self::Unreachable { .. } => "FlashdutyUnreachable",
            Self::NoTimeLeft(_) => NoTimeLeft::CODE,
        }
    }
}

/// What to do about a refusal.
fn advice(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Subscription => "check the Flashduty account's subscription",
        Remedy::Path => "the push URL's path is wrong: copy it from the integration again",
        Remedy::Shorter => "the message is too large for it",
        Remedy::Key => "if the push URL or its key changed, put the new one into the SSM parameter",
    }
}

/// What an answer that is not Flashduty's is, and what to do about it.
fn of_foreign(status: u16) -> &'static str {
    if is_redirect(status) {
        ", a redirect, which is not followed: it would send the key to another server; if this continues, copy the push URL \
         from the integration again, and look for a proxy on the way"
    } else {
        " and a body that is not Flashduty's; if this continues, look for a proxy or a firewall on the way, and check the \
         push URL's host"
    }
}

/// Whether this is the HTTP status of a redirect.
#[must_use]
pub(crate) fn is_redirect(status: u16) -> bool {
    matches!(status, 300..=399)
}

impl Said {
    /// What stands in place of a message.
    pub const NO_MESSAGE: &str = "no reason given";

    /// What to do if it is a refusal.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match (self.status, self.code.as_ref().map(Quote::as_str)) {
            (_, Some("ResourceNotFound" | "NoLicense")) => Remedy::Subscription,
            (404, _) | (_, Some("RouteNotFound")) => Remedy::Path,
            (413, _) => Remedy::Shorter,
            _ => Remedy::Key,
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => code.fmt(f)?,
            None => write!(f, "HTTP status {}", self.status)?,
        }
        write!(f, ": {}", self.message.as_ref().map_or(Self::NO_MESSAGE, Quote::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_route_is_told_from_a_wrong_path_and_a_wrong_key() {
        let refused = |status, code: &str, message: &str, about_credential| {
            let [code, message] = [code, message].map(|text| Some(Quote::Text(text.to_owned())));
            PushError::Refused { said: Said { status, code, message }, request_id: None, about_credential }
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
