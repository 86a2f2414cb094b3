//! How often one integration may be called.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

/// The most requests that one integration key takes; the default is Flashduty's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests within any second.
    pub per_second: usize,
    /// Requests within any minute.
    pub per_minute: usize,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { per_second: 100, per_minute: 1000 }
    }
}

/// When each key was called during the last minute. A request over the limit does not count.
#[derive(Debug, Default)]
pub(crate) struct Calls(HashMap<String, VecDeque<Instant>>);

impl Calls {
    /// Counts a call of `key`, or says which limit it is over.
    pub(crate) fn count(&mut self, key: &str, limit: RateLimit, now: Instant) -> Result<(), String> {
        let calls = self.0.entry(key.to_owned()).or_default();
        while calls.front().is_some_and(|call| now - *call >= MINUTE) {
            calls.pop_front();
        }
        if calls.len() >= limit.per_minute {
            return Err(format!("over {} requests a minute", limit.per_minute));
        }
        let recent = |call: &&Instant| now - **call < SECOND;
        if calls.iter().rev().take_while(recent).count() >= limit.per_second {
            return Err(format!("over {} requests a second", limit.per_second));
        }
        calls.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: RateLimit = RateLimit { per_second: 2, per_minute: 3 };

    /// Calls one key after each pause (in milliseconds), and compares what each call gave.
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
    fn a_second_takes_so_many() {
        let over = Err("over 2 requests a second");
        assert_calls(&[(0, Ok(())), (999, Ok(())), (0, over), (1, Ok(()))]);
    }

    #[test]
    fn a_minute_takes_so_many() {
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
    fn the_default_is_flashdutys_own() {
        let limit = RateLimit::default();
        assert_eq!((limit.per_second, limit.per_minute), (100, 1000));
    }
}
