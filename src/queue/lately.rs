//! What this process did lately about each alert: SQS's count of messages may lag, so the process has to know itself.

use std::collections::HashMap;
use std::time::Duration;

use crate::clock::{Moment, Period};

/// How long the process remembers that it queued an alert: SQS's count of messages may lag that much.
const REMEMBERED: Duration = Duration::from_mins(2);
/// How long the process relies on it that no other process had a message about an alert that it pushed itself.
const OURS_ALONE: Duration = Duration::from_secs(10);

/// What this process did last with a message about an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// Pushed it, while nothing waited. It was no recovery.
    Pushed,
    /// Pushed it, and queued it as well.
    PushedAndQueued,
    /// Queued it. Flashduty does not have it.
    Queued,
    /// Tried to queue it, and SQS did not answer. It may have it all the same.
    PerhapsQueued,
}

impl Last {
    fn lasts(self) -> Duration {
        if self == Self::Pushed { OURS_ALONE } else { REMEMBERED }
    }
}

/// The last of each alert, by message group, and how long it counts.
#[derive(Debug, Default)]
pub(super) struct Lately(HashMap<String, (Period, Last)>);

impl Lately {
    /// What the process did last about the alert, unless that is too long ago at `now`.
    pub fn last(&self, group: &str, now: Moment) -> Option<Last> {
        self.0.get(group).filter(|(period, _)| period.counts_at(now)).map(|(_, last)| *last)
    }

    /// Remembers what the process does about the alert at `now`.
    pub fn remember(&mut self, group: &str, last: Last, now: Moment) {
        // Only a full map is searched for what no longer counts. After that it is at most half full. So an alert costs the
        // same, however many are remembered.
        if self.0.len() == self.0.capacity() {
            self.0.retain(|_, (period, _)| period.counts_at(now));
            self.0.reserve(self.0.len());
        }
        self.0.insert(group.to_owned(), (Period::new(now, last.lasts()), last));
    }

    /// Forgets the alert.
    pub fn forget(&mut self, group: &str) {
        self.0.remove(group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_remembers_what_may_still_matter() {
        let (mut lately, now) = (Lately::default(), Moment::now());
        for (group, last) in
            [("a", Last::Pushed), ("b", Last::PushedAndQueued), ("c", Last::Queued), ("d", Last::PerhapsQueued)]
        {
            lately.remember(group, last, now);
            assert_eq!(lately.last(group, now + last.lasts().mul_f64(0.999)), Some(last));
            assert_eq!(lately.last(group, now + last.lasts()), None);
        }
        lately.remember("c", Last::Pushed, now);
        assert_eq!(lately.last("c", now), Some(Last::Pushed));
        lately.forget("c");
        assert_eq!((lately.last("c", now), lately.last("e", now)), (None, None));
    }

    /// Thirty alerts a second for an hour are 300 that count at any time.
    #[test]
    fn it_holds_little_more_than_what_counts() {
        let (mut lately, begin) = (Lately::default(), Moment::now());
        lately.remember("queued", Last::Queued, begin + Duration::from_mins(59));
        for number in 0..30 * 3_600 {
            lately.remember(&number.to_string(), Last::Pushed, begin + Duration::from_secs(1) * number / 30);
        }
        // A map grows to twice its size, and what was removed from it takes room until then.
        assert!(lately.0.capacity() <= 8 * 300, "{}", lately.0.capacity());
        let end = begin + Duration::from_hours(1);
        assert_eq!(lately.last("queued", end), Some(Last::Queued));
        let counts = (0..30 * 3_600).filter(|number: &u32| lately.last(&number.to_string(), end).is_some());
        assert_eq!(counts.count(), 299);
    }
}
