//! The pace at which a process pushes.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// The shortest time between two pushes of the function `redeliver`. The template runs two of them at most, which
/// together stay below Flashduty's limit of 1,000 events a minute and leave some of it to the relay.
const INTERVAL: Duration = Duration::from_millis(150);

/// Keeps the pushes of one process apart.
#[derive(Debug)]
pub(super) struct Pace {
    /// When the next push may begin.
    next: Mutex<Instant>,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { next: Mutex::new(Instant::now()) }
    }

    /// Waits until the next push may begin.
    pub(super) async fn wait(&self) {
        let mut next = self.next.lock().await;
        sleep_until(*next).await;
        *next = Instant::now() + INTERVAL;
    }

    /// Counts the tries of the push that was waited for: each of them counts against Flashduty's limit.
    pub(super) async fn count(&self, attempts: u32) {
        *self.next.lock().await += INTERVAL * attempts.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_functions_stay_below_flashdutys_limit() {
        let functions = 2;
        let a_minute = functions * Duration::from_mins(1).as_millis() / INTERVAL.as_millis();
        assert!(a_minute <= 1_000 * 9 / 10, "{a_minute}");
    }
}
