//! One FIFO queue, with what SQS promises about order, deduplication and visibility. It has no clock: the caller
//! says what time it is, since the epoch.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

/// For how long SQS drops a message with a deduplication id that it has seen, even if the first one was deleted.
pub const DEDUPLICATION_INTERVAL: Duration = Duration::from_mins(5);

#[derive(Default)]
pub(super) struct Queue {
    messages: Vec<Message>,
    /// By deduplication id: when the first message with it was sent, and that message's id.
    seen: BTreeMap<String, (Duration, String)>,
    redrive: Option<Redrive>,
    /// For how long a new message is not counted.
    lag: Duration,
    count: u64,
}

/// A queue's redrive policy.
pub(super) struct Redrive {
    pub dead_letter_queue: String,
    pub max_receive_count: u32,
}

#[derive(Clone, Debug)]
pub struct Message {
    pub id: String,
    pub body: String,
    pub group: String,
    pub deduplication: String,
    /// The object `MessageAttributes` of the call that sent it.
    pub attributes: Value,
    pub sequence: u64,
    pub sent: Duration,
    pub first_received: Duration,
    pub receives: u32,
    /// The receipt handle of the last receive.
    pub receipt: String,
    visible_at: Duration,
}

impl Message {
    fn in_flight(&self, now: Duration) -> bool {
        now < self.visible_at
    }
}

impl Queue {
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// How many messages are visible, and how many are in flight, without those that were sent lately.
    pub fn count(&self, now: Duration) -> (usize, usize) {
        let counted = self.messages.iter().filter(|message| message.sent + self.lag <= now);
        let (in_flight, visible): (Vec<_>, Vec<_>) = counted.partition(|message| message.in_flight(now));
        (visible.len(), in_flight.len())
    }

    pub fn set_lag(&mut self, lag: Duration) {
        self.lag = lag;
    }

    pub fn set_redrive(&mut self, redrive: Redrive) {
        self.redrive = Some(redrive);
    }

    /// Adds a message and returns its id. A duplicate is dropped, and gets the id of the first one.
    pub fn send(&mut self, name: &str, message: Sent, now: Duration) -> String {
        self.seen.retain(|_, (since, _)| now < *since + DEDUPLICATION_INTERVAL);
        if let Some((_, id)) = self.seen.get(&message.deduplication) {
            return id.clone();
        }
        self.count += 1;
        let id = format!("{name}-message-{}", self.count);
        self.seen.insert(message.deduplication.clone(), (now, id.clone()));
        self.messages.push(Message {
            id: id.clone(),
            body: message.body,
            group: message.group,
            deduplication: message.deduplication,
            attributes: message.attributes,
            sequence: self.count,
            sent: now,
            first_received: now,
            receives: 0,
            receipt: String::new(),
            visible_at: now,
        });
        id
    }

    /// Receives up to `most` messages in order, and hides them for `visibility`. A group with a message in flight is
    /// skipped. The second list has the messages that were received too often: they are removed from this queue, and
    /// the caller moves them to the dead letter queue.
    pub fn receive(&mut self, most: usize, visibility: Duration, now: Duration) -> (Vec<Message>, Vec<Message>) {
        let in_flight = self.messages.iter().filter(|message| message.in_flight(now));
        let blocked: BTreeSet<String> = in_flight.map(|message| message.group.clone()).collect();
        let max = self.redrive.as_ref().map_or(u32::MAX, |redrive| redrive.max_receive_count);

        let (mut received, mut dead) = (Vec::new(), Vec::new());
        self.messages.retain_mut(|message| {
            if received.len() == most || blocked.contains(&message.group) {
                return true;
            }
            if message.receives >= max {
                dead.push(message.clone());
                return false;
            }
            if message.receives == 0 {
                message.first_received = now;
            }
            message.receives += 1;
            message.receipt = format!("{}-receipt-{}", message.id, message.receives);
            message.visible_at = now + visibility;
            received.push(message.clone());
            true
        });
        (received, dead)
    }

    /// The URL of the dead letter queue, if there is a redrive policy.
    pub fn dead_letter_queue(&self) -> Option<String> {
        self.redrive.as_ref().map(|redrive| redrive.dead_letter_queue.clone())
    }

    /// Adds messages that another queue gave up.
    pub fn add_dead_letters(&mut self, dead: Vec<Message>) {
        self.messages.extend(dead);
    }

    /// Whether a message with this receipt handle is still there.
    pub fn has(&self, receipt: &str) -> bool {
        self.messages.iter().any(|message| message.receipt == receipt)
    }

    /// Deletes the message with this receipt handle. False if no message in flight has it.
    pub fn delete(&mut self, receipt: &str, now: Duration) -> bool {
        let before = self.messages.len();
        self.messages.retain(|message| !(message.receipt == receipt && message.in_flight(now)));
        self.messages.len() < before
    }

    /// Hides the message with this receipt handle for `visibility` from now. False if no message in flight has it.
    pub fn change_visibility(&mut self, receipt: &str, visibility: Duration, now: Duration) -> bool {
        let message = self.messages.iter_mut().find(|message| message.receipt == receipt && message.in_flight(now));
        message.map(|message| message.visible_at = now + visibility).is_some()
    }
}

/// A message to send.
pub(super) struct Sent {
    pub body: String,
    pub group: String,
    pub deduplication: String,
    pub attributes: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    const VISIBILITY: Duration = Duration::from_secs(30);
    const START: Duration = Duration::from_hours(1);

    fn send(queue: &mut Queue, group: &str, body: &str, now: Duration) {
        let (group, body) = (group.to_owned(), body.to_owned());
        queue.send("q", Sent { deduplication: body.clone(), body, group, attributes: Value::Null }, now);
    }

    fn receive(queue: &mut Queue, most: usize, now: Duration) -> Vec<Message> {
        queue.receive(most, VISIBILITY, now).0
    }

    fn bodies(messages: &[Message]) -> Vec<&str> {
        messages.iter().map(|message| message.body.as_str()).collect()
    }

    #[test]
    fn a_group_waits_for_its_messages_in_flight() {
        let mut queue = Queue::default();
        for (group, body) in [("a", "a1"), ("a", "a2"), ("b", "b1"), ("a", "a3"), ("b", "b2")] {
            send(&mut queue, group, body, START);
        }
        let first = receive(&mut queue, 1, START);
        assert_eq!(bodies(&first), ["a1"]);
        let second = receive(&mut queue, 10, START);
        assert_eq!(bodies(&second), ["b1", "b2"], "a1 is in flight");
        assert_eq!(queue.count(START), (2, 3));
        assert!(queue.delete(&second[0].receipt, START));
        assert!(receive(&mut queue, 10, START).is_empty(), "b2 is in flight");
        assert!(queue.change_visibility(&second[1].receipt, Duration::ZERO, START));
        assert!(!queue.change_visibility(&second[1].receipt, VISIBILITY, START), "not in flight any more");
        assert_eq!(bodies(&receive(&mut queue, 10, START)), ["b2"]);

        let later = START + VISIBILITY;
        assert!(!queue.delete(&first[0].receipt, later), "too late");
        let again = receive(&mut queue, 2, later);
        assert_eq!(bodies(&again), ["a1", "a2"]);
        assert_eq!((again[0].receives, again[1].receives), (2, 1));
    }

    #[test]
    fn a_duplicate_is_dropped_for_five_minutes() {
        let mut queue = Queue::default();
        send(&mut queue, "a", "one", START);
        let received = receive(&mut queue, 10, START);
        assert!(queue.delete(&received[0].receipt, START));
        send(&mut queue, "a", "one", START + DEDUPLICATION_INTERVAL / 2);
        assert!(queue.messages().is_empty());
        send(&mut queue, "a", "one", START + DEDUPLICATION_INTERVAL);
        assert_eq!(queue.messages().len(), 1);
    }

    #[test]
    fn a_message_received_too_often_leaves_the_queue() {
        let mut queue = Queue::default();
        queue.set_redrive(Redrive { dead_letter_queue: "dead".to_owned(), max_receive_count: 2 });
        send(&mut queue, "a", "one", START);
        let mut now = START;
        for _ in 0..2 {
            assert_eq!(bodies(&receive(&mut queue, 10, now)), ["one"]);
            now += VISIBILITY;
        }
        send(&mut queue, "a", "two", now);
        let (received, dead) = queue.receive(10, VISIBILITY, now);
        assert_eq!((bodies(&received), bodies(&dead)), (vec!["two"], vec!["one"]));
    }
}
