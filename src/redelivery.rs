//! From the retry queue to Flashduty: what could not be delivered when it came.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};
use tracing::{error, info, warn};

use crate::courier::{Courier, Round};
use crate::deadline::{Deadline, epoch_millis};
use crate::error::Error;
use crate::flashduty::{Integration, TitleRule};
use crate::outbox::{Envelope, Letter, Outbox, VERSION};
use crate::translate::{Context, translate};
use crate::zstack::{Part, split};

/// The least time between two pushes. The template runs two of these functions at most, so that they keep
/// under Flashduty's 1,000 events a minute all by themselves, with some room for the relay.
const PACE: Duration = Duration::from_millis(150);
/// How long one message may take.
const TIME_FOR_ONE: Duration = Duration::from_secs(12);
/// How long before Lambda ends the invocation the failures must be reported.
const TIME_TO_REPORT: Duration = Duration::from_secs(4);

/// After the first failure a message comes back this much later, and twice as much after every other.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// No message stays away for longer. The template's receive count makes about ten days of it.
const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// The redeliverer's core.
#[derive(Debug)]
pub struct Redelivery {
    courier: Courier,
    outbox: Outbox,
    title_rule: TitleRule,
    /// When the next push may be made.
    next: Mutex<Instant>,
}

/// Why a message was not delivered.
enum Obstacle {
    /// It may be later.
    Later(Error),
    /// It never will.
    Never(String),
}

impl Redelivery {
    /// A redeliverer.
    #[must_use]
    pub fn new(courier: Courier, outbox: Outbox, title_rule: TitleRule) -> Self {
        Self { courier, outbox, title_rule, next: Mutex::new(Instant::now()) }
    }

    /// Delivers a batch and reports what must stay in the queue. Within a message group the first failure
    /// stops everything behind it, so that a recovery never overtakes its alert.
    pub async fn redeliver(&self, event: SqsEvent, deadline: Deadline) -> SqsBatchResponse {
        let deadline = deadline.before(TIME_TO_REPORT);
        let mut stopped = HashSet::new();
        let mut failed = Vec::new();
        let secrets = self.courier.settings().get(deadline).await;
        let mut round = secrets.map(|secrets| self.courier.round(secrets));
        for message in event.records {
            let group = attribute(&message, "MessageGroupId").to_owned();
            let obstacle = match &mut round {
                _ if stopped.contains(&group) => None,
                Ok(round) => match self.deliver(round, &message, deadline.at_most(TIME_FOR_ONE)).await {
                    Ok(()) => continue,
                    Err(Obstacle::Later(error)) => Some(error),
                    Err(Obstacle::Never(reason)) => match self.give_up(&message, &group, &reason, deadline).await {
                        Ok(()) => continue,
                        Err(()) => None,
                    },
                },
                Err(error) => Some(error.clone()),
            };
            if let Some(error) = obstacle {
                let receives = attribute(&message, "ApproximateReceiveCount");
                warn!(message_group = group, receives, "an alert stays in the queue: {error}");
            }
            stopped.insert(group);
            failed.push(message);
        }
        self.let_come_back(&failed).await;
        let failures = failed.into_iter().filter_map(|message| message.message_id);
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = failures
            .map(|id| {
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = id;
                failure
            })
            .collect();
        response
    }

    /// Pushes what one message says, as it would have been pushed when it came, but for the label
    /// `delayed`.
    async fn deliver(&self, round: &mut Round<'_>, message: &SqsMessage, deadline: Deadline) -> Result<(), Obstacle> {
        let letter: Letter = serde_json::from_str(message.body.as_deref().unwrap_or_default())
            .map_err(|error| Obstacle::Never(format!("not a message of zstack-flashduty: {error}")))?;
        if letter.version != VERSION {
            return Err(Obstacle::Never(format!("written by another version: {}", letter.version)));
        }
        let late = Duration::from_millis(epoch_millis().saturating_sub(letter.received));
        let bodies = if round.integration() == Integration::Zstack {
            vec![letter.message.into_bytes()]
        } else {
            let context =
                Context { url_labels: letter.labels, title_rule: self.title_rule.clone(), delayed: Some(rough(late)) };
            let around = Arc::new(letter.around);
            let parts = split(letter.message.as_bytes())
                .into_iter()
                .map(|part| Part { around: if part.around.is_empty() { around.clone() } else { part.around }, ..part });
            parts.flat_map(|part| translate(&part, &context).events).map(|event| event.to_json()).collect()
        };
        for body in bodies {
            self.keep_pace().await;
            let pushed = round.push(body, deadline).await;
            match pushed.result {
                Ok(receipt) => info!(
                    alert_key = letter.alert_key,
                    flashduty_request_id = receipt.request_id,
                    attempts = pushed.attempts,
                    delayed = rough(late),
                    "delivered late"
                ),
                Err(error) if error.try_again() => return Err(Obstacle::Later(error)),
                Err(error) => return Err(Obstacle::Never(error.to_string())),
            }
        }
        Ok(())
    }

    async fn keep_pace(&self) {
        let mut next = self.next.lock().await;
        sleep_until(*next).await;
        *next = Instant::now() + PACE;
    }

    async fn give_up(&self, message: &SqsMessage, group: &str, reason: &str, deadline: Deadline) -> Result<(), ()> {
        let body = message.body.as_deref().unwrap_or_default();
        let envelope = Envelope::new(group, "", message.message_id.as_deref().unwrap_or_default());
        let dead = self.outbox.give_up(body, &envelope, reason, deadline.at_most(TIME_FOR_ONE)).await;
        match dead {
            Ok(()) => {
                error!(message_group = group, "an alert went to the dead letter queue: {reason}");
                Ok(())
            }
            Err(queue) => {
                error!(message_group = group, "an alert stays in the queue, refused ({reason}): {queue}");
                Err(())
            }
        }
    }

    /// Has a group's messages come back together: SQS holds a group back while any of it is in flight.
    async fn let_come_back(&self, failed: &[SqsMessage]) {
        let mut pauses: Vec<(&str, Duration)> = Vec::new();
        let messages = failed.iter().map(|message| {
            let group = attribute(message, "MessageGroupId");
            let first = pauses.iter().find(|(other, _)| *other == group).map(|(_, pause)| *pause);
            let pause = first.unwrap_or_else(|| {
                let pause = pause(attribute(message, "ApproximateReceiveCount"));
                pauses.push((group, pause));
                pause
            });
            (message.receipt_handle.clone().unwrap_or_default(), pause)
        });
        if let Err(queue) = self.outbox.come_back(&messages.collect::<Vec<_>>()).await {
            warn!("{queue}: alerts that failed come back later than they might");
        }
    }
}

fn attribute<'a>(message: &'a SqsMessage, name: &str) -> &'a str {
    message.attributes.get(name).map_or("", String::as_str)
}

/// How long a message stays away that was received so many times.
fn pause(receives: &str) -> Duration {
    let receives: u32 = receives.parse().unwrap_or(1);
    FIRST_PAUSE.saturating_mul(1 << receives.saturating_sub(1).min(16)).min(LONGEST_PAUSE)
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
        let seconds = ["1", "2", "3", "9", "10", "11", "900", "", "nonsense"].map(|receives| pause(receives).as_secs());
        assert_eq!(seconds, [2, 4, 8, 512, 900, 900, 900, 2, 2]);
    }

    #[test]
    fn delays_are_told_roughly() {
        let told = [0, 59, 60, 779, 3_599, 3_600, 86_399, 86_400, 900_000].map(|s| rough(Duration::from_secs(s)));
        assert_eq!(told, ["0s", "59s", "1m", "12m", "59m", "1h", "23h", "1d", "10d"]);
    }
}
