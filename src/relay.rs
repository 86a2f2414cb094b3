//! From a request's body to Flashduty, or into a queue.

use std::sync::Arc;

use bytes::Bytes;
use tracing::warn;

use crate::deadline::{Deadline, PUSH_BUDGET, TIME_TO_QUEUE, TIME_TO_QUEUE_ONE_MORE, epoch_millis};
use crate::delivery::{Delivery, End, Outcome, OutgoingAlert, Session, report_lost};
use crate::error::DeliveryError;
use crate::flashduty::Integration;
use crate::queue::{Letter, Waiting};
use crate::secrets::Secrets;
use crate::zstack::{Part, split};

/// Delivers or queues what ZStack posts.
#[derive(Debug)]
pub struct Relay {
    delivery: Delivery,
}

/// What a request says beside its body.
#[derive(Debug)]
pub(crate) struct RequestInfo {
    /// The invocation's id.
    pub id: String,
    /// The webhook URL's query parameters, without the token.
    pub url_labels: Vec<(String, String)>,
}

impl Relay {
    /// A relay that delivers with `delivery`.
    #[must_use]
    pub fn new(delivery: Delivery) -> Self {
        Self { delivery }
    }

    /// Delivers or queues every message of a body, one after the other. A message that fails does not stop the ones
    /// after it. Says what became of each; there is at least one outcome.
    ///
    /// `secrets` are those that the caller was checked with.
    pub(crate) async fn relay(
        &self,
        body: &Bytes,
        request: RequestInfo,
        secrets: Arc<Secrets>,
        deadline: Deadline,
    ) -> Vec<Outcome> {
        let session = self.delivery.session(secrets);
        let context = self.delivery.context(request.url_labels.clone(), None);
        let (labels, received) = (Arc::new(request.url_labels), epoch_millis());
        let letter = |part, whole| Letter::new(part, whole, labels.clone(), received);
        let message_id = |index: usize| format!("{}/{index}", request.id);
        let integration = session.integration();
        let mut deliveries = Deliveries { delivery: &self.delivery, session, deadline, queue_accepts_nothing: false };
        if integration == Integration::Zstack {
            // All of it goes in one push.
            let part = Part { text: String::from_utf8_lossy(body).into_owned(), around: Arc::default() };
            let alert = OutgoingAlert::of_whole_body(body, letter(part, true), &context, &message_id(0));
            return deliveries.push_or_queue(&alert, 0).await;
        }
        let parts = split(body);
        let mut outcomes = Vec::with_capacity(parts.len());
        let behind = (0..parts.len()).rev();
        for ((index, part), behind) in parts.into_iter().enumerate().zip(behind) {
            for alert in OutgoingAlert::of_message(letter(part, false), &context, &message_id(index)) {
                outcomes.append(&mut deliveries.push_or_queue(&alert, behind).await);
            }
        }
        outcomes
    }
}

/// The deliveries of one request.
struct Deliveries<'a> {
    delivery: &'a Delivery,
    session: Session<'a>,
    /// When the request must be answered.
    deadline: Deadline,
    /// Whether the queue was found to accept nothing.
    queue_accepts_nothing: bool,
}

impl Deliveries<'_> {
    /// Pushes an alert, or queues it if others wait or no time is left. `behind` is the number of messages after it.
    async fn push_or_queue(&mut self, alert: &OutgoingAlert, behind: usize) -> Vec<Outcome> {
        if let Some(queues) = self.delivery.queues() {
            let waiting = queues.waiting_before(alert.key(), self.deadline).await;
            let is_late = self.push_by(behind).left().is_zero();
            if is_late || waiting == Waiting::SameAlert || waiting == Waiting::Something && !self.queue_accepts_nothing
            {
                match alert.enqueue(queues, self.deadline).await {
                    Ok(()) => return vec![alert.unpushed(End::Queued(None))],
                    Err(queue) if waiting == Waiting::SameAlert => {
                        let end = report_lost(alert, DeliveryError::SameAlertWaits, queue);
                        return vec![alert.unpushed(end)];
                    }
                    Err(queue) => {
                        warn!(
                            "others may wait in the queue, but it accepts no more messages, so this alert is pushed: {queue}"
                        );
                        self.queue_accepts_nothing = true;
                    }
                }
            }
        }
        self.session.deliver(alert, self.push_by(behind), self.deadline).await
    }

    /// When to stop pushing: there must be time to queue this alert and the messages after it.
    fn push_by(&self, behind: usize) -> Deadline {
        if self.delivery.queues().is_none() {
            return self.deadline;
        }
        let behind = TIME_TO_QUEUE_ONE_MORE * u32::try_from(behind).unwrap_or(u32::MAX);
        let reserve = TIME_TO_QUEUE.min(self.deadline.left() / 2).saturating_add(behind);
        self.deadline.before(reserve).at_most(PUSH_BUDGET)
    }
}
