//! How often SSM is asked for channels by callers who may not call.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Each guess takes this long to be forgotten. A hundred processes then read SSM five times a second for guesses. Its quota
/// is 40 calls a second for all of the account.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(20);
/// How many guesses may not be forgotten yet. ZStack's endpoints that show tokens of channels, and that a new process
/// does not know yet, need one each until their tokens prove right.
const AT_MOST: u32 = 10;

/// Counts the guesses of one process: reads for a caller who did not show the stack's token. Such a caller may have the
/// token of a channel, or try out names.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    /// When the last of them is forgotten.
    forgotten: Mutex<Option<Instant>>,
}

impl Guesses {
    /// Counts a guess, unless there were too many.
    pub fn take(&self, now: Instant) -> bool {
        let mut forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        let then = forgotten.map_or(now, |forgotten| forgotten.max(now)) + FORGOTTEN_AFTER;
        let is_allowed = then <= now + FORGOTTEN_AFTER * AT_MOST;
        if is_allowed {
            *forgotten = Some(then);
        }
        is_allowed
    }

    /// Takes back the last guess: it was none.
    pub fn forget_one(&self) {
        let mut forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        *forgotten = forgotten.and_then(|forgotten| forgotten.checked_sub(FORGOTTEN_AFTER));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_at_once_and_then_one_every_twenty_seconds() {
        let (guesses, start) = (Guesses::default(), Instant::now());
        let allowed = |seconds| (0..100).filter(|_| guesses.take(start + Duration::from_secs(seconds))).count();
        assert_eq!([0, 19, 20, 59, 3_600].map(allowed), [10, 0, 1, 1, 10]);
    }

    #[test]
    fn a_guess_that_was_none_does_not_count() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for _ in 0..100 {
            assert!(guesses.take(now));
            guesses.forget_one();
        }
        assert_eq!((0..100).filter(|_| guesses.take(now)).count(), 10);
    }
}
