//! Answers and log lines. ZStack shows the answer to the administrator who pressed the test button.

use std::time::Duration;

use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use lambda_http::http::{HeaderName, HeaderValue, StatusCode};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _, Response};
use serde::Serialize;
use tracing::{error, info, warn};

use crate::error::Error;
use crate::flashduty::Status;
use crate::relay::{Fate, Outcome};

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

/// A refusal in Flashduty's own words.
#[derive(Serialize)]
struct Refusal<'a> {
    status: u16,
    code: &'a str,
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

impl<'a> From<&'a Error> for ErrorBody<'a> {
    fn from(error: &'a Error) -> Self {
        let flashduty = match error {
            Error::Refused { status, code, message, request_id, .. } => {
                Some(Refusal { status: *status, code, message, request_id: request_id.as_deref() })
            }
            _ => None,
        };
        Self { code: error.code(), message: error.to_string(), flashduty }
    }
}

/// What became of each alert, with the worst of their statuses.
pub(super) fn of_outcomes(request_id: &str, outcomes: &[Outcome]) -> Response<Body> {
    let worst = worst(outcomes);
    let alerts = outcomes.iter().map(|outcome| AlertBody {
        alert_key: &outcome.alert_key,
        event_status: outcome.event_status,
        queued: matches!(outcome.fate, Fate::Queued(_)),
        flashduty_request_id: match &outcome.fate {
            Fate::Delivered(receipt) => Some(&receipt.request_id),
            Fate::Queued(_) | Fate::Failed(_) => None,
        },
        error: outcome.fate.error().map(ErrorBody::from),
    });
    let status = status(outcomes);
    let answer =
        Answer { queued: status == QUEUED, error: worst.map(ErrorBody::from), alerts: alerts.collect(), request_id };
    json(status, &answer)
}

/// The status where nothing failed but something waits.
const QUEUED: u16 = 202;

fn status(outcomes: &[Outcome]) -> u16 {
    let queued = outcomes.iter().any(|outcome| matches!(outcome.fate, Fate::Queued(_)));
    worst(outcomes).map_or(if queued { QUEUED } else { 200 }, Error::status)
}

/// A header of an answer.
pub(super) type Header = (HeaderName, &'static str);

/// An error that concerns the request as a whole, with a header of its own where HTTP asks for one.
pub(super) fn of_error(request_id: &str, error: &Error, header: Option<Header>) -> Response<Body> {
    let mut response =
        json(error.status(), &Answer { queued: false, error: Some(error.into()), alerts: Vec::new(), request_id });
    if let Some((name, value)) = header {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether the settings can be read, and nothing else.
pub(super) fn health(request_id: &str, healthy: bool) -> Response<Body> {
    #[derive(Serialize)]
    struct Health<'a> {
        status: &'static str,
        request_id: &'a str,
    }
    let (code, status) = if healthy { (200, "ok") } else { (503, "unavailable") };
    json(code, &Health { status, request_id })
}

pub(super) fn worst(outcomes: &[Outcome]) -> Option<&Error> {
    outcomes.iter().filter_map(|outcome| outcome.fate.error()).max_by_key(|error| error.status())
}

fn json(status: u16, body: &impl Serialize) -> Response<Body> {
    let mut response = Response::new(Body::Text(serde_json::to_string(body).unwrap_or_default()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The request's one line in the log.
pub(super) fn log(request: &Request, request_id: &str, took: Duration, result: Result<&[Outcome], &Error>) {
    let outcomes = result.unwrap_or_default();
    let error = result.err().or_else(|| worst(outcomes));
    let all = |field: &dyn Fn(&Outcome) -> String| {
        (!outcomes.is_empty()).then(|| outcomes.iter().map(field).collect::<Vec<_>>().join(","))
    };
    macro_rules! line {
        ($log:ident, $message:expr) => {
            $log!(
                request_id,
                status = error.map_or_else(|| status(outcomes), Error::status),
                kind = all(&|outcome| outcome.kind.as_str().to_owned()),
                alert_key = all(&|outcome| outcome.alert_key.clone()),
                event_status = all(&|outcome| outcome.event_status.map_or("-", Status::as_str).to_owned()),
                flashduty_request_id = all(&|outcome| match &outcome.fate {
                    Fate::Delivered(receipt) => receipt.request_id.clone(),
                    Fate::Queued(_) => "queued".to_owned(),
                    Fate::Failed(error) => error.code().to_owned(),
                }),
                attempts = (!outcomes.is_empty()).then(|| outcomes.iter().map(|outcome| outcome.attempts).sum::<u32>()),
                ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                source_ip = source_ip(request),
                error = error.map(Error::code),
                "{}",
                $message
            )
        };
    }
    match error {
        None if outcomes.is_empty() => line!(info, "healthy"),
        None => match outcomes.iter().find_map(|outcome| match &outcome.fate {
            Fate::Queued(why) => Some(why.as_ref()),
            Fate::Delivered(_) | Fate::Failed(_) => None,
        }) {
            None => line!(info, "delivered"),
            Some(None) => line!(info, "queued, since others wait"),
            Some(Some(why)) => line!(warn, format!("queued for another try, since {why}")),
        },
        Some(error) if error.status() < 500 => line!(warn, error),
        Some(error) => line!(error, error),
    }
}

fn source_ip(request: &Request) -> Option<String> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV1(context) => context.identity.source_ip.clone(),
        RequestContext::ApiGatewayV2(context) => context.http.source_ip.clone(),
        _ => None,
    }
}
