//! When a push is tried again, and how long after.

use std::time::{Duration, SystemTime};

/// The first pause is at most this long; every further one at most twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// No pause of our own choosing is longer than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What the body of an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says<'a> {
    /// Nothing about the event: the body is not Flashduty's.
    Nothing,
    /// Flashduty names no error.
    NoError,
    /// Flashduty names an error, with this code if it has one.
    Error(Option<&'a str>),
}

/// What to do after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Flashduty has the event.
    Taken,
    /// It never will: try no more.
    Refused,
    /// It may take it later.
    Later,
}

/// The codes that mean *later*, whatever HTTP status they come under: to Flashduty the status is only
/// informational (`docs/protocols/flashduty.md`, "The answer").
const LATER: [&str; 4] = ["RequestTooFrequently", "InternalError", "ServiceUnavailable", "RequestLocked"];

/// The policy for the rest of what Flashduty says: the first range that the HTTP status is in decides. Under
/// any other status, such as a 5xx or a redirect, nothing is decided yet.
const POLICY: [(std::ops::RangeInclusive<u16>, Verdict); 6] = [
    (200..=299, Verdict::Taken),
    // These four are about the request or its connection, not about the event (RFC 9110, RFC 8470, RFC 6585).
    (408..=408, Verdict::Later),
    (421..=421, Verdict::Later),
    (425..=425, Verdict::Later),
    (429..=429, Verdict::Later),
    (400..=499, Verdict::Refused),
];

/// What to do after an answer with this HTTP status, whose body says this.
pub(super) fn verdict(status: u16, says: Says<'_>) -> Verdict {
    let row = POLICY.iter().find(|(statuses, _)| statuses.contains(&status));
    let by_status = row.map_or(Verdict::Later, |(_, verdict)| *verdict);
    match says {
        Says::Nothing => Verdict::Later,
        Says::Error(Some(code)) if LATER.contains(&code) => Verdict::Later,
        // A 2xx with an error is a refusal all the same.
        Says::Error(_) if by_status == Verdict::Taken => Verdict::Refused,
        Says::NoError | Says::Error(_) => by_status,
    }
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
        for status in 0..=999 {
            let without_error = match status {
                200..=299 => Verdict::Taken,
                408 | 421 | 425 | 429 => Verdict::Later,
                400..=499 => Verdict::Refused,
                _ => Verdict::Later,
            };
            let with_error = if without_error == Verdict::Taken { Verdict::Refused } else { without_error };
            assert_eq!(verdict(status, Says::NoError), without_error, "{status}");
            for code in [None, Some("InvalidParameter"), Some("requestlocked"), Some("InternalErrors"), Some("")] {
                assert_eq!(verdict(status, Says::Error(code)), with_error, "{status} {code:?}");
            }
            for code in ["RequestTooFrequently", "InternalError", "ServiceUnavailable", "RequestLocked"] {
                assert_eq!(verdict(status, Says::Error(Some(code))), Verdict::Later, "{status} {code}");
            }
            assert_eq!(verdict(status, Says::Nothing), Verdict::Later, "{status}");
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
