//! How often SSM is asked for channels by callers who may not call.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Moment;

/// For the callers of one address. ZStack's endpoints that show tokens of channels, and that a new process does not know
/// yet, need a guess each until their tokens prove right.
const OF_SOURCE: Limit = Limit { at_most: 10, forgotten_after: Duration::from_secs(20) };
/// For all callers. A hundred processes then read SSM ten times a second for guesses. Its quota is 40 calls a second for all
/// of the account.
const OF_ALL: Limit = Limit { at_most: 30, forgotten_after: Duration::from_secs(10) };

/// How many guesses may not be forgotten yet, and how long it takes to forget each.
struct Limit {
    at_most: u32,
    forgotten_after: Duration,
}

/// Counts the guesses of one process: reads for a caller who did not show the stack's token. Such a caller may have the
/// token of a channel, or try out names. Whoever does that uses up the guesses of one address, and leaves some for others.
#[derive(Debug, Default)]
pub(super) struct Guesses(Mutex<Made>);

#[derive(Debug, Default)]
struct Made {
    by_all: Bucket,
    by_source: HashMap<Option<IpAddr>, Bucket>,
}

/// The guesses that are not forgotten yet, as the time that it takes to forget them.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    at: Moment,
    left: Duration,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { at: Moment::now(), left: Duration::ZERO }
    }
}

impl Bucket {
    fn left_at(self, now: Moment) -> Duration {
        self.left.saturating_sub(self.at.until(now))
    }

    /// With one guess more; `None` if there are too many.
    fn add(self, limit: &Limit, now: Moment) -> Option<Self> {
        let left = self.left_at(now) + limit.forgotten_after;
        (left <= limit.forgotten_after * limit.at_most).then_some(Self { at: now, left })
    }

    fn take_back(&mut self, limit: &Limit) {
        self.left = self.left.saturating_sub(limit.forgotten_after);
    }
}

impl Guesses {
    /// Counts a guess of a caller with this address, unless there were too many.
    pub fn take(&self, source: Option<&str>, now: Moment) -> bool {
        let mut made = self.lock();
        made.by_source.retain(|_, bucket| !bucket.left_at(now).is_zero());
        let source = network(source);
        let own = made.by_source.get(&source).copied().unwrap_or_default();
        let (Some(own), Some(all)) = (own.add(&OF_SOURCE, now), made.by_all.add(&OF_ALL, now)) else { return false };
        made.by_source.insert(source, own);
        made.by_all = all;
        true
    }

    /// Takes back a guess of this address: it was none.
    pub fn take_back(&self, source: Option<&str>) {
        let mut made = self.lock();
        made.by_all.take_back(&OF_ALL);
        if let Some(own) = made.by_source.get_mut(&network(source)) {
            own.take_back(&OF_SOURCE);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Made> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address that counts. Of IPv6, whoever has one address usually has a network of 64 bits.
fn network(source: Option<&str>) -> Option<IpAddr> {
    match source?.parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V6(address) => Some(IpAddr::V6((address.to_bits() >> 64 << 64).into())),
        address @ IpAddr::V4(_) => Some(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRANGER: Option<&str> = Some("203.0.113.9");
    const ZSTACK: Option<&str> = Some("192.0.2.1");

    #[test]
    fn ten_at_once_and_then_one_every_twenty_seconds() {
        let (guesses, start) = (Guesses::default(), Moment::now());
        let allowed = |seconds| {
            let now = start + Duration::from_secs(seconds);
            (0..100).filter(|_| guesses.take(STRANGER, now)).count()
        };
        assert_eq!([0, 19, 20, 59, 3_600].map(allowed), [10, 0, 1, 1, 10]);
    }

    #[test]
    fn a_stranger_does_not_use_up_the_guesses_of_others() {
        let (guesses, start) = (Guesses::default(), Moment::now());
        for second in 0..600 {
            let now = start + Duration::from_secs(second);
            while guesses.take(STRANGER, now) {}
            if second % 20 == 0 {
                assert!(guesses.take(ZSTACK, now), "{second}");
            }
        }
    }

    #[test]
    fn many_addresses_together_have_a_limit_too() {
        let (guesses, now) = (Guesses::default(), Moment::now());
        let addresses = (0..=255).map(|number| format!("203.0.113.{number}"));
        assert_eq!(addresses.filter(|address| guesses.take(Some(address), now)).count(), 30);
        assert!(guesses.lock().by_source.len() <= 30);
        let later = now + Duration::from_mins(10);
        assert!(guesses.take(None, later));
        assert_eq!(guesses.lock().by_source.len(), 1);
    }

    #[test]
    fn addresses_of_one_network_of_ipv6_count_together() {
        let (guesses, now) = (Guesses::default(), Moment::now());
        let addresses = (0..100).map(|number| format!("2001:db8:0:1::{number}"));
        assert_eq!(addresses.filter(|address| guesses.take(Some(address), now)).count(), 10);
        assert!(guesses.take(Some("2001:db8:0:2::1"), now));
        assert_eq!(network(Some("::ffff:192.0.2.1")), network(ZSTACK));
    }

    #[test]
    fn a_guess_that_was_none_does_not_count() {
        let (guesses, now) = (Guesses::default(), Moment::now());
        for _ in 0..100 {
            assert!(guesses.take(ZSTACK, now));
            guesses.take_back(ZSTACK);
        }
        assert_eq!((0..100).filter(|_| guesses.take(ZSTACK, now)).count(), 10);
    }
}
