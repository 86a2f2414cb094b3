//! How many messages and pushes there were in each second.

use serde::Serialize;

use crate::recent::Recent;

/// How many seconds are kept. The page's chart shows as many.
const SECONDS: usize = 300;

/// The counts of one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Point {
    /// When the second starts, in epoch milliseconds.
    pub(crate) at: u64,
    /// Messages that the local API received.
    pub(crate) arrived: u64,
    /// Pushes that Flashduty accepted.
    pub(crate) delivered: u64,
    /// Pushes that Flashduty did not accept.
    pub(crate) refused: u64,
    /// The length of the retry queue.
    pub(crate) queued: u64,
    /// The length of the dead letter queue.
    pub(crate) dead: u64,
}

/// The counts of the last seconds.
#[derive(Debug)]
pub(crate) struct Traffic {
    past: Recent<Point>,
    now: Point,
}

impl Default for Traffic {
    fn default() -> Self {
        Self { past: Recent::new(SECONDS), now: Point::default() }
    }
}

impl Traffic {
    /// Ends every second before `now`, in epoch milliseconds. Nothing happens if the clock was set back.
    pub(crate) fn tick(&mut self, now: u64) {
        let second = now - now % 1000;
        if self.now.at == 0 {
            self.now.at = second;
        }
        // After the machine slept for hours, only the seconds that are kept are made.
        let kept = 1000 * SECONDS as u64;
        if second > self.now.at + kept {
            self.now = Point { at: second - kept, ..self.now.without_counts() };
        }
        while self.now.at < second {
            self.past.push(self.now);
            self.now = Point { at: self.now.at + 1000, ..self.now.without_counts() };
        }
    }

    /// Changes the counts of the second that `now` is in.
    pub(crate) fn count(&mut self, now: u64, change: impl FnOnce(&mut Point)) {
        self.tick(now);
        change(&mut self.now);
    }

    /// The seconds that ended after [`seconds`](Self::seconds) was `seen`, as far as they are kept.
    pub(crate) fn since(&self, seen: u64) -> Vec<Point> {
        self.past.since(seen)
    }

    /// How many seconds have ended since the console started.
    pub(crate) fn seconds(&self) -> u64 {
        self.past.added()
    }
}

impl Point {
    /// A second in which nothing happened. The queues keep their lengths.
    fn without_counts(&self) -> Self {
        Self { queued: self.queued, dead: self.dead, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(at: u64, delivered: u64, queued: u64) -> Point {
        Point { at, delivered, queued, ..Point::default() }
    }

    #[test]
    fn every_second_has_a_point() {
        let mut traffic = Traffic::default();
        traffic.count(5_100, |point| point.delivered += 1);
        traffic.count(5_900, |point| point.delivered += 1);
        traffic.count(6_000, |point| point.queued = 7);
        traffic.count(5_000, |point| point.delivered += 1);
        traffic.tick(8_999);
        assert_eq!(traffic.since(0), [point(5_000, 2, 0), point(6_000, 1, 7), point(7_000, 0, 7)]);
        assert_eq!(traffic.since(2), [point(7_000, 0, 7)]);
        assert_eq!(traffic.since(traffic.seconds()), []);
    }

    #[test]
    fn only_the_last_seconds_are_kept() {
        let mut traffic = Traffic::default();
        for second in 1..1_000 {
            traffic.count(1_000 * second, |point| point.delivered = second);
        }
        assert_eq!(traffic.since(0).len(), SECONDS);
        assert_eq!(traffic.since(0).last(), Some(&point(998_000, 998, 0)));
        traffic.tick(1_000_000_000_000);
        assert_eq!(traffic.since(0).len(), SECONDS);
        assert_eq!(traffic.since(0).last().map(|point| point.at), Some(999_999_999_000));
    }
}
