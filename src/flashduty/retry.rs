//! The retry policy of pushes.

use std::time::{Duration, SystemTime};

/// The limit of the first pause. The limit doubles for every further pause.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The limit stops doubling here. A `Retry-After` may ask for a longer pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The body of an answer, as far as the policy needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnswerBody<'a> {
    /// Something other than Flashduty answered, such as a proxy.
    NotFlashduty,
    /// Flashduty answered and named no error.
    WithoutError,
    /// Flashduty named an error, with this code if it has one.
    Error(Option<&'a str>),
}

/// The meaning of an answer for the event that was pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Flashduty has the event.
    Accepted,
    /// Flashduty will never accept the event. A retry cannot help.
    Refused,
    /// Nothing is decided. A retry may help.
    Retry,
}

/// The codes that allow a retry under every HTTP status: Flashduty calls the status informational
/// (`docs/protocols/flashduty.md`, "The answer").
const RETRY_CODES: [&str; 4] = ["RequestTooFrequently", "InternalError", "ServiceUnavailable", "RequestLocked"];

/// What the HTTP status means in any other answer of Flashduty. The first range that contains the status counts. Under
/// all other statuses, such as 5xx and redirects, a retry may help.
const POLICY: [(std::ops::RangeInclusive<u16>, Verdict); 6] = [
    (200..=299, Verdict::Accepted),
    // These four are about the request or its connection, not about the event (RFC 9110, RFC 8470, RFC 6585).
    (408..=408, Verdict::Retry),
    (421..=421, Verdict::Retry),
    (425..=425, Verdict::Retry),
    (429..=429, Verdict::Retry),
    (400..=499, Verdict::Refused),
];

/// What an answer with this HTTP status and this body means for the event.
pub(super) fn verdict(status: u16, body: AnswerBody<'_>) -> Verdict {
    let row = POLICY.iter().find(|(statuses, _)| statuses.contains(&status));
    let by_status = row.map_or(Verdict::Retry, |(_, verdict)| *verdict);
    match body {
        AnswerBody::NotFlashduty => Verdict::Retry,
        AnswerBody::Error(Some(code)) if RETRY_CODES.contains(&code) => Verdict::Retry,
        // "200, with `error`": a refusal (`docs/protocols/flashduty.md`, "The answer").
        AnswerBody::Error(_) if by_status == Verdict::Accepted => Verdict::Refused,
        AnswerBody::WithoutError | AnswerBody::Error(_) => by_status,
    }
}

/// How long to wait after so many attempts. The pause is random, so that clients that were throttled together do not
/// come back together. It is never shorter than `retry_after`.
pub(super) fn pause(attempts: u32, retry_after: Option<Duration>) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(LONGEST_PAUSE);
    longest.mul_f64(fastrand::f64()).max(retry_after.unwrap_or_default())
}

/// Reads `Retry-After`: seconds or a date (RFC 9110, 10.2.3). A date in the past is a wait of zero.
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
                200..=299 => Verdict::Accepted,
                408 | 421 | 425 | 429 => Verdict::Retry,
                400..=499 => Verdict::Refused,
                _ => Verdict::Retry,
            };
            let with_error = if without_error == Verdict::Accepted { Verdict::Refused } else { without_error };
            assert_eq!(verdict(status, AnswerBody::WithoutError), without_error, "{status}");
            for code in [None, Some("InvalidParameter"), Some("requestlocked"), Some("InternalErrors"), Some("")] {
                assert_eq!(verdict(status, AnswerBody::Error(code)), with_error, "{status} {code:?}");
            }
            for code in ["RequestTooFrequently", "InternalError", "ServiceUnavailable", "RequestLocked"] {
                assert_eq!(verdict(status, AnswerBody::Error(Some(code))), Verdict::Retry, "{status} {code}");
            }
            assert_eq!(verdict(status, AnswerBody::NotFlashduty), Verdict::Retry, "{status}");
        }
    }

    #[test]
    fn pauses_grow_to_a_limit_and_are_spread() {
        for (attempts, longest) in [(1, 250), (2, 500), (3, 1_000), (4, 2_000), (5, 4_000), (6, 5_000), (1_000, 5_000)]
        {
            let pauses: Vec<_> = (0..500).map(|_| pause(attempts, None)).collect();
            let longest = Duration::from_millis(longest);
            assert!(pauses.iter().all(|pause| *pause <= longest), "{attempts}");
            assert!(pauses.iter().any(|pause| *pause > longest.mul_f64(0.8)), "{attempts}");
            assert!(pauses.iter().any(|pause| *pause < longest.mul_f64(0.2)), "{attempts}");
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
