//! The pace at which a process pushes to one integration.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::per_integration::PerIntegration;
use super::push_url::PushUrl;

/// The shortest time between two pushes to one integration by the function `redeliver`. The template runs two of them at most, which
/// together stay below Flashduty's limit of 1,000 events a minute and leave some of it to the relay.
const INTERVAL: Duration = Duration::from_millis(150);

/// Keeps the pushes of one process to each integration apart.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When the next push may begin.
    next: Mutex<PerIntegration<Option<Instant>>>,
}

impl Pace {
    /// Waits until the next push may begin.
    pub(super) async fn wait(&self, url: &PushUrl) {
        let now = Instant::now();
        let begin = {
            let mut all = self.lock();
            let next = all.of(Some(url));
            let begin = next.map_or(now, |next| next.max(now));
            *next = Some(begin + INTERVAL);
            begin
        };
        sleep_until(begin).await;
    }

    /// Counts the tries of the push that was waited for: each of them counts against Flashduty's limit.
    pub(super) fn count(&self, url: &PushUrl, attempts: u32) {
        if let Some(next) = self.lock().of(Some(url)) {
            *next += INTERVAL * attempts.saturating_sub(1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, PerIntegration<Option<Instant>>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_integration_has_its_own_pace() {
        let url = |key| PushUrl::read(&format!("https://a.example/x?integration_key={key}")).unwrap();
        let (pace, start) = (Pace::default(), Instant::now());
        for key in ["one", "two", "three", "four"] {
            pace.wait(&url(key)).await;
        }
        assert!(start.elapsed() < INTERVAL);
        pace.wait(&url("one")).await;
        assert!(start.elapsed() >= INTERVAL);
        pace.count(&url("one"), 3);
        pace.wait(&url("one")).await;
        assert!(start.elapsed() >= INTERVAL * 4);
    }

    #[test]
    fn two_functions_stay_below_flashdutys_limit() {
        let functions = 2;
        let a_minute = functions * Duration::from_mins(1).as_millis() / INTERVAL.as_millis();
        assert!(a_minute <= 1_000 * 9 / 10, "{a_minute}");
    }
}
