//! The pace at which a process pushes to one integration.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::per_integration::PerIntegration;
use super::push_url::PushUrl;

/// How many processes of `redeliver` the template runs at most.
const PROCESSES: u32 = 2;

/// Keeps the pushes of one process to each integration apart.
#[derive(Debug)]
pub(super) struct Pace {
    /// The shortest time between two pushes to one integration.
    interval: Duration,
    /// When the next push may begin.
    next: Mutex<PerIntegration<Option<Instant>>>,
}

impl Pace {
    /// The pace of one process if all of them together push this many alerts a minute to one integration at most.
    pub(super) fn new(a_minute: u32) -> Self {
        Self { interval: Duration::from_mins(1) * PROCESSES / a_minute.max(1), next: Mutex::default() }
    }

    /// Waits until the next push may begin.
    pub(super) async fn wait(&self, url: &PushUrl) {
        let now = Instant::now();
        let begin = {
            let mut all = self.lock();
            let next = all.of(Some(url));
            let begin = next.map_or(now, |next| next.max(now));
            *next = Some(begin + self.interval);
            begin
        };
        sleep_until(begin).await;
    }

    /// Counts the tries of the push that was waited for: each of them counts against Flashduty's limit.
    pub(super) fn count(&self, url: &PushUrl, attempts: u32) {
        if let Some(next) = self.lock().of(Some(url)) {
            *next += self.interval * attempts.saturating_sub(1);
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
        let (pace, start) = (Pace::new(800), Instant::now());
        let interval = Duration::from_millis(150);
        for key in ["one", "two", "three", "four"] {
            pace.wait(&url(key)).await;
        }
        assert!(start.elapsed() < interval);
        pace.wait(&url("one")).await;
        assert!(start.elapsed() >= interval);
        pace.count(&url("one"), 3);
        pace.wait(&url("one")).await;
        assert!(start.elapsed() >= interval * 4);
    }
}
