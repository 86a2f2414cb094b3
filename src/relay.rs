//! From a request's body to Flashduty, or into a queue: read, translate, push, set aside.

use std::sync::Arc;
use std::time::Duration;

use tracing::{error, info, warn};

use crate::deadline::{Deadline, PUSH_BUDGET, TIME_TO_QUEUE, TIME_TO_QUEUE_ONE_MORE, epoch_millis};
use crate::delivery::{Courier, Round};
use crate::error::Error;
use crate::flashduty::{Integration, Receipt, Status, TitleRule};
use crate::queue::{Ahead, Envelope, Letter, Outbox, VERSION};
use crate::secrets::{Secrets, Settings};
use crate::translate::{Alert, Context, Kind, translate};
use crate::zstack::{Part, split};

/// What became of one push.
#[derive(Debug)]
pub struct Outcome {
    /// What the message is.
    pub kind: Kind,
    /// The alert's key.
    pub alert_key: String,
    /// The event's status; `None` where the message was passed on as it came.
    pub event_status: Option<Status>,
    /// Where the alert is now.
    pub fate: Fate,
    /// How often it was pushed.
    pub attempts: u32,
    /// How long that took.
    pub took: Duration,
    /// How long after the request came it was where it is now.
    pub age: Duration,
}

/// Where an alert is.
#[derive(Debug)]
pub enum Fate {
    /// In Flashduty.
    Delivered(Receipt),
    /// In the retry queue, and why, unless it is there to keep its place behind another.
    Queued(Option<Error>),
    /// With ZStack, which may try again; and in the dead letter queue where there is one and trying again
    /// cannot help.
    Failed(Error),
}

impl Fate {
    /// What went wrong for good, as far as this request goes.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Delivered(_) | Self::Queued(_) => None,
        }
    }
}

/// The relay's core: takes authenticated messages and sees them delivered, or queued.
#[derive(Debug)]
pub struct Relay {
    courier: Courier,
    outbox: Option<Outbox>,
    title_rule: TitleRule,
}

impl Relay {
    /// A relay. Without an outbox, an alert that cannot be pushed in time is ZStack's to try again.
    #[must_use]
    pub fn new(courier: Courier, outbox: Option<Outbox>, title_rule: TitleRule) -> Self {
        Self { courier, outbox, title_rule }
    }

    /// Where the secrets come from.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        self.courier.settings()
    }

    /// Delivers or queues every message of a body, one after the other and past failures, and tells what
    /// became of each. Never empty.
    ///
    /// `secrets` are those that the caller was checked with.
    pub async fn deliver(&self, body: &[u8], from: Origin, secrets: Arc<Secrets>, deadline: Deadline) -> Vec<Outcome> {
        let context = Context { url_labels: from.url_labels, title_rule: self.title_rule.clone(), delayed: None };
        let mut request = Request {
            relay: self,
            id: from.request_id,
            round: self.courier.round(secrets),
            context,
            received: epoch_millis(),
            deadline,
            queue_is_shut: false,
        };
        let mut outcomes = Vec::new();
        let parts = split(body);
        if request.round.integration() == Integration::Zstack {
            // All of it goes in one push, under the key of the first message in it.
            let mut alerts: Vec<_> = parts.iter().flat_map(|part| translate(part, &request.context)).collect();
            let may_repeat = alerts.iter().any(may_repeat);
            let alert = alerts.swap_remove(0);
            let part = Part { text: String::from_utf8_lossy(body).into_owned(), around: Arc::default() };
            let bodies = vec![(None, body.to_vec())];
            let message = Message { place: 0, behind: 0, bodies, alert, may_repeat, part: &part, whole: true };
            request.take(message, &mut outcomes).await;
            return outcomes;
        }
        let behind = (0..parts.len()).rev();
        for ((place, part), behind) in parts.iter().enumerate().zip(behind) {
            for alert in translate(part, &request.context) {
                for event in alert.events.iter().filter(|event| !event.cut().is_empty()) {
                    info!(alert_key = %alert.key, cut = event.cut().join(","), "cut to Flashduty's limits");
                }
                let bodies = alert.events.iter().map(|event| (Some(event.status()), event.to_json())).collect();
                let may_repeat = may_repeat(&alert);
                let message = Message { place, behind, bodies, alert, may_repeat, part, whole: false };
                request.take(message, &mut outcomes).await;
            }
        }
        outcomes
    }
}

/// Whether two messages that are equal to the letter may be two: without an id of ZStack's there may be a recovery
/// between them, and a copy does no harm. A text that could not be read has no recovery.
fn may_repeat(alert: &Alert) -> bool {
    alert.kind != Kind::Raw && alert.id.is_empty()
}

/// What a request says beside its body.
#[derive(Debug)]
pub struct Origin {
    /// The invocation's id.
    pub request_id: String,
    /// The webhook URL's query parameters without the token.
    pub url_labels: Vec<(String, String)>,
}

/// What a message says of one alert, on its way.
struct Message<'a> {
    /// Where in its request it stands.
    place: usize,
    /// How many messages of the request stand behind it.
    behind: usize,
    /// What to push, in order, and the status of each.
    bodies: Vec<(Option<Status>, Vec<u8>)>,
    alert: Alert,
    /// Whether the same text may tell of something new, later.
    may_repeat: bool,
    part: &'a Part,
    /// Whether the part is the request's whole body.
    whole: bool,
}

/// One request on its way.
struct Request<'a> {
    relay: &'a Relay,
    id: String,
    round: Round<'a>,
    context: Context,
    /// When it came, in epoch milliseconds.
    received: u64,
    /// When to be done.
    deadline: Deadline,
    /// Whether the queue was found not to take anything.
    queue_is_shut: bool,
}

impl Request<'_> {
    /// Pushes a message's events in order, or queues it. Where one event fails, the ones after it would
    /// say what is not so.
    async fn take(&mut self, message: Message<'_>, outcomes: &mut Vec<Outcome>) {
        if let Some(outbox) = &self.relay.outbox {
            let ahead = outbox.ahead_of(&message.alert.key, self.deadline).await;
            let is_late = self.push_by(message.behind).left().is_zero();
            if is_late || ahead == Ahead::SameAlert || ahead == Ahead::Something && !self.queue_is_shut {
                let fate = match self.put_aside(outbox, &message).await {
                    Ok(()) => Some(Fate::Queued(None)),
                    Err(queue) if ahead == Ahead::SameAlert => {
                        Some(self.lost(&message, "an event of the same alert waits before it".to_owned(), queue))
                    }
                    Err(queue) => {
                        warn!("others may wait in the queue, but it takes no more, so this one is pushed: {queue}");
                        self.queue_is_shut = true;
                        None
                    }
                };
                if let Some(fate) = fate {
                    let status = message.bodies.first().and_then(|(status, _)| *status);
                    return outcomes.push(self.outcome(&message, status, fate, (0, Duration::ZERO)));
                }
            }
        }
        for (status, body) in &message.bodies {
            let pushed = self.round.push(body.clone(), self.push_by(message.behind)).await;
            let fate = match pushed.result {
                Ok(receipt) => Fate::Delivered(receipt),
                Err(error) if error.try_again() => self.queue(&message, error).await,
                Err(error) => self.give_up(&message, error).await,
            };
            let delivered = matches!(fate, Fate::Delivered(_));
            outcomes.push(self.outcome(&message, *status, fate, (pushed.attempts, pushed.took)));
            if !delivered {
                return;
            }
        }
    }

    fn outcome(
        &self,
        message: &Message<'_>,
        event_status: Option<Status>,
        fate: Fate,
        (attempts, took): (u32, Duration),
    ) -> Outcome {
        let Alert { kind, key, .. } = &message.alert;
        let age = Duration::from_millis(epoch_millis().saturating_sub(self.received));
        Outcome { kind: *kind, alert_key: key.to_string(), event_status, fate, attempts, took, age }
    }

    /// When to stop pushing a message with so many behind it: there must be time to queue them all.
    fn push_by(&self, behind: usize) -> Deadline {
        if self.relay.outbox.is_none() {
            return self.deadline;
        }
        let behind = TIME_TO_QUEUE_ONE_MORE * u32::try_from(behind).unwrap_or(u32::MAX);
        let reserve = TIME_TO_QUEUE.min(self.deadline.left() / 2).saturating_add(behind);
        self.deadline.before(reserve).at_most(PUSH_BUDGET)
    }

    /// Queues a message that could not be pushed.
    async fn queue(&self, message: &Message<'_>, push: Error) -> Fate {
        let Some(outbox) = &self.relay.outbox else { return Fate::Failed(push) };
        match self.put_aside(outbox, message).await {
            Ok(()) => Fate::Queued(Some(push)),
            Err(queue) => self.lost(message, push.to_string(), queue),
        }
    }

    /// Puts the message into the log, the last place where it can still be found.
    fn lost(&self, message: &Message<'_>, push: String, queue: String) -> Fate {
        error!(
            alert_key = %message.alert.key,
            zstack_message = self.letter(message).to_text(),
            "this alert is in no queue: {queue}; where ZStack's next tries fail too, send it again by hand"
        );
        Fate::Failed(Error::Lost { push, queue })
    }

    async fn put_aside(&self, outbox: &Outbox, message: &Message<'_>) -> Result<(), String> {
        let letter = self.letter(message);
        let envelope = self.envelope(message, &letter);
        outbox.put_aside(&letter.to_text(), &envelope, &message.alert.key, self.deadline).await
    }

    async fn give_up(&self, message: &Message<'_>, refusal: Error) -> Fate {
        if let Some(outbox) = &self.relay.outbox {
            let letter = self.letter(message);
            let envelope = self.envelope(message, &letter);
            let reason = refusal.to_string();
            if let Err(queue) = outbox.give_up(&letter.to_text(), &envelope, &reason, self.deadline).await {
                return self.lost(message, reason, queue);
            }
        }
        Fate::Failed(refusal)
    }

    fn envelope(&self, message: &Message<'_>, letter: &Letter) -> Envelope {
        let request = message.may_repeat.then(|| format!("{}/{}", self.id, message.place));
        Envelope::new(letter, request.as_deref())
    }

    fn letter(&self, message: &Message<'_>) -> Letter {
        Letter {
            version: VERSION,
            message: message.part.text.clone(),
            whole: message.whole,
            labels: self.context.url_labels.clone(),
            around: message.part.around.to_vec(),
            received: self.received,
            alert_key: message.alert.key.to_string(),
        }
    }
}
