//! One batch of messages from the retry queue.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use aws_lambda_events::sqs::SqsMessage;
use tracing::{error, info, warn};

use super::message::{LONGEST_DELAY, TRIED_FOR, attribute, queued, receives, retry_delay, rough, since, was_dead};
use super::{Lately, Redelivery, TIME_TO_REPORT};
use crate::channel::Channel;
use crate::check;
use crate::clock::{Moment, Period};
use crate::deadline::{Deadline, NoTimeLeft, epoch_millis};
use crate::delivery::{End, Origin, Outcome, OutgoingAlert, Session};
use crate::error::DeliveryError;
use crate::flashduty::{Effort, PerIntegration, PushError, PushUrl};
use crate::platform::metrics::Tally;
use crate::queue::{InvalidLetter, Letter, Queues};
use crate::secrets::READ_TIMEOUT;
use crate::translate::Late;

/// How long a message may take when it is received for the first time. Later it has one attempt.
const TIME_FOR_FIRST: Duration = Duration::from_millis(3_500);
/// How long SQS may take to delete what was delivered, before the next message is pushed.
const TIME_TO_DELETE: Duration = Duration::from_secs(1);
/// After this many failures in a batch Flashduty is taken to be away, and the rest is not tried.
const FAILURES_BEFORE_STOP: usize = 2;
/// If Flashduty is away, nothing is tried for this many times as long as the last attempt took. So thousands of messages
/// for an integration that does not answer hold back the messages for others by a tenth at most.
const PAUSE_FACTOR: u32 = 10;
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// No batch stops for so long after Flashduty took a message: single alerts fail, and Flashduty is there.
const NOT_AWAY: Duration = Duration::from_secs(10);
/// A message that was received more often does not count as such a failure: it may be the only one that Flashduty does
/// not take.
const RECEIVED_OFTEN: u32 = 3;

/// One batch of messages from the retry queue.
pub(super) struct Batch<'a> {
    redelivery: &'a Redelivery,
    queues: &'a Queues,
    /// When to stop pushing.
    push_by: Deadline,
    /// When the dead letter queue must have what is given up.
    settle_by: Deadline,
    /// What there is for each channel. The first part is for none.
    parts: Vec<Part<'a>>,
    /// What Flashduty did not take just now.
    failures: PerIntegration<Failures>,
    /// The message groups that stopped: their part, and their retry delays.
    stopped: HashMap<String, (usize, Duration)>,
    /// The receipt handles of messages that need not stay in the queue, and are still there. `None` if SQS did not delete
    /// the ones before: then Lambda deletes all of them.
    settled: Option<Vec<String>>,
}

/// The part of a batch that is for one channel.
struct Part<'a> {
    channel: Option<Channel>,
    /// `None` if the secrets could not be read in time.
    session: Option<Session<'a>>,
    tally: Tally,
}

/// The failures of one integration in a batch.
#[derive(Debug, Default)]
struct Failures {
    /// The number of alerts that Flashduty did not take.
    count: usize,
    /// The longest time that it asked to wait.
    retry_after: Duration,
}

impl Part<'_> {
    fn push_url(&self) -> Option<&PushUrl> {
        self.session.as_ref()?.push_url()
    }

    /// The channel's name, for the log.
    fn channel(&self) -> Option<&str> {
        self.channel.as_ref().map(Channel::as_str)
    }
}

impl<'a> Batch<'a> {
    /// Begins a batch that must end by `deadline`.
    pub async fn begin(redelivery: &'a Redelivery, queues: &'a Queues, deadline: Deadline) -> Self {
        let push_by = deadline.before(TIME_TO_REPORT);
        let secrets = redelivery.secrets.own().get(push_by).await;
        let session = secrets.ok().map(|secrets| redelivery.delivery.session(None, secrets));
        let mut own = Part { channel: None, session, tally: Tally::default() };
        own.tally.settings_errors += redelivery.secrets.take_failures();
        Self {
            redelivery,
            queues,
            push_by,
            settle_by: deadline.before(TIME_TO_REPORT / 2),
            parts: vec![own],
            failures: PerIntegration::default(),
            stopped: HashMap::new(),
            settled: Some(Vec::new()),
        }
    }

    /// What happened, for each channel. Reads after a refused key are counted for none.
    pub fn into_tallies(mut self) -> impl Iterator<Item = (Option<Channel>, Tally)> {
        self.parts[0].tally.settings_errors += self.redelivery.secrets.take_failures();
        self.parts.into_iter().map(|part| (part.channel, part.tally))
    }

    /// Delivers a message, or gives it up. If it must stay in the queue, returns its retry delay.
    pub async fn take(&mut self, message: &SqsMessage, is_last: bool) -> Option<Duration> {
        if check::take_out(message) {
            return None;
        }
        let group = attribute(message, "MessageGroupId");
        let (at, delay) = if let Some((at, delay)) = self.stopped.get(group) {
            self.parts[*at].tally.received += 1;
            (*at, *delay)
        } else {
            let letter = Letter::read(message.body.as_deref().unwrap_or_default());
            let at = self.part(letter.as_ref().ok().and_then(|letter| letter.channel.as_ref())).await;
            self.parts[at].tally.received += 1;
            if self.settle(at, message, letter, is_last).await {
                return None;
            }
            let asked = self.failures.of(self.parts[at].push_url()).retry_after;
            let delay = retry_delay(since(message, "ApproximateFirstReceiveTimestamp")).max(asked);
            self.stopped.insert(group.to_owned(), (at, delay));
            (at, delay)
        };
        self.parts[at].tally.queued += 1;
        Some(delay)
    }

    /// The place of a channel's part. A channel whose secrets cannot be read leaves time for the others.
    async fn part(&mut self, channel: Option<&Channel>) -> usize {
        if let Some(at) = self.parts.iter().position(|part| part.channel.as_ref() == channel) {
            return at;
        }
        let (redelivery, by) = (self.redelivery, self.push_by.at_most(READ_TIMEOUT));
        let secrets = redelivery.secrets.of(channel).get(by).await;
        let mut part = Part { channel: channel.cloned(), session: None, tally: Tally::default() };
        part.tally.settings_errors += redelivery.secrets.take_failures();
        if let Ok(secrets) = secrets {
            // It was there when the letter came.
            part.tally.settings_errors += u64::from(secrets.missing_push_url().is_some());
            part.session = Some(redelivery.delivery.session(channel.cloned(), secrets));
        }
        self.parts.push(part);
        self.parts.len() - 1
    }

    /// Delivers a letter, or gives its message up. Returns whether either was done, so that it need not stay in the queue.
    async fn settle(
        &mut self,
        at: usize,
        message: &SqsMessage,
        letter: Result<Letter, InvalidLetter>,
        is_last: bool,
    ) -> bool {
        let letter = match letter {
            Ok(letter) => letter,
            Err(error) => {
                if matches!(error, InvalidLetter::Unreadable(_)) {
                    self.parts[at].tally.unreadable += 1;
                }
                return self.give_up(at, message, error.into()).await;
            }
        };
        if letter.pushed && !is_last {
            // Flashduty has it, and a later message about the same alert comes right behind it.
            return true;
        }
        // It starts again if the message is moved back into the queue.
        let age = since(message, "SentTimestamp");
        let expired = (age > TRIED_FOR).then(|| rough(age));
        let failures = self.failures.of(self.parts[at].push_url()).count;
        let is_paused = self.is_paused(at);
        if let (Some(tried_for), true) = (&expired, failures > 0 || is_paused) {
            let why = DeliveryError::Expired { tried_for: tried_for.clone(), last: None };
            return self.give_up(at, message, why).await;
        }
        let is_away = failures >= FAILURES_BEFORE_STOP && receives(message) <= RECEIVED_OFTEN;
        if is_paused || is_away && !self.delivered_lately(at) {
            return false;
        }
        if self.parts[at].session.is_none() {
            self.failures.of(None).count += 1;
            return self.log_end(at, message, &End::Queued(Some(PushError::from(NoTimeLeft).into())));
        }
        self.deliver(at, message, letter, expired).await
    }

    /// Pushes a letter. Returns whether its message need not stay in the queue.
    async fn deliver(&mut self, at: usize, message: &SqsMessage, letter: Letter, expired: Option<String>) -> bool {
        self.delete_settled().await;
        let failures = self.failures.of(self.parts[at].push_url()).count;
        let was_away = self.lately().of(self.parts[at].push_url()).pause.is_some();
        let may_retry = receives(message) == 1 && failures == 0 && !was_away && !self.delivered_lately(at);
        let Some(session) = &mut self.parts[at].session else { return false };
        let delayed = rough(Duration::from_millis(epoch_millis().saturating_sub(letter.received)));
        let again = letter.pushed && !was_dead(message);
        let late = if again { Late::Repeated(delayed.clone()) } else { Late::Delayed(delayed.clone()) };
        let context = self.redelivery.delivery.context(letter.channel.clone(), letter.labels.to_vec(), Some(late));
        let stored_in = Origin::RetryQueue { message: queued(message), expired };
        let alert = OutgoingAlert::of_letter(letter, stored_in, &context, session.integration());
        let push_by = self.push_by;
        let effort = || if may_retry { Effort::Until(push_by.at_most(TIME_FOR_FIRST)) } else { Effort::Once(push_by) };
        let (mut done, mut delivered) = (true, true);
        for outcome in session.deliver(&alert, effort, self.settle_by, None).await {
            done = self.record(at, message, &alert, &outcome, &delayed);
            delivered = matches!(outcome.end, End::Delivered(_));
        }
        if delivered && was_dead(message) {
            warn!(
                alert_key = alert.key(),
                channel = self.parts[at].channel(),
                "this was a dead letter and is old news: a later try of ZStack's may have been delivered before it, \
                 and the problem may be over; compare the alert with ZStack"
            );
        }
        done
    }

    /// Whether Flashduty took a message for this part's integration so lately that it is not away.
    fn delivered_lately(&self, at: usize) -> bool {
        let delivered = self.lately().of(self.parts[at].push_url()).delivered;
        delivered.is_some_and(|delivered| delivered.elapsed() < NOT_AWAY)
    }

    /// Whether nothing is pushed to this part's integration now, because Flashduty was away just before.
    fn is_paused(&self, at: usize) -> bool {
        self.lately().of(self.parts[at].push_url()).pause.is_some_and(Period::counts)
    }

    fn lately(&self) -> MutexGuard<'a, PerIntegration<Lately>> {
        self.redelivery.lately.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a message need not stay in the queue.
    pub fn can_be_deleted(&mut self, message: &SqsMessage) {
        self.settled.iter_mut().for_each(|settled| settled.extend(message.receipt_handle.clone()));
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
    async fn give_up(&mut self, at: usize, message: &SqsMessage, why: DeliveryError) -> bool {
        let end = self.redelivery.delivery.give_up(&queued(message), why, self.settle_by).await;
        self.log_end(at, message, &end)
    }

    /// Counts and logs what became of one push. Returns whether the message need not stay in the queue.
    fn record(
        &mut self,
        at: usize,
        message: &SqsMessage,
        alert: &OutgoingAlert,
        outcome: &Outcome,
        delayed: &str,
    ) -> bool {
        if matches!(outcome.end, End::Delivered(_)) {
            let delivered = Some(Moment::now());
            *self.lately().of(self.parts[at].push_url()) = Lately { delivered, pause: None };
        }
        let Part { tally, channel, .. } = &mut self.parts[at];
        let channel = channel.as_ref().map(Channel::as_str);
        tally.count_push(outcome.attempts, outcome.took);
        match &outcome.end {
            End::Delivered(receipt) if alert.was_pushed() => {
                tally.repeated += 1;
                info!(
                    alert_key = outcome.alert_key,
                    channel,
                    flashduty_request_id = receipt.request_id.as_str(),
                    "pushed again in its turn, because others waited when it came"
                );
            }
            End::Delivered(receipt) => {
                tally.count_delivery(outcome.age);
                info!(
                    alert_key = outcome.alert_key,
                    channel,
                    flashduty_request_id = receipt.request_id.as_str(),
                    attempts = outcome.attempts,
                    delayed,
                    "delivered late"
                );
            }
            end if is_failed_try(end) => {
                let asked = outcome.retry_after.unwrap_or_default().min(LONGEST_DELAY);
                let failures = self.failures.of(self.parts[at].push_url());
                failures.count += usize::from(receives(message) <= RECEIVED_OFTEN);
                failures.retry_after = failures.retry_after.max(asked);
                if failures.count >= FAILURES_BEFORE_STOP && !self.delivered_lately(at) {
                    let attempt = outcome.took / outcome.attempts.max(1);
                    let pause = (attempt * PAUSE_FACTOR).min(LONGEST_PAUSE);
                    self.lately().of(self.parts[at].push_url()).pause = Some(Period::from_now(pause));
                }
            }
            _ => {}
        }
        self.log_end(at, message, &outcome.end)
    }

    /// Logs an end other than a delivery, and counts what is given up. Returns whether the message need not stay in the
    /// queue.
    fn log_end(&mut self, at: usize, message: &SqsMessage, end: &End) -> bool {
        let (message_group, channel) = (attribute(message, "MessageGroupId"), self.parts[at].channel());
        match end {
            End::Delivered(_) => true,
            End::Refused(reason) => {
                let again = if was_dead(message) { ", again" } else { "" };
                error!(message_group, channel, "an alert went to the dead letter queue{again}: {reason}");
                self.parts[at].tally.refused += 1;
                true
            }
            End::Queued(Some(why @ DeliveryError::NoDeadLetter { .. })) => {
                error!(message_group, channel, "an alert stays in the queue, {why}");
                false
            }
            End::Queued(Some(error)) | End::Failed(error) => {
                let receives = attribute(message, "ApproximateReceiveCount");
                warn!(message_group, channel, receives, "an alert stays in the queue: {error}");
                false
            }
            End::Queued(None) => false,
        }
    }
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
