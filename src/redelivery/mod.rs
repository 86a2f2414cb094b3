//! From the retry queue to Flashduty: the alerts that could not be delivered when they came.

mod batch;
mod message;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use tracing::warn;

use crate::clock::{Moment, Period};
use crate::deadline::Deadline;
use crate::delivery::Delivery;
use crate::flashduty::PerIntegration;
use crate::platform::metrics::{self, Metrics};
use crate::queue::Queues;
use crate::secrets::SecretStore;
use batch::Batch;
use message::{Turn, turns};

/// The time at the end of an invocation in which nothing is pushed any more: half of it is for the dead letter queue,
/// half for reporting what failed.
const TIME_TO_REPORT: Duration = Duration::from_secs(4);

/// Delivers what waits in the retry queue.
#[derive(Debug)]
pub struct Redelivery {
    secrets: Arc<SecretStore>,
    delivery: Delivery,
    metrics: Metrics,
    lately: Mutex<PerIntegration<Lately>>,
}

/// What the batches before this one say about an integration.
#[derive(Debug, Default)]
struct Lately {
    /// When Flashduty last took a message.
    delivered: Option<Moment>,
    /// While it counts, nothing is pushed, because Flashduty is away. Remembered until it takes a message again.
    pause: Option<Period>,
}

impl Redelivery {
    /// A redelivery with these parts.
    #[must_use]
    pub fn new(secrets: Arc<SecretStore>, delivery: Delivery, metrics: Metrics) -> Self {
        Self { secrets, delivery, metrics, lately: Mutex::default() }
    }

    /// Delivers a batch. Returns what must stay in the queue.
    ///
    /// Within a message group the first failure stops everything behind it, so that a recovery never overtakes its
    /// alert. What one integration does not take holds back no message for another. Groups that were received less often
    /// come first, so that an alert that fails each time delays no other.
    pub async fn redeliver(&self, event: SqsEvent, request_id: &str, deadline: Deadline) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        // A message without an id makes Lambda take the whole batch for failed.
        let id = |message: SqsMessage| message.message_id.unwrap_or_default();
        let Some(queues) = self.delivery.queues() else {
            // The configuration of this function always has queues.
            response.set_failures(event.records.into_iter().map(id));
            return response;
        };
        let mut batch = Batch::begin(self, queues, deadline).await;
        let mut failed = Vec::new();
        for Turn { message, is_last } in turns(event.records) {
            match batch.take(&message, is_last).await {
                Some(delay) => failed.push((message, delay)),
                None => batch.can_be_deleted(&message),
            }
        }
        delay_retries(queues, &failed, deadline).await;
        for (channel, tally) in batch.into_tallies() {
            let outcome = match (tally.refused.is_zero(), tally.queued.is_zero()) {
                (false, _) => metrics::GIVEN_UP,
                (true, false) => metrics::QUEUED,
                (true, true) => metrics::DELIVERED,
            };
            self.metrics.write(request_id, channel.as_ref(), outcome, tally);
        }
        response.set_failures(failed.into_iter().map(|(message, _)| id(message)));
        response
    }
}

/// Sets when the messages that failed become visible again. All messages of a group have the same delay, because SQS
/// holds a group back while any of it is in flight.
async fn delay_retries(queues: &Queues, failed: &[(SqsMessage, Duration)], deadline: Deadline) {
    if failed.is_empty() {
        return;
    }
    let handle = |message: &SqsMessage| message.receipt_handle.clone().unwrap_or_default();
    let delays: Vec<_> = failed.iter().map(|(message, delay)| (handle(message), *delay)).collect();
    if let Err(queue) = queues.delay_retries(&delays, deadline).await {
        warn!("alerts that failed come back later than they might: {queue}");
    }
}
