//! A message of the retry queue: its attributes, its turn, and when it comes back.

use std::collections::HashMap;
use std::time::Duration;

use aws_lambda_events::sqs::SqsMessage;

use crate::deadline::epoch_millis;
use crate::queue::{FifoIds, QueuedMessage, REASON};

/// The retry delay is the time since the message was first received, divided by this. It depends on that time and not on
/// the number of receives: in a batch that Flashduty refuses, most messages are received without being tried.
const AGE_DIVISOR: u32 = 4;
/// The shortest retry delay.
const SHORTEST_DELAY: Duration = Duration::from_secs(2);
/// The longest retry delay.
pub(super) const LONGEST_DELAY: Duration = Duration::from_mins(15);
/// How long a message is retried. SQS deletes messages after 14 days, without a trace.
pub(super) const TRIED_FOR: Duration = Duration::from_hours(9 * 24);

/// A message of a batch, when its turn comes.
pub(super) struct Turn {
    pub message: SqsMessage,
    /// Whether it is the last of its group in this batch.
    pub is_last: bool,
}

/// The messages of a batch in the order in which they are tried: group by group, and those that were received less often
/// first. Each group keeps its own order.
pub(super) fn turns(mut messages: Vec<SqsMessage>) -> Vec<Turn> {
    let group = |message: &SqsMessage| attribute(message, "MessageGroupId").to_owned();
    let mut rank = HashMap::new();
    let mut last = HashMap::new();
    for (index, message) in messages.iter().enumerate() {
        rank.entry(group(message)).or_insert((receives(message), index));
        last.insert(group(message), message.message_id.clone());
    }
    messages.sort_by_key(|message| rank[&group(message)]);
    let turn = |message: SqsMessage| Turn { is_last: last[&group(&message)] == message.message_id, message };
    messages.into_iter().map(turn).collect()
}

pub(super) fn attribute<'a>(message: &'a SqsMessage, name: &str) -> &'a str {
    message.attributes.get(name).map_or("", String::as_str)
}

/// How often a message was received, this time included.
pub(super) fn receives(message: &SqsMessage) -> u32 {
    attribute(message, "ApproximateReceiveCount").parse().unwrap_or(1)
}

/// A message as it moves to the dead letter queue.
pub(super) fn queued(message: &SqsMessage) -> QueuedMessage {
    let ids = FifoIds::moved(attribute(message, "MessageGroupId"), message.message_id.as_deref().unwrap_or_default());
    QueuedMessage { text: message.body.clone().unwrap_or_default(), ids }
}

/// The time since a moment in a message's attributes.
pub(super) fn since(message: &SqsMessage, moment: &str) -> Duration {
    let then = attribute(message, moment).parse().unwrap_or_else(|_| epoch_millis());
    Duration::from_millis(epoch_millis().saturating_sub(then))
}

/// Whether a message was a dead letter and was moved back.
pub(super) fn was_dead(message: &SqsMessage) -> bool {
    message.message_attributes.contains_key(REASON)
}

/// Retry delay: a quarter of the time since the first receive, within limits.
pub(super) fn retry_delay(since_first: Duration) -> Duration {
    (since_first / AGE_DIVISOR).clamp(SHORTEST_DELAY, LONGEST_DELAY)
}

/// A duration as people say it: `45s`, `12m`, `3h`, `2d`.
pub(super) fn rough(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_ever_later() {
        let seconds = [0, 8, 20, 600, 3_600, 864_000].map(|age| retry_delay(Duration::from_secs(age)).as_secs());
        assert_eq!(seconds, [2, 2, 5, 150, 900, 900]);
    }

    /// SQS moves a message to the dead letter queue when it was received that often, and it does not say why.
    #[test]
    fn a_message_is_given_up_by_its_age_before_its_receive_count() {
        const MAX_RECEIVE_COUNT: u32 = 1_000;
        let (mut age, mut receives) = (Duration::ZERO, 1);
        while age <= TRIED_FOR {
            age += retry_delay(age);
            receives += 1;
        }
        assert!(receives < MAX_RECEIVE_COUNT, "{receives}");
        assert!(age < Duration::from_hours(14 * 24), "SQS would have deleted it");
    }

    #[test]
    fn delays_are_told_roughly() {
        let told = [0, 59, 60, 779, 3_599, 3_600, 86_399, 86_400, 900_000].map(|s| rough(Duration::from_secs(s)));
        assert_eq!(told, ["0s", "59s", "1m", "12m", "59m", "1h", "23h", "1d", "10d"]);
    }
}
