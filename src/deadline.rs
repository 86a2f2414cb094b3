//! How long a request may take.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// The time for a whole request, answer included. API Gateway gives up after 30 s (HTTP APIs) or 29 s
/// (REST APIs).
pub const REQUEST_BUDGET: Duration = Duration::from_secs(25);

/// The time for a batch from a queue where Lambda does not say.
const BATCH_BUDGET: Duration = Duration::from_secs(50);

/// The time for pushing one message where it can be queued afterwards. It waits in the queue, then, and
/// not in a function: an outage of Flashduty with thousands of alarms a minute would otherwise use up the
/// account's concurrency, and what Lambda turns away is lost.
pub const PUSH_BUDGET: Duration = Duration::from_secs(8);

/// The time that is kept for putting an alert into a queue when it could not be pushed.
pub const TIME_TO_QUEUE: Duration = Duration::from_secs(4);

/// The time that is kept for each further alert of the request: a call of SQS, and some more.
pub const TIME_TO_QUEUE_ONE_MORE: Duration = Duration::from_millis(50);

/// How long before Lambda ends the invocation the answer must be ready.
const TIME_TO_ANSWER: Duration = Duration::from_millis(500);

/// When a request must be done.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
}

impl Deadline {
    /// A deadline that is `budget` away.
    #[must_use]
    pub fn within(budget: Duration) -> Self {
        Self { at: Instant::now() + budget }
    }

    /// The deadline of an invocation that Lambda ends at `epoch_millis`: before that, and within
    /// [`REQUEST_BUDGET`]. A moment in the past is no deadline: some local runtimes hand one out.
    #[must_use]
    pub fn of_invocation(epoch_millis: u64) -> Self {
        Self::within(left_until(epoch_millis).map_or(REQUEST_BUDGET, |left| left.min(REQUEST_BUDGET)))
    }

    /// The deadline of an invocation with a batch from a queue, where nobody waits for the answer: shortly
    /// before Lambda ends it at `epoch_millis`.
    #[must_use]
    pub fn of_batch(epoch_millis: u64) -> Self {
        Self::within(left_until(epoch_millis).unwrap_or(BATCH_BUDGET))
    }

    /// A deadline that is `time` earlier.
    #[must_use]
    pub fn before(self, time: Duration) -> Self {
        Self { at: self.at.checked_sub(time).unwrap_or_else(Instant::now) }
    }

    /// The earlier one of this deadline and one that is `budget` away.
    #[must_use]
    pub fn at_most(self, budget: Duration) -> Self {
        Self { at: self.at.min(Instant::now() + budget) }
    }

    /// How much time is left.
    #[must_use]
    pub fn left(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// The moment.
    #[must_use]
    pub fn at(self) -> Instant {
        self.at
    }
}

/// How much time there is until shortly before `epoch_millis`, unless that is past.
fn left_until(epoch_millis: u64) -> Option<Duration> {
    let end = UNIX_EPOCH + Duration::from_millis(epoch_millis);
    let left = end.duration_since(SystemTime::now()).ok().filter(|left| !left.is_zero());
    left.map(|left| left.saturating_sub(TIME_TO_ANSWER))
}

/// The time, in epoch milliseconds.
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
