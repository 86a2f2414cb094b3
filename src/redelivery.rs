//! From the retry queue to Flashduty: the alerts that could not be delivered when they came.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use tracing::{error, info, warn};

use crate::check;
use crate::deadline::{Deadline, NoTimeLeft, epoch_millis};
use crate::delivery::{Delivery, End, Origin, Outcome, OutgoingAlert, Session};
use crate::error::DeliveryError;
use crate::flashduty::{Effort, PushError};
use crate::platform::metrics::{self, Metrics, Tally};
use crate::queue::{FifoIds, InvalidLetter, Letter, QueuedMessage, Queues, REASON};
use crate::secrets::SecretStore;

/// How long a message may take when it is received for the first time. Later it has one attempt.
const TIME_FOR_FIRST: Duration = Duration::from_millis(3_500);
/// How long SQS may take to delete what was delivered, before the next message is pushed.
const TIME_TO_DELETE: Duration = Duration::from_secs(1);
/// The time at the end of an invocation in which nothing is pushed any more: half of it is for the dead letter queue,
/// half for reporting what failed.
const TIME_TO_REPORT: Duration = Duration::from_secs(4);

/// The retry delay is the time since the message was first received, divided by this. It depends on that time and not on
/// the number of receives: in a batch that Flashduty refuses, most messages are received without being tried.
const AGE_DIVISOR: u32 = 4;
/// The shortest retry delay.
const SHORTEST_DELAY: Duration = Duration::from_secs(2);
/// The longest retry delay.
const LONGEST_DELAY: Duration = Duration::from_mins(15);
/// How long a message is retried. SQS deletes messages after 14 days, without a trace.
const TRIED_FOR: Duration = Duration::from_hours(9 * 24);
/// After this many failures in a batch Flashduty is taken to be away, and the rest is not tried.
const FAILURES_BEFORE_STOP: usize = 2;
/// No batch stops for so long after Flashduty took a message: single alerts fail, and Flashduty is there.
const NOT_AWAY: Duration = Duration::from_secs(10);
/// A message that was received more often does not count as such a failure: it may be the only one that Flashduty does
/// not take.
const RECEIVED_OFTEN: u32 = 3;

/// Delivers what waits in the retry queue.
#[derive(Debug)]
pub struct Redelivery {
    secrets: Arc<SecretStore>,
    delivery: Delivery,
    metrics: Metrics,
    /// When Flashduty last took a message.
    last_delivery: Mutex<Option<Instant>>,
}

impl Redelivery {
    /// A redelivery with these parts.
    #[must_use]
    pub fn new(secrets: Arc<SecretStore>, delivery: Delivery, metrics: Metrics) -> Self {
        Self { secrets, delivery, metrics, last_delivery: Mutex::default() }
    }

    /// Delivers a batch. Returns what must stay in the queue.
    ///
    /// Within a message group the first failure stops everything behind it, so that a recovery never overtakes its
    /// alert. Groups that were received less often come first, so that an alert that fails each time delays no other.
    pub async fn redeliver(&self, event: SqsEvent, request_id: &str, deadline: Deadline) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        // A message without an id makes Lambda take the whole batch for failed.
        let id = |message: SqsMessage| message.message_id.unwrap_or_default();
        let Some(queues) = self.delivery.queues() else {
            // The configuration of this function always has queues.
            response.set_failures(event.records.into_iter().map(id));
            return response;
        };
        let push_by = deadline.before(TIME_TO_REPORT);
        let secrets = self.secrets.get(push_by).await;
        let mut batch = Batch {
            delivery: &self.delivery,
            last_delivery: &self.last_delivery,
            queues,
            session: secrets.ok().map(|secrets| self.delivery.session(secrets)),
            push_by,
            settle_by: deadline.before(TIME_TO_REPORT / 2),
            failures: 0,
            retry_after: Duration::ZERO,
            stopped: HashMap::new(),
            settled: Some(Vec::new()),
            tally: Tally::default(),
        };
        let mut failed = Vec::new();
        for Turn { message, is_last } in turns(event.records) {
            match batch.take(&message, is_last).await {
                Some(delay) => failed.push((message, delay)),
                None => batch.settled.iter_mut().for_each(|settled| settled.extend(message.receipt_handle.clone())),
            }
        }
        delay_retries(queues, &failed, deadline).await;
        let mut tally = batch.tally;
        tally.settings_errors += self.secrets.take_failures();
        let outcome = match (tally.refused.is_zero(), tally.queued.is_zero()) {
            (false, _) => metrics::GIVEN_UP,
            (true, false) => metrics::QUEUED,
            (true, true) => metrics::DELIVERED,
        };
        self.metrics.write(request_id, outcome, tally);
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

/// A message of a batch, when its turn comes.
struct Turn {
    message: SqsMessage,
    /// Whether it is the last of its group in this batch.
    is_last: bool,
}

/// The messages of a batch in the order in which they are tried: group by group, and those that were received less often
/// first. Each group keeps its own order.
fn turns(mut messages: Vec<SqsMessage>) -> Vec<Turn> {
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

/// One batch of messages from the retry queue.
struct Batch<'a> {
    delivery: &'a Delivery,
    /// When Flashduty last took a message, of whichever batch.
    last_delivery: &'a Mutex<Option<Instant>>,
    queues: &'a Queues,
    /// `None` if the secrets could not be read in time.
    session: Option<Session<'a>>,
    /// When to stop pushing.
    push_by: Deadline,
    /// When the dead letter queue must have what is given up.
    settle_by: Deadline,
    /// The number of alerts that Flashduty did not take just now.
    failures: usize,
    /// The longest time that Flashduty asked to wait.
    retry_after: Duration,
    /// The message groups that stopped, with their retry delays.
    stopped: HashMap<String, Duration>,
    /// The receipt handles of messages that need not stay in the queue, and are still there. `None` if SQS did not delete
    /// the ones before: then Lambda deletes all of them.
    settled: Option<Vec<String>>,
    tally: Tally,
}

impl Batch<'_> {
    /// Delivers a message, or gives it up. If it must stay in the queue, returns its retry delay.
    async fn take(&mut self, message: &SqsMessage, is_last: bool) -> Option<Duration> {
        if check::take_out(message) {
            return None;
        }
        self.tally.received += 1;
        let group = attribute(message, "MessageGroupId");
        let delay = if let Some(delay) = self.stopped.get(group) {
            *delay
        } else {
            if self.settle(message, is_last).await {
                return None;
            }
            let delay = retry_delay(since(message, "ApproximateFirstReceiveTimestamp")).max(self.retry_after);
            self.stopped.insert(group.to_owned(), delay);
            delay
        };
        self.tally.queued += 1;
        Some(delay)
    }

    /// Delivers a message, or gives it up. Returns whether either was done, so that it need not stay in the queue.
    async fn settle(&mut self, message: &SqsMessage, is_last: bool) -> bool {
        let letter = match Letter::read(message.body.as_deref().unwrap_or_default()) {
            Ok(letter) => letter,
            Err(error) => {
                if matches!(error, InvalidLetter::Unreadable(_)) {
                    self.tally.unreadable += 1;
                }
                return self.give_up(message, error.into()).await;
            }
        };
        if letter.pushed && !is_last {
            // Flashduty has it, and a later message about the same alert comes right behind it.
            return true;
        }
        // It starts again if the message is moved back into the queue.
        let age = since(message, "SentTimestamp");
        let expired = (age > TRIED_FOR).then(|| rough(age));
        if let (Some(tried_for), true) = (&expired, self.failures > 0) {
            let why = DeliveryError::Expired { tried_for: tried_for.clone(), last: None };
            return self.give_up(message, why).await;
        }
        if self.failures >= FAILURES_BEFORE_STOP && receives(message) <= RECEIVED_OFTEN && !self.delivered_lately() {
            return false;
        }
        if self.session.is_none() {
            self.failures += 1;
            return self.log_end(message, &End::Queued(Some(PushError::from(NoTimeLeft).into())));
        }
        self.deliver(message, letter, expired).await
    }

    /// Pushes a letter. Returns whether its message need not stay in the queue.
    async fn deliver(&mut self, message: &SqsMessage, letter: Letter, expired: Option<String>) -> bool {
        self.delete_settled().await;
        let may_retry = receives(message) == 1 && self.failures == 0 && !self.delivered_lately();
        let Some(session) = &mut self.session else { return false };
        let delayed = rough(Duration::from_millis(epoch_millis().saturating_sub(letter.received)));
        let late = (!letter.pushed || was_dead(message)).then(|| delayed.clone());
        let context = self.delivery.context(letter.labels.to_vec(), late);
        let stored_in = Origin::RetryQueue { message: queued(message), expired };
        let alert = OutgoingAlert::of_letter(letter, stored_in, &context, session.integration());
        let effort =
            if may_retry { Effort::Until(self.push_by.at_most(TIME_FOR_FIRST)) } else { Effort::Once(self.push_by) };
        let (mut done, mut delivered) = (true, true);
        for outcome in session.deliver(&alert, effort, self.settle_by).await {
            done = self.record(message, &alert, &outcome, &delayed);
            delivered = matches!(outcome.end, End::Delivered(_));
        }
        if delivered && was_dead(message) {
            warn!(
                alert_key = alert.key(),
                "this was a dead letter and is old news: a later try of ZStack's may have been delivered before it, \
                 and the problem may be over; compare the alert with ZStack"
            );
        }
        done
    }

    /// Whether Flashduty took a message so lately that it is not away.
    fn delivered_lately(&self) -> bool {
        let last = *self.last_delivery.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() < NOT_AWAY)
    }

    /// Deletes what need not stay in the queue. Lambda does it at the end of the invocation. But if the process dies
    /// before that, the whole batch is received again, and people would be called again.
    async fn delete_settled(&mut self) {
        let Some(settled) = self.settled.take_if(|settled| !settled.is_empty()) else { return };
        match self.queues.delete(&settled, self.settle_by.at_most(TIME_TO_DELETE)).await {
            Ok(()) => self.settled = Some(Vec::new()),
            Err(queue) => warn!("alerts that were delivered stay in the queue until this batch ends: {queue}"),
        }
    }

    /// Gives up a message that was not tried. Returns whether it need not stay in the queue.
    async fn give_up(&mut self, message: &SqsMessage, why: DeliveryError) -> bool {
        let end = self.delivery.give_up(&queued(message), why, self.settle_by).await;
        self.log_end(message, &end)
    }

    /// Counts and logs what became of one push. Returns whether the message need not stay in the queue.
    fn record(&mut self, message: &SqsMessage, alert: &OutgoingAlert, outcome: &Outcome, delayed: &str) -> bool {
        self.tally.count_push(outcome.attempts, outcome.took);
        if matches!(outcome.end, End::Delivered(_)) {
            *self.last_delivery.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        match &outcome.end {
            End::Delivered(receipt) if alert.was_pushed() => {
                self.tally.repeated += 1;
                info!(
                    alert_key = outcome.alert_key,
                    flashduty_request_id = receipt.request_id,
                    "pushed again in its turn, because others waited when it came"
                );
            }
            End::Delivered(receipt) => {
                self.tally.count_delivery(outcome.age);
                info!(
                    alert_key = outcome.alert_key,
                    flashduty_request_id = receipt.request_id,
                    attempts = outcome.attempts,
                    delayed,
                    "delivered late"
                );
            }
            end if is_failed_try(end) => {
                self.failures += usize::from(receives(message) <= RECEIVED_OFTEN);
                let asked = outcome.retry_after.unwrap_or_default().min(LONGEST_DELAY);
                self.retry_after = self.retry_after.max(asked);
            }
            _ => {}
        }
        self.log_end(message, &outcome.end)
    }

    /// Logs an end other than a delivery, and counts what is given up. Returns whether the message need not stay in the
    /// queue.
    fn log_end(&mut self, message: &SqsMessage, end: &End) -> bool {
        let message_group = attribute(message, "MessageGroupId");
        match end {
            End::Delivered(_) => true,
            End::Refused(reason) => {
                let again = if was_dead(message) { ", again" } else { "" };
                error!(message_group, "an alert went to the dead letter queue{again}: {reason}");
                self.tally.refused += 1;
                true
            }
            End::Queued(Some(why @ DeliveryError::NoDeadLetter { .. })) => {
                error!(message_group, "an alert stays in the queue, {why}");
                false
            }
            End::Queued(Some(error)) | End::Failed(error) => {
                let receives = attribute(message, "ApproximateReceiveCount");
                warn!(message_group, receives, "an alert stays in the queue: {error}");
                false
            }
            End::Queued(None) => false,
        }
    }
}

fn attribute<'a>(message: &'a SqsMessage, name: &str) -> &'a str {
    message.attributes.get(name).map_or("", String::as_str)
}

/// How often a message was received, this time included.
fn receives(message: &SqsMessage) -> u32 {
    attribute(message, "ApproximateReceiveCount").parse().unwrap_or(1)
}

/// A message as it moves to the dead letter queue.
fn queued(message: &SqsMessage) -> QueuedMessage {
    let ids = FifoIds::moved(attribute(message, "MessageGroupId"), message.message_id.as_deref().unwrap_or_default());
    QueuedMessage { text: message.body.clone().unwrap_or_default(), ids }
}

/// Whether an alert ended so because Flashduty may take it later. A refusal says that Flashduty is there.
fn is_failed_try(end: &End) -> bool {
    match end {
        End::Delivered(_) => false,
        End::Refused(why) => matches!(why, DeliveryError::Expired { .. }),
        End::Queued(Some(DeliveryError::NoDeadLetter { why, .. })) => matches!(**why, DeliveryError::Expired { .. }),
        End::Queued(_) | End::Failed(_) => true,
    }
}

/// The time since a moment in a message's attributes.
fn since(message: &SqsMessage, moment: &str) -> Duration {
    let then = attribute(message, moment).parse().unwrap_or_else(|_| epoch_millis());
    Duration::from_millis(epoch_millis().saturating_sub(then))
}

/// Whether a message was a dead letter and was moved back.
fn was_dead(message: &SqsMessage) -> bool {
    message.message_attributes.contains_key(REASON)
}

/// Retry delay: a quarter of the time since the first receive, within limits.
fn retry_delay(since_first: Duration) -> Duration {
    (since_first / AGE_DIVISOR).clamp(SHORTEST_DELAY, LONGEST_DELAY)
}

/// A duration as people say it: `45s`, `12m`, `3h`, `2d`.
fn rough(time: Duration) -> String {
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
