//! The request's one line in the log.

use std::time::Duration;

use lambda_http::Request;
use tracing::{error, info, warn};

use super::answer::{status_of_end, status_of_rejection};
use super::caller::source_ip;
use crate::channel::Channel;
use crate::delivery::{End, Outcome, Summary, WorstEnd};
use crate::error::{DeliveryError, Rejection};
use crate::flashduty::Status;

/// Writes the line. Its level and message say how the request ended; each field lists the values of all alerts.
pub(super) fn write(
    request: &Request,
    request_id: &str,
    channel: Option<&Channel>,
    took: Duration,
    result: Result<&Summary<'_>, &Rejection>,
) {
    let outcomes = result.map_or(&[][..], |summary| summary.outcomes);
    let (status, code) = match result {
        Ok(summary) => (status_of_end(summary.worst), summary.error().map(DeliveryError::code)),
        Err(rejection) => (status_of_rejection(rejection), Some(rejection.code())),
    };
    let all = |field: &dyn Fn(&Outcome) -> String| {
        (!outcomes.is_empty()).then(|| outcomes.iter().map(field).collect::<Vec<_>>().join(","))
    };
    macro_rules! line {
        ($log:ident, $message:expr) => {
            $log!(
                request_id,
                channel = channel.map(Channel::as_str),
                status,
                kind = all(&|outcome| outcome.kind.as_str().to_owned()),
                alert_key = all(&|outcome| outcome.alert_key.clone()),
                event_status = all(&|outcome| outcome.event_status.map_or("-", Status::as_str).to_owned()),
                flashduty_request_id = all(&|outcome| match &outcome.end {
                    End::Delivered(receipt) => receipt.request_id.to_string(),
                    End::Queued(_) => "queued".to_owned(),
                    End::Refused(error) | End::Failed(error) => error.code().to_owned(),
                }),
                attempts = (!outcomes.is_empty()).then(|| outcomes.iter().map(|outcome| outcome.attempts).sum::<u32>()),
                ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                source_ip = source_ip(request),
                error = code,
                "{}",
                $message
            )
        };
    }
    match result.map(|summary| summary.worst) {
        Ok(WorstEnd::Delivered) if outcomes.is_empty() => line!(info, "healthy"),
        Ok(WorstEnd::Delivered) => line!(info, "delivered"),
        Ok(WorstEnd::Queued(None)) => line!(info, "queued, since others wait"),
        Ok(WorstEnd::Queued(Some(why))) => line!(warn, format!("queued for another try, since {why}")),
        Ok(WorstEnd::Refused(error) | WorstEnd::Failed(error)) => line!(error, error),
        Err(rejection) if status < 500 => line!(warn, rejection),
        Err(rejection) => line!(error, rejection),
    }
}
