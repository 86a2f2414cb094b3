//! Time that passes although Lambda has frozen the process.

use std::time::{Duration, Instant, SystemTime};

/// A moment, to tell how long ago it was.
///
/// Between two requests Lambda freezes the process, perhaps for minutes. The clock of [`Instant`] may stand still
/// meanwhile, and the system's clock may be set back. So the one that went further counts. What is remembered then ends too
/// early rather than too late.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    running: Instant,
    system: SystemTime,
}

impl Moment {
    /// This moment.
    #[must_use]
    pub fn now() -> Self {
        Self { running: Instant::now(), system: SystemTime::now() }
    }

    /// The time from this moment until `later`; zero if that was before.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        let running = later.running.saturating_duration_since(self.running);
        running.max(later.system.duration_since(self.system).unwrap_or_default())
    }

    /// The time since this moment.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.until(Self::now())
    }
}

#[cfg(test)]
impl std::ops::Add<Duration> for Moment {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self { running: self.running + time, system: self.system + time }
    }
}

/// What counts for a while from a moment on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Period {
    from: Moment,
    lasts: Duration,
}

impl Period {
    /// From `from` on, for so long.
    #[must_use]
    pub fn new(from: Moment, lasts: Duration) -> Self {
        Self { from, lasts }
    }

    /// From now on, for so long.
    #[must_use]
    pub fn from_now(lasts: Duration) -> Self {
        Self::new(Moment::now(), lasts)
    }

    /// Whether it still counts at `now`.
    #[must_use]
    pub fn counts_at(self, now: Moment) -> bool {
        self.from.until(now) < self.lasts
    }

    /// Whether it still counts.
    #[must_use]
    pub fn counts(self) -> bool {
        self.counts_at(Moment::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn the_clock_that_went_further_counts() {
        let start = Moment::now();
        let frozen = Moment { running: start.running, system: start.system + MINUTE };
        let set_back = Moment { running: start.running + MINUTE, system: start.system - MINUTE };
        let set_forward = Moment { running: start.running + MINUTE, system: start.system + 3 * MINUTE };
        assert_eq!([frozen, set_back, start + MINUTE].map(|later| start.until(later)), [MINUTE; 3]);
        assert_eq!(start.until(set_forward), 3 * MINUTE);
        assert_eq!((start + MINUTE).until(start), Duration::ZERO);
    }

    #[test]
    fn a_period_ends_in_a_freeze() {
        let start = Moment::now();
        let period = Period::new(start, MINUTE);
        assert!(period.counts_at(start) && period.counts_at(start + MINUTE.mul_f64(0.99)));
        assert!(!period.counts_at(start + MINUTE));
        assert!(!period.counts_at(Moment { running: start.running, system: start.system + MINUTE }));
    }
}
