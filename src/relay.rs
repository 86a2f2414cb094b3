//! From a request's body to Flashduty, or into a queue: read, translate, push, set aside.

use std::sync::Arc;
use std::time::Duration;

use tracing::{error, info, warn};

use crate::courier::{Courier, Round};
use crate::deadline::{Deadline, PUSH_BUDGET, TIME_TO_QUEUE, epoch_millis};
use crate::error::Error;
use crate::flashduty::{Integration, Receipt, Status, TitleRule};
use crate::outbox::{Ahead, Envelope, Letter, Outbox, VERSION};
use crate::settings::{Secrets, Settings};
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
        let mut parts = split(body);
        if request.round.integration() == Integration::Zstack {
            // All of it goes in one push, under the key of the first message in it.
            let alert = translate(&parts.swap_remove(0), &request.context).swap_remove(0);
            let part = Part { text: String::from_utf8_lossy(body).into_owned(), around: Arc::default() };
            let message = Message { place: 0, bodies: vec![(None, body.to_vec())], alert, part: &part, whole: true };
            request.take(message, &mut outcomes).await;
            return outcomes;
        }
        for (place, part) in parts.into_iter().enumerate() {
            for alert in translate(&part, &request.context) {
                for event in alert.events.iter().filter(|event| !event.cut().is_empty()) {
                    info!(alert_key = %alert.key, cut = event.cut().join(","), "cut to Flashduty's limits");
                }
                let bodies = alert.events.iter().map(|event| (Some(event.status()), event.to_json())).collect();
                request.take(Message { place, bodies, alert, part: &part, whole: false }, &mut outcomes).await;
            }
        }
        outcomes
    }
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
    /// What to push, in order, and the status of each.
    bodies: Vec<(Option<Status>, Vec<u8>)>,
    alert: Alert,
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
            if ahead == Ahead::SameAlert || ahead == Ahead::Something && !self.queue_is_shut {
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
            let pushed = self.round.push(body.clone(), self.push_by()).await;
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

    /// When to stop pushing a message.
    fn push_by(&self) -> Deadline {
        match self.relay.outbox {
            Some(_) => self.deadline.before(TIME_TO_QUEUE.min(self.deadline.left() / 2)).at_most(PUSH_BUDGET),
            None => self.deadline,
        }
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
        let text = self.letter(message).to_text();
        outbox.put_aside(&text, &self.envelope(message), &message.alert.key, self.deadline).await
    }

    async fn give_up(&self, message: &Message<'_>, refusal: Error) -> Fate {
        if let Some(outbox) = &self.relay.outbox {
            let text = self.letter(message).to_text();
            let reason = refusal.to_string();
            if let Err(queue) = outbox.give_up(&text, &self.envelope(message), &reason, self.deadline).await {
                return self.lost(message, reason, queue);
            }
        }
        Fate::Failed(refusal)
    }

    /// Without an id of ZStack's, every message is taken for a new one: two that are equal to the letter
    /// may have a recovery between them, and a copy does no harm. A text that could not be read has no
    /// recovery: its key, a hash of it, is enough.
    fn envelope(&self, message: &Message<'_>) -> Envelope {
        let Message { alert, place, .. } = message;
        let statuses = alert.events.iter().map(|event| event.status().as_str()).collect::<Vec<_>>().join(",");
        let id = match alert.kind {
            Kind::Raw => String::new(),
            _ if alert.id.is_empty() => format!("{}/{place}", self.id),
            _ => alert.id.clone(),
        };
        Envelope::new(alert.key.as_str(), &statuses, &id)
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
