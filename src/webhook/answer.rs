//! The HTTP answers. ZStack shows them to the administrator who pressed the test button.

use std::borrow::Cow;

use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use lambda_http::http::{HeaderName, HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use serde::Serialize;

use super::texts;
use crate::delivery::{End, Outcome, Summary, WorstEnd};
use crate::error::{DeliveryError, Rejection};
use crate::flashduty::{PushError, Status};
use crate::language::Language;

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    queued: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorBody<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    alerts: Vec<AlertBody<'a>>,
    request_id: &'a str,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    flashduty: Option<Refusal<'a>>,
}

/// A refusal in Flashduty's own words, as far as it has any.
#[derive(Serialize)]
struct Refusal<'a> {
    status: u16,
    code: Cow<'a, str>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

#[derive(Serialize)]
struct AlertBody<'a> {
    alert_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_status: Option<Status>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    queued: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    flashduty_request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorBody<'a>>,
}

impl<'a> ErrorBody<'a> {
    fn of_rejection(rejection: &'a Rejection, language: Language) -> Self {
        Self { code: rejection.code(), message: texts::of_rejection(rejection, language), flashduty: None }
    }

    fn of_error(error: &'a DeliveryError, language: Language) -> Self {
        let flashduty = match error {
            DeliveryError::Push(PushError::Refused { said, request_id, .. }) => Some(Refusal {
                status: said.status,
                code: texts::code(said, language),
                message: texts::message(said, language),
                request_id: request_id.as_ref().map(|id| texts::quote(id, language)),
            }),
            _ => None,
        };
        Self { code: error.code(), message: texts::of_error(error, language), flashduty }
    }
}

/// The answer to a request whose alerts were delivered, queued or not.
pub(super) fn of_summary(request_id: &str, summary: &Summary<'_>, language: Language) -> Response<Body> {
    let error_body = |error| ErrorBody::of_error(error, language);
    let alerts = summary.outcomes.iter().map(|outcome| {
        let (queued, flashduty_request_id, error) = match &outcome.end {
            End::Delivered(receipt) => (false, Some(texts::quote(&receipt.request_id, language)), None),
            End::Queued(_) => (true, None, None),
            End::Refused(error) | End::Failed(error) => (false, None, Some(error_body(error))),
        };
        let Outcome { alert_key, event_status, .. } = outcome;
        AlertBody { alert_key, event_status: *event_status, queued, flashduty_request_id, error }
    });
    let queued = matches!(summary.worst, WorstEnd::Queued(_));
    let answer = Answer { queued, error: summary.error().map(error_body), alerts: alerts.collect(), request_id };
    json(status_of_end(summary.worst), &answer)
}

/// The HTTP status of an answer to alerts. ZStack sends a message again after anything but a 2xx.
pub(super) fn status_of_end(worst: WorstEnd<'_>) -> u16 {
    match worst {
        WorstEnd::Delivered => 200,
        WorstEnd::Queued(_) => 202,
        WorstEnd::Refused(_) => 502,
        WorstEnd::Failed(DeliveryError::Push(PushError::NoTimeLeft(_))) => 504,
        WorstEnd::Failed(_) => 503,
    }
}

/// The HTTP status of an answer to a request that is turned away.
pub(super) fn status_of_rejection(rejection: &Rejection) -> u16 {
    match rejection {
        Rejection::EmptyBody | Rejection::InvalidBase64 => 400,
        Rejection::Unauthorized { .. } => 401,
        Rejection::SourceNotAllowed { .. } => 403,
        Rejection::InvalidChannel(_) | Rejection::UnknownChannel { .. } => 404,
        Rejection::MethodNotAllowed { .. } => 405,
        Rejection::BodyTooLarge { .. } => 413,
        Rejection::UrlTooLong { .. } => 414,
        Rejection::SecretsUnavailable(_) => 503,
        Rejection::NoTimeLeft(_) => 504,
    }
}

/// A header of an answer.
pub(super) type Header = (HeaderName, &'static str);

/// The answer to a request that is turned away, with a header of its own if HTTP asks for one.
pub(super) fn of_rejection(
    request_id: &str,
    rejection: &Rejection,
    language: Language,
    header: Option<Header>,
) -> Response<Body> {
    let error = Some(ErrorBody::of_rejection(rejection, language));
    let answer = Answer { queued: false, error, alerts: Vec::new(), request_id };
    let mut response = json(status_of_rejection(rejection), &answer);
    if let Some((name, value)) = header {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The answer to a health check.
pub(super) fn health(request_id: &str, healthy: bool) -> Response<Body> {
    #[derive(Serialize)]
    struct Health<'a> {
        status: &'static str,
        request_id: &'a str,
    }
    let (code, status) = if healthy { (200, "ok") } else { (503, "unavailable") };
    json(code, &Health { status, request_id })
}

fn json(status: u16, body: &impl Serialize) -> Response<Body> {
    let mut response = Response::new(Body::Text(serde_json::to_string(body).unwrap_or_default()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
