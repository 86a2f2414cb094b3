//! How many messages and pushes there were, second by second.

use std::collections::VecDeque;

use serde::Serialize;

/// How many seconds are remembered: the page's chart has as many.
const SECONDS: usize = 300;

/// One second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Point {
    /// Its start, in epoch milliseconds.
    pub(crate) at: u64,
    /// Messages that came to the local API.
    pub(crate) arrived: u64,
    /// Pushes that Flashduty took.
    pub(crate) delivered: u64,
    /// Pushes that it did not take.
    pub(crate) refused: u64,
    /// How long the retry queue is.
    pub(crate) queued: u64,
    /// How long the dead letter queue is.
    pub(crate) dead: u64,
}

/// The last seconds.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    past: VecDeque<Point>,
    /// How many are past, those too that are not remembered any more.
    seconds: u64,
    now: Point,
}

impl Traffic {
    /// Lets time go on to `now`, in epoch milliseconds. A clock that is set back stands still.
    pub(crate) fn tick(&mut self, now: u64) {
        let second = now - now % 1000;
        if self.now.at == 0 {
            self.now.at = second;
        }
        // After a night's sleep of the machine, only what is remembered.
        let remembered = 1000 * SECONDS as u64;
        if second > self.now.at + remembered {
            self.now = Point { at: second - remembered, ..self.now.quiet() };
        }
        while self.now.at < second {
            self.past.push_back(self.now);
            self.seconds += 1;
            self.now = Point { at: self.now.at + 1000, ..self.now.quiet() };
        }
        self.past.drain(..self.past.len().saturating_sub(SECONDS));
    }

    /// Counts something that happened `now`.
    pub(crate) fn count(&mut self, now: u64, what: impl FnOnce(&mut Point)) {
        self.tick(now);
        what(&mut self.now);
    }

    /// The seconds past after the first `seen`, as many as are remembered.
    pub(crate) fn since(&self, seen: u64) -> Vec<Point> {
        let new = usize::try_from(self.seconds - seen).unwrap_or(usize::MAX);
        self.past.range(self.past.len().saturating_sub(new)..).copied().collect()
    }

    /// How many seconds are past.
    pub(crate) fn seconds(&self) -> u64 {
        self.seconds
    }
}

impl Point {
    /// A second in which nothing happens: queues stay as long as they were.
    fn quiet(&self) -> Self {
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
    fn no_more_than_the_last_minutes_are_remembered() {
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
