//! Rate limits (`docs/protocols/flashduty.md`, "The answer").

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

/// How many requests are accepted. The default is [`RateLimit::OLDER`], the stricter of the two limits that Flashduty
/// documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests of one integration key within any second; no limit if none.
    pub per_second: Option<usize>,
    /// Requests of one integration key within any minute.
    pub per_minute: usize,
    /// Requests of all keys within any minute; no limit if none. All keys belong to one account.
    pub account_per_minute: Option<usize>,
}

impl RateLimit {
    /// The limit in Flashduty's older documentation.
    pub const OLDER: Self = Self { per_second: Some(100), per_minute: 1000, account_per_minute: None };
    /// The limit in its documentation of 2026.
    pub const NEWER: Self = Self { per_second: None, per_minute: 2000, account_per_minute: Some(2000) };
}

impl Default for RateLimit {
    fn default() -> Self {
        Self::OLDER
    }
}

/// The requests of the last minute, for each key. A request over the limit does not count.
#[derive(Debug, Default)]
pub(crate) struct Calls(HashMap<String, VecDeque<Instant>>);

impl Calls {
    /// Counts a request of `key`. The error names the limit that it is over.
    pub(crate) fn count(&mut self, key: &str, limit: RateLimit, now: Instant) -> Result<(), String> {
        for calls in self.0.values_mut() {
            while calls.front().is_some_and(|call| now - *call >= MINUTE) {
                calls.pop_front();
            }
        }
        let of_all: usize = self.0.values().map(VecDeque::len).sum();
        if let Some(most) = limit.account_per_minute.filter(|most| of_all >= *most) {
            return Err(format!("over {most} requests a minute for the account"));
        }
        let calls = self.0.entry(key.to_owned()).or_default();
        if calls.len() >= limit.per_minute {
            return Err(format!("over {} requests a minute", limit.per_minute));
        }
        let within_a_second = || calls.iter().rev().take_while(|call| now - **call < SECOND).count();
        if let Some(most) = limit.per_second.filter(|most| within_a_second() >= *most) {
            return Err(format!("over {most} requests a second"));
        }
        calls.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: RateLimit = RateLimit { per_second: Some(2), per_minute: 3, account_per_minute: None };

    /// Calls one key after each pause, in milliseconds, and compares the results.
    #[track_caller]
    fn assert_calls(calls: &[(u64, Result<(), &str>)]) {
        let (mut counted, mut now) = (Calls::default(), Instant::now());
        for (pause, wanted) in calls {
            now += Duration::from_millis(*pause);
            let got = counted.count("key", LIMIT, now);
            assert_eq!(got, wanted.map_err(str::to_owned), "{pause} ms later");
        }
    }

    #[test]
    fn requests_in_a_second_are_limited() {
        let over = Err("over 2 requests a second");
        assert_calls(&[(0, Ok(())), (999, Ok(())), (0, over), (1, Ok(()))]);
    }

    #[test]
    fn requests_in_a_minute_are_limited() {
        let over = Err("over 3 requests a minute");
        assert_calls(&[(0, Ok(())), (2000, Ok(())), (2000, Ok(())), (55_999, over), (1, Ok(())), (0, over)]);
    }

    #[test]
    fn each_key_has_its_own_limit() {
        let (mut calls, now) = (Calls::default(), Instant::now());
        for key in ["one", "one", "two", "two"] {
            assert_eq!(calls.count(key, LIMIT, now), Ok(()));
        }
        assert!(calls.count("one", LIMIT, now).is_err());
    }

    #[test]
    fn all_keys_share_the_limit_of_the_account() {
        let limit = RateLimit { per_second: None, per_minute: 3, account_per_minute: Some(4) };
        let (mut calls, start) = (Calls::default(), Instant::now());
        let mut count = |key, seconds| calls.count(key, limit, start + Duration::from_secs(seconds));
        for key in ["one", "one", "one"] {
            assert_eq!(count(key, 0), Ok(()));
        }
        assert_eq!(count("one", 0), Err("over 3 requests a minute".to_owned()));
        assert_eq!(count("two", 30), Ok(()));
        for key in ["one", "two", "three"] {
            assert_eq!(count(key, 59), Err("over 4 requests a minute for the account".to_owned()));
        }
        // A minute later the calls of "one" no longer count, and that of "two" still does.
        for key in ["three", "three", "three"] {
            assert_eq!(count(key, 60), Ok(()));
        }
        assert_eq!(count("one", 60), Err("over 4 requests a minute for the account".to_owned()));
    }

    #[test]
    fn the_older_limits_are_the_default() {
        let over = |limit: RateLimit, each_millis: u64| {
            let (mut calls, start) = (Calls::default(), Instant::now());
            (0..3_000).find_map(|n| {
                calls.count("key", limit, start + Duration::from_millis(n * each_millis)).err().map(|over| (n, over))
            })
        };
        for limit in [RateLimit::default(), RateLimit::OLDER] {
            assert_eq!(over(limit, 0), Some((100, "over 100 requests a second".to_owned())));
            assert_eq!(over(limit, 15), Some((1_000, "over 1000 requests a minute".to_owned())));
        }
        assert_eq!(over(RateLimit::NEWER, 0), Some((2_000, "over 2000 requests a minute for the account".to_owned())));
    }
}
