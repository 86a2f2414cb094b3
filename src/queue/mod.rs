//! The two SQS FIFO queues.
//!
//! An alert that could not be pushed in time waits in the retry queue for the function `redeliver`. An alert that
//! Flashduty refuses for good is in the dead letter queue, for a person to look at.

mod error;
mod lately;
mod letter;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, MessageAttributeValue, QueueAttributeName,
};
use tokio::time::timeout_at;
use tracing::warn;

pub use error::QueueError;
pub(crate) use error::QueueFailure;
use lately::{Last, Lately};
use letter::printable;
pub use letter::{FifoIds, InvalidLetter, Letter};

use crate::clock::{Moment, Period};
use crate::config::QueueUrls;
use crate::deadline::{Deadline, TIME_TO_QUEUE};

/// How long the answer "the queue is empty" is reused. It spares most calls in a storm. ZStack waits for each answer and
/// then sends the next message, so a second message about one alert is hardly ever faster.
const EMPTY_LASTS: Duration = Duration::from_millis(250);
/// How long the answer "the queue has messages" is reused. Longer, because a letter without need does no harm.
const FILLED_LASTS: Duration = Duration::from_secs(2);
/// How long the queue is known to have messages after this process put an alert into it that Flashduty did not take.
/// SQS's count may lag, and Flashduty may be away for a while.
const FILLED_BY_US_LASTS: Duration = Duration::from_secs(10);
/// How long SQS may take to count.
const TIME_TO_COUNT: Duration = Duration::from_millis(1_500);
/// The message attribute that says why a message is in the dead letter queue. A message that is moved back keeps it.
pub const REASON: &str = "Reason";

/// What waits in the retry queue before an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Nothing, as far as this process knows.
    Nothing,
    /// Something, perhaps an older message about the same alert.
    Something,
    /// Certainly an older message about the same alert, which Flashduty does not have.
    SameAlert,
}

/// A message of a queue.
#[derive(Clone, Debug)]
pub struct QueuedMessage {
    /// A letter as it is stored, or whatever else somebody put into the queue.
    pub text: String,
    /// What orders and deduplicates it.
    pub ids: FifoIds,
}

/// Both queues, and what this process knows of the retry queue.
#[derive(Debug)]
pub struct Queues {
    sqs: Client,
    urls: QueueUrls,
    lately: Mutex<Lately>,
    /// Whether the retry queue has messages, and how long SQS need not be asked again.
    filled: Mutex<Option<(Period, bool)>>,
}

impl Queues {
    /// The queues with these URLs, in the account and region of `aws`.
    #[must_use]
    pub fn connect(aws: &SdkConfig, urls: QueueUrls) -> Self {
        // Time for a second try within TIME_TO_QUEUE. A connection has the time of its try.
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(TIME_TO_QUEUE / 3);
        let timeouts = timeouts.operation_timeout(TIME_TO_QUEUE).build();
        let sqs = aws_sdk_sqs::config::Builder::from(aws).timeout_config(timeouts).build();
        Self { sqs: Client::from_conf(sqs), urls, lately: Mutex::default(), filled: Mutex::default() }
    }

    /// What waits and may be about the alert of this message group. Any relay process may have queued it, so SQS is asked.
    /// Its count may lag, so this process remembers what it queued itself.
    pub async fn waiting_before(&self, group: &str, deadline: Deadline) -> Waiting {
        match self.knows_what_waits_before(group) {
            Some(waiting) => waiting,
            None if self.is_filled(deadline).await => Waiting::Something,
            None => Waiting::Nothing,
        }
    }

    /// The same, if this process knows it without asking SQS.
    #[must_use]
    pub fn knows_what_waits_before(&self, group: &str) -> Option<Waiting> {
        match self.last(group) {
            Some(Last::Queued) => Some(Waiting::SameAlert),
            Some(Last::PushedAndQueued | Last::PerhapsQueued) => Some(Waiting::Something),
            Some(Last::Pushed) | None => {
                self.known().map(|filled| if filled { Waiting::Something } else { Waiting::Nothing })
            }
        }
    }

    /// Whether the last message about this alert that this process had was a trigger, which it pushed while nothing
    /// waited.
    #[must_use]
    pub fn pushed_lately(&self, group: &str) -> bool {
        self.last(group) == Some(Last::Pushed)
    }

    /// Whether this process put the last message about this alert into the retry queue after it was pushed. It may still
    /// wait there.
    #[must_use]
    pub fn has_older_letter(&self, group: &str) -> bool {
        self.last(group) == Some(Last::PushedAndQueued)
    }

    /// Remembers that a message about this alert was pushed while nothing waited.
    pub fn remember_pushed(&self, group: &str, is_recovery: bool) {
        if is_recovery {
            self.lately().forget(group);
        } else {
            self.remember(group, Last::Pushed);
        }
    }

    fn last(&self, group: &str) -> Option<Last> {
        self.lately().last(group, Moment::now())
    }

    fn remember(&self, group: &str, last: Last) {
        self.lately().remember(group, last, Moment::now());
    }

    fn lately(&self) -> MutexGuard<'_, Lately> {
        self.lately.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the retry queue has messages, in flight or not, as SQS says or said lately. True if SQS cannot be asked.
    pub async fn is_filled(&self, deadline: Deadline) -> bool {
        if let Some(filled) = self.known() {
            return filled;
        }
        let counted = timeout_at(deadline.at_most(TIME_TO_COUNT).at(), self.count_messages()).await;
        let counted = counted.unwrap_or_else(|_| Err(QueueError::timeout(&self.urls.retry)));
        if let Err(why) = &counted {
            warn!("SQS did not say whether the retry queue is empty, so new alerts are queued as well: {why}");
        }
        let filled = counted.map_or(true, |count| count > 0);
        self.learn(filled, if filled { FILLED_LASTS } else { EMPTY_LASTS });
        filled
    }

    fn known(&self) -> Option<bool> {
        let filled = *self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        filled.filter(|(period, _)| period.counts()).map(|(_, filled)| filled)
    }

    fn learn(&self, filled: bool, lasts: Duration) {
        *self.filled.lock().unwrap_or_else(PoisonError::into_inner) = Some((Period::from_now(lasts), filled));
    }

    /// SQS's approximate count of the messages in the retry queue, in flight or not.
    async fn count_messages(&self) -> Result<u64, QueueError> {
        use QueueAttributeName::{ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible};

        let request = self
            .sqs
            .get_queue_attributes()
            .queue_url(&self.urls.retry)
            .attribute_names(ApproximateNumberOfMessages)
            .attribute_names(ApproximateNumberOfMessagesNotVisible);
        let answer = Box::pin(request.send()).await.map_err(|error| QueueError::of_call(&error, &self.urls.retry))?;
        let counts = answer.attributes().into_iter().flat_map(HashMap::values);
        Ok(counts.filter_map(|count| count.parse::<u64>().ok()).sum())
    }

    /// Puts a message about an alert into the retry queue. `pushed` says whether Flashduty has it already.
    ///
    /// # Errors
    ///
    /// If SQS did not confirm that it has the message.
    pub async fn enqueue(&self, message: &QueuedMessage, pushed: bool, deadline: Deadline) -> Result<(), QueueError> {
        let sent = send(self.sqs.send_message(), &self.urls.retry, message, deadline).await;
        if let Err(why) = sent {
            if !why.did_nothing() {
                // An older letter that SQS did confirm still counts.
                let last = self.last(&message.ids.group).filter(|last| *last != Last::Pushed);
                self.remember(&message.ids.group, last.unwrap_or(Last::PerhapsQueued));
            }
            return Err(why);
        }
        if pushed {
            self.remember(&message.ids.group, Last::PushedAndQueued);
        } else {
            self.remember(&message.ids.group, Last::Queued);
            self.learn(true, FILLED_BY_US_LASTS);
        }
        Ok(())
    }

    /// Puts a message into the dead letter queue, with the reason.
    ///
    /// # Errors
    ///
    /// If SQS did not confirm that it has the message.
    pub(crate) async fn enqueue_dead(
        &self,
        message: &QueuedMessage,
        reason: &str,
        deadline: Deadline,
    ) -> Result<(), QueueError> {
        let reason = printable(reason);
        let reason = MessageAttributeValue::builder().data_type("String").string_value(reason).build();
        let reason = reason.map_err(|_| QueueError::not_called(&self.urls.dead_letter))?;
        let request = self.sqs.send_message().message_attributes(REASON, reason);
        send(request, &self.urls.dead_letter, message, deadline).await
    }

    /// Deletes messages of one batch from the retry queue, by their receipt handles.
    ///
    /// # Errors
    ///
    /// If SQS did not confirm it for all of them.
    pub async fn delete(&self, receipt_handles: &[String], deadline: Deadline) -> Result<(), QueueError> {
        let queue = &self.urls.retry;
        let entries = receipt_handles.iter().enumerate().map(|(id, receipt_handle)| {
            DeleteMessageBatchRequestEntry::builder().id(id.to_string()).receipt_handle(receipt_handle).build()
        });
        let entries = entries.collect::<Result<Vec<_>, _>>().map_err(|_| QueueError::not_called(queue))?;
        let request = self.sqs.delete_message_batch().queue_url(queue).set_entries(Some(entries));
        match timeout_at(deadline.at(), Box::pin(request.send())).await {
            Ok(Ok(answer)) if answer.failed().is_empty() => Ok(()),
            Ok(Ok(_)) => Err(QueueError::refused_some(queue)),
            Ok(Err(error)) => Err(QueueError::of_call(&error, queue)),
            Err(_) => Err(QueueError::timeout(queue)),
        }
    }

    /// Sets when messages of one batch that were not delivered become visible again. `messages` are receipt handles and
    /// retry delays.
    ///
    /// # Errors
    ///
    /// If SQS did not confirm it for all of them. The others become visible after the queue's own visibility timeout.
    pub async fn delay_retries(&self, messages: &[(String, Duration)], deadline: Deadline) -> Result<(), QueueError> {
        let queue = &self.urls.retry;
        let entries = messages.iter().enumerate().map(|(id, (receipt_handle, delay))| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(id.to_string())
                .receipt_handle(receipt_handle)
                .visibility_timeout(i32::try_from(delay.as_secs()).unwrap_or(i32::MAX))
                .build()
        });
        let entries = entries.collect::<Result<Vec<_>, _>>().map_err(|_| QueueError::not_called(queue))?;
        let request = self.sqs.change_message_visibility_batch().queue_url(queue).set_entries(Some(entries));
        match timeout_at(deadline.at(), Box::pin(request.send())).await {
            Ok(Ok(answer)) if answer.failed().is_empty() => Ok(()),
            Ok(Ok(_)) => Err(QueueError::refused_some(queue)),
            Ok(Err(error)) => Err(QueueError::of_call(&error, queue)),
            Err(_) => Err(QueueError::timeout(queue)),
        }
    }

    /// The message group of the letters of checks. Those of alerts are hashes.
    pub(crate) const CHECKS: &str = "self-check";

    /// Puts the letter of a check into the retry queue. `id` makes it different from those before it.
    ///
    /// # Errors
    ///
    /// If SQS did not confirm that it has the letter.
    pub(crate) async fn send_check(&self, letter: &str, id: &str, deadline: Deadline) -> Result<(), QueueError> {
        let ids = FifoIds { group: Self::CHECKS.to_owned(), deduplication: id.to_owned() };
        let message = QueuedMessage { text: letter.to_owned(), ids };
        send(self.sqs.send_message(), &self.urls.retry, &message, deadline).await
    }
}

async fn send(
    request: SendMessageFluentBuilder,
    queue: &str,
    message: &QueuedMessage,
    deadline: Deadline,
) -> Result<(), QueueError> {
    let request = request
        .queue_url(queue)
        .message_group_id(&message.ids.group)
        .message_deduplication_id(&message.ids.deduplication)
        .message_body(&message.text);
    match timeout_at(deadline.at(), Box::pin(request.send())).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(QueueError::of_call(&error, queue)),
        Err(_) => Err(QueueError::timeout(queue)),
    }
}
