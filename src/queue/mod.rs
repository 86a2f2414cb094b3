//! What waits for better times: two SQS FIFO queues.
//!
//! An alert that could not be pushed in time waits in the retry queue for the function `redeliver`; one
//! that Flashduty refuses for good lies in the dead letter queue for a person. What is stored is ZStack's
//! own message, so that a later version translates it anew.

mod letter;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, MessageAttributeValue, QueueAttributeName};
use tokio::time::timeout_at;
use tracing::warn;

use letter::printable;
pub use letter::{Envelope, Letter, VERSION};

use crate::config::Queues;
use crate::deadline::{Deadline, TIME_TO_QUEUE};
use crate::error::causes;
use crate::flashduty::AlertKey;

/// How long this process remembers what it queued itself: SQS's count may lag behind for so long.
const REMEMBERED: Duration = Duration::from_mins(2);
/// How long an empty queue is taken to be empty.
const EMPTY_LASTS: Duration = Duration::from_secs(2);
/// How long a queue with messages is taken to have some. Longer, since to queue what might have been pushed
/// costs a second or two and no more; and in a storm every process would ask all the time.
const FILLED_LASTS: Duration = Duration::from_secs(10);
/// How long a count may take.
const TIME_TO_COUNT: Duration = Duration::from_millis(1_500);
/// The message attribute of a dead letter that says why it is one. It stays on one that is moved back.
pub const REASON: &str = "Reason";

/// What an alert must not overtake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// Nothing: it may be pushed.
    Nothing,
    /// Something, perhaps of the same alert.
    Something,
    /// Something of the same alert, for certain.
    SameAlert,
}

/// Both queues, and which alerts wait there.
#[derive(Debug)]
pub struct Outbox {
    sqs: Client,
    queues: Queues,
    /// What this process queued lately.
    queued: Mutex<HashMap<AlertKey, Instant>>,
    /// Until when the retry queue is taken to hold messages, or to be empty, without asking SQS.
    known: Mutex<Option<(Instant, bool)>>,
}

impl Outbox {
    /// An outbox that nothing was put into yet.
    #[must_use]
    pub fn new(sqs: Client, queues: Queues) -> Self {
        Self { sqs, queues, queued: Mutex::default(), known: Mutex::default() }
    }

    /// Time for a second try within [`TIME_TO_QUEUE`]. A connection has the time of its try.
    #[must_use]
    pub fn timeouts() -> TimeoutConfig {
        TimeoutConfig::builder().operation_attempt_timeout(TIME_TO_QUEUE / 3).operation_timeout(TIME_TO_QUEUE).build()
    }

    /// What may be in the queue already that a message of the alert `key` must not overtake: a recovery
    /// its own alert, or an alert the recovery before it.
    ///
    /// Any relay process may have queued it, so while anything waits at all, everything queues. That also
    /// keeps a storm from trying a Flashduty that another process found to be away. SQS's count may lag;
    /// what this process queued itself it remembers.
    pub async fn ahead_of(&self, key: &AlertKey, deadline: Deadline) -> Ahead {
        if self.remembers(key) {
            Ahead::SameAlert
        } else if self.holds_anything(deadline).await {
            Ahead::Something
        } else {
            Ahead::Nothing
        }
    }

    fn remembers(&self, key: &AlertKey) -> bool {
        let mut queued = self.queued.lock().unwrap_or_else(PoisonError::into_inner);
        queued.retain(|_, since| since.elapsed() < REMEMBERED);
        queued.contains_key(key)
    }

    /// Whether there is anything in the retry queue, as far as SQS tells and told lately. Where SQS does
    /// not tell, there may be.
    pub async fn holds_anything(&self, deadline: Deadline) -> bool {
        if let Some(holds) = self.known() {
            return holds;
        }
        let holds = match timeout_at(deadline.at_most(TIME_TO_COUNT).at(), self.count_messages()).await {
            Ok(Ok(count)) => count > 0,
            Ok(Err(why)) => {
                warn!("whether alerts wait is not known, so others queue behind them: {why}");
                true
            }
            Err(_) => true,
        };
        self.learn(holds);
        holds
    }

    fn known(&self) -> Option<bool> {
        let known = *self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.filter(|(until, _)| Instant::now() < *until).map(|(_, holds)| holds)
    }

    fn learn(&self, holds: bool) {
        let until = Instant::now() + if holds { FILLED_LASTS } else { EMPTY_LASTS };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((until, holds));
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
        let answer = Box::pin(request.send()).await.map_err(|error| describe(&error, name(&self.queues.retry)))?;
        let counts = answer.attributes().into_iter().flat_map(HashMap::values);
        Ok(counts.filter_map(|count| count.parse::<u64>().ok()).sum())
    }

    /// Queues the message of the alert `key` for another try.
    ///
    /// # Errors
    ///
    /// What is wrong with the queue, in words for the administrator.
    pub async fn put_aside(
        &self,
        text: &str,
        envelope: &Envelope,
        key: &AlertKey,
        deadline: Deadline,
    ) -> Result<(), String> {
        send(self.sqs.send_message(), &self.queues.retry, text, envelope, deadline).await?;
        self.queued.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), Instant::now());
        // Where it was known to hold messages already, that is not made to last longer: alerts that come
        // in quick succession would queue for ever.
        if self.known() != Some(true) {
            self.learn(true);
        }
        Ok(())
    }

    /// Puts a message that Flashduty will never take where a person finds it, with the reason.
    ///
    /// # Errors
    ///
    /// As [`Outbox::put_aside`].
    pub async fn give_up(
        &self,
        text: &str,
        envelope: &Envelope,
        reason: &str,
        deadline: Deadline,
    ) -> Result<(), String> {
        let reason = MessageAttributeValue::builder().data_type("String").string_value(printable(reason)).build();
        let reason = reason.map_err(|error| error.to_string())?;
        let request = self.sqs.send_message().message_attributes(REASON, reason);
        send(request, &self.queues.dead_letter, text, envelope, deadline).await
    }

    /// Lets messages of one batch that could not be delivered come back after a while: receipt handles and
    /// times.
    ///
    /// # Errors
    ///
    /// As [`Outbox::put_aside`]; they come back after the queue's own visibility timeout, then.
    pub async fn come_back(&self, messages: &[(String, Duration)], deadline: Deadline) -> Result<(), String> {
        let entries = messages.iter().enumerate().map(|(id, (receipt_handle, after))| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(id.to_string())
                .receipt_handle(receipt_handle)
                .visibility_timeout(i32::try_from(after.as_secs()).unwrap_or(i32::MAX))
                .build()
        });
        let entries = entries.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
        let request =
            self.sqs.change_message_visibility_batch().queue_url(&self.queues.retry).set_entries(Some(entries));
        match timeout_at(deadline.at(), Box::pin(request.send())).await {
            Ok(Ok(answer)) if answer.failed().is_empty() => Ok(()),
            Ok(Ok(_)) => Err(format!("SQS queue {} refused some", name(&self.queues.retry))),
            Ok(Err(error)) => Err(describe(&error, name(&self.queues.retry))),
            Err(_) => Err(format!("SQS queue {} did not answer in time", name(&self.queues.retry))),
        }
    }
}

async fn send(
    request: SendMessageFluentBuilder,
    queue: &str,
    text: &str,
    envelope: &Envelope,
    deadline: Deadline,
) -> Result<(), String> {
    let request = request
        .queue_url(queue)
        .message_group_id(&envelope.group)
        .message_deduplication_id(&envelope.deduplication)
        .message_body(text);
    match timeout_at(deadline.at(), Box::pin(request.send())).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(describe(&error, name(queue))),
        Err(_) => Err(format!("SQS queue {} did not answer in time", name(queue))),
    }
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
