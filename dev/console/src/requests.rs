//! The requests that the local API received, and which message each pushed event was made from.
//!
//! A pushed event does not name its message, and an event from the queue arrives late. So every received message is
//! translated here as well, with the product's own code. A pushed event belongs to the message whose translation has
//! the same content.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher as _};

use serde::{Deserialize, Serialize};
use zstack_flashduty::flashduty::Event;
use zstack_flashduty::language::Language;
use zstack_flashduty::translate::{Context, Late, translate};
use zstack_flashduty::webhook::admit;
use zstack_flashduty::zstack::split;

use crate::url::{channel_of_path, labels, query_string};

/// The most requests that are kept.
const MAX_REQUESTS: usize = 5_000;
/// The most bytes of memory that they use, approximately.
const MAX_BYTES: usize = 32 << 20;

/// The labels that say how long an event was queued, or that it was pushed once more. Each has the second name if the message
/// itself has a label with the first name.
const DELAY_LABELS: [&str; 4] = ["delayed", "delayed_2", "repeated", "repeated_2"];
/// The value of that label in the translations here. No message contains it.
const DELAY_PLACEHOLDER: &str = "\u{1}late";

/// The ZStack message that an event was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SourceMessage {
    /// When its request was received, in epoch milliseconds.
    at: u64,
    /// The message's own text. A request can hold several messages.
    text: String,
    /// Path and query of the request's URL, without the token.
    url: String,
}

/// A request that the local API received.
#[derive(Debug)]
pub(crate) struct ReceivedRequest {
    at: u64,
    url: String,
    texts: Vec<String>,
    events: Vec<TranslatedEvent>,
}

/// An event that a request's translation produced.
#[derive(Debug)]
struct TranslatedEvent {
    fingerprint: u64,
    /// The index of its message in the request.
    message: usize,
    cut: Vec<String>,
}

impl ReceivedRequest {
    pub(crate) fn new(at: u64, path: &str, query: &str, body: &[u8]) -> Self {
        let url_labels = labels(query);
        let query = query_string(&url_labels);
        let url = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        let channel = channel_of_path(path);
        // The relay makes no event from a body that it does not accept, nor for a name that cannot be a channel's.
        let parts = if channel.is_ok() && admit(body).is_ok() { split(body) } else { Vec::new() };
        let on_time = Context { channel: channel.unwrap_or_default(), url_labels, ..Context::default() };
        // Translated again with either label, because that label can displace another one.
        let late =
            |late: fn(String) -> Late| Context { late: Some(late(DELAY_PLACEHOLDER.to_owned())), ..on_time.clone() };
        let contexts = [on_time.clone(), late(Late::Delayed), late(Late::Repeated)];
        let mut events = Vec::new();
        let mut seen = HashSet::new();
        for (message, part) in parts.iter().enumerate() {
            for context in &contexts {
                // The console does not know the relay's language.
                for language in Language::ALL {
                    let context = Context { language, ..context.clone() };
                    let alerts = translate(&part.text, &part.around, &context);
                    let pushed = alerts.iter().flat_map(|alert| &alert.events);
                    let translated = pushed.filter_map(|event| TranslatedEvent::new(event, message));
                    events.extend(translated.filter(|event| seen.insert(event.fingerprint)));
                }
            }
        }
        Self { at, url, texts: parts.into_iter().map(|part| part.text).collect(), events }
    }

    /// How many messages it holds. A body without a message counts as one.
    pub(crate) fn messages(&self) -> u64 {
        self.texts.len().max(1) as u64
    }

    /// Its approximate size in memory, in bytes.
    fn size(&self) -> usize {
        256 + self.url.len() + 256 * self.events.len() + self.texts.iter().map(|text| 64 + text.len()).sum::<usize>()
    }
}

impl TranslatedEvent {
    fn new(event: &Event, message: usize) -> Option<Self> {
        let mut content: EventContent = serde_json::from_slice(&event.to_json()).ok()?;
        content.labels.retain(|_, value| value != DELAY_PLACEHOLDER);
        Some(Self { fingerprint: content.fingerprint(), message, cut: event.cut().to_vec() })
    }
}

/// What identifies an event. The title rule is not part of it: it is a setting, the same for all events.
#[derive(Deserialize, Hash)]
struct EventContent {
    event_status: String,
    alert_key: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

impl EventContent {
    /// 64 bits are enough to tell some thousands of events apart.
    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    /// The fingerprint as it is, then those without the delay label.
    fn fingerprints(mut self) -> Vec<u64> {
        let mut fingerprints = vec![self.fingerprint()];
        for name in DELAY_LABELS {
            if let Some((name, delay)) = self.labels.remove_entry(name) {
                fingerprints.push(self.fingerprint());
                self.labels.insert(name, delay);
            }
        }
        fingerprints
    }
}

/// The newest requests.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    requests: VecDeque<ReceivedRequest>,
    /// How many requests were dropped. The first kept request has this number.
    dropped: u64,
    /// For each event's fingerprint, the numbers of the requests that produced it, oldest first.
    by_fingerprint: HashMap<u64, VecDeque<u64>>,
    /// The sum of the requests' sizes.
    size: usize,
}

impl RequestLog {
    pub(crate) fn add(&mut self, request: ReceivedRequest) {
        let number = self.dropped + self.requests.len() as u64;
        for event in &request.events {
            let numbers = self.by_fingerprint.entry(event.fingerprint).or_default();
            if numbers.back() != Some(&number) {
                numbers.push_back(number);
            }
        }
        self.size += request.size();
        self.requests.push_back(request);
        while self.requests.len() > MAX_REQUESTS || self.size > MAX_BYTES {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let Some(request) = self.requests.pop_front() else { return };
        self.size -= request.size();
        for event in &request.events {
            if let Some(numbers) = self.by_fingerprint.get_mut(&event.fingerprint) {
                if numbers.front() == Some(&self.dropped) {
                    numbers.pop_front();
                }
                if numbers.is_empty() {
                    self.by_fingerprint.remove(&event.fingerprint);
                }
            }
        }
        self.dropped += 1;
    }

    /// The message that an event pushed at `pushed_at` was made from, and the names of what the translation cut.
    ///
    /// Equal messages make equal events. Of those, it is the last one received before the push.
    pub(crate) fn find(&self, event: &str, pushed_at: u64) -> Option<(SourceMessage, Vec<String>)> {
        let content: EventContent = serde_json::from_str(event).ok()?;
        let (fingerprint, numbers) = content
            .fingerprints()
            .into_iter()
            .find_map(|fingerprint| Some((fingerprint, self.by_fingerprint.get(&fingerprint)?)))?;
        let requests = || numbers.iter().filter_map(|number| self.get(*number));
        let before = requests().filter(|request| request.at <= pushed_at).max_by_key(|request| request.at);
        let request = before.or_else(|| requests().min_by_key(|request| request.at))?;
        let event = request.events.iter().find(|event| event.fingerprint == fingerprint)?;
        let text = request.texts.get(event.message)?.clone();
        Some((SourceMessage { at: request.at, text, url: request.url.clone() }, event.cut.clone()))
    }

    fn get(&self, number: u64) -> Option<&ReceivedRequest> {
        self.requests.get(usize::try_from(number.checked_sub(self.dropped)?).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(n: u64, size: usize) -> ReceivedRequest {
        let message = format!(r#"{{"ALARM_NAME": "{n}", "ALARM_X": "{}"}}"#, "x".repeat(size));
        ReceivedRequest::new(n, "/zstack", "", message.as_bytes())
    }

    /// When the request was received that is found for the event of `request`.
    fn found(log: &RequestLog, request: &ReceivedRequest) -> Option<u64> {
        let part = &split(request.texts[0].as_bytes())[0];
        let event = translate(&part.text, &part.around, &Context::default())[0].events[0].to_json();
        log.find(std::str::from_utf8(&event).unwrap(), u64::MAX).map(|(message, _)| message.at)
    }

    #[test]
    fn the_number_of_kept_requests_is_limited() {
        let mut log = RequestLog::default();
        for n in 0..MAX_REQUESTS as u64 + 10 {
            log.add(request(n, 1));
        }
        assert_eq!(log.requests.len(), MAX_REQUESTS);
        // An event has the same fingerprint on time and late, and another one in each language.
        assert_eq!(log.by_fingerprint.len(), Language::ALL.len() * MAX_REQUESTS);
        assert_eq!(found(&log, &request(9, 1)), None);
        assert_eq!(found(&log, &request(10, 1)), Some(10));
        let last = MAX_REQUESTS as u64 + 9;
        assert_eq!(found(&log, &request(last, 1)), Some(last));
    }

    #[test]
    fn the_memory_of_kept_requests_is_limited() {
        let mut log = RequestLog::default();
        for n in 0..400 {
            log.add(request(n, 100_000));
        }
        assert!(log.size <= MAX_BYTES);
        assert!((300..350).contains(&log.requests.len()), "{}", log.requests.len());
        assert_eq!(found(&log, &request(1, 100_000)), None);
        assert_eq!(found(&log, &request(399, 100_000)), Some(399));
    }

    #[test]
    fn equal_requests_are_dropped_one_by_one() {
        let mut log = RequestLog::default();
        for at in 0..3 {
            log.add(ReceivedRequest { at, ..request(7, 1) });
        }
        log.drop_oldest();
        log.drop_oldest();
        assert_eq!(found(&log, &request(7, 1)), Some(2));
        log.drop_oldest();
        assert_eq!(found(&log, &request(7, 1)), None);
        assert!(log.by_fingerprint.is_empty() && log.size == 0);
    }
}
