//! The answers of Flashduty.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use serde_json::json;

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: String,
}

/// An answer, and how it is sent.
#[derive(Debug)]
pub(crate) enum Reply {
    Whole(Answer),
    Late(Answer, Duration),
    Cut(Answer),
    Close,
    Hang,
}

/// Why a push is refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) violations: Vec<String>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, violation: impl Into<String>) -> Self {
        Self { status, code, violations: vec![violation.into()] }
    }
}

impl Answer {
    pub(crate) fn accepted(alert_key: &str) -> Self {
        Self::json(200, &json!({"request_id": random_id(), "data": {"alert_key": alert_key}}))
    }

    pub(crate) fn refused(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, &json!({"request_id": random_id(), "error": {"code": code, "message": message}}))
    }

    fn json(status: u16, body: &serde_json::Value) -> Self {
        Self { status, content_type: "application/json", retry_after: None, body: body.to_string() }
    }
}

impl Reply {
    /// The status that is sent, if any.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Whole(answer) | Self::Late(answer, _) | Self::Cut(answer) => Some(answer.status),
            Self::Close | Self::Hang => None,
        }
    }
}

/// The code that Flashduty usually gives with `status`.
pub(crate) fn usual_code(status: u16) -> &'static str {
    match status {
        401 => "Unauthorized",
        403 => "AccessDenied",
        404 => "RouteNotFound",
        429 => "RequestTooFrequently",
        500.. => "InternalError",
        _ => "InvalidParameter",
    }
}

/// 32 hexadecimal digits, never the same twice: the standard library seeds its hashers at random.
pub(crate) fn random_id() -> String {
    let random = || RandomState::new().hash_one(());
    format!("{:016x}{:016x}", random(), random())
}
