//! From the retry queue to Flashduty: what could not be delivered when it came.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};
use tracing::{error, info, warn};

use crate::deadline::{Deadline, epoch_millis};
use crate::delivery::{Courier, Round};
use crate::error::Error;
use crate::flashduty::{Event, Integration, TitleRule};
use crate::platform::metrics::{Counter, Ended, Metrics, Tally};
use crate::queue::{Envelope, Letter, Outbox, REASON, VERSION};
use crate::translate::{Alert, Context, translate};
use crate::zstack::{Part, split};

/// The least time between two pushes. The template runs two of these functions at most, so that they keep
/// under Flashduty's 1,000 events a minute all by themselves, with some room for the relay.
const PACE: Duration = Duration::from_millis(150);
/// How long one message may take.
const TIME_FOR_ONE: Duration = Duration::from_secs(12);
/// How long before Lambda ends the invocation nothing is pushed any more: half of it is for giving up, half
/// for reporting what failed.
const TIME_TO_REPORT: Duration = Duration::from_secs(4);

/// A message that could not be delivered comes back when it is older by one part in so many. By age, not by
/// how often it was received: in a batch that Flashduty refuses, most are received and never tried.
const PART_OF_AGE: u32 = 4;
/// But not sooner.
const SHORTEST_PAUSE: Duration = Duration::from_secs(2);
/// And not later.
const LONGEST_PAUSE: Duration = Duration::from_mins(15);
/// How long a message is tried. SQS deletes what is older than 14 days, without a word.
const TRIED_FOR: Duration = Duration::from_hours(10 * 24);
/// After so many failures in a batch Flashduty is taken to be away, and the rest is not tried.
const FAILURES: usize = 2;

/// The redeliverer's core.
#[derive(Debug)]
pub struct Redelivery {
    courier: Courier,
    outbox: Outbox,
    title_rule: TitleRule,
    metrics: Metrics,
    /// When the next push may be made.
    next: Mutex<Instant>,
}

/// Why a message was not delivered.
enum Obstacle {
    /// It may be later, and after this long at the earliest.
    Later(Error, Duration),
    /// It never will.
    Never(String),
    /// Others before it failed.
    Untried,
}

impl Redelivery {
    /// A redeliverer.
    #[must_use]
    pub fn new(courier: Courier, outbox: Outbox, title_rule: TitleRule, metrics: Metrics) -> Self {
        Self { courier, outbox, title_rule, metrics, next: Mutex::new(Instant::now()) }
    }

    /// Delivers a batch and reports what must stay in the queue. Within a message group the first failure
    /// stops everything behind it, so that a recovery never overtakes its alert.
    pub async fn redeliver(&self, event: SqsEvent, request_id: &str, end: Deadline) -> SqsBatchResponse {
        let mut tally = Tally::default();
        let deadline = end.before(TIME_TO_REPORT);
        let settle_by = end.before(TIME_TO_REPORT / 2);
        let secrets = self.courier.settings().get(deadline).await;
        let mut round = secrets.map(|secrets| self.courier.round(secrets));
        // What Flashduty did not take just now, and how long it asked to be left alone.
        let (mut failures, mut asked) = (0, Duration::ZERO);
        // Each group that stopped, and when its messages come back.
        let mut stopped: HashMap<String, Duration> = HashMap::new();
        let mut failed = Vec::new();
        for message in event.records {
            tally.received += 1;
            let group = attribute(&message, "MessageGroupId").to_owned();
            if !stopped.contains_key(&group) {
                let outcome = match &mut round {
                    Ok(_) if failures > 0 && age(&message) > TRIED_FOR => {
                        Err(Obstacle::Never(format!("tried for {}", rough(age(&message)))))
                    }
                    Ok(_) if failures >= FAILURES => Err(Obstacle::Untried),
                    Ok(round) => self.deliver(round, &message, deadline.at_most(TIME_FOR_ONE), &mut tally).await,
                    Err(error) => Err(Obstacle::Later(error.clone(), Duration::ZERO)),
                };
                if let Err(Obstacle::Later(_, least)) = &outcome {
                    failures += 1;
                    asked = asked.max(*least);
                }
                let Some(least) = self.settle(outcome, &message, &group, settle_by, &mut tally).await else { continue };
                stopped.insert(group.clone(), pause(age(&message)).max(least).max(asked));
            }
            tally.queued += 1;
            let pause = stopped.get(&group).copied().unwrap_or(LONGEST_PAUSE);
            failed.push((message, pause));
        }
        self.hold_back(&failed, end).await;
        tally.settings_errors += self.courier.settings().take_failures();
        let ended = match (tally.refused, tally.queued) {
            (Counter::ZERO, Counter::ZERO) => Ended::Delivered,
            (Counter::ZERO, _) => Ended::Queued,
            _ => Ended::GivenUp,
        };
        self.metrics.write(request_id, ended, tally);
        report(failed)
    }

    /// Lets messages that failed come back after their pauses, all of a group together: SQS holds a group
    /// back while any of it is in flight.
    async fn hold_back(&self, failed: &[(SqsMessage, Duration)], end: Deadline) {
        if failed.is_empty() {
            return;
        }
        let handle = |message: &SqsMessage| message.receipt_handle.clone().unwrap_or_default();
        let back: Vec<_> = failed.iter().map(|(message, pause)| (handle(message), *pause)).collect();
        if let Err(queue) = self.outbox.come_back(&back, end).await {
            warn!("alerts that failed come back later than they might: {queue}");
        }
    }

    /// What becomes of a message: nothing more, where it is delivered or in the dead letter queue; or it
    /// stays in the queue for this long at least.
    async fn settle(
        &self,
        outcome: Result<(), Obstacle>,
        message: &SqsMessage,
        group: &str,
        deadline: Deadline,
        tally: &mut Tally,
    ) -> Option<Duration> {
        let (reason, least) = match outcome {
            Ok(()) => return None,
            Err(Obstacle::Untried) => return Some(Duration::ZERO),
            Err(Obstacle::Never(reason)) => (reason, Duration::ZERO),
            Err(Obstacle::Later(error, _)) if age(message) > TRIED_FOR => {
                (format!("tried for {}: {error}", rough(age(message))), Duration::ZERO)
            }
            Err(Obstacle::Later(error, least)) => {
                let receives = attribute(message, "ApproximateReceiveCount");
                warn!(message_group = group, receives, "an alert stays in the queue: {error}");
                return Some(least);
            }
        };
        let body = message.body.as_deref().unwrap_or_default();
        let envelope = Envelope::moved(group, message.message_id.as_deref().unwrap_or_default());
        match self.outbox.give_up(body, &envelope, &reason, deadline.at_most(TIME_FOR_ONE)).await {
            Ok(()) => {
                let again = if was_dead(message) { ", again" } else { "" };
                error!(message_group = group, "an alert went to the dead letter queue{again}: {reason}");
                tally.refused += 1;
                None
            }
            Err(queue) => {
                error!(message_group = group, "an alert stays in the queue, given up ({reason}): {queue}");
                Some(least)
            }
        }
    }

    /// Pushes what one message says, as it would have been pushed when it came, but for the label
    /// `delayed`.
    async fn deliver(
        &self,
        round: &mut Round<'_>,
        message: &SqsMessage,
        deadline: Deadline,
        tally: &mut Tally,
    ) -> Result<(), Obstacle> {
        let letter: Letter = serde_json::from_str(message.body.as_deref().unwrap_or_default()).map_err(|error| {
            tally.unreadable += 1;
            Obstacle::Never(format!("not a message of zstack-flashduty: {error}"))
        })?;
        if letter.version != VERSION {
            return Err(Obstacle::Never(format!("written by another version: {}", letter.version)));
        }
        let late = Duration::from_millis(epoch_millis().saturating_sub(letter.received));
        for body in self.bodies(&letter, late, round.integration()) {
            self.keep_pace().await;
            let pushed = round.push(body, deadline).await;
            tally.push(pushed.attempts, pushed.took);
            self.count_tries(pushed.attempts).await;
            match pushed.result {
                Ok(receipt) => {
                    tally.deliver(late);
                    info!(
                        alert_key = letter.alert_key,
                        flashduty_request_id = receipt.request_id,
                        attempts = pushed.attempts,
                        delayed = rough(late),
                        "delivered late"
                    );
                }
                Err(error) if error.try_again() => {
                    return Err(Obstacle::Later(error, pushed.retry_after.unwrap_or_default().min(LONGEST_PAUSE)));
                }
                Err(error) => return Err(Obstacle::Never(error.to_string())),
            }
        }
        if was_dead(message) {
            warn!(
                alert_key = letter.alert_key,
                "this was a dead letter and is old news: a later try of ZStack's may have been delivered before it, \
                 and the problem may be over; compare the alert with ZStack"
            );
        }
        Ok(())
    }

    /// What to push for a letter.
    fn bodies(&self, letter: &Letter, late: Duration, integration: Integration) -> Vec<Vec<u8>> {
        if integration == Integration::Zstack {
            return vec![letter.message.clone().into_bytes()];
        }
        let context = Context {
            url_labels: letter.labels.clone(),
            title_rule: self.title_rule.clone(),
            delayed: Some(rough(late)),
        };
        let parts = if letter.whole {
            split(letter.message.as_bytes())
        } else {
            vec![Part { text: letter.message.clone(), around: Arc::new(letter.around.clone()) }]
        };
        let mut alerts: Vec<_> = parts.iter().flat_map(|part| translate(part, &context)).collect();
        // A message that says something of several alerts has a letter for each. Where none is this one's, another
        // version wrote the letter, and made another key of it.
        let is_letters = |alert: &Alert| alert.key.as_str() == letter.alert_key;
        if !letter.whole && alerts.iter().any(is_letters) {
            alerts.retain(is_letters);
        }
        alerts.iter().flat_map(|alert| &alert.events).map(Event::to_json).collect()
    }

    async fn keep_pace(&self) {
        let mut next = self.next.lock().await;
        sleep_until(*next).await;
        *next = Instant::now() + PACE;
    }

    /// Every try counts against Flashduty's limit, and not only the first.
    async fn count_tries(&self, attempts: u32) {
        *self.next.lock().await += PACE * attempts.saturating_sub(1);
    }
}

/// Tells Lambda which messages stay in the queue.
fn report(failed: Vec<(SqsMessage, Duration)>) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failed
        .into_iter()
        .map(|(message, _)| {
            let mut failure = BatchItemFailure::default();
            // Without an id, Lambda takes the whole batch for failed.
            failure.item_identifier = message.message_id.unwrap_or_default();
            failure
        })
        .collect();
    response
}

fn attribute<'a>(message: &'a SqsMessage, name: &str) -> &'a str {
    message.attributes.get(name).map_or("", String::as_str)
}

/// How long a message has been in the queue, anew where it was moved back into it.
fn age(message: &SqsMessage) -> Duration {
    let sent = attribute(message, "SentTimestamp").parse().unwrap_or_else(|_| epoch_millis());
    Duration::from_millis(epoch_millis().saturating_sub(sent))
}

/// Whether a message was a dead letter and was moved back.
fn was_dead(message: &SqsMessage) -> bool {
    message.message_attributes.contains_key(REASON)
}

/// How long a message of this age stays away.
fn pause(age: Duration) -> Duration {
    (age / PART_OF_AGE).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
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
    fn it_keeps_under_flashdutys_limit_all_by_itself() {
        let functions = 2;
        let a_minute = functions * Duration::from_mins(1).as_millis() / PACE.as_millis();
        assert!(a_minute <= 1_000 * 9 / 10, "{a_minute}");
    }

    #[test]
    fn messages_come_back_ever_later() {
        let seconds = [0, 8, 20, 600, 3_600, 864_000].map(|age| pause(Duration::from_secs(age)).as_secs());
        assert_eq!(seconds, [2, 2, 5, 150, 900, 900]);
    }

    /// SQS moves a message to the dead letter queue when it was received that often, and it does not say why.
    #[test]
    fn a_message_is_given_up_by_its_age_before_its_receive_count() {
        const MAX_RECEIVE_COUNT: u32 = 1_000;
        let (mut age, mut receives) = (Duration::ZERO, 1);
        while age <= TRIED_FOR {
            age += pause(age);
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
