//! What a request adds to the metrics.

use crate::delivery::{End, Outcome, Summary};
use crate::error::Rejection;
use crate::platform::metrics::{self, Tally};
use crate::translate::Kind;

/// The value of the metrics' dimension `Outcome`, and what to count.
pub(super) fn count(result: Result<&[Outcome], &Rejection>) -> (&'static str, Tally) {
    match result {
        Ok(outcomes) => (outcome(Summary::of(outcomes)), of_outcomes(outcomes)),
        Err(rejection) => (rejection.code(), of_rejection(rejection)),
    }
}

fn outcome(summary: Summary<'_>) -> &'static str {
    match summary {
        Summary::Delivered => metrics::DELIVERED,
        Summary::Queued(_) => metrics::QUEUED,
        Summary::Refused(error) | Summary::Failed(error) => error.code(),
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
        Rejection::Unauthorized { .. } => tally.unauthorized += 1,
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
