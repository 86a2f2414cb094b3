//! The messages that came to the local API, and which pushed event was made of which.
//!
//! A push does not say what it was made of, and comes late where it had to wait. So every message is translated
//! here as well, by the product's own code, and what comes out is compared with what was pushed.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher as _};

use serde::{Deserialize, Serialize};
use zstack_flashduty::flashduty::Event;
use zstack_flashduty::translate::{Context, translate};
use zstack_flashduty::webhook::MAX_BODY;
use zstack_flashduty::zstack::split;

use crate::url::{labels, query_string};

/// The most requests that are remembered.
const REMEMBERED: usize = 5_000;
/// About how many bytes of them are.
const MEMORY: usize = 32 << 20;

/// The label that says how late an event is, which is not part of the message; the second name where the
/// message has a label of the first.
const DELAYED: [&str; 2] = ["delayed", "delayed_2"];
/// What it says here: no message holds it.
const LATE: &str = "\u{1}late";

/// A message as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Original {
    /// When it came, in epoch milliseconds.
    at: u64,
    /// The message's own text; a request may hold several.
    text: String,
    /// Path and query of its URL, without the token.
    url: String,
}

/// A request that came to the local API.
#[derive(Debug)]
pub(crate) struct Arrival {
    at: u64,
    url: String,
    texts: Vec<String>,
    made: Vec<Made>,
}

/// An event that was made of a request.
#[derive(Debug)]
struct Made {
    print: u64,
    /// Of which message.
    place: usize,
    cut: Vec<String>,
}

impl Arrival {
    pub(crate) fn new(at: u64, path: &str, query: &str, body: &[u8]) -> Self {
        let url_labels = labels(query);
        let query = query_string(&url_labels);
        let url = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        // Nothing is made of what the relay does not take.
        let parts = if body.len() > MAX_BODY || body.trim_ascii().is_empty() { Vec::new() } else { split(body) };
        let on_time = Context { url_labels, ..Context::default() };
        // Beside a label more, another may be left out.
        let late = Context { delayed: Some(LATE.to_owned()), ..on_time.clone() };
        let mut made = Vec::new();
        for (place, part) in parts.iter().enumerate() {
            for context in [&on_time, &late] {
                let alerts = translate(part, context);
                let events = alerts.iter().flat_map(|alert| &alert.events);
                made.extend(events.filter_map(|event| Made::new(event, place)));
            }
        }
        Self { at, url, texts: parts.into_iter().map(|part| part.text).collect(), made }
    }

    /// How many messages it holds; what is no message counts, too.
    pub(crate) fn messages(&self) -> u64 {
        self.texts.len().max(1) as u64
    }

    fn weight(&self) -> usize {
        256 + self.url.len() + 256 * self.made.len() + self.texts.iter().map(|text| 64 + text.len()).sum::<usize>()
    }
}

impl Made {
    fn new(event: &Event, place: usize) -> Option<Self> {
        let mut facts: Facts = serde_json::from_slice(&event.to_json()).ok()?;
        facts.labels.retain(|_, value| value != LATE);
        Some(Self { print: facts.print(), place, cut: event.cut().to_vec() })
    }
}

/// What an event says. Not how its title is made: that is a setting, and the same for all of them.
#[derive(Deserialize, Hash)]
struct Facts {
    event_status: String,
    alert_key: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

impl Facts {
    /// 64 bits: that two of some thousand events share them by chance will not happen.
    fn print(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

/// The last requests.
#[derive(Debug, Default)]
pub(crate) struct Originals {
    arrivals: VecDeque<Arrival>,
    /// How many are forgotten.
    forgotten: u64,
    /// Of which requests, counted from the first of all, an event with this print was made.
    by_print: HashMap<u64, VecDeque<u64>>,
    weight: usize,
}

impl Originals {
    pub(crate) fn add(&mut self, arrival: Arrival) {
        let number = self.forgotten + self.arrivals.len() as u64;
        for made in &arrival.made {
            let numbers = self.by_print.entry(made.print).or_default();
            if numbers.back() != Some(&number) {
                numbers.push_back(number);
            }
        }
        self.weight += arrival.weight();
        self.arrivals.push_back(arrival);
        while self.arrivals.len() > REMEMBERED || self.weight > MEMORY {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some(arrival) = self.arrivals.pop_front() else { return };
        self.weight -= arrival.weight();
        for made in &arrival.made {
            if let Some(numbers) = self.by_print.get_mut(&made.print) {
                if numbers.front() == Some(&self.forgotten) {
                    numbers.pop_front();
                }
                if numbers.is_empty() {
                    self.by_print.remove(&made.print);
                }
            }
        }
        self.forgotten += 1;
    }

    /// What an event, pushed at `pushed_at`, was made of, and what was cut.
    ///
    /// Equal messages make equal events: it is the last one before the push.
    pub(crate) fn find(&self, event: &str, pushed_at: u64) -> Option<(Original, Vec<String>)> {
        let facts: Facts = serde_json::from_str(event).ok()?;
        let (print, numbers) = prints(facts).into_iter().find_map(|print| Some((print, self.by_print.get(&print)?)))?;
        let arrivals = || numbers.iter().filter_map(|number| self.get(*number));
        let before = arrivals().filter(|arrival| arrival.at <= pushed_at).max_by_key(|arrival| arrival.at);
        let arrival = before.or_else(|| arrivals().min_by_key(|arrival| arrival.at))?;
        let made = arrival.made.iter().find(|made| made.print == print)?;
        let text = arrival.texts.get(made.place)?.clone();
        Some((Original { at: arrival.at, text, url: arrival.url.clone() }, made.cut.clone()))
    }

    fn get(&self, number: u64) -> Option<&Arrival> {
        self.arrivals.get(usize::try_from(number.checked_sub(self.forgotten)?).ok()?)
    }
}

/// The prints of an event, as it is and without the label that says how late it is.
fn prints(mut facts: Facts) -> Vec<u64> {
    let mut prints = vec![facts.print()];
    for name in DELAYED {
        if let Some((name, late)) = facts.labels.remove_entry(name) {
            prints.push(facts.print());
            facts.labels.insert(name, late);
        }
    }
    prints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(n: u64, size: usize) -> Arrival {
        let message = format!(r#"{{"ALARM_NAME": "{n}", "ALARM_X": "{}"}}"#, "x".repeat(size));
        Arrival::new(n, "/zstack", "", message.as_bytes())
    }

    /// When the request that an event was made of came.
    fn found(originals: &Originals, made_of: &Arrival) -> Option<u64> {
        let part = &split(made_of.texts[0].as_bytes())[0];
        let event = translate(part, &Context::default())[0].events[0].to_json();
        originals.find(std::str::from_utf8(&event).unwrap(), u64::MAX).map(|(original, _)| original.at)
    }

    #[test]
    fn no_more_requests_are_remembered_than_that() {
        let mut originals = Originals::default();
        for n in 0..REMEMBERED as u64 + 10 {
            originals.add(arrival(n, 1));
        }
        assert_eq!(originals.arrivals.len(), REMEMBERED);
        // On time and late, an event has one print here.
        assert_eq!(originals.by_print.len(), REMEMBERED);
        assert_eq!(found(&originals, &arrival(9, 1)), None);
        assert_eq!(found(&originals, &arrival(10, 1)), Some(10));
        let last = REMEMBERED as u64 + 9;
        assert_eq!(found(&originals, &arrival(last, 1)), Some(last));
    }

    #[test]
    fn no_more_bytes_are_remembered_than_that() {
        let mut originals = Originals::default();
        for n in 0..400 {
            originals.add(arrival(n, 100_000));
        }
        assert!(originals.weight <= MEMORY);
        assert!((300..350).contains(&originals.arrivals.len()), "{}", originals.arrivals.len());
        assert_eq!(found(&originals, &arrival(1, 100_000)), None);
        assert_eq!(found(&originals, &arrival(399, 100_000)), Some(399));
    }

    #[test]
    fn of_equal_requests_each_is_forgotten_for_itself() {
        let mut originals = Originals::default();
        for at in 0..3 {
            originals.add(Arrival { at, ..arrival(7, 1) });
        }
        originals.forget_oldest();
        originals.forget_oldest();
        assert_eq!(found(&originals, &arrival(7, 1)), Some(2));
        originals.forget_oldest();
        assert_eq!(found(&originals, &arrival(7, 1)), None);
        assert!(originals.by_print.is_empty() && originals.weight == 0);
    }
}
