//! When a push is tried again, and how long after.

use std::time::{Duration, SystemTime};

/// The first pause is at most this long; every further one at most twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// No pause of our own choosing is longer than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What to do after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Flashduty has the event, if the body says so.
    Taken,
    /// It never will: try no more.
    Refused,
    /// It may take it later.
    Later,
}

/// The policy: the first range that a status is in decides (`flashduty-push.md`, "The answer").
const POLICY: [(std::ops::RangeInclusive<u16>, Verdict); 4] = [
    (200..=299, Verdict::Taken),
    (429..=429, Verdict::Later),
    (500..=599, Verdict::Later),
    // A redirect is not followed, and any other 4xx says that the event is at fault.
    (100..=499, Verdict::Refused),
];

/// What to do after an answer with this HTTP status.
pub(super) fn verdict(status: u16) -> Verdict {
    POLICY.iter().find(|(statuses, _)| statuses.contains(&status)).map_or(Verdict::Later, |(_, verdict)| *verdict)
}

/// How long to wait before the next try: a random time that grows with every try, so that many who were
/// turned away together do not come back together; and at least what `Retry-After` asks for.
pub(super) fn pause(tries: u32, retry_after: Option<Duration>) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(LONGEST_PAUSE);
    longest.mul_f64(fastrand::f64()).max(retry_after.unwrap_or_default())
}

/// Reads `Retry-After`: seconds, or a date (RFC 9110, 10.2.3). A date that is past is no time at all.
pub(super) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_over_every_status() {
        for status in 100..=599 {
            let expected = match status {
                200..=299 => Verdict::Taken,
                429 | 500.. => Verdict::Later,
                _ => Verdict::Refused,
            };
            assert_eq!(verdict(status), expected, "{status}");
        }
    }

    #[test]
    fn pauses_grow_to_a_limit_and_are_spread() {
        for (tries, longest) in [(1, 250), (2, 500), (3, 1_000), (4, 2_000), (5, 4_000), (6, 5_000), (1_000, 5_000)] {
            let pauses: Vec<_> = (0..500).map(|_| pause(tries, None)).collect();
            let longest = Duration::from_millis(longest);
            assert!(pauses.iter().all(|pause| *pause <= longest), "{tries}");
            assert!(pauses.iter().any(|pause| *pause > longest.mul_f64(0.8)), "{tries}");
            assert!(pauses.iter().any(|pause| *pause < longest.mul_f64(0.2)), "{tries}");
        }
        assert_eq!(pause(1, Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert!((0..500).any(|_| pause(1, Some(Duration::ZERO)) > Duration::from_millis(100)), "not all at once");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Fri, 05 Jul 2024 02:00:00 GMT").unwrap();
        let read = |value| retry_after(value, now);
        assert_eq!(read("3"), Some(Duration::from_secs(3)));
        assert_eq!(read(" 0 "), Some(Duration::ZERO));
        assert_eq!(read("Fri, 05 Jul 2024 02:00:09 GMT"), Some(Duration::from_secs(9)));
        assert_eq!(read("Fri, 05 Jul 2024 01:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
        assert_eq!(read("-1"), None);
    }
}
