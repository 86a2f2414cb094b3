//! What waits for better times: two SQS FIFO queues.
//!
//! An alert that could not be pushed in time waits in the retry queue for the function `redeliver`; one
//! that Flashduty refuses for good lies in the dead letter queue for a person. What is stored is ZStack's
//! own message, so that a later version translates it anew.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName};
use serde::{Deserialize, Serialize};
use tokio::time::timeout_at;
use tracing::warn;

use crate::config::Queues;
use crate::deadline::{Deadline, TIME_TO_QUEUE};
use crate::error::causes;
use crate::flashduty::{AlertKey, hash};

/// How long this process remembers what it queued itself: SQS's count may lag behind for so long.
const REMEMBERED: Duration = Duration::from_mins(2);
/// How long a count of the queue's messages is good for.
const COUNT_LASTS: Duration = Duration::from_secs(2);
/// How long a count may take. Without one, an alert is rather pushed.
const TIME_TO_COUNT: Duration = Duration::from_millis(500);
/// The message attribute of a dead letter that says why it is one.
const REASON: &str = "Reason";

/// One alert's message as it waits in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The version of this format.
    pub version: u32,
    /// ZStack's message.
    pub message: String,
    /// The labels of the webhook's URL.
    pub labels: Vec<(String, String)>,
    /// What stood around the message.
    #[serde(default)]
    pub around: Vec<(String, String)>,
    /// When it was received, in epoch milliseconds.
    pub received: u64,
    /// The alert's key, for people who look into the queue.
    pub alert_key: String,
}

/// The version of [`Letter`] that is written, and the only one there is.
pub const VERSION: u32 = 1;

/// What orders and tells apart the messages of a FIFO queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    group: String,
    deduplication: String,
}

impl Envelope {
    /// An envelope for the alert `key`: messages of one alert keep their order, and ZStack's five tries
    /// of one message, which has `id` and makes events of these `statuses`, leave one copy.
    #[must_use]
    pub fn new(key: &str, statuses: &str, id: &str) -> Self {
        Self { group: hash(&[key]), deduplication: hash(&[key, statuses, id]) }
    }
}

/// Both queues, and which alerts wait there.
#[derive(Debug)]
pub struct Outbox {
    sqs: Client,
    queues: Queues,
    /// What this process queued lately.
    queued: Mutex<HashMap<AlertKey, Instant>>,
    /// When the retry queue's messages were last counted, and whether there were any.
    count: Mutex<Option<(Instant, bool)>>,
}

impl Outbox {
    /// An outbox that nothing was put into yet.
    #[must_use]
    pub fn new(sqs: Client, queues: Queues) -> Self {
        Self { sqs, queues, queued: Mutex::default(), count: Mutex::default() }
    }

    /// Time for a second try within [`TIME_TO_QUEUE`].
    #[must_use]
    pub fn timeouts() -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(TIME_TO_QUEUE / 4)
            .operation_attempt_timeout(TIME_TO_QUEUE / 3)
            .operation_timeout(TIME_TO_QUEUE)
            .build()
    }

    /// Whether a message of the alert `key` must queue, since one of the same key may be in the queue
    /// already: a recovery must not overtake its own alert, nor an alert the recovery before it.
    ///
    /// Any relay process may have queued it, so while anything waits at all, everything queues. That also
    /// keeps a storm from trying a Flashduty that another process found to be away. SQS's count may lag;
    /// what this process queued itself it remembers.
    pub async fn is_ahead_of(&self, key: &AlertKey, deadline: Deadline) -> bool {
        self.remembers(key) || self.holds_anything(deadline).await
    }

    fn remembers(&self, key: &AlertKey) -> bool {
        let mut queued = self.queued.lock().unwrap_or_else(PoisonError::into_inner);
        queued.retain(|_, since| since.elapsed() < REMEMBERED);
        queued.contains_key(key)
    }

    async fn holds_anything(&self, deadline: Deadline) -> bool {
        let last = *self.count.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, holds)) = last.filter(|(when, _)| when.elapsed() < COUNT_LASTS) {
            return holds;
        }
        let holds = match timeout_at(deadline.at_most(TIME_TO_COUNT).at(), self.count_messages()).await {
            Ok(Ok(count)) => count > 0,
            Ok(Err(why)) => {
                warn!("alerts are pushed without knowing whether others wait: {why}");
                false
            }
            Err(_) => {
                warn!("alerts are pushed without knowing whether others wait: SQS did not answer in time");
                false
            }
        };
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), holds));
        holds
    }

    /// About how many messages are in the retry queue, in flight or not.
    async fn count_messages(&self) -> Result<u64, String> {
        use QueueAttributeName::{ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible};

        let request = self
            .sqs
            .get_queue_attributes()
            .queue_url(&self.queues.retry)
            .attribute_names(ApproximateNumberOfMessages)
            .attribute_names(ApproximateNumberOfMessagesNotVisible);
        let answer = request.send().await.map_err(|error| describe(&error, name(&self.queues.retry)))?;
        let counts = answer.attributes().into_iter().flat_map(HashMap::values);
        Ok(counts.filter_map(|count| count.parse::<u64>().ok()).sum())
    }

    /// Queues a message for another try.
    ///
    /// # Errors
    ///
    /// What is wrong with the queue, in words for the administrator.
    pub async fn put_aside(
        &self,
        letter: &Letter,
        envelope: &Envelope,
        key: &AlertKey,
        deadline: Deadline,
    ) -> Result<(), String> {
        self.send(&self.queues.retry, letter, envelope, None, deadline).await?;
        self.queued.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), Instant::now());
        Ok(())
    }

    /// Puts a message that Flashduty will never take where a person finds it, with the reason.
    ///
    /// # Errors
    ///
    /// As [`Outbox::put_aside`].
    pub async fn give_up(
        &self,
        letter: &Letter,
        envelope: &Envelope,
        reason: &str,
        deadline: Deadline,
    ) -> Result<(), String> {
        self.send(&self.queues.dead_letter, letter, envelope, Some(reason), deadline).await
    }

    async fn send(
        &self,
        queue: &str,
        letter: &Letter,
        envelope: &Envelope,
        reason: Option<&str>,
        deadline: Deadline,
    ) -> Result<(), String> {
        let body = serde_json::to_string(letter).map_err(|error| error.to_string())?;
        self.send_text(queue, sendable(&body), envelope, reason, deadline).await
    }

    /// Puts a text that is no [`Letter`] into the dead letter queue, as it is.
    ///
    /// # Errors
    ///
    /// As [`Outbox::put_aside`].
    pub async fn give_up_text(&self, text: &str, group: &str, reason: &str, deadline: Deadline) -> Result<(), String> {
        let envelope = Envelope::new(group, "", text);
        self.send_text(&self.queues.dead_letter, text.to_owned(), &envelope, Some(reason), deadline).await
    }

    async fn send_text(
        &self,
        queue: &str,
        body: String,
        envelope: &Envelope,
        reason: Option<&str>,
        deadline: Deadline,
    ) -> Result<(), String> {
        let name = name(queue);
        let mut request = self
            .sqs
            .send_message()
            .queue_url(queue)
            .message_group_id(&envelope.group)
            .message_deduplication_id(&envelope.deduplication)
            .message_body(body);
        if let Some(reason) = reason {
            let reason = MessageAttributeValue::builder().data_type("String").string_value(sendable(reason)).build();
            request = request.message_attributes(REASON, reason.map_err(|error| error.to_string())?);
        }
        match timeout_at(deadline.at(), request.send()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(describe(&error, name)),
            Err(_) => Err(format!("SQS queue {name} did not answer in time")),
        }
    }

    /// Lets messages that could not be delivered come back after a while: receipt handles and times.
    ///
    /// # Errors
    ///
    /// As [`Outbox::put_aside`]; they come back after the queue's own visibility timeout, then.
    pub async fn come_back(&self, messages: &[(String, Duration)]) -> Result<(), String> {
        for (receipt_handle, after) in messages {
            let request = self
                .sqs
                .change_message_visibility()
                .queue_url(&self.queues.retry)
                .receipt_handle(receipt_handle)
                .visibility_timeout(i32::try_from(after.as_secs()).unwrap_or(i32::MAX));
            request.send().await.map_err(|error| describe(&error, name(&self.queues.retry)))?;
        }
        Ok(())
    }
}

/// SQS takes no U+FFFE and no U+FFFF, not even in JSON, where they can be written otherwise.
fn sendable(json: &str) -> String {
    json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
}

/// A queue's name, out of its URL.
fn name(queue: &str) -> &str {
    queue.rsplit('/').next().unwrap_or_default()
}

/// What went wrong with a call of SQS. Never the SDK's `Debug`, which prints whole messages.
fn describe<E: ProvideErrorMetadata>(error: &SdkError<E>, queue: &str) -> String {
    match error {
        SdkError::ServiceError(service) => {
            format!("SQS queue {queue} refused: {}", service.err().code().unwrap_or("an unknown error"))
        }
        SdkError::DispatchFailure(failure) => {
            let cause = failure.as_connector_error().map(|error| causes(error)).unwrap_or_default();
            format!("SQS queue {queue} cannot be reached: {cause}")
        }
        SdkError::TimeoutError(_) => format!("SQS queue {queue} did not answer in time"),
        _ => format!("SQS queue {queue} could not be called, or answered with what cannot be read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_read_as_it_was_written() {
        let letter = Letter {
            version: VERSION,
            message: "名 \u{ffff} \"quoted\"".into(),
            labels: vec![("cloud".into(), "北京".into())],
            around: Vec::new(),
            received: 1_720_144_800_000,
            alert_key: "zstack:test".into(),
        };
        let body = sendable(&serde_json::to_string(&letter).unwrap());
        assert!(!body.contains('\u{ffff}'));
        assert_eq!(serde_json::from_str::<Letter>(&body).unwrap(), letter);
    }

    #[test]
    fn copies_of_one_message_are_one_and_different_ones_are_not() {
        let envelope = Envelope::new("k", "Critical", "1");
        assert_eq!(envelope, Envelope::new("k", "Critical", "1"));
        for other in [("k", "Ok", "1"), ("k", "Critical", "2")] {
            let other = Envelope::new(other.0, other.1, other.2);
            assert_eq!(envelope.group, other.group);
            assert_ne!(envelope.deduplication, other.deduplication);
        }
        assert_ne!(envelope.group, Envelope::new("l", "Critical", "1").group);
    }
}
