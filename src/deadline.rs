//! How long a request may take.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// The deadline passed before the work was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the time ran out before Flashduty had the alert; if this continues, give the function a longer timeout")]
pub struct NoTimeLeft;

impl NoTimeLeft {
    /// The name of the error, for programs.
    pub(crate) const CODE: &str = "NoTimeLeft";
}

/// The time for a whole request, answer included. API Gateway stops waiting after 30 s (HTTP APIs) or 29 s
/// (REST APIs).
const REQUEST_BUDGET: Duration = Duration::from_secs(25);

/// The time for a batch from a queue if Lambda gives no deadline.
const BATCH_BUDGET: Duration = Duration::from_secs(50);

/// The time for pushing one alert if it can be queued afterwards.
///
/// The alert then waits in the queue and not in a function. Otherwise an outage of Flashduty with thousands of alarms
/// a minute would use up the account's concurrency, and Lambda would turn further alerts away.
pub(crate) const PUSH_BUDGET: Duration = Duration::from_secs(8);

/// The time that is reserved for queueing an alert that could not be pushed.
pub(crate) const TIME_TO_QUEUE: Duration = Duration::from_secs(4);

/// The time that is reserved for queueing each further message of the request: one call of SQS and a margin.
pub(crate) const TIME_TO_QUEUE_ONE_MORE: Duration = Duration::from_millis(50);

/// The time between the answer and the moment at which Lambda ends the invocation.
const TIME_TO_ANSWER: Duration = Duration::from_millis(500);

/// The moment at which an invocation, or a part of its work, must be done.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
}

impl Deadline {
    /// A deadline `budget` from now.
    #[must_use]
    pub(crate) fn within(budget: Duration) -> Self {
        Self { at: Instant::now() + budget }
    }

    /// The deadline of a request whose invocation Lambda ends at `epoch_millis`: shortly before that, and at most
    /// [`REQUEST_BUDGET`] from now. A moment in the past is ignored, because some local runtimes pass one.
    #[must_use]
    pub(crate) fn of_invocation(epoch_millis: u64) -> Self {
        Self::within(left_until(epoch_millis).map_or(REQUEST_BUDGET, |left| left.min(REQUEST_BUDGET)))
    }

    /// The deadline of a batch from a queue, whose invocation Lambda ends at `epoch_millis`: shortly before that.
    /// Nobody waits for the answer, so there is no other limit.
    #[must_use]
    pub fn of_batch(epoch_millis: u64) -> Self {
        Self::within(left_until(epoch_millis).unwrap_or(BATCH_BUDGET))
    }

    /// A deadline `time` earlier.
    #[must_use]
    pub(crate) fn before(self, time: Duration) -> Self {
        Self { at: self.at.checked_sub(time).unwrap_or_else(Instant::now) }
    }

    /// This deadline, or `budget` from now if that is earlier.
    #[must_use]
    pub(crate) fn at_most(self, budget: Duration) -> Self {
        Self { at: self.at.min(Instant::now() + budget) }
    }

    /// The time until the deadline; zero if it passed.
    #[must_use]
    pub(crate) fn left(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// The deadline for tokio's timers.
    #[must_use]
    pub(crate) fn at(self) -> Instant {
        self.at
    }
}

/// The time until shortly before `epoch_millis`; `None` if that moment passed.
fn left_until(epoch_millis: u64) -> Option<Duration> {
    let end = UNIX_EPOCH + Duration::from_millis(epoch_millis);
    let left = end.duration_since(SystemTime::now()).ok().filter(|left| !left.is_zero());
    left.map(|left| left.saturating_sub(TIME_TO_ANSWER))
}

/// The current time in milliseconds since the Unix epoch.
#[must_use]
pub fn epoch_millis() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::READ_TIMEOUT;
    use crate::zstack::MAX_MESSAGES;

    fn budget(from_now: Duration) -> Duration {
        let end = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + from_now;
        left(u64::try_from(end.as_millis()).unwrap())
    }

    fn left(epoch_millis: u64) -> Duration {
        Deadline::of_invocation(epoch_millis).left()
    }

    #[test]
    fn it_ends_before_lambda_and_before_api_gateway() {
        assert!(budget(Duration::from_mins(15)) <= REQUEST_BUDGET);
        let short = budget(Duration::from_secs(3));
        assert!(short > Duration::from_secs(2) && short <= Duration::from_millis(2_500), "{short:?}");
        assert_eq!(budget(Duration::from_millis(100)), Duration::ZERO);
    }

    #[test]
    fn the_budgets_fit_into_each_other() {
        let api_gateway = Duration::from_secs(29);
        let start = READ_TIMEOUT / 2;
        assert!(start + REQUEST_BUDGET + TIME_TO_ANSWER < api_gateway);
        assert!(PUSH_BUDGET + TIME_TO_QUEUE < REQUEST_BUDGET / 2);
        let messages = u32::try_from(MAX_MESSAGES).unwrap();
        assert!(PUSH_BUDGET + TIME_TO_QUEUE + TIME_TO_QUEUE_ONE_MORE * messages < REQUEST_BUDGET);
    }

    #[test]
    fn a_deadline_in_the_past_is_none() {
        for past in [0, 1, 1_000_000_000_000] {
            assert!(left(past) + Duration::from_secs(1) > REQUEST_BUDGET);
        }
    }
}
