//! Deadlines as Lambda states them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A deadline this long from now, in epoch milliseconds.
pub fn in_time(from_now: Duration) -> u64 {
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + from_now;
    u64::try_from(deadline.as_millis()).unwrap()
}
