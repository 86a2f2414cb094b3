//! The way of an alert into Flashduty, which both functions share.
//!
//! A [`Letter`] is made of the message first. Its alerts' events are made of it and pushed in order. What Flashduty
//! cannot take now waits in the retry queue; what it will never take goes to the dead letter queue.

use std::iter::repeat_n;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use tracing::{error, info};

use crate::deadline::{Deadline, epoch_millis};
use crate::error::DeliveryError;
use crate::flashduty::{Client, Event, Integration, PushUrl, Pushed, Receipt, Status, TitleRule};
use crate::queue::{FifoIds, Letter, QueueError, Queues};
use crate::secrets::{Secret, SecretStore, Secrets};
use crate::translate::{Alert, Context, Kind, translate};
use crate::zstack::split;

/// Delivers alerts.
#[derive(Debug)]
pub struct Delivery {
    secrets: Arc<SecretStore>,
    flashduty: Client,
    queues: Option<Queues>,
    title_rule: TitleRule,
}

/// One alert that is to be delivered.
#[derive(Debug)]
pub(crate) struct OutgoingAlert {
    letter: Letter,
    ids: FifoIds,
    kind: Kind,
    /// What to push, in order.
    bodies: Vec<Body>,
    now: Place,
}

/// One push: an event, or ZStack's message as it is.
#[derive(Debug)]
struct Body {
    json: Bytes,
    /// The event's status; `None` for ZStack's message as it is.
    status: Option<Status>,
}

/// Where an alert is before it is delivered.
#[derive(Debug)]
pub(crate) enum Place {
    /// Nowhere but in this request.
    Request,
    /// In the retry queue. `expired` says how long it was retried, if that was long enough.
    RetryQueue {
        /// Such as `10d`; then the next failure is the last one.
        expired: Option<String>,
    },
}

/// What became of one push of an alert.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What kind of message the alert came from.
    pub kind: Kind,
    /// The alert's key.
    pub alert_key: String,
    /// The event's status; `None` if ZStack's message was passed on as it is.
    pub event_status: Option<Status>,
    /// Where the alert is now.
    pub end: End,
    /// The number of tries.
    pub attempts: u32,
    /// The time of all tries, with the pauses between them.
    pub took: Duration,
    /// How long Flashduty's last answer asked to wait before the next try.
    pub retry_after: Option<Duration>,
    /// The time from ZStack's request to this end.
    pub age: Duration,
}

/// How a delivery ended.
#[derive(Debug)]
pub(crate) enum End {
    /// Flashduty has the alert.
    Delivered(Receipt),
    /// The retry queue has it. `None` if it only keeps its place behind others that wait.
    Queued(Option<DeliveryError>),
    /// Flashduty will never take it. The dead letter queue has it, if there is one.
    Refused(DeliveryError),
    /// Nobody has it; ZStack may send it again.
    Failed(DeliveryError),
}

/// How the deliveries of one request ended, all together: its worst end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Summary<'a> {
    /// Flashduty has everything.
    Delivered,
    /// Something is in the retry queue. The reason is that of the first such alert.
    Queued(Option<&'a DeliveryError>),
    /// Flashduty will never take something.
    Refused(&'a DeliveryError),
    /// Something is ZStack's to send again.
    Failed(&'a DeliveryError),
}

impl<'a> Summary<'a> {
    /// The summary of a request's outcomes.
    #[must_use]
    pub fn of(outcomes: &'a [Outcome]) -> Self {
        let mut summary = Self::Delivered;
        for outcome in outcomes {
            summary = match (summary, &outcome.end) {
                (_, End::Failed(error)) => Self::Failed(error),
                (Self::Delivered | Self::Queued(_) | Self::Refused(_), End::Refused(error)) => Self::Refused(error),
                (Self::Delivered, End::Queued(why)) => Self::Queued(why.as_ref()),
                (summary, _) => summary,
            };
        }
        summary
    }

    /// What went wrong for good, as far as this request goes.
    #[must_use]
    pub fn error(self) -> Option<&'a DeliveryError> {
        match self {
            Self::Delivered | Self::Queued(_) => None,
            Self::Refused(error) | Self::Failed(error) => Some(error),
        }
    }
}

impl Delivery {
    /// Delivers with `flashduty`, to the push URL in `secrets`. Without `queues`, an alert that cannot be pushed in time
    /// is ZStack's to send again.
    #[must_use]
    pub fn new(secrets: Arc<SecretStore>, flashduty: Client, queues: Option<Queues>, title_rule: TitleRule) -> Self {
        Self { secrets, flashduty, queues, title_rule }
    }

    /// The queues, if there are any.
    #[must_use]
    pub(crate) fn queues(&self) -> Option<&Queues> {
        self.queues.as_ref()
    }

    /// Begins the deliveries of one invocation, with these secrets.
    #[must_use]
    pub(crate) fn session(&self, secrets: Arc<Secrets>) -> Session<'_> {
        Session { delivery: self, secrets, reread: None }
    }

    /// Handles an alert that Flashduty may take later.
    async fn retry_later(&self, alert: &OutgoingAlert, why: DeliveryError, deadline: Deadline) -> End {
        match (&alert.now, &self.queues) {
            (Place::RetryQueue { expired: Some(tried_for) }, _) => {
                let why = DeliveryError::Expired { tried_for: tried_for.clone(), last: Some(Box::new(why)) };
                self.refuse(alert, why, deadline).await
            }
            (Place::RetryQueue { expired: None }, _) => End::Queued(Some(why)),
            (Place::Request, None) => End::Failed(why),
            (Place::Request, Some(queues)) => match alert.enqueue(queues, deadline).await {
                Ok(()) => End::Queued(Some(why)),
                Err(queue) => alert.lost(why.to_string(), queue),
            },
        }
    }

    /// Handles an alert that Flashduty will never take.
    async fn refuse(&self, alert: &OutgoingAlert, why: DeliveryError, deadline: Deadline) -> End {
        let Some(queues) = &self.queues else { return End::Refused(why) };
        let reason = why.to_string();
        match (queues.enqueue_dead(&alert.letter.to_json(), &alert.ids, &reason, deadline).await, &alert.now) {
            (Ok(()), _) => End::Refused(why),
            (Err(queue), Place::Request) => alert.lost(reason, queue),
            (Err(queue), Place::RetryQueue { .. }) => {
                End::Queued(Some(DeliveryError::NotQueued { push: reason, queue }))
            }
        }
    }
}

impl OutgoingAlert {
    /// The alert's key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.letter.alert_key
    }

    /// Puts the alert into the retry queue.
    ///
    /// # Errors
    ///
    /// If SQS did not confirm that it has the alert.
    pub async fn enqueue(&self, queues: &Queues, deadline: Deadline) -> Result<(), QueueError> {
        queues.enqueue(&self.letter, &self.ids, deadline).await
    }

    /// The end of an alert that is in no queue and was not pushed. Its message goes to the log, which is the last place
    /// where it can still be found.
    #[must_use]
    pub fn lost(&self, push: String, queue: QueueError) -> End {
        error!(
            alert_key = self.key(),
            zstack_message = self.letter.to_json(),
            "this alert is in no queue: {queue}; if ZStack's next tries fail too, send it again by hand"
        );
        End::Failed(DeliveryError::NotQueued { push, queue })
    }

    /// The outcome of an alert of which nothing was pushed.
    #[must_use]
    pub fn unpushed(&self, end: End) -> Outcome {
        let status = self.bodies.first().and_then(|body| body.status);
        self.outcome(status, end, 0, Duration::ZERO, None)
    }

    fn outcome(
        &self,
        event_status: Option<Status>,
        end: End,
        attempts: u32,
        took: Duration,
        retry_after: Option<Duration>,
    ) -> Outcome {
        let age = Duration::from_millis(epoch_millis().saturating_sub(self.letter.received));
        Outcome {
            kind: self.kind,
            alert_key: self.key().to_owned(),
            event_status,
            end,
            attempts,
            took,
            retry_after,
            age,
        }
    }
}

/// The deliveries of one invocation.
pub(crate) struct Session<'a> {
    delivery: &'a Delivery,
    secrets: Arc<Secrets>,
    /// Whether SSM was asked for a new push URL already, and what failed.
    reread: Option<Result<(), DeliveryError>>,
}

impl Session<'_> {
    /// What the integration behind the push URL takes.
    #[must_use]
    pub fn integration(&self) -> Integration {
        self.secrets.push_url.value().map_or(Integration::Standard, PushUrl::integration)
    }

    /// The alerts of a new message. There is at least one.
    ///
    /// Of a whole body there is exactly one, under the key of the first alert in it. `request` is an id of the request
    /// and of the message in it: see [`FifoIds::new`].
    #[must_use]
    pub fn new_alerts(&self, letter: Letter, request: &str) -> Vec<OutgoingAlert> {
        let alerts = self.translate(&letter, None);
        let groups = if letter.whole { vec![&alerts[..]] } else { alerts.chunks(1).collect() };
        let letters = repeat_n(letter, groups.len());
        let outgoing = groups.into_iter().zip(letters).map(|(group, letter)| {
            let letter = letter.about(&group[0].key);
            let ids = FifoIds::new(&letter, group.iter().any(may_repeat).then_some(request));
            let bodies = self.bodies(&letter, group);
            OutgoingAlert { letter, ids, kind: group[0].kind, bodies, now: Place::Request }
        });
        outgoing.collect()
    }

    /// The alert of a letter that waited in the retry queue for `delayed`, such as `12m`.
    ///
    /// A message about several alerts has a letter for each. If none of them has the letter's key, another version
    /// wrote the letter and made the key in another way: then all of them are delivered.
    #[must_use]
    pub fn queued_alert(&self, letter: Letter, ids: FifoIds, delayed: String, now: Place) -> OutgoingAlert {
        let mut alerts = self.translate(&letter, Some(delayed));
        let is_letters = |alert: &Alert| alert.key.as_str() == letter.alert_key;
        if !letter.whole && alerts.iter().any(is_letters) {
            alerts.retain(is_letters);
        }
        let bodies = self.bodies(&letter, &alerts);
        OutgoingAlert { ids, kind: alerts[0].kind, bodies, now, letter }
    }

    fn translate(&self, letter: &Letter, delayed: Option<String>) -> Vec<Alert> {
        let title_rule = self.delivery.title_rule.clone();
        let context = Context { url_labels: letter.labels.clone(), title_rule, delayed };
        if letter.whole {
            let parts = split(letter.message.as_bytes());
            parts.iter().flat_map(|part| translate(&part.text, &part.around, &context)).collect()
        } else {
            translate(&letter.message, &letter.around, &context)
        }
    }

    fn bodies(&self, letter: &Letter, alerts: &[Alert]) -> Vec<Body> {
        if self.integration() == Integration::Zstack {
            return vec![Body { json: letter.message.clone().into(), status: None }];
        }
        let events = alerts.iter().flat_map(|alert| &alert.events);
        let body = |event: &Event| {
            if !event.cut().is_empty() {
                info!(alert_key = letter.alert_key, cut = event.cut().join(","), "cut to Flashduty's limits");
            }
            Body { json: event.to_json().into(), status: Some(event.status()) }
        };
        events.map(body).collect()
    }

    /// Pushes an alert's events in order, up to the first that Flashduty does not take: the ones after it would be
    /// wrong without it. Says what became of each.
    ///
    /// `push_by` is when to stop trying, `settle_by` when the queue must have the alert.
    pub async fn deliver(&mut self, alert: &OutgoingAlert, push_by: Deadline, settle_by: Deadline) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(alert.bodies.len());
        for body in &alert.bodies {
            let Pushed { result, attempts, took, retry_after } = self.push(&body.json, push_by).await;
            let end = match result {
                Ok(receipt) => End::Delivered(receipt),
                Err(error) if error.is_retryable() => self.delivery.retry_later(alert, error, settle_by).await,
                Err(error) => self.delivery.refuse(alert, error, settle_by).await,
            };
            let delivered = matches!(end, End::Delivered(_));
            outcomes.push(alert.outcome(body.status, end, attempts, took, retry_after));
            if !delivered {
                break;
            }
        }
        outcomes
    }

    /// Pushes one body; and once more if Flashduty refuses the key and SSM has another push URL by now.
    async fn push(&mut self, body: &Bytes, deadline: Deadline) -> Pushed {
        let first = self.push_once(body.clone(), deadline).await;
        if !matches!(first.result, Err(DeliveryError::Refused { about_credential: true, .. })) {
            return first;
        }
        let newer = if let Some(reread) = &self.reread {
            reread.clone().map(|()| false)
        } else {
            let newer = self.read_new_push_url(deadline).await;
            self.reread = Some(newer.clone().map(|_| ()));
            newer
        };
        match newer {
            Ok(false) => first,
            Ok(true) => {
                let second = self.push_once(body.clone(), deadline).await;
                Pushed { attempts: first.attempts + second.attempts, took: first.took + second.took, ..second }
            }
            // The alert can wait for a push URL that works.
            Err(error) => Pushed { result: Err(error), ..first },
        }
    }

    /// Asks SSM for a new push URL. Returns whether there is one, which is used from now on.
    async fn read_new_push_url(&mut self, deadline: Deadline) -> Result<bool, DeliveryError> {
        let secrets = self.delivery.secrets.reread(&self.secrets, Duration::ZERO, deadline).await;
        let Ok(secrets) = secrets else { return Err(DeliveryError::KeyRefused) };
        // An older value is in force if SSM has a typing error, say.
        let Secret::Fresh(new) = &secrets.push_url else { return Err(DeliveryError::KeyRefused) };
        let Ok(old) = self.secrets.push_url.value() else { return Ok(false) };
        if old == new {
            return Ok(false);
        }
        if old.integration() != new.integration() {
            return Err(DeliveryError::OtherIntegration);
        }
        info!("Flashduty refused the push URL's key: SSM has a new push URL, which is used from now on");
        self.secrets = secrets;
        Ok(true)
    }

    async fn push_once(&self, body: Bytes, deadline: Deadline) -> Pushed {
        match self.secrets.push_url.value() {
            Ok(url) => self.delivery.flashduty.push(url, body, deadline).await,
            Err(why) => {
                Pushed { result: Err(why.clone().into()), attempts: 0, took: Duration::ZERO, retry_after: None }
            }
        }
    }
}

/// Whether two messages that are equal to the letter may be about two incidents: without an id of ZStack's a recovery
/// may have come between them, and a copy does no harm. A text that could not be read has no recovery.
fn may_repeat(alert: &Alert) -> bool {
    alert.kind != Kind::Raw && alert.id.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::NoTimeLeft;

    fn outcome(end: End) -> Outcome {
        let took = Duration::ZERO;
        let alert_key = String::new();
        Outcome {
            kind: Kind::Alarm,
            alert_key,
            event_status: None,
            end,
            attempts: 1,
            took,
            retry_after: None,
            age: took,
        }
    }

    fn summary(ends: Vec<End>) -> String {
        let outcomes: Vec<_> = ends.into_iter().map(outcome).collect();
        match Summary::of(&outcomes) {
            Summary::Delivered => "delivered".to_owned(),
            Summary::Queued(why) => format!("queued {:?}", why.map(DeliveryError::code)),
            Summary::Refused(error) => format!("refused {}", error.code()),
            Summary::Failed(error) => format!("failed {}", error.code()),
        }
    }

    #[test]
    fn the_summary_is_the_worst_end() {
        let receipt = || Receipt { request_id: "r".to_owned(), alert_key: "k".to_owned() };
        let delivered = || End::Delivered(receipt());
        let late = || DeliveryError::from(NoTimeLeft);
        let refused = || DeliveryError::Expired { tried_for: "10d".to_owned(), last: None };
        let queued = || End::Queued(Some(late()));
        assert_eq!(summary(vec![delivered()]), "delivered");
        assert_eq!(summary(vec![delivered(), End::Queued(None), queued()]), "queued None");
        assert_eq!(summary(vec![queued(), End::Queued(None), delivered()]), "queued Some(\"NoTimeLeft\")");
        assert_eq!(summary(vec![End::Refused(refused()), queued(), delivered()]), "refused Expired");
        let failed = || End::Failed(DeliveryError::KeyRefused);
        assert_eq!(summary(vec![failed(), End::Refused(refused()), delivered()]), "failed SettingsUnavailable");
        assert_eq!(summary(vec![delivered(), failed(), End::Failed(late())]), "failed NoTimeLeft");
    }
}
