//! What a request adds to the metrics.

use super::answer::worst;
use crate::error::Error;
use crate::platform::metrics::{Ended, Tally};
use crate::relay::{Fate, Outcome};
use crate::translate::Kind;

/// How a request ended, and what it counts for.
pub(super) fn count(result: Result<&[Outcome], &Error>) -> (Ended, Tally) {
    let mut tally = Tally::default();
    let outcomes = match result {
        Ok(outcomes) => outcomes,
        Err(error) => {
            match error {
                Error::Unauthorized { .. } => tally.unauthorized += 1,
                Error::EmptyBody | Error::InvalidBase64 | Error::BodyTooLarge { .. } => {
                    tally.received += 1;
                    tally.unreadable += 1;
                }
                // Nobody knows whether these are alerts; and the settings count their failures themselves.
                Error::UrlTooLong { .. } | Error::MethodNotAllowed { .. } | Error::Settings { .. } => {}
                Error::Refused { .. }
                | Error::Unavailable { .. }
                | Error::Unreachable { .. }
                | Error::Lost { .. }
                | Error::NoTimeLeft => tally.failed += 1,
            }
            return (error.into(), tally);
        }
    };
    for outcome in outcomes {
        tally.received += 1;
        tally.push(outcome.attempts, outcome.took);
        match &outcome.fate {
            Fate::Delivered(_) => tally.deliver(outcome.age),
            Fate::Queued(_) => tally.queued += 1,
            Fate::Failed(Error::Refused { .. }) => tally.refused += 1,
            Fate::Failed(_) => tally.failed += 1,
        }
        if outcome.kind == Kind::Raw {
            tally.unreadable += 1;
        }
    }
    let queued = outcomes.iter().any(|outcome| matches!(outcome.fate, Fate::Queued(_)));
    let ended = worst(outcomes).map_or(if queued { Ended::Queued } else { Ended::Delivered }, Ended::from);
    (ended, tally)
}
