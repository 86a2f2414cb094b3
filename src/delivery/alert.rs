//! An alert on its way to Flashduty.

use std::iter::repeat_n;
use std::slice;
use std::time::Duration;

use bytes::Bytes;

use super::outcome::{End, Outcome};
use crate::deadline::{Deadline, epoch_millis};
use crate::flashduty::{Integration, Status};
use crate::queue::{FifoIds, Letter, QueueError, QueuedMessage, Queues};
use crate::translate::{Alert, Context, Kind, translate};
use crate::zstack::split;

/// One alert that is to be delivered: the letter that it waits as, and what is pushed of it.
#[derive(Debug)]
pub(crate) struct OutgoingAlert {
    pub(super) letter: Letter,
    pub(super) kind: Kind,
    /// What to push, in order.
    pub(super) bodies: Vec<Body>,
    /// Whether it ends a problem.
    is_recovery: bool,
    pub(super) stored_in: Origin,
}

/// One push: an event, or ZStack's message as it is.
#[derive(Debug)]
pub(super) struct Body {
    pub json: Bytes,
    /// The event's status; `None` for ZStack's message as it is.
    pub status: Option<Status>,
    /// What was cut to keep Flashduty's limits; usually empty.
    pub cut: String,
}

/// Where an alert is stored before it is delivered.
#[derive(Debug)]
pub(crate) enum Origin {
    /// Nowhere but in this request. See [`FifoIds::new`] for its id.
    Request(Option<String>),
    /// In the retry queue.
    RetryQueue {
        /// The message there.
        message: QueuedMessage,
        /// `Some("9d")` if the alert was retried for as long as alerts are. The next failure is then the last.
        expired: Option<String>,
    },
}

impl OutgoingAlert {
    /// The alerts of a message that just came. There is at least one. `request` is an id of the request and of the
    /// message in it.
    #[must_use]
    pub fn of_message(letter: Letter, context: &Context, request: &str) -> Vec<Self> {
        let alerts = translate(&letter.message, &letter.around, context);
        let letters = repeat_n(letter, alerts.len());
        let outgoing = alerts.iter().zip(letters).map(|(alert, letter)| Self {
            letter: letter.about(&alert.key),
            kind: alert.kind,
            bodies: events(slice::from_ref(alert)),
            is_recovery: is_recovery(alert),
            stored_in: Origin::Request(may_repeat(alert).then(|| request.to_owned())),
        });
        outgoing.collect()
    }

    /// The one alert of a request's whole body, which is passed on as it is. Its key is that of the first alert in it.
    #[must_use]
    pub fn of_whole_body(body: &Bytes, letter: Letter, context: &Context, request: &str) -> Self {
        let alerts = translate_whole(body, context);
        Self {
            letter: letter.about(&alerts[0].key),
            kind: alerts[0].kind,
            bodies: vec![Body { json: body.clone(), status: None, cut: String::new() }],
            is_recovery: alerts.iter().any(is_recovery),
            stored_in: Origin::Request(alerts.iter().any(may_repeat).then(|| request.to_owned())),
        }
    }

    /// The alert of a letter from the retry queue, for a push URL of this kind.
    ///
    /// A message about several alerts has a letter for each. If none of them has the letter's key, another version
    /// wrote the letter and made the key in another way: then all of them are delivered.
    #[must_use]
    pub fn of_letter(letter: Letter, stored_in: Origin, context: &Context, integration: Integration) -> Self {
        let mut alerts = if letter.whole {
            translate_whole(letter.message.as_bytes(), context)
        } else {
            translate(&letter.message, &letter.around, context)
        };
        let is_letters = |alert: &Alert| alert.key.as_str() == letter.alert_key;
        if !letter.whole && alerts.iter().any(is_letters) {
            alerts.retain(is_letters);
        }
        let bodies = match integration {
            Integration::Standard => events(&alerts),
            Integration::Zstack => {
                vec![Body { json: letter.message.clone().into(), status: None, cut: String::new() }]
            }
        };
        let is_recovery = alerts.iter().any(is_recovery);
        Self { letter, kind: alerts[0].kind, bodies, is_recovery, stored_in }
    }

    /// The alert's key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.letter.alert_key
    }

    /// The message group of its letters.
    #[must_use]
    pub fn group(&self) -> String {
        self.letter.group()
    }

    /// Whether Flashduty accepted it before it was queued.
    #[must_use]
    pub fn was_pushed(&self) -> bool {
        self.letter.pushed
    }

    /// Whether it ends a problem. A whole body does so if one of its messages does.
    #[must_use]
    pub fn is_recovery(&self) -> bool {
        self.is_recovery
    }

    /// Whether the alert is closed again when all of it is pushed, as that of a test message is.
    #[must_use]
    pub fn closes_itself(&self) -> bool {
        self.bodies.len() > 1
    }

    /// Puts the alert of a request into the retry queue.
    ///
    /// # Errors
    ///
    /// If SQS did not confirm that it has the alert.
    pub async fn enqueue(&self, queues: &Queues, deadline: Deadline) -> Result<(), QueueError> {
        queues.enqueue(&self.to_message(&self.letter), false, deadline).await
    }

    /// Puts the alert of a request into the retry queue after Flashduty accepted it, so that `redeliver` pushes it again
    /// behind the older messages about it.
    ///
    /// # Errors
    ///
    /// If SQS did not confirm that it has the alert.
    pub async fn enqueue_pushed(&self, queues: &Queues, deadline: Deadline) -> Result<(), QueueError> {
        queues.enqueue(&self.to_message(&self.letter.clone().pushed()), true, deadline).await
    }

    /// The outcome of an alert that is not pushed.
    #[must_use]
    pub fn unpushed(&self, end: End) -> Outcome {
        self.outcome(self.bodies.first().and_then(|body| body.status), end)
    }

    /// An outcome without a try.
    pub(super) fn outcome(&self, event_status: Option<Status>, end: End) -> Outcome {
        Outcome {
            kind: self.kind,
            alert_key: self.key().to_owned(),
            event_status,
            end,
            attempts: 0,
            took: Duration::ZERO,
            retry_after: None,
            age: Duration::from_millis(epoch_millis().saturating_sub(self.letter.received)),
        }
    }

    /// The message of a queue with this letter of the alert.
    pub(super) fn to_message(&self, letter: &Letter) -> QueuedMessage {
        let request = if let Origin::Request(request) = &self.stored_in { request.as_deref() } else { None };
        QueuedMessage { text: letter.to_json(), ids: FifoIds::new(letter, request) }
    }
}

fn translate_whole(body: &[u8], context: &Context) -> Vec<Alert> {
    split(body).iter().flat_map(|part| translate(&part.text, &part.around, context)).collect()
}

fn events(alerts: &[Alert]) -> Vec<Body> {
    let events = alerts.iter().flat_map(|alert| &alert.events);
    let body = events.map(|event| Body {
        json: event.to_json().into(),
        status: Some(event.status()),
        cut: event.cut().join(","),
    });
    body.collect()
}

fn is_recovery(alert: &Alert) -> bool {
    alert.events.iter().all(|event| event.status() == Status::Ok)
}

/// Whether two messages with the same text may be about two incidents: they have no id of ZStack's. The alert may have been
/// closed between them, by a recovery or a person, and a copy does no harm.
fn may_repeat(alert: &Alert) -> bool {
    alert.id.is_empty()
}
