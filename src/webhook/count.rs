//! What a request adds to the metrics.

use crate::delivery::{End, Outcome, Summary, WorstEnd};
use crate::error::Rejection;
use crate::platform::metrics::{self, Tally};
use crate::translate::Kind;

/// The value of the metrics' dimension `Outcome`, and what to count.
pub(super) fn count(result: Result<&Summary<'_>, &Rejection>) -> (&'static str, Tally) {
    match result {
        Ok(summary) => (dimension(summary.worst), of_outcomes(summary.outcomes)),
        Err(rejection) => (rejection.code(), of_rejection(rejection)),
    }
}

fn dimension(worst: WorstEnd<'_>) -> &'static str {
    match worst {
        WorstEnd::Delivered => metrics::DELIVERED,
        WorstEnd::Queued(_) => metrics::QUEUED,
        WorstEnd::Refused(error) | WorstEnd::Failed(error) => error.code(),
    }
}

fn of_outcomes(outcomes: &[Outcome]) -> Tally {
    let mut tally = Tally::default();
    for outcome in outcomes {
        tally.received += 1;
        tally.count_push(outcome.attempts, outcome.took);
        match &outcome.end {
            End::Delivered(_) => tally.count_delivery(outcome.age),
            End::Queued(_) => tally.queued += 1,
            End::Refused(_) => tally.refused += 1,
            End::Failed(_) => tally.failed += 1,
        }
        if outcome.kind == Kind::Raw {
            tally.unreadable += 1;
        }
    }
    tally
}

fn of_rejection(rejection: &Rejection) -> Tally {
    let mut tally = Tally::default();
    match rejection {
        Rejection::SourceNotAllowed { .. } => tally.source_not_allowed += 1,
        Rejection::Unauthorized { .. } => tally.unauthorized += 1,
        Rejection::InvalidChannel(_) | Rejection::UnknownChannel { .. } => tally.unknown_channel += 1,
        Rejection::EmptyBody | Rejection::InvalidBase64 | Rejection::BodyTooLarge { .. } => {
            tally.received += 1;
            tally.unreadable += 1;
        }
        Rejection::NoTimeLeft(_) => tally.failed += 1,
        // Nobody knows whether these are alerts. The secret store counts its own failures.
        Rejection::UrlTooLong { .. } | Rejection::MethodNotAllowed { .. } | Rejection::SecretsUnavailable(_) => {}
    }
    tally
}
